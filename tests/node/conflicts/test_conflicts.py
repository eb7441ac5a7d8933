"""Disagreements in school words, and the decision as a write (C4, C5)."""

import pytest

from shared.errors import InvalidInput
from shared.records import Person, RegisterException
from shared.schema import find, table_of
from shared.web.conflicts.rules import chosen_values, may_write
from sync.capture import token_of, write
from sync.change import Author
from sync.conflicts import Conflict, Shown, open_conflicts
from sync.replica import connect
from tests.node.small_node import DAY, make_node, make_pair, take_register
from tests.web.small_site import log_in, token_in

KEY = ("A-12-AA", DAY, "am", "A-21-AA", "teacher")


@pytest.fixture
def pair(tmp_path):
    pair = make_pair(tmp_path)
    take_register(pair.node)
    return pair


def disagree(pair):
    """Two people change one mark from the same page: both values stand until someone decides (C2)."""
    with connect(pair.node) as db:
        token = token_of(db, pair.node, RegisterException, KEY)
        with write(pair.node, db, Author("A-1-AA")) as w:
            w.update(RegisterException, KEY, {"mark": "absent", "minutes": 0})
        with write(pair.node, db, Author("A-4-AA", rank="office")) as w:
            w.update(RegisterException, KEY, {"mark": "sick_leave", "minutes": 0, "note": "发热"}, token)
        (conflict,) = open_conflicts(db, pair.node)
    return conflict


def logged_in(pair, login):
    client = make_node(pair).test_client()
    log_in(client, login)
    return client


def send(client, conflict, **form):
    path = f"/conflicts/{conflict.id}"
    seen = ".".join(str(version) for version in sorted(head.version for head in conflict.heads))
    given = {"seen": seen, "csrf_token": token_in(client.get("/conflicts").text), **form}
    return client.post(path, data=given)


def now(pair):
    with connect(pair.node) as db:
        return find(db, RegisterException, *KEY), open_conflicts(db, pair.node)


def head_with(conflict, mark):
    return str(next(head.version for head in conflict.heads if head.values["mark"] == mark))


def test_the_inbox_names_person_campus_time_and_both_values_in_school_words(pair):
    disagree(pair)
    text = logged_in(pair, "zjw").get("/conflicts").text
    assert "三年级2班 · 9月15日 周一 · 上午 · 邓子轩" in text
    for words in ("未到", "病假", "发热", "王敏", "周教务", "中心校区", "今天 08:05"):
        assert words in text
    assert "A-21-AA" not in text.replace("A-21-AA/", "") and "sick_leave" not in text


def test_the_card_shows_what_it_was_before(pair):
    conflict = disagree(pair)
    text = logged_in(pair, "zjw").get(f"/conflicts/{conflict.id}").text
    assert "原来是" in text and "迟到" in text


@pytest.mark.parametrize("mark", ["absent", "sick_leave"])
def test_either_side_can_be_taken(pair, mark):
    conflict = disagree(pair)
    answer = send(logged_in(pair, "zjw"), conflict, choice=head_with(conflict, mark), note="问过家长")
    assert answer.status_code == 302
    row, left = now(pair)
    assert row.mark == mark and left == []


def test_a_third_value_can_be_written(pair):
    conflict = disagree(pair)
    form = {"own_mark": "personal_leave", "own_minutes": "0", "own_note": "家中有事"}
    send(logged_in(pair, "zjw"), conflict, choice="other", **form)
    row, left = now(pair)
    assert (row.mark, row.note, left) == ("personal_leave", "家中有事", [])


def test_the_decision_is_a_changeset_of_whoever_decided(pair):
    """C5: it carries its author and syncs like anything else."""
    conflict = disagree(pair)
    send(logged_in(pair, "zjw"), conflict, choice=head_with(conflict, "absent"))
    with connect(pair.node) as db:
        last = db.conn.execute("SELECT person_id, scope, state FROM changeset_name ORDER BY n DESC").fetchone()
    assert last == ("A-4-AA", "A", "pending")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "您的决定：没有填"),
        ({"choice": "99999"}, "您的决定：没有填"),
        ({"choice": "other", "own_mark": "asleep", "own_minutes": "0"}, "状态：不在可选项里"),
        ({"choice": "other", "own_mark": "late", "own_minutes": "900"}, "分钟：超出范围"),
        ({"choice": "other", "own_mark": "late", "own_minutes": "x"}, "分钟：不是整数"),
        ({"choice": "other", "own_mark": "late", "own_minutes": "5", "note": "长" * 201}, "说明：太长"),
    ],
)
def test_a_decision_that_cannot_be_taken_changes_nothing_and_keeps_what_was_typed(pair, form, words):
    conflict = disagree(pair)
    answer = send(logged_in(pair, "zjw"), conflict, **form)
    assert answer.status_code == 422
    assert words in answer.text
    assert len(now(pair)[1]) == 1
    if "own_minutes" in form:
        assert f'value="{form["own_minutes"]}"' in answer.text


def test_a_head_that_came_since_is_looked_at_before_anyone_decides(pair):
    conflict = disagree(pair)
    client = logged_in(pair, "zjw")
    answer = send(client, conflict, choice=str(conflict.heads[0].version), seen="1.2")
    assert answer.status_code == 422 and "打开以后又有新的内容" in answer.text
    assert len(now(pair)[1]) == 1


def test_what_somebody_else_settled_meanwhile_is_said_and_not_done_twice(pair):
    conflict = disagree(pair)
    client = logged_in(pair, "zjw")
    send(client, conflict, choice=head_with(conflict, "absent"))
    answer = send(client, conflict, choice=head_with(conflict, "sick_leave"))
    assert answer.location == "/conflicts"
    assert "已经有人处理了" in client.get("/conflicts").text
    assert now(pair)[0].mark == "absent"


@pytest.mark.parametrize("id_", ["x", "!!!!", "WyJ4Il0", "W10", "a" * 400])
def test_a_made_up_conflict_is_not_found(pair, id_):
    assert logged_in(pair, "zjw").get(f"/conflicts/{id_}").status_code == 404


@pytest.mark.parametrize(("login", "status"), [("wm", 200), ("zjw", 200), ("smw", 403), ("lxz", 403)])
def test_only_who_may_write_the_record_may_decide(pair, login, status):
    """The general principal takes no registers: the hub would refuse what he wrote there."""
    conflict = disagree(pair)
    client = logged_in(pair, login)
    assert client.get(f"/conflicts/{conflict.id}").status_code == status
    if login == "lxz":
        assert "另有 1 处" in client.get("/conflicts").text and "邓子轩" not in client.get("/conflicts").text


def test_a_deletion_against_an_edit_asks_to_keep_or_to_delete(pair):
    shown = [
        Shown(7, {"keep": 1}, "A-1-AA", "A", f"{DAY}T00:05:00.000Z", True, "N"),
        Shown(9, {"keep": 0}, "A-4-AA", "A", f"{DAY}T00:06:00.000Z", False, "H"),
    ]
    conflict = Conflict("x", "register_exception", KEY, "row", 0, ("keep",), False, None, tuple(shown), "delete")
    table = table_of(RegisterException)
    assert chosen_values(table, conflict, {"seen": "7.9", "choice": "9"}) == {"keep": 0}
    with pytest.raises(InvalidInput):
        chosen_values(table, conflict, {"seen": "7.9", "choice": "other"})


@pytest.mark.parametrize(
    ("record", "key", "held", "campus", "answer"),
    [
        (RegisterException, KEY, {("clerk", "A")}, "A", True),
        (RegisterException, KEY, {("clerk", "*")}, "A", True),
        (RegisterException, KEY, {("clerk", "B")}, "A", False),
        (RegisterException, KEY, {("clerk", "A")}, "B", False),
        (RegisterException, KEY, {("gate", "A")}, "A", False),
        (Person, ("A-1-AA",), {("general_principal", "*")}, "A", False),
    ],
)
def test_who_may_settle_follows_from_the_declaration(record, key, held, campus, answer):
    assert may_write(table_of(record), key, held, person_id="A-9-AA", node_campus=campus) is answer

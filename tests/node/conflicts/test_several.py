"""Disagreements of one kind settled together, and those that another campus decides (C5, C8)."""

import re

import pytest

from shared.records import BookingOccurrence, BookingSeries, RegisterException
from shared.web.conflicts.rules import head_meant
from sync.capture import token_of, write
from sync.change import Author
from sync.conflicts import Conflict, Shown, open_conflicts
from sync.replica import connect
from tests.node.small_node import DAY, make_node, make_pair, take_register
from tests.web.small_site import log_in, token_in

PUPILS = ("A-20-AA", "A-21-AA", "A-22-AA")
TEACHER, OFFICE = Author("A-1-AA"), Author("A-4-AA", rank="office")
MARKS = "SELECT person_id, mark FROM register_exception ORDER BY person_id"


def key_of(pupil):
    return ("A-12-AA", DAY, "am", pupil, "teacher")


@pytest.fixture
def pair(tmp_path):
    """Three marks that the teacher and the office changed from one and the same page."""
    pair = make_pair(tmp_path)
    take_register(pair.node)
    with connect(pair.node) as db:
        with write(pair.node, db, TEACHER) as w:
            for pupil in (PUPILS[0], PUPILS[2]):
                w.insert(
                    RegisterException(
                        group_id="A-12-AA", date=DAY, session="am", person_id=pupil, source="teacher", mark="late",
                        minutes=3,
                    )
                )  # fmt: skip
        for pupil in PUPILS:
            token = token_of(db, pair.node, RegisterException, key_of(pupil))
            with write(pair.node, db, OFFICE) as w:
                w.update(RegisterException, key_of(pupil), {"mark": "sick_leave", "minutes": 0})
            pair.clock.set_to(pair.clock.now_ms() + 60_000)
            with write(pair.node, db, TEACHER) as w:
                w.update(RegisterException, key_of(pupil), {"mark": "absent", "minutes": 0}, token)
    return pair


def logged_in(pair, login="zjw"):
    client = make_node(pair).test_client()
    log_in(client, login)
    return client


def picks_in(client):
    return re.findall(r'name="pick" value="([^"]+)"', client.get("/conflicts/several").text)


def send(client, picks, **form):
    token = token_in(client.get("/conflicts/several").text)
    return client.post("/conflicts/several", data={"pick": picks, "csrf_token": token, **form}, follow_redirects=True)


def marks(pair):
    with connect(pair.node) as db:
        return [mark for _who, mark in db.conn.execute(MARKS).fetchall()], len(open_conflicts(db, pair.node))


@pytest.mark.parametrize(("way", "mark"), [("office", "sick_leave"), ("later", "absent")])
def test_all_that_are_ticked_take_one_side_s_value(pair, way, mark):
    client = logged_in(pair)
    answer = send(client, picks_in(client), do=way, note="问过家长")
    assert "3 处已定" in answer.text and marks(pair) == ([mark] * 3, 0)


def test_each_is_a_resolution_of_its_own_with_its_author_and_reason(pair):
    """C5: it names all the heads it saw, and syncs like anything else."""
    client = logged_in(pair)
    with connect(pair.node) as db:
        before = db.conn.execute("SELECT max(n) FROM _changeset").fetchone()[0]
    send(client, picks_in(client)[:2], do="office", note="问过家长")
    with connect(pair.node) as db:
        made = db.conn.execute("SELECT person_id, header FROM _changeset WHERE n > ?", (before,)).fetchall()
        heads = db.conn.execute("SELECT count(*) FROM _head WHERE t = 'register_exception'").fetchone()[0]
    assert [who for who, _ in made] == ["A-4-AA"] * 2 and all("问过家长".encode() in raw for _, raw in made)
    assert heads == 2, "only the two heads of the third are left"


def test_what_moved_after_the_page_was_shown_is_left_for_a_person(pair):
    client = logged_in(pair)
    picks = picks_in(client)
    with connect(pair.node) as db:
        token = token_of(db, pair.node, RegisterException, key_of(PUPILS[0]))
        with write(pair.node, db, Author("A-5-AA")) as w:
            w.update(RegisterException, key_of(PUPILS[0]), {"mark": "personal_leave"}, token)
    answer = send(client, picks, do="office")
    assert "2 处已定" in answer.text and "1 处留着" in answer.text and marks(pair)[1] == 1


@pytest.mark.parametrize("form", [{"do": "best"}, {}, {"do": "office", "note": "长" * 201}])
def test_no_way_or_a_note_too_long_changes_nothing(pair, form):
    client = logged_in(pair)
    assert send(client, picks_in(client), **form).status_code == 422
    assert marks(pair)[1] == 3


def test_whoever_may_not_settle_sees_no_box_and_his_ticks_change_nothing(pair):
    picks = picks_in(logged_in(pair))
    client = logged_in(pair, "smw")
    page = client.get("/conflicts/several")
    assert page.status_code == 403 or 'name="pick"' not in page.text
    token = token_in(client.get("/password").text)
    client.post("/conflicts/several", data={"pick": picks, "do": "office", "csrf_token": token})
    assert marks(pair)[1] == 3


def test_nothing_ticked_and_strange_ticks_change_nothing(pair):
    client = logged_in(pair)
    assert "没有选冲突" in send(client, [], do="office").text
    assert "2 处留着" in send(client, ["nonsense", picks_in(client)[0].split(":")[0]], do="office").text
    assert marks(pair)[1] == 3


def shown(version, instant, *, rank=2, node="N1"):
    return Shown(version, {"mark": str(version)}, "p", "A", instant, version == 1, node, rank)


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        # (version, instant, rank, node) → the version that office, later, ours, theirs mean
        ([(1, "b", 3, "N1"), (2, "a", 2, "N2")], (1, 1, 1, 2)),
        ([(1, "a", 2, "N2"), (2, "b", 2, "N1")], (None, 2, 2, 1)),
        ([(1, "a", 3, "N1"), (2, "b", 3, "N1")], (None, 2, None, None)),
        ([(1, "b", 2, "N2"), (2, "b", 2, "N3")], (None, None, None, None)),
        ([(1, "a", 2, "N1"), (2, "b", 2, "N2"), (3, "c", 3, "N3")], (3, 3, 1, None)),
    ],
)
def test_one_word_names_one_value_or_none(heads, expected):
    """A pure table: where a word would name two values, a person looks."""
    conflict = Conflict(
        "id", "register_exception", key_of(PUPILS[0]), "mark", 1, ("mark",), False, None,
        tuple(shown(version, instant, rank=rank, node=node) for version, instant, rank, node in heads), "edit",
    )  # fmt: skip
    meant = [head_meant(conflict, way, "N1") for way in ("office", "later", "ours", "theirs")]
    assert tuple(head.version if head else None for head in meant) == expected


@pytest.fixture
def answered_twice(pair):
    """A booking of campus B's room whose answer disagrees with itself: its own campus decides."""
    key = ("B-90-ZZ", 1)
    with connect(pair.node) as db:
        with write(pair.node, db, Author("B-1-AA")) as w:
            w.insert(
                BookingSeries(id=key[0], room_id="B-70-ZZ", campus="A", booked_by="A-1-AA", title="磁铁实验"),
                BookingOccurrence(series_id=key[0], number=1, room_id="B-70-ZZ", date=DAY, begin="10:00", end="10:40"),
            )
        token = token_of(db, pair.node, BookingOccurrence, key)
        for state, at in (("confirmed", None), ("rejected", token)):
            with write(pair.node, db, Author("B-1-AA")) as w:
                w.update(BookingOccurrence, key, {"state": state, "reason": "office"}, at)
        [found] = [each for each in open_conflicts(db, pair.node) if each.table == "booking_occurrence"]
    return pair, found


def test_an_answer_in_conflict_is_shown_and_settled_only_by_the_campus_that_decides(answered_twice):
    """C8: the hub would refuse it; the page says whose decision it is and offers none."""
    pair, conflict = answered_twice
    client = logged_in(pair)
    inbox, card = client.get("/conflicts").text, client.get(f"/conflicts/{conflict.id}").text
    assert f'href="/conflicts/{conflict.id}"' not in inbox and "由西校区决定" in inbox
    assert "这一项由西校区决定" in card and 'name="choice"' not in card
    form = {"seen": "x", "choice": str(conflict.heads[0].version), "csrf_token": token_in(inbox)}
    assert client.post(f"/conflicts/{conflict.id}", data=form).status_code == 403
    assert not any(conflict.id in pick for pick in picks_in(client))

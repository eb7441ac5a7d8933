"""The latest actions on a node: what is seen, by whom, and taking one back (precise point 6)."""

from __future__ import annotations

import re

import pytest

from shared.clock import instant_ms
from shared.records import Account, LeaveRequest, PupilPrivate, Register, RegisterException, StaffDay
from shared.schema import find
from shared.web.history.rules import NEVER, SEEN_BY, HistoryLimits
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.node.small_node import DAY, make_node, make_pair, take_register
from tests.web.small_site import log_in, token_in

KEY = ("A-12-AA", DAY, "am", "A-21-AA", "teacher")


@pytest.fixture
def pair(tmp_path):
    """A node on which Wang Min took a register: one pupil is late."""
    pair = make_pair(tmp_path)
    take_register(pair.node)
    return pair


def logged_in(pair, login):
    client = make_node(pair).test_client()
    log_in(client, login)
    return client


def save(pair, author, *records):
    with connect(pair.node) as db, write(pair.node, db, author) as w:
        for record in records:
            w.put(record)
    return newest(pair)


def newest(pair):
    with connect(pair.node) as db:
        return db.conn.execute(
            "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o) ORDER BY n DESC LIMIT 1"
        ).fetchone()[0]


def late(minutes, **more):
    key = dict(zip(("group_id", "date", "session", "person_id", "source"), KEY, strict=True))
    return RegisterException(**key, mark="late", minutes=minutes, **more)


def found(pair, record, *key):
    with connect(pair.node) as db:
        return find(db, record, *key)


def send(client, action, reason="记错了"):
    token = token_in(client.get("/history").text)
    return client.post(f"/history/{action}", data={"csrf_token": token, "reason": reason})


def test_the_list_says_who_what_and_the_values_before_and_after_in_school_words(pair):
    save(pair, Author("A-1-AA"), late(20))
    text = logged_in(pair, "wm").get("/history").text
    assert "修改 点名例外 三年级2班 · 9月15日 周一 · 上午 · 邓子轩：分钟 8 → 20" in text
    for words in ("王敏", "中心校区", "今天 08:05", "还没有传到主校区", "新增 点名 "):
        assert words in text
    assert "A-21-AA" not in text and "register_exception" not in text


def test_an_action_says_what_would_change_back_and_one_press_does_it(pair):
    action = save(pair, Author("A-1-AA"), late(20))
    client = logged_in(pair, "wm")
    page = client.get(f"/history/{action}").text
    assert "撤回后会变成" in page and re.search(r'class="was">20</span>.*class="is">8</span>', page, re.DOTALL)
    answer = send(client, action)
    assert answer.status_code == 303 and found(pair, RegisterException, *KEY).minutes == 8
    text = client.get("/history").text
    assert "已撤回" in text and "理由：记错了" in text
    assert "后来又改过（王敏）" in client.get(f"/history/{action}").text


def test_a_whole_register_goes_back_and_comes_again(pair):
    """Header and exceptions were one action; so is their undo, and the undo of that."""
    action, client = newest(pair), logged_in(pair, "wm")
    assert send(client, action).status_code == 303
    assert found(pair, Register, *KEY[:3]) is None and found(pair, RegisterException, *KEY) is None
    assert send(client, newest(pair), "是对的").status_code == 303
    assert found(pair, RegisterException, *KEY).minutes == 8


def test_without_a_reason_nothing_is_taken_back(pair):
    action, client = newest(pair), logged_in(pair, "wm")
    answer = send(client, action, "  ")
    assert answer.status_code == 422 and "理由：没有填" in answer.text
    assert found(pair, Register, *KEY[:3]) is not None


def test_what_was_changed_since_is_named_with_who_and_when(pair):
    action = save(pair, Author("A-1-AA"), late(20))
    save(pair, Author("A-4-AA", "office"), late(30))
    answer = send(logged_in(pair, "wm"), action)
    assert answer.status_code == 409
    for words in ("不能撤回", "点名例外 三年级2班", "后来又改过（周教务）", "请先撤回后面那一次", "今天 08:05"):
        assert words in answer.text
    assert found(pair, RegisterException, *KEY).minutes == 30


def test_a_teacher_sees_only_what_is_his_own_and_the_office_all_of_its_campus(pair):
    action = save(pair, Author("A-4-AA", "office"), late(30))
    own = newest(pair)
    teacher = logged_in(pair, "wm")
    assert "周教务" not in teacher.get("/history").text
    assert teacher.get(f"/history/{action}").status_code == 404 and send(teacher, own).status_code == 404
    text = logged_in(pair, "zjw").get("/history").text
    assert "周教务" in text and "王敏" in text


def test_the_office_takes_back_what_a_teacher_entered(pair):
    action = save(pair, Author("A-1-AA"), late(20))
    assert send(logged_in(pair, "zjw"), action).status_code == 303
    assert found(pair, RegisterException, *KEY).minutes == 8


def test_nobody_takes_back_what_he_may_not_write(pair):
    """The hub would refuse it (C9); the page asks by the same rules before it writes."""
    day = StaffDay(person_id="A-1-AA", date=DAY, campus="A", status="present")
    action = save(pair, Author("A-1-AA"), day)
    client = logged_in(pair, "wm")
    assert "您的角色不能做这件事" in client.get(f"/history/{action}").text
    assert send(client, action).status_code == 303 and found(pair, StaffDay, "A-1-AA", DAY, "A") is not None
    assert send(logged_in(pair, "zjw"), action).status_code == 303
    assert found(pair, StaffDay, "A-1-AA", DAY, "A") is None


def test_the_office_correction_is_taken_back_by_the_office_alone(pair):
    correction = RegisterException(
        group_id=KEY[0], date=DAY, session="am", person_id="A-22-AA", source="office", mark="sick_leave"
    )
    action = save(pair, Author("A-1-AA"), correction)
    assert send(logged_in(pair, "wm"), action).status_code == 303
    assert found(pair, RegisterException, *KEY[:3], "A-22-AA", "office") is not None


def test_the_time_is_limited(pair):
    action = newest(pair)
    pair.clock.set_to(pair.clock.now_ms() + (HistoryLimits().own_days * 24 + 1) * 3_600_000)
    client = logged_in(pair, "wm")
    answer = client.get(f"/history/{action}")
    assert "撤回的期限已过" in answer.text


@pytest.mark.parametrize("day", [9, 10])
def test_of_a_closed_month_nothing_is_taken_back(pair, day):
    """Pay rests on it: within its fourteen days, but from the tenth of the next month on."""
    pair.clock.set_to(instant_ms("2025-10-08T02:00:00.000Z"))
    action = save(pair, Author("A-1-AA"), late(60))
    pair.clock.set_to(instant_ms(f"2025-10-{day:02}T02:00:00.000Z"))
    client = logged_in(pair, "zjw")
    assert ("这个月已经结账" in client.get(f"/history/{action}").text) == (day == 10)
    send(client, action)
    assert found(pair, RegisterException, *KEY).minutes == (8 if day == 9 else 60)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (Account(person_id="A-1-AA", login="wm2"), "账号和角色的改动不在这里撤回"),
        (LeaveRequest(id="A-9-AA", person_id="A-1-AA", kind="sick", begin=DAY, end="2025-09-16"), "请假有自己的撤回"),
    ],
)
def test_what_has_a_way_of_its_own_is_not_taken_back_here(pair, record, words):
    with connect(pair.node) as db, write(pair.node, db, Author("A-1-AA")) as w:
        if isinstance(record, Account):
            w.update(Account, ("A-1-AA",), {"must_change": 0, "password_until": "2027-01-01T00:00:00.000Z"})
        else:
            w.insert(record)
    assert words in logged_in(pair, "wm").get(f"/history/{newest(pair)}").text


def test_the_tables_of_exceptions_name_records_that_there_are(pair):
    assert set(NEVER) <= set(pair.node.tables) and set(SEEN_BY) <= set(pair.node.tables)


def test_private_values_are_shown_to_those_who_may_read_them_and_every_reading_is_noted(pair):
    """The head teacher may see a pupil's private data; the gate who once entered some may not any more."""
    private = PupilPrivate(pupil_id="A-21-AA", guardian="邓大山", guardian_phone="13800000000")
    action = save(pair, Author("A-1-AA"), private)
    client = logged_in(pair, "wm")
    assert "13800000000" not in client.get("/history").text
    assert readings(pair) == []
    assert "13800000000" in client.get(f"/history/{action}").text
    assert readings(pair) == [("A-1-AA", "pupil_private", "history", 1, "A-21-AA")]
    action = save(pair, Author("A-5-AA"), PupilPrivate(pupil_id="A-22-AA", guardian_phone="13900000000"))
    page = logged_in(pair, "smw").get(f"/history/{action}").text
    assert "13900000000" not in page and "内容属于隐私" in page and len(readings(pair)) == 1


def readings(pair):
    with connect(pair.node) as db:
        return db.conn.execute("SELECT person_id, what, way, rows, key FROM _reading ORDER BY r").fetchall()


def test_older_actions_come_on_further_pages(pair):
    for minutes in range(9, 9 + HistoryLimits().actions_a_page + 3):
        save(pair, Author("A-1-AA"), late(minutes))
    client = logged_in(pair, "wm")
    first = client.get("/history").text
    older = re.search(r'href="(\?[^"]*before=\d+[^"]*)"', first)
    assert older is not None
    second = client.get("/history" + older[1].replace("&amp;", "&")).text
    assert "分钟 60 → 61" in first and "分钟 60 → 61" not in second and "分钟 8 → 9" in second
    assert client.get("/history?before=x").status_code == 200


def call(client, method, path, body=None):
    csrf = client.get("/api/v1/session").json["csrf_token"]
    return client.open(f"/api/v1{path}", method=method, json=body, headers={"X-CSRFToken": csrf})


def test_a_program_lists_reads_and_takes_back_as_the_page_does(pair):
    action = save(pair, Author("A-1-AA"), late(20))
    client = logged_in(pair, "wm")
    listed = call(client, "GET", "/actions").json
    assert [each["id"] for each in listed["actions"]][0] == action and listed["before"] is None
    one = call(client, "GET", f"/actions/{action}").json
    assert one["undo"]["possible"] and one["undo"]["rows"][0]["after"]["minutes"] == 8
    assert one["written"][0]["before"]["minutes"] == 8 and one["written"][0]["after"]["minutes"] == 20
    assert call(client, "POST", f"/actions/{action}/undo", {"reason": ""}).status_code == 422
    done = call(client, "POST", f"/actions/{action}/undo", {"reason": "记错了"})
    assert done.status_code == 200 and found(pair, RegisterException, *KEY).minutes == 8
    again = call(client, "POST", f"/actions/{action}/undo", {"reason": "再来"})
    [problem] = again.json["error"]["problems"]
    assert again.status_code == 409 and problem["reason"] == "undo_moved" and "王敏" in problem["message"]
    assert call(client, "GET", "/actions").json["actions"][0]["undoes"] == action
    assert call(logged_in(pair, "smw"), "GET", f"/actions/{action}").status_code == 404
    assert call(client, "GET", "/actions?before=x").status_code == 422

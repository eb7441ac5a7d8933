"""Domain conflicts at the hub: shown in school words, settled by who owns them, told to a run (C7, C14)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from hub.appraisal.completeness import missing_of
from hub.appraisal.facts.frontier import read_frontier
from hub.appraisal.facts.read import read_facts
from hub.appraisal.facts.rows import Period
from hub.appraisal.scheme import example_document, parse_scheme
from shared.findings.model import Finding
from shared.findings.store import findings_between
from shared.records import (
    BellPeriod,
    BookingOccurrence,
    BookingSeries,
    CalendarDay,
    LessonOverride,
    Register,
    RegisterException,
    Room,
    TimetableSlot,
    TimetableVersion,
)
from shared.schema import find
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import CLASS_A, CLERK, HEAD_B, MONDAY, OPERATOR, TEACHER, post

ROOM, BOOKING = "B-30-00", "B-31-00"


@pytest.fixture
def school(hub):
    """Lessons of period 1 on both campuses, a room of B, a booking on its lesson, and two changes of A's lesson."""
    rows: list[object] = [Room(id=ROOM, campus="B", name="实验室"), *booking()]
    for campus, teacher in (("A", TEACHER), ("B", HEAD_B)):
        rows += [
            CalendarDay(campus=campus, date=MONDAY, kind="school_day", follows_weekday=1),
            BellPeriod(schedule=campus, period=1, name="1", begin="08:00", end="08:40"),
            TimetableVersion(id=f"{campus}-32-00", campus=campus, name="课表", begin="2025-09-01", status="published"),
            TimetableSlot(version_id=f"{campus}-32-00", group_id=CLASS_A if campus == "A" else "B-20-00", weekday=1,
                          weeks="every", period=1, subject="maths", teacher_id=teacher,
                          room_id=ROOM if campus == "B" else None),
        ]  # fmt: skip
    about: dict[str, Any] = {"group_id": CLASS_A, "date": MONDAY, "period": 1, "entered_by": CLERK}
    rows += [
        LessonOverride(id="A-33-00", kind="cover", new_teacher_id=HEAD_B, **about),
        LessonOverride(id="A-34-00", kind="cancel", **about),
    ]
    add(hub, rows)
    return hub


def booking() -> list[object]:
    return [
        BookingSeries(id=BOOKING, room_id=ROOM, campus="A", booked_by=TEACHER, title="分组实验"),
        BookingOccurrence(
            series_id=BOOKING, number=1, room_id=ROOM, date=MONDAY, begin="08:10", end="08:50", state="confirmed"
        ),
    ]


def add(hub, rows) -> None:
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(*rows)


def found(hub) -> dict[str, Finding]:
    with connect(hub.replica) as db:
        return {each.kind: each for each in findings_between(db, hub.replica, "2025-09-01", "2025-10-01")}


def address(client, words: str) -> str:
    """The link of the card whose heading holds these words."""
    card = next(part for part in client.get("/conflicts").text.split("<article")[1:] if words in part)
    link = re.search(r'href="(/conflicts/findings/[^"]+)"', card)
    assert link
    return link[1]


def send(hub, login: str, words: str, kind: str, **form):
    client = hub.log_in(login)
    return post(client, address(client, words), {"digest": found(hub)[kind].digest, **form})


def test_the_inbox_says_in_school_words_what_collides(school) -> None:
    page = school.log_in("director").get("/conflicts").text
    for words in (
        "教室重复占用：实验室 · 9月15日 周一", "两个校区同时要用", "分组实验", "08:10–08:50", "中心校区", "西校区",
        "同一节课两种安排：二(1)班 · 9月15日 周一 · 第1节", "代课", "停课", "赵管理", "主校区已收到",
    ):  # fmt: skip
        assert words in page, words
    assert "A-33-00" not in page and "B-31-00" not in page


def test_withdrawing_one_of_two_changes_ends_it(school) -> None:
    answer = send(school, "clerk", "同一节课两种安排", "slot_twice", do="withdraw:A-34-00")
    assert answer.status_code == 302 and "slot_twice" not in found(school)
    with connect(school.replica) as db:
        withdrawn = find(db, LessonOverride, "A-34-00")
    assert withdrawn is not None and withdrawn.withdrawn_by == CLERK and withdrawn.withdrawn_at


def test_cancelling_the_booking_frees_the_room(school) -> None:
    send(school, "headb", "教室重复占用", "room_twice", do=f"cancel:{BOOKING}/1")
    assert "room_twice" not in found(school)
    assert school.rows("SELECT cancelled_by FROM booking_occurrence") == [(HEAD_B,)]


def test_leave_it_so_needs_a_reason_and_holds_until_a_side_changes(school) -> None:
    assert send(school, "director", "实验室", "room_twice", do="leave").status_code == 422
    assert send(school, "director", "实验室", "room_twice", do="leave", note="合用").status_code == 302
    assert "room_twice" not in found(school)
    with connect(school.replica) as db, write(school.replica, db, Author(OPERATOR)) as w:
        w.update(BookingOccurrence, (BOOKING, 1), {"end": "08:45"})
    assert "room_twice" in found(school)


def test_a_page_of_an_older_state_decides_nothing(school) -> None:
    client = school.log_in("director")
    answer = post(client, address(client, "实验室"), {"digest": "0" * 16, "do": "leave", "note": "合用"})
    assert answer.status_code == 422 and "打开以后又有新的内容" in answer.text
    for do in ("", "cancel:B-99-00/1", "withdraw:A-33-00", "take:0"):
        assert send(school, "director", "实验室", "room_twice", do=do).status_code == 422
    assert "room_twice" in found(school)


@pytest.mark.parametrize(
    ("login", "room", "slot"),
    [("director", True, True), ("clerk", True, True), ("headb", True, False), ("teacher", True, False)],
)
def test_who_owns_the_kind_at_a_campus_concerned_sees_it_and_whom_it_is_about(school, login, room, slot) -> None:
    """The teacher booked the room himself; he may give it up and leave nothing as it is."""
    page = school.log_in(login).get("/conflicts").text
    assert ("教室重复占用" in page, "同一节课两种安排" in page) == (room, slot)


def test_who_is_only_concerned_may_take_back_his_own_and_no_more(school) -> None:
    client = school.log_in("teacher")
    page = client.get(address(client, "实验室")).text
    assert "取消这个预约" in page and "就保持这样" not in page
    assert send(school, "teacher", "实验室", "room_twice", do="leave", note="随便").status_code == 403
    assert send(school, "teacher", "实验室", "room_twice", do=f"cancel:{BOOKING}/1").status_code == 302


def test_the_board_counts_them_for_the_hub_and_for_each_campus(school) -> None:
    """C14."""
    assert "冲突 2 处" in school.log_in("director").get("/campuses/").text


def test_what_is_settled_meanwhile_is_said(school) -> None:
    client = school.log_in("director")
    where = address(client, "实验室")
    send(school, "director", "实验室", "room_twice", do=f"cancel:{BOOKING}/1")
    assert "已经有人处理了" in client.get(where, follow_redirects=True).text
    assert client.get("/conflicts/findings/WyJ4Il0").status_code == 404


def test_a_run_stays_provisional_while_a_teacher_is_in_two_places(school) -> None:
    add(school, [TimetableSlot(version_id="A-32-00", group_id="A-21-00", weekday=1, weeks="every", period=1,
                               teacher_id=TEACHER)])  # fmt: skip
    with connect(school.replica) as db, write(school.replica, db, Author(OPERATOR)) as w:
        for id_ in ("A-33-00", "A-34-00"):
            w.update(LessonOverride, (id_,), {"withdrawn_at": "t"})
    period = Period("2025-1", "2025-09-01", "2025-10-01")
    with connect(school.replica) as db:
        frontier, facts = read_frontier(db, school.replica, period), read_facts(db, period)
    entries = {each["kind"]: each for each in missing_of(parse_scheme(example_document()), facts, [], frontier)}
    assert entries["teacher_two_places"] == {
        "kind": "teacher_two_places", "count": 1, "dates": [MONDAY], "campuses": ["A"],
    }  # fmt: skip
    assert "room_twice" not in entries and json.dumps(frontier.document())


def test_a_register_taken_twice_is_settled_by_taking_one_side(hub) -> None:
    """The side's exceptions stand, and one taking is left."""
    key = (CLASS_A, MONDAY, "am")
    make_twice(hub)
    side = next(n for n, each in enumerate(found(hub)["register_twice"].detail) if each.person_id == TEACHER)
    assert send(hub, "clerk", "重复点名", "register_twice", do=f"take:{side}").status_code == 302
    assert found(hub) == {}
    with connect(hub.replica) as db:
        register = find(db, Register, *key)
    assert register is not None and register.taken_by == TEACHER
    assert hub.rows("SELECT person_id, mark FROM register_exception") == [("A-51-00", "late")]


def make_twice(hub) -> None:
    """Two takings that name nothing: as if a second PC had made the other one."""
    shared: dict[str, Any] = {"group_id": CLASS_A, "date": MONDAY, "session": "am"}
    with connect(hub.replica) as db:
        with write(hub.replica, db, Author(TEACHER)) as w:
            w.insert(
                Register(**shared, taken_by=TEACHER, taken_at="1", roster_size=2, roster_digest="d"),
                RegisterException(**shared, person_id="A-51-00", source="teacher", mark="late", minutes=5),
            )
        with write(hub.replica, db, Author(CLERK)) as w:
            w.update(Register, (CLASS_A, MONDAY, "am"), {"taken_by": CLERK, "taken_at": "2"}, "absent")
            w.insert(RegisterException(**shared, person_id="A-52-00", source="teacher", mark="sick_leave"))

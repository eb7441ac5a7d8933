"""What occupies a room, what waits for an answer and what *today* tells, read from a real file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.bookings.rules import Slot
from shared.bookings.store import (
    alternatives_to,
    booking_notices,
    busy_between,
    busy_on,
    closed_on,
    lessons_busy,
    requests_for,
    rooms_of,
    same_wish,
)
from shared.lessons.rules import Lesson
from shared.records import (
    BellPeriod,
    BookingOccurrence,
    BookingSeries,
    CalendarDay,
    LessonOverride,
    Room,
    TimetableSlot,
    TimetableVersion,
)
from tests.support.world import CLERK_A, CLERK_B, TEACHER_A, TEACHER_B, Site, make_world

DAY = "2026-09-02"  # a Wednesday
LAB, SMALL, MUSIC = "A-71-x", "A-72-x", "B-73-x"
BELLS = (("08:20", "09:00"), ("09:10", "09:50"), ("10:20", "11:00"))


def places() -> list[object]:
    """Two rooms of A, one of B; Wednesday to Friday; three periods; one lesson in the lab each Wednesday."""
    days = [f"2026-09-0{n}" for n in (2, 3, 4)]
    return [
        Room(id=LAB, campus="A", name="科学实验室", kind="science_lab", seats=48, position=1),
        Room(id=SMALL, campus="A", name="小实验室", kind="science_lab", seats=20, position=2),
        *(CalendarDay(campus="A", date=d, kind="school_day", follows_weekday=2 + i) for i, d in enumerate(days, 1)),
        *(BellPeriod(schedule="A", period=i, name=str(i), begin=b, end=e) for i, (b, e) in enumerate(BELLS, 1)),
        TimetableVersion(id="A-80-x", campus="A", name="课表", begin="2026-09-01", status="published"),
        TimetableSlot(
            version_id="A-80-x", group_id="A-21-x", weekday=3, weeks="every", period=2, subject="science",
            teacher_id="A-2-x", room_id=LAB,
        ),
    ]  # fmt: skip


def booking(
    series: str, number: int = 1, *, room: str = LAB, date: str = DAY, begin: str = "10:20", end: str = "11:00",
    who: str = "A-2-x", state: str = "requested", first: bool = True, **more: str,
) -> list[object]:  # fmt: skip
    made = BookingSeries(id=series, room_id=room, campus=who[0], booked_by=who, title="实验", purpose="teaching")
    one = BookingOccurrence(
        series_id=series, number=number, room_id=room, date=date, begin=begin, end=end, state=state, **more
    )
    return [made, one] if first else [one]


@pytest.fixture
def node(tmp_path: Path) -> Site:
    world = make_world(tmp_path)
    with world["A"].write(CLERK_A) as w:
        w.insert(*places())
    with world["B"].write(CLERK_B) as w:
        w.insert(Room(id=MUSIC, campus="B", name="音乐教室", kind="music_room"))
    world.settle()
    return world["A"]


def test_a_room_is_occupied_by_lessons_and_by_bookings_that_stand(node: Site) -> None:
    with node.write(TEACHER_A) as w:
        w.insert(*booking("A-91-x", state="confirmed"), *booking("A-92-x", begin="08:20", end="09:00"))
        w.insert(*booking("A-93-x", state="rejected"), *booking("A-94-x", cancelled_at="x", cancelled_by="A-2-x"))
    found = [(each.begin, each.kind, each.key, each.state) for each in busy_between(node.db, DAY, "2026-09-03")]
    assert found == [
        ("08:20", "booking", "A-92-x/1", "requested"),
        ("09:10", "lesson", f"A-21-x/{DAY}/2", "lesson"),
        ("10:20", "booking", "A-91-x/1", "confirmed"),
    ]
    assert busy_on(node.db, {DAY}, rooms={SMALL}) == []


def test_a_cancelled_lesson_frees_its_room_and_a_moved_one_takes_the_other(node: Site) -> None:
    with node.write(CLERK_A) as w:
        w.insert(LessonOverride(id="A-95-x", group_id="A-21-x", date=DAY, period=2, kind="room", new_room_id=SMALL))
    assert [each.room_id for each in busy_on(node.db, {DAY})] == [SMALL]
    with node.write(CLERK_A) as w:
        w.insert(LessonOverride(id="A-96-x", group_id="A-21-x", date=DAY, period=2, kind="cancel"))
    assert busy_on(node.db, {DAY}) == []


def test_a_joint_lesson_of_two_groups_occupies_its_room_once(node: Site) -> None:
    with node.write(CLERK_A) as w:
        for group, period in (("A-22-x", 3), ("A-23-x", 3)):
            w.insert(
                TimetableSlot(
                    version_id="A-80-x", group_id=group, weekday=3, weeks="every", period=period, joint="合1",
                    teacher_id="A-2-x", room_id=LAB,
                )
            )  # fmt: skip
    assert [each.begin for each in busy_on(node.db, {DAY})] == ["09:10", "10:20"]


def test_requests_carry_the_effective_stamp_of_the_changeset_that_asked(node: Site) -> None:
    """C6, C8: not the clock of whoever answers decides, but when it was asked as the hub receipted it."""
    with node.write(TEACHER_A) as w:
        w.insert(*booking("A-91-x"))
    asked_at = node.clock.now_ms()
    node.clock.wait_ms(60_000)
    with node.write(TEACHER_A) as w:
        w.update(BookingOccurrence, ("A-91-x", 1), {"cancelled_by": "A-2-x", "cancelled_at": "x"})
        w.update(BookingOccurrence, ("A-91-x", 1), {"cancelled_by": "", "cancelled_at": ""})
        w.insert(*booking("A-92-x"), *booking("B-93-x", room=MUSIC))
    found = requests_for(node.db, {"A"})
    assert [(each.key, each.stamp_ms - asked_at) for each in found] == [("A-91-x/1", 0), ("A-92-x/1", 61_000)]
    assert [each.purpose for each in found] == ["teaching", "teaching"]


def test_a_room_out_of_use_or_unknown_is_closed(node: Site) -> None:
    with node.write(CLERK_A) as w:
        w.update(Room, (LAB,), {"end": "2026-09-03"})
        w.update(Room, (SMALL,), {"bookable": 0})
    slots = [Slot(room, day, "08:00", "09:00") for room in (LAB, SMALL, "A-99-x") for day in (DAY, "2026-09-03")]
    assert closed_on(node.db, slots) == {(s.room_id, s.date) for s in slots} - {(LAB, DAY)}


def test_rooms_come_with_one_s_own_campus_first(node: Site) -> None:
    assert [room.id for room in rooms_of(node.db, first="A")] == [LAB, SMALL, MUSIC]
    assert [room.id for room in rooms_of(node.db, first="B")] == [MUSIC, LAB, SMALL]


def test_alternatives_are_read_from_bells_calendar_and_what_is_taken(node: Site) -> None:
    with node.write(TEACHER_A) as w:
        w.insert(*booking("A-91-x", state="confirmed"), *booking("A-92-x", date="2026-09-03", state="confirmed"))
    found = alternatives_to(node.db, Slot(LAB, DAY, "10:20", "11:00"))
    assert [(each.kind, each.slot.room_id, each.slot.date, each.slot.begin) for each in found] == [
        ("other_time", LAB, DAY, "08:20"), ("other_day", LAB, "2026-09-04", "10:20"),
        ("other_room", SMALL, DAY, "10:20"),
    ]  # fmt: skip


def test_the_same_wish_is_known_again_by_its_content(node: Site) -> None:
    with node.write(TEACHER_A) as w:
        w.insert(*booking("A-91-x"))
    series = BookingSeries(id="", room_id=LAB, campus="A", booked_by="A-2-x", title="实验", purpose="teaching")
    assert same_wish(node.db, series, Slot(LAB, DAY, "10:20", "11:00")) == "A-91-x"
    assert same_wish(node.db, series, Slot(LAB, DAY, "10:20", "11:10")) is None
    assert same_wish(node.db, series, Slot(LAB, "2026-09-03", "10:20", "11:00")) is None
    with node.write(TEACHER_A) as w:
        w.update(BookingOccurrence, ("A-91-x", 1), {"cancelled_by": "A-2-x", "cancelled_at": "x"})
    assert same_wish(node.db, series, Slot(LAB, DAY, "10:20", "11:00")) is None


def test_today_tells_the_booker_the_answer_and_the_office_what_was_asked_and_ruled(node: Site) -> None:
    """C8: both sides are told."""
    answered: dict[str, Any] = {"decided_by": "rule", "decided_at": "2026-09-01T04:00:00.000Z"}
    with node.write(TEACHER_B) as w:
        w.insert(*booking("A-91-x", who="B-2-x", state="rejected", reason="lesson", **answered))
        w.insert(*booking("A-92-x", who="B-2-x", begin="08:20", end="09:00"))
        w.insert(*booking("A-93-x", state="confirmed", decided_by="A-2-x", decided_at="2026-09-01T04:00:00.000Z"))

    def told(person: str, campus: str, *, office: bool, since: str = "2026-09-01") -> list[list[str]]:
        found = booking_notices(
            node.db, person_id=person, campus=campus, office=office, today="2026-09-01", answered_since=since
        )
        lists = (found.answered, found.waiting, found.asked, found.ruled)
        return [[each.series.id for each in some] for some in lists]

    assert told("B-2-x", "B", office=False) == [["A-91-x"], ["A-92-x"], [], []]
    assert told("B-2-x", "B", office=False, since="2026-09-02") == [[], ["A-92-x"], [], []]
    assert told("A-1-x", "A", office=True) == [[], [], ["A-92-x"], ["A-91-x"]]
    assert told("B-1-x", "B", office=True) == [[], [], [], []]
    assert told("A-2-x", "A", office=False) == [[], [], [], []]


def test_two_lessons_moved_to_one_place_keep_both_their_rooms() -> None:
    """C8: a room that a class of thirty sits in is not free."""
    plain = Lesson(
        "A", DAY, "A-21-x", 3, "10:20", "11:00", "science", "", ("A-2-x",), ("A-2-x",), LAB, LAB, "", "A-80-x"
    )  # fmt: skip
    other = replace(plain, room_id=SMALL, moved_from=(DAY, 1))
    assert {busy.room_id for busy in lessons_busy([plain, other])} == {LAB, SMALL}

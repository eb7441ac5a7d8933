"""Two places at once, on clock minutes; who could cover, and why."""

from dataclasses import replace

import pytest

from node.lessons.candidates import Around, Colleague, busy_by, ranked, suggested
from node.lessons.clashes import after, booked, clashes, meet, placed
from shared.bookings.rules import Busy
from shared.lessons.rules import Lesson
from shared.records import LessonOverride

DAY = "2025-09-15"
WAY = {("A", "B"): 30, ("B", "A"): 30}


def lesson(group="A-1-AA", period=2, begin="09:10", end="09:50", who=("A-8-AA",), **more):
    fields = {"room_id": None, "planned_room_id": None, "subject": "maths", "date": DAY, "joint": "", **more}
    return Lesson(
        campus=group[0], group_id=group, period=period, begin=begin, end=end, title="", teachers=who,
        planned_teachers=who, version_id="A-3-AA", **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("other", "travel", "at_once"),
    [
        (lesson("A-2-AA", 3, "09:50", "10:30"), WAY, False),  # back to back
        (lesson("A-2-AA", 3, "09:49", "10:30"), WAY, True),
        (lesson("B-2-AA", 3, "10:19", "11:00"), WAY, True),  # 29 minutes for a way of 30
        (lesson("B-2-AA", 3, "10:20", "11:00"), WAY, False),
        (lesson("B-2-AA", 3, "10:19", "11:00"), {}, False),
        (lesson("B-2-AA", 3, "10:09", "11:00"), {}, True),  # nobody said how far: 20 minutes, as the findings assume
        (lesson("B-2-AA", 3, "10:10", "11:00"), {}, False),
        (lesson("B-2-AA", 1, "08:00", "08:41"), WAY, True),
        (lesson("B-2-AA", 1, "08:00", "08:40"), WAY, False),
        (lesson("B-2-AA", 2, "14:00", "14:40"), WAY, False),  # the same period number, another time
        (lesson("A-2-AA", 2, "", ""), WAY, True),  # no bell: the same period of the same campus
        (lesson("A-2-AA", 3, "", ""), WAY, False),
        (lesson("B-2-AA", 2, "", ""), WAY, False),
    ],
)
def test_nobody_is_in_two_places_and_the_way_takes_time(other, travel, at_once):
    """C7; D4 complaint 90: a gap is measured by the clock, never by period numbers."""
    assert meet(placed(lesson()), placed(other), travel) is at_once
    assert meet(placed(other), placed(lesson()), travel) is at_once


def test_a_change_runs_into_teacher_class_and_room():
    one = replace(lesson(), room_id="A-4-AA")
    same_room = replace(lesson("A-2-AA", who=("A-6-AA",)), room_id="A-4-AA")
    same_class = lesson(period=9, begin="09:20", end="10:00", who=("A-5-AA",))
    same_teacher = lesson("A-3-AA")
    others = [placed(each) for each in (one, same_room, same_class, same_teacher)]
    found = {(each.kind, each.who) for each in clashes([placed(one)], others, WAY)}
    assert found == {("room", "A-4-AA"), ("class", "A-1-AA"), ("teacher", "A-8-AA")}


@pytest.mark.parametrize(
    ("room", "begin", "end", "warned"),
    [
        ("A-4-AA", "09:30", "10:00", True), ("A-4-AA", "09:50", "10:30", False), ("A-4-AA", "08:30", "09:10", False),
        ("A-5-AA", "09:30", "10:00", False),
    ],
)  # fmt: skip
def test_a_room_change_runs_into_a_booking_of_that_room(room, begin, end, warned):
    change = LessonOverride(id="A-9-AA", group_id="A-1-AA", date=DAY, period=2, kind="room", new_room_id="A-4-AA")
    moved = after(lesson(), change, {})
    assert moved is not None
    hall = Busy(room, DAY, begin, end, "booking", "A-7-AA/1", "A-8-AA", "confirmed", "公开课", "A-7-AA", "A-1-AA")
    found = clashes([moved], [booked(hall)], WAY)
    # Neither the booker nor the class that it is for is in two places: the room is.
    assert [(each.kind, each.other.booking) for each in found] == ([("room", "公开课")] if warned else [])


def test_a_joint_lesson_is_one_lesson():
    """D4, 78: has a lesson is not always a hard no."""
    both = [replace(lesson(group), joint="体育") for group in ("A-1-AA", "A-2-AA")]
    assert clashes([placed(both[0])], [placed(both[1])], WAY) == []
    assert clashes([placed(both[0])], [placed(replace(both[1], joint="别的"))], WAY) != []
    assert clashes([placed(both[0])], [placed(replace(both[1], begin="09:20"))], WAY) != []


def change(kind, **fields):
    return LessonOverride(id="", group_id="A-1-AA", date=DAY, period=2, kind=kind, **fields)


def changed(one, kind, bells=None, **fields):
    found = after(one, change(kind, **fields), bells or {})
    assert found is not None
    return found


def test_a_lesson_after_one_change_more():
    assert after(lesson(), change("cancel"), {}) is None
    assert changed(lesson(), "cover", new_teacher_id="A-6-AA").teachers == ("A-6-AA",)
    moved = changed(lesson(), "move", {5: ("14:00", "14:40")}, new_date="2025-09-16", new_period=5)
    assert (moved.date, moved.period, moved.begin, moved.planned_at) == ("2025-09-16", 5, "14:00", ("A-1-AA", DAY, 2))
    two = lesson(who=("A-8-AA", "A-7-AA"))
    second = changed(two, "cover", teacher_id="A-7-AA", new_teacher_id="A-6-AA")
    assert second.teachers == ("A-8-AA", "A-6-AA")
    assert changed(lesson(), "room", new_room_id="A-4-AA").room_id == "A-4-AA"


def test_the_two_sides_of_a_swap_do_not_run_into_each_other():
    one, other = lesson(period=1, begin="08:20", end="09:00"), lesson(who=("A-6-AA",))
    bells = {1: ("08:20", "09:00"), 2: ("09:10", "09:50")}
    sides = [
        changed(one, "swap", bells, new_date=DAY, new_period=2),
        changed(other, "swap", bells, new_date=DAY, new_period=1),
    ]
    assert clashes(sides, [placed(one), placed(other)], WAY) == []
    third = lesson("A-9-AA", 1, "08:20", "09:00", who=("A-6-AA",))
    assert [each.who for each in clashes(sides, [placed(third)], WAY)] == ["A-6-AA"]


COLLEAGUES = [Colleague(f"A-{n}-AA", name, ("A",)) for n, name in enumerate("abcd", 21)]
A, B, C, D = (each.person_id for each in COLLEAGUES)
AWAY = Colleague("B-25-AA", "aa", ("B",))


def order(week=(), covers=None, away=(), people=COLLEAGUES):
    around = Around(busy_by(week), away, covers or {}, WAY)
    return ranked(lesson(), people, around)


def test_the_free_come_first_then_who_fits_then_who_covered_least():
    week = [
        lesson("A-1-AA", 4, "11:10", "11:50", (B,), subject="art"),  # teaches the class
        lesson("A-7-AA", 2, "09:10", "09:50", (C,)),  # the same subject, but busy
    ]
    found = order(week, covers={A: 2, D: 1})
    assert [each.person_id for each in found] == [B, D, A, C]
    assert [each.obstacle for each in found] == ["", "", "", "lesson"]
    assert found[0].teaches_class and not found[0].same_subject
    assert [each.covers_this_term for each in found] == [0, 1, 2, 0]
    assert found[3].other is not None and found[3].other.group_id == "A-7-AA"


def test_fairness_decides_between_equals_and_then_the_lighter_week():
    """D3: why am I always the one?"""
    assert [each.person_id for each in order(covers={A: 3, B: 1, C: 2})] == [D, B, C, A]
    heavy = [lesson("A-7-AA", n, f"1{n}:00", f"1{n}:40", (A,), subject="art") for n in range(2)]
    assert [each.person_id for each in order(heavy)] == [B, C, D, A]


def test_leave_and_the_way_stand_against_somebody():
    teaching_at_b = lesson("B-7-AA", 2, "10:10", "10:50", (A,))
    found = {each.person_id: each for each in order([teaching_at_b], away={B})}
    assert (found[A].obstacle, found[B].obstacle, found[C].free) == ("lesson", "leave", True)
    here_first = order(people=[AWAY, *COLLEAGUES])
    assert here_first[-1].person_id == AWAY.person_id and here_first[-1].free


def test_who_teaches_or_was_to_teach_is_no_candidate():
    covered = replace(lesson(who=(A,)), planned_teachers=(B,))
    assert [each.person_id for each in ranked(covered, COLLEAGUES, Around({}, (), {}, {}))] == [C, D]


def test_a_whole_day_is_shared_out_and_nobody_gets_two_at_once():
    first, second = lesson(), lesson("A-2-AA", 2, "09:10", "09:50")
    third = lesson("A-3-AA", 4, "11:10", "11:50")
    around = Around({}, (), {}, WAY)
    choices = [(each, ranked(each, COLLEAGUES, around)) for each in (first, second, third)]
    found = suggested(choices, WAY)
    assert found[("A-1-AA", 2)] != found[("A-2-AA", 2)]
    assert len(set(found.values())) == 3
    assert suggested([(first, [])], WAY) == {}
    joint = [(replace(each, joint="体育"), people) for each, people in choices[:2]]
    assert len(set(suggested(joint, WAY).values())) == 1

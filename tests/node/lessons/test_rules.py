"""Closing days, exceptions, changes, the week's views: tables of cases."""

from dataclasses import replace
from datetime import date

import pytest

from node.lessons import rules
from node.lessons.rules import Asker, asker_of
from node.lessons.week import days_shown, periods_shown, seen_by, times_of
from shared.lessons.rules import Lesson
from shared.records import LessonException, LessonOverride
from shared.web.words import table

DAY, NEXT = "2025-09-15", "2025-09-16"
LESSON = Lesson(
    "A", DAY, "A-1-AA", 2, "09:10", "09:50", "maths", "", ("A-8-AA",), ("A-8-AA",), "A-4-AA", "A-4-AA", "", "A-3-AA"
)
TEACHER = Asker("A-8-AA", closes=True, office=False, plans=False)
OFFICE = Asker("A-9-AA", closes=True, office=True, plans=True)
GATE = Asker("A-7-AA", closes=False, office=False, plans=False)


@pytest.mark.parametrize(
    ("kind", "day", "reason"),
    [
        ("school_day", "2025-09-15", None),
        ("make_up", "2025-08-01", None),  # late is allowed
        ("school_day", "2025-09-16", "future_date"),
        (None, "2025-09-15", "day_not_in_calendar"),
        ("holiday", "2025-09-15", "not_a_school_day"),
        ("exam", "2025-09-15", "not_a_school_day"),
    ],
)
def test_a_day_is_closed_when_it_is_today_or_past_and_taught(kind, day, reason):
    assert rules.day_refusal(kind, date.fromisoformat(day), date(2025, 9, 15)) == reason


@pytest.mark.parametrize(
    ("asker", "person", "reason"),
    [
        (TEACHER, "A-8-AA", None),
        (TEACHER, "*", "not_the_office_of_lessons"),
        (TEACHER, "A-6-AA", "not_your_lessons"),
        (OFFICE, "*", None),
        (OFFICE, "A-8-AA", None),
        (GATE, "A-7-AA", "not_allowed"),
    ],
)
def test_a_teacher_closes_the_own_day_and_the_office_any(asker, person, reason):
    assert rules.close_refusal(asker, person) == reason


def test_rights_held_at_another_campus_close_nothing_here():
    assert asker_of("B-1-AA", [("teacher", "B")], "A") == Asker("B-1-AA", closes=False, office=False, plans=False)
    assert asker_of("A-4-AA", [("clerk", "A")], "A") == Asker("A-4-AA", closes=True, office=True, plans=True)
    assert asker_of("A-2-AA", [("general_principal", "*")], "A").office


def noted(by):
    return LessonException(
        group_id="A-1-AA", date=DAY, period=2, person_id="A-8-AA", kind="late", minutes=5, entered_by=by
    )


@pytest.mark.parametrize(
    ("asker", "stands", "reason"),
    [
        (TEACHER, None, None),
        (TEACHER, noted("A-8-AA"), None),
        (TEACHER, noted("A-9-AA"), "entered_by_another"),
        (replace(TEACHER, office=True), noted("A-9-AA"), "entered_by_another"),
        (OFFICE, noted("A-8-AA"), None),
        (replace(TEACHER, person_id="A-5-AA"), None, "not_your_lessons"),
    ],
)
def test_nobody_takes_back_what_another_noted_about_him(asker, stands, reason):
    assert rules.exception_refusal(asker, "A-8-AA", stands) == reason


@pytest.mark.parametrize(
    ("kind", "minutes", "reasons"),
    [
        ("late", 5, []),
        ("late", 0, ["minutes_missing"]),
        ("left_early", 0, ["minutes_missing"]),
        ("not_held", 0, []),
        ("empty_class", 5, ["minutes_not_for_this_exception"]),
    ],
)
def test_only_late_and_left_early_have_minutes(kind, minutes, reasons):
    assert [each.reason for each in rules.exception_problems(kind, minutes)] == reasons


def change(**fields):
    return LessonOverride(**{"id": "", "group_id": "A-1-AA", "date": DAY, "period": 2, "kind": "cover", **fields})


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"new_teacher_id": "A-6-AA"}, []),
        ({}, ["missing"]),
        ({"new_teacher_id": "A-8-AA"}, ["teaches_it_already"]),
        ({"new_teacher_id": "A-6-AA", "new_room_id": "A-5-AA"}, ["not_for_this_change"]),
        ({"kind": "cancel"}, []),
        ({"kind": "cancel", "new_date": NEXT}, ["not_for_this_change"]),
        ({"kind": "room", "new_room_id": "A-4-AA"}, ["room_is_that"]),
        ({"kind": "room", "new_room_id": "A-5-AA"}, []),
        ({"kind": "move", "new_date": NEXT}, ["missing"]),
        ({"kind": "move", "new_date": DAY, "new_period": 2}, ["time_is_that"]),
        ({"kind": "move", "new_date": NEXT, "new_period": 2}, []),
        ({"kind": "swap", "new_date": DAY, "new_period": 0}, []),
    ],
)
def test_a_change_says_what_its_kind_needs_and_nothing_else(fields, reasons):
    found = rules.change_problems(change(**fields), LESSON)
    assert [each.reason for each in found] == reasons
    assert set(reasons) <= set(table()["reasons"])


def test_what_is_not_there_or_cancelled_is_not_changed():
    wanted = change(new_teacher_id="A-6-AA")
    for lesson, reason in (
        (None, "lesson_not_there"),
        (replace(LESSON, state="moved"), "lesson_not_there"),
        (replace(LESSON, state="cancelled"), "lesson_cancelled"),
    ):
        found = [each.reason for each in rules.change_problems(wanted, lesson)]
        assert found == [reason] and reason in table()["reasons"]


def test_a_change_is_withdrawn_once_and_by_those_who_plan():
    assert rules.withdraw_refusal(change(), OFFICE) is None
    assert rules.withdraw_refusal(change(), TEACHER) == "not_allowed"
    assert rules.withdraw_refusal(change(withdrawn_at=f"{DAY}T00:00:00.000Z"), OFFICE) == "change_withdrawn"


def test_days_that_nobody_closed_are_listed_until_somebody_does():
    lessons = [LESSON, replace(LESSON, date="2025-09-12"), replace(LESSON, date="2025-09-11", state="cancelled")]
    assert rules.open_days(lessons, set(), "A-8-AA", DAY) == ["2025-09-12"]
    assert rules.open_days(lessons, {("A", "2025-09-12", "*")}, "A-8-AA", DAY) == []
    assert rules.open_people(lessons, {("A", DAY, "A-8-AA")}) == {"2025-09-12": {"A-8-AA": 1}}


COVERED = replace(LESSON, teachers=("A-6-AA",))


@pytest.mark.parametrize(
    ("lesson", "kind", "id_", "shown"),
    [
        (LESSON, "group", "A-1-AA", [("lesson", "")]),
        (LESSON, "teacher", "A-6-AA", []),
        (COVERED, "teacher", "A-8-AA", [("gone", "covered")]),
        (COVERED, "teacher", "A-6-AA", [("change", "cover")]),
        (COVERED, "group", "A-1-AA", [("change", "covered")]),
        (replace(LESSON, teachers=()), "group", "A-1-AA", [("change", "uncovered")]),
        (replace(LESSON, state="cancelled"), "teacher", "A-8-AA", [("gone", "cancelled")]),
        (replace(LESSON, state="moved"), "room", "A-4-AA", [("gone", "moved")]),
        (replace(LESSON, moved_from=(NEXT, 1)), "group", "A-1-AA", [("change", "moved_in")]),
        (replace(LESSON, room_id="A-5-AA"), "room", "A-4-AA", [("gone", "room_left")]),
        (replace(LESSON, room_id="A-5-AA"), "room", "A-5-AA", [("change", "room")]),
    ],
)
def test_each_view_shows_what_it_has_and_what_it_lost(lesson, kind, id_, shown):
    assert [(each.tone, each.mark) for each in seen_by([lesson], kind, id_)] == shown


def test_a_week_shows_its_school_days_and_a_weekend_that_is_taught():
    monday = date(2025, 9, 15)
    assert len(days_shown(monday, [], [])) == 5
    assert [day.isoformat() for day in days_shown(monday, [], ["2025-09-20"])][-1] == "2025-09-20"
    entries = seen_by([LESSON, replace(LESSON, begin="08:40", end="09:20")], "group", "A-1-AA")
    assert periods_shown(entries, [1, 3]) == [1, 2, 3]
    assert times_of(entries) is None and times_of(entries[:1]) == ("09:10", "09:50")

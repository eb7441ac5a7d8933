"""The timetable laid over the days, and what single dates change in it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.lessons.rules import lessons_of, orphans_of, version_on
from shared.records.timetable import LessonOverride, TimetableVersion
from tests.shared.lessons.cases import (
    CLASS,
    LI,
    MONDAY,
    NEXT_MONDAY,
    OTHER_CLASS,
    TUESDAY,
    WANG,
    ZHAO,
    also,
    change,
    day,
    plan,
    slot,
    told,
    version,
)  # fmt: skip

PLAIN = [
    (MONDAY, 1, "planned", (WANG,)),
    (MONDAY, 2, "planned", (LI,)),
    (TUESDAY, 1, "planned", (WANG,)),
    (NEXT_MONDAY, 1, "planned", (WANG,)),
    (NEXT_MONDAY, 2, "planned", (LI,)),
]


def test_a_week_without_changes_is_the_timetable() -> None:
    assert told(lessons_of(plan())) == PLAIN


@pytest.mark.parametrize(
    ("kind", "weekday", "lessons"),
    [
        ("school_day", 2, 1),
        ("make_up", 2, 1),
        ("make_up", None, 0),
        ("exam", 2, 0),
        ("holiday", 2, 0),
        ("weekend", None, 0),
        ("closed", 2, 0),
        ("vacation", 2, 0),
    ],
)
def test_a_day_has_the_lessons_of_the_weekday_it_follows(kind: str, weekday: int | None, lessons: int) -> None:
    saturday = day("2026-09-12", weekday, kind=kind)
    assert len(lessons_of(plan(days=(saturday,)))) == lessons


@pytest.mark.parametrize(
    ("weeks", "parity", "taught"),
    [
        ("every", "odd", True), ("every", None, True), ("odd", "odd", True), ("odd", "even", False),
        ("even", "even", True), ("even", "odd", False), ("odd", None, False),
    ],
)  # fmt: skip
def test_odd_and_even_weeks_follow_the_day_not_the_date(weeks: str, parity: str | None, taught: bool) -> None:
    made = plan(slots=(slot(1, 1, weeks=weeks),), days=(day("2026-09-12", 1, kind="make_up", parity=parity),))
    assert bool(lessons_of(made)) is taught


def test_a_slot_of_odd_weeks_stands_before_the_one_of_every_week() -> None:
    made = plan(slots=(slot(1, 1, ZHAO, weeks="odd"), slot(1, 1, WANG)))
    assert told(lessons_of(made)) == [(MONDAY, 1, "planned", (WANG,)), (NEXT_MONDAY, 1, "planned", (ZHAO,))]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([version("A-100-x", "2026-09-01")], "A-100-x"),
        ([version("A-100-x", "2026-09-01"), version("A-101-x", "2026-09-07")], "A-101-x"),
        ([version("A-100-x", "2026-09-01"), version("A-101-x", "2026-09-08")], "A-100-x"),
        ([version("A-100-x", "2026-09-01"), version("A-101-x", "2026-09-07", status="draft")], "A-100-x"),
        ([version("A-100-x", "2026-09-01", "2026-09-07")], None),
        ([version("A-100-x", "2026-09-01", "2026-09-08")], "A-100-x"),
        ([version("A-100-x", "2026-09-01"), version("A-101-x", "2026-09-01")], "A-101-x"),
        ([version("A-100-x", "2026-09-01"), version("A-101-x", "2026-09-02", "2026-09-05")], "A-100-x"),
        ([version("B-100-x", "2026-09-01", campus="B")], None),
    ],
)
def test_the_version_in_force_is_the_published_one_that_began_last(
    versions: list[TimetableVersion], expected: str | None
) -> None:
    found = version_on(versions, "A", MONDAY)
    assert (found.id if found else None) == expected


def test_a_new_version_in_mid_term_leaves_the_days_before_it_alone() -> None:
    made = plan(
        versions=(version(), version("A-200-x", NEXT_MONDAY)),
        slots=(slot(1, 1), slot(1, 3, ZHAO, version_id="A-200-x")),
    )
    assert [(each.date, each.period, each.version_id) for each in lessons_of(made)] == [
        (MONDAY, 1, "A-100-x"), (NEXT_MONDAY, 3, "A-200-x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bell_schedule", "period", "times"),
    [
        (None, 1, ("08:00", "08:50")),
        ("A-winter", 1, ("08:10", "08:50")),
        ("A-unknown", 1, ("", "")),
        (None, 7, ("", "")),
    ],
)
def test_the_bells_of_the_day_ring_or_none_are_known(
    bell_schedule: str | None, period: int, times: tuple[str, str]
) -> None:
    made = plan(slots=(slot(1, period),), days=(day(MONDAY, 1, bell_schedule=bell_schedule),))
    (lesson,) = lessons_of(made)
    assert (lesson.begin, lesson.end) == times


def test_a_lesson_without_a_room_of_its_own_is_in_the_room_of_its_class() -> None:
    made = plan(slots=(slot(1, 1), slot(1, 2, room_id="A-9-x")), own_rooms={CLASS: "A-8-x"}, days=(day(MONDAY, 1),))
    assert [(each.room_id, each.planned_room_id) for each in lessons_of(made)] == [
        ("A-8-x", "A-8-x"), ("A-9-x", "A-9-x"),
    ]  # fmt: skip


SWAP = (change("A-5-x", "swap", pair_id="A-6-x"), change("A-6-x", "swap", TUESDAY, 1, pair_id="A-5-x"))
CASES: dict[str, tuple[Sequence[LessonOverride], dict[tuple[str, int], tuple[str, tuple[str, ...]]], list[str]]] = {
    "a cover replaces the main teacher when it names nobody": (
        [change("A-1-x", "cover", new_teacher_id=ZHAO)], {(MONDAY, 1): ("planned", (ZHAO,))}, []),
    "a cover replaces the teacher it names": (
        [change("A-1-x", "cover", teacher_id=WANG, new_teacher_id=ZHAO)], {(MONDAY, 1): ("planned", (ZHAO,))}, []),
    "a cover by nobody yet leaves the lesson without a teacher": (
        [change("A-1-x", "cover", teacher_id=WANG)], {(MONDAY, 1): ("planned", ())}, []),
    "a cover of somebody who does not teach it changes nothing and is told": (
        [change("A-1-x", "cover", teacher_id=LI, new_teacher_id=ZHAO)], {}, ["A-1-x"]),
    "the later of two covers decides": (
        [change("A-2-x", "cover", new_teacher_id=LI), change("A-1-x", "cover", new_teacher_id=ZHAO)],
        {(MONDAY, 1): ("planned", (LI,))}, []),
    "who covers can be covered": (
        [change("A-1-x", "cover", new_teacher_id=LI), change("A-2-x", "cover", teacher_id=LI, new_teacher_id=ZHAO)],
        {(MONDAY, 1): ("planned", (ZHAO,))}, []),
    "a cancelled lesson stays to be seen": ([change("A-1-x", "cancel")], {(MONDAY, 1): ("cancelled", (WANG,))}, []),
    "a withdrawn override is as if it had never been": (
        [change("A-1-x", "cancel", withdrawn_at="2026-09-06T00:00:00.000Z")], {}, []),
    "a move to a free period": (
        [change("A-1-x", "move", new_date=TUESDAY, new_period=3)],
        {(MONDAY, 1): ("moved", (WANG,)), (TUESDAY, 3): ("planned", (WANG,))}, []),
    "a move that names no date stays on its day": (
        [change("A-1-x", "move", new_period=3)],
        {(MONDAY, 1): ("moved", (WANG,)), (MONDAY, 3): ("planned", (WANG,))}, []),
    "a move to where it is changes nothing": ([change("A-1-x", "move", new_date=MONDAY, new_period=1)], {}, []),
    "a move to an outing on a Saturday that the calendar does not know": (
        [change("A-1-x", "move", new_date="2026-09-12", new_period=2)],
        {(MONDAY, 1): ("moved", (WANG,)), ("2026-09-12", 2): ("planned", (WANG,))}, []),
    "cancelled after it was moved": (
        [change("A-1-x", "move", new_period=3), change("A-2-x", "cancel")], {(MONDAY, 1): ("cancelled", (WANG,))}, []),
    "a moved lesson is covered by its planned place": (
        [change("A-1-x", "move", new_period=3), change("A-2-x", "cover", new_teacher_id=ZHAO)],
        {(MONDAY, 1): ("moved", (ZHAO,)), (MONDAY, 3): ("planned", (ZHAO,))}, []),
    "a moved lesson is covered by its new place as well": (
        [change("A-1-x", "cover", period=3, new_teacher_id=ZHAO), change("A-2-x", "move", new_period=3)],
        {(MONDAY, 1): ("moved", (ZHAO,)), (MONDAY, 3): ("planned", (ZHAO,))}, []),
    "half a swap waits for its other half": (SWAP[:1], {}, ["A-5-x"]),
    "a swap of which one half was withdrawn is none": (
        [SWAP[0], replace(SWAP[1], withdrawn_at="2026-09-06T00:00:00.000Z")], {}, ["A-5-x"]),
    "halves that do not name each other are no swap": (
        [SWAP[0], replace(SWAP[1], pair_id="A-9-x")], {}, ["A-5-x", "A-6-x"]),
    "an override of a lesson that is not there is kept and told": (
        [change("A-1-x", "cancel", period=3), change("A-2-x", "cancel", "2026-09-12")], {}, ["A-1-x", "A-2-x"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_an_override_does(name: str) -> None:
    overrides, changed, orphans = CASES[name]
    made = plan(overrides=tuple(overrides))
    expected = {**{(date, period): (state, teachers) for date, period, state, teachers in PLAIN}, **changed}
    found = {(date, period): (state, teachers) for date, period, state, teachers in told(lessons_of(made))}
    assert found == expected
    assert [each.id for each in orphans_of(made)] == orphans


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_which_rows_are_read_does_not_matter(seed: int) -> None:
    """C3: the lessons are a function of the set of rows."""
    chance = random.Random(seed)
    for name, (overrides, _, _) in CASES.items():
        made = plan(overrides=tuple(overrides))
        shuffled = replace(
            made, slots=chance.sample(made.slots, len(made.slots)), days=chance.sample(made.days, len(made.days)),
            overrides=chance.sample(made.overrides, len(made.overrides)),
        )  # fmt: skip
        assert lessons_of(shuffled) == lessons_of(made), name


def test_a_swap_exchanges_two_lessons_and_both_say_where_they_were() -> None:
    first, second = change("A-5-x", "swap", pair_id="A-6-x"), change("A-6-x", "swap", period=2, pair_id="A-5-x")
    lessons = [each for each in lessons_of(plan(overrides=(first, second))) if each.date == MONDAY]
    assert [(each.period, each.state, each.teachers, each.moved_from, each.begin) for each in lessons] == [
        (1, "moved", (WANG,), None, "08:00"), (1, "planned", (LI,), (MONDAY, 2), "08:00"),
        (2, "planned", (WANG,), (MONDAY, 1), "09:00"), (2, "moved", (LI,), None, "09:00"),
    ]  # fmt: skip
    assert [each.planned_at for each in lessons] == [(CLASS, MONDAY, period) for period in (1, 2, 1, 2)]
    assert [each.moved_to for each in lessons] == [(MONDAY, 2), None, None, (MONDAY, 1)]


def test_a_lesson_moved_onto_another_takes_nothing_from_it() -> None:
    made = plan(overrides=(change("A-1-x", "move", new_period=2),), days=(day(MONDAY, 1),))
    assert [(each.period, each.state, each.teachers) for each in lessons_of(made)] == [
        (1, "moved", (WANG,)), (2, "planned", (WANG,)), (2, "planned", (LI,)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more"), [("room", {}), ("move", {"new_period": 3}), ("cover", {"new_teacher_id": LI})]
)
def test_any_change_may_name_another_room(kind: str, more: dict[str, Any]) -> None:
    made = plan(overrides=(change("A-1-x", kind, new_room_id="A-7-x", **more),), own_rooms={CLASS: "A-8-x"})
    lesson = next(each for each in lessons_of(made) if each.changes and each.state == "planned")
    assert (lesson.room_id, lesson.planned_room_id) == ("A-7-x", "A-8-x")


@pytest.mark.parametrize(
    ("named", "teachers"), [(None, (ZHAO, LI)), (WANG, (ZHAO, LI)), (LI, (WANG, ZHAO)), ("A-9-x", (WANG, LI))]
)
def test_of_several_teachers_only_the_one_named_is_replaced(named: str | None, teachers: tuple[str, ...]) -> None:
    made = plan(
        slots=(slot(1, 1),), co_teachers=(also(1, 1, LI),), days=(day(MONDAY, 1),),
        overrides=(change("A-1-x", "cover", teacher_id=named, new_teacher_id=ZHAO),),
    )  # fmt: skip
    (lesson,) = lessons_of(made)
    assert (lesson.teachers, lesson.planned_teachers) == (teachers, (WANG, LI))


def test_a_co_teacher_who_takes_over_is_named_once() -> None:
    made = plan(
        slots=(slot(1, 1),), co_teachers=(also(1, 1, LI),), days=(day(MONDAY, 1),),
        overrides=(change("A-1-x", "cover", new_teacher_id=LI),),
    )  # fmt: skip
    assert lessons_of(made)[0].teachers == (LI,)


def test_lessons_of_other_classes_are_left_alone() -> None:
    made = plan(slots=(slot(1, 1), slot(1, 1, LI, group_id=OTHER_CLASS)), overrides=(change("A-1-x", "cancel"),))
    assert [each.state for each in lessons_of(made) if each.group_id == OTHER_CLASS] == ["planned", "planned"]

"""Which lessons count as held: closed days, exceptions, joint lessons, covers."""

from __future__ import annotations

import pytest

from shared.lessons.held import duties_of, held_lessons, open_duties
from shared.lessons.rules import Plan, lessons_of
from shared.records.timetable import LessonException
from tests.shared.lessons.cases import (
    CLASS,
    LI,
    MONDAY,
    OTHER_CLASS,
    WANG,
    ZHAO,
    also,
    change,
    day,
    plan,
    slot,
)  # fmt: skip

WHOLE = ("A", MONDAY, "*")
BOTH = (slot(1, 1, WANG, joint="合"), slot(1, 1, WANG, joint="合", group_id=OTHER_CLASS))


def one_day(*slots: object, **more: object) -> Plan:
    """A plan of one Monday."""
    return plan(slots=slots or (slot(1, 1), slot(1, 2, LI)), days=(day(MONDAY, 1),), **more)


def exception(kind: str, person: str = WANG, period: int = 1, group: str = CLASS) -> LessonException:
    """What went wrong in one lesson of Monday."""
    return LessonException(group_id=group, date=MONDAY, period=period, person_id=person, kind=kind)


def held(made: Plan, closed: set, *exceptions: LessonException) -> list[tuple[str, int, bool]]:
    """person, period, cover of what was held."""
    return [(e.person_id, e.lesson.period, e.cover) for e in held_lessons(lessons_of(made), closed, exceptions)]


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (set(), []),
        ({WHOLE}, [(WANG, 1, False), (LI, 2, False)]),
        ({("A", MONDAY, LI)}, [(LI, 2, False)]),
        ({("A", "2026-09-08", "*"), ("B", MONDAY, "*"), ("B", MONDAY, WANG)}, []),
    ],
)
def test_only_closed_days_say_that_lessons_were_held(closed: set, expected: list) -> None:
    made = one_day()
    assert held(made, closed) == expected
    assert len(open_duties(duties_of(lessons_of(made)), closed)) == 2 - len(expected)


@pytest.mark.parametrize(
    ("kind", "person", "period", "counts"),
    [
        ("late", WANG, 1, True),
        ("left_early", WANG, 1, True),
        ("empty_class", WANG, 1, False),
        ("not_held", WANG, 1, False),
        ("not_held", LI, 1, True),
        ("not_held", WANG, 2, True),
    ],
)
def test_an_exception_takes_one_lesson_of_one_teacher(kind: str, person: str, period: int, counts: bool) -> None:
    found = held(one_day(), {WHOLE}, exception(kind, person, period))
    assert ((WANG, 1, False) in found) is counts


def test_a_teachers_own_closing_stands_before_the_campus_s() -> None:
    (first, second) = held_lessons(lessons_of(one_day()), {WHOLE, ("A", MONDAY, WANG)}, ())
    assert (first.closing, second.closing) == (("A", MONDAY, WANG), WHOLE)


def test_a_cancelled_lesson_is_nobodys() -> None:
    assert held(one_day(overrides=(change("A-1-x", "cancel"),)), {WHOLE}) == [(LI, 2, False)]


def test_a_moved_lesson_counts_once_where_it_took_place() -> None:
    made = one_day(overrides=(change("A-1-x", "move", new_period=3),))
    assert held(made, {WHOLE}) == [(LI, 2, False), (WANG, 3, False)]
    assert held(made, {WHOLE}, exception("not_held", period=3)) == [(LI, 2, False)]


def test_a_replacement_is_a_cover_and_the_planned_teacher_gets_nothing() -> None:
    made = one_day(overrides=(change("A-1-x", "cover", new_teacher_id=ZHAO),))
    assert held(made, {WHOLE}) == [(ZHAO, 1, True), (LI, 2, False)]


def test_a_cover_of_a_co_teacher_leaves_the_main_teacher_his_lesson() -> None:
    made = one_day(slot(1, 1), co_teachers=(also(1, 1, LI),),
                   overrides=(change("A-1-x", "cover", teacher_id=LI, new_teacher_id=ZHAO),))  # fmt: skip
    assert held(made, {WHOLE}) == [(WANG, 1, False), (ZHAO, 1, True)]


def test_a_co_teacher_who_takes_over_alone_does_not_cover() -> None:
    made = one_day(slot(1, 1), co_teachers=(also(1, 1, LI),), overrides=(change("A-1-x", "cover", new_teacher_id=LI),))
    assert held(made, {WHOLE}) == [(LI, 1, False)]


def test_a_joint_lesson_counts_once_for_each_teacher() -> None:
    made = one_day(*BOTH, co_teachers=(also(1, 1, LI), also(1, 1, LI, group_id=OTHER_CLASS)))
    found = held_lessons(lessons_of(made), {WHOLE}, ())
    assert [(each.person_id, each.groups) for each in found] == [
        (WANG, (CLASS, OTHER_CLASS)), (LI, (CLASS, OTHER_CLASS)),
    ]  # fmt: skip


def test_two_lessons_at_one_time_without_a_joint_mark_are_two() -> None:
    """That one person is in two places is a finding, not something the count decides."""
    assert len(held(one_day(slot(1, 1), slot(1, 1, group_id=OTHER_CLASS)), {WHOLE})) == 2


def test_a_joint_mark_joins_nothing_at_another_time() -> None:
    assert len(held(one_day(BOTH[0], slot(1, 2, joint="合", group_id=OTHER_CLASS)), {WHOLE})) == 2


def test_an_exception_of_one_group_concerns_the_whole_joint_lesson() -> None:
    assert held(one_day(*BOTH), {WHOLE}, exception("empty_class", group=OTHER_CLASS)) == []


def test_covering_both_groups_of_a_joint_lesson_is_one_cover() -> None:
    covers = tuple(change(f"A-{n}-x", "cover", new_teacher_id=ZHAO, group_id=g)
                   for n, g in enumerate((CLASS, OTHER_CLASS)))  # fmt: skip
    (duty,) = duties_of(lessons_of(one_day(*BOTH, overrides=covers)))
    assert (duty.person_id, duty.cover, len(duty.groups)) == (ZHAO, True, 2)


def test_who_takes_over_a_second_group_of_the_own_joint_lesson_does_not_cover() -> None:
    made = one_day(BOTH[0], slot(1, 1, LI, joint="合", group_id=OTHER_CLASS),
                   overrides=(change("A-1-x", "cover", new_teacher_id=LI),))  # fmt: skip
    (duty,) = duties_of(lessons_of(made))
    assert (duty.person_id, duty.cover, duty.groups) == (LI, False, (CLASS, OTHER_CLASS))

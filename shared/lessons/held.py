"""Which lessons count as held: lessons by exception, so a closed day says that all but the exceptions were."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from shared.lessons.rules import Lesson
from shared.records.timetable import LessonException

EVERYBODY = "*"
NOT_TAUGHT = ("empty_class", "not_held")

Closing = tuple[str, str, str]  # campus, date, person or EVERYBODY: the key of a LessonDay


@dataclass(frozen=True)
class Duty:
    """One teacher's part in one lesson that takes place; joint lessons of one teacher and time are one.

    lesson: of a joint lesson the first in order; groups: all groups taught. cover: taught as a replacement,
    by somebody whom the timetable does not plan for it.
    """

    lesson: Lesson
    person_id: str
    cover: bool
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """A duty that was done. closing: the closed day that says so, the teacher's own before the campus's."""

    lesson: Lesson
    person_id: str
    cover: bool
    groups: tuple[str, ...]
    closing: Closing


def duties_of(lessons: Iterable[Lesson]) -> list[Duty]:
    """Who has to teach what, in the lessons' order: cancelled and moved-away ones are nobody's duty."""
    found: list[Duty] = []
    joint: dict[tuple[str, str, str, str], int] = {}
    for lesson in lessons:
        if lesson.state != "planned":
            continue
        for person in lesson.teachers:
            cover = person not in lesson.planned_teachers
            duty = Duty(lesson, person, cover, (lesson.group_id,))
            if not lesson.joint:
                found.append(duty)
                continue
            at = joint.setdefault(_together(lesson, person), len(found))
            if at == len(found):
                found.append(duty)
            else:
                first = found[at]
                found[at] = Duty(first.lesson, person, first.cover and cover, (*first.groups, lesson.group_id))
    return found


def held_lessons(
    lessons: Iterable[Lesson], closed: Collection[Closing], exceptions: Iterable[LessonException]
) -> list[Held]:
    """The duties of closed days, exceptions apart, in the lessons' order.

    A day is closed for one teacher or for the whole campus of the lesson. An exception names the lesson where
    it took place; on one group of a joint lesson it concerns the whole, since it was one lesson.
    """
    return held_duties(duties_of(lessons), closed, exceptions)


def held_duties(
    duties: Iterable[Duty], closed: Collection[Closing], exceptions: Iterable[LessonException]
) -> list[Held]:
    """The same as `held_lessons`, for who has the duties already."""
    failed = {(each.group_id, each.date, each.period, each.person_id) for each in exceptions if each.kind in NOT_TAUGHT}
    return [
        Held(duty.lesson, duty.person_id, duty.cover, duty.groups, closing)
        for duty in duties
        if (closing := closing_of(duty, closed)) and not (failed and _failed(duty, failed))
    ]


def open_duties(duties: Iterable[Duty], closed: Collection[Closing]) -> list[Duty]:
    """The duties of days that nobody has closed: not known to have been held, nor not to have been."""
    return [duty for duty in duties if closing_of(duty, closed) is None]


def closing_of(duty: Duty, closed: Collection[Closing]) -> Closing | None:
    """The closed day that vouches for a duty, or None."""
    campus, date = duty.lesson.campus, duty.lesson.date
    own, whole = (campus, date, duty.person_id), (campus, date, EVERYBODY)
    return own if own in closed else whole if whole in closed else None


def _failed(duty: Duty, failed: Collection[tuple[str, str, int, str]]) -> bool:
    place = (duty.lesson.date, duty.lesson.period, duty.person_id)
    return any((group, *place) in failed for group in duty.groups)


def _together(lesson: Lesson, person: str) -> tuple[str, str, str, str]:
    """What makes lessons of one person one: the same joint mark at the same time. Clock time where bells are
    known, since groups of two campuses count their periods differently."""
    return person, lesson.date, lesson.begin or str(lesson.period), lesson.joint

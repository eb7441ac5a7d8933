"""A joint lesson is one lesson of several groups: whatever is done to one group's part is done to all (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from node.lessons.clashes import placed, together
from shared.lessons.rules import Lesson, Place
from shared.records import LessonOverride

# (campus, date) → the lessons of that day.
DayLessons = Callable[[str, str], Sequence[Lesson]]


@dataclass(frozen=True)
class Draft:
    """A change with the lesson it concerns; `partner` is the other lesson of a swap."""

    change: LessonOverride
    lesson: Lesson
    partner: Lesson | None = None


def joint_drafts(drafts: Sequence[Draft], lessons_on: DayLessons) -> list[Draft]:
    """What has to happen to the groups that were not named, so that none is left behind.

    A cover, a cancellation, a move and another room are the same for each. A swap takes each group's own lesson at
    the other time; a group that has none then simply moves. Another campus's groups are its own affair.
    """
    named = {place for each in drafts for place in _places(each)}
    found: list[Draft] = []
    for each in drafts:
        for draft in _swapped(each, lessons_on) if each.partner is not None else _same(each, lessons_on):
            if not named & set(_places(draft)):
                named |= set(_places(draft))
                found.append(draft)
    return found


def _places(draft: Draft) -> list[Place]:
    return [draft.lesson.planned_at, *([draft.partner.planned_at] if draft.partner else [])]


def parts_beside(lesson: Lesson, lessons_on: DayLessons) -> list[Lesson]:
    """The other groups' parts of a joint lesson, on its campus."""
    around = lessons_on(lesson.campus, lesson.date) if lesson.joint else ()
    return [
        other
        for other in around
        if other.planned_at != lesson.planned_at
        and other.state == "planned"
        and set(lesson.teachers) & set(other.teachers)
        and together(placed(lesson), placed(other))
    ]


def _same(draft: Draft, lessons_on: DayLessons) -> Iterable[Draft]:
    for other in parts_beside(draft.lesson, lessons_on):
        yield Draft(replace(draft.change, group_id=other.group_id, date=other.date, period=other.period), other)


def _swapped(draft: Draft, lessons_on: DayLessons) -> Iterable[Draft]:
    """Both lessons of a swap may be joint: the groups of either go where that lesson goes."""
    lesson, partner = draft.lesson, draft.partner
    if partner is None:
        return
    for here, there in ((lesson, partner), (partner, lesson)):
        for other in parts_beside(here, lessons_on):
            yield _to(draft.change, other, there, lessons_on)


def _to(change: LessonOverride, lesson: Lesson, there: Lesson, lessons_on: DayLessons) -> Draft:
    """One group's part goes to another time: in exchange for what the group has then, or just so."""
    own = replace(
        change, group_id=lesson.group_id, date=lesson.date, period=lesson.period, new_date=there.date,
        new_period=there.period,
    )  # fmt: skip
    for each in lessons_on(lesson.campus, there.date):
        if (each.group_id, each.period, each.state) == (lesson.group_id, there.period, "planned"):
            return Draft(own, lesson, each)
    return Draft(replace(own, kind="move"), lesson)

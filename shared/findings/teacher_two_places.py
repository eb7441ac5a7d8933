"""One teacher, two lessons that cannot both be: they overlap, or the way between the campuses takes too long.

Measured in clock minutes: period 3 of one campus is not period 3 of another (bells differ), and a break of ten
minutes is enough inside a campus and not between two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.findings.model import CONSORTIUM, Finding, Side, finding_of, minutes_of, subject_of
from shared.lessons.rules import Lesson

KIND = "teacher_two_places"
READS = frozenset({CONSORTIUM})
# Between two campuses of which nobody has said how far apart they are.
TRAVEL_MINUTES_DEFAULT = 20

Way = tuple[str, str]  # from campus, to campus


@dataclass(frozen=True)
class _Place:
    """A lesson as one teacher has it; classes taught together (joint) are one. Minutes since midnight, −1 unknown."""

    lesson: Lesson
    begin: int
    end: int


def teacher_two_places(
    lessons: Iterable[Lesson], travel_minutes: Mapping[Way, int], *, unknown_minutes: int = TRAVEL_MINUTES_DEFAULT
) -> list[Finding]:
    """One finding a pair. Lessons that were cancelled or moved away do not count; a cover counts for who covers."""
    days: dict[tuple[str, str], dict[tuple[object, ...], _Place]] = defaultdict(dict)
    for lesson in lessons:
        if lesson.state != "planned":
            continue
        place = _place(lesson)
        for teacher in dict.fromkeys(lesson.teachers):
            together = days[teacher, lesson.date]
            known = together.get(_one_lesson(lesson))
            # Of classes taught together the first by id stands for all, whatever order they came in.
            if known is None or lesson.group_id < known.lesson.group_id:
                together[_one_lesson(lesson)] = place
    found: list[Finding] = []
    for (teacher, _date), together in sorted(days.items()):
        if len(together) > 1:
            found += _clashes(teacher, list(together.values()), travel_minutes, unknown_minutes)
    return found


def _place(lesson: Lesson) -> _Place:
    if not (lesson.begin and lesson.end):
        return _Place(lesson, -1, -1)
    return _Place(lesson, minutes_of(lesson.begin), minutes_of(lesson.end))


def _one_lesson(lesson: Lesson) -> tuple[object, ...]:
    """Equal for the classes of one joint lesson (also of two campuses, over video), else different for every lesson."""
    if lesson.joint:
        return "joint", lesson.joint, lesson.begin or lesson.period
    return lesson.group_id, lesson.period, lesson.moved_from


def _clashes(
    teacher: str, places: Sequence[_Place], travel_minutes: Mapping[Way, int], unknown_minutes: int
) -> list[Finding]:
    ordered = sorted(places, key=lambda p: (p.begin, p.end, p.lesson.group_id, p.lesson.period))
    found = []
    for number, first in enumerate(ordered):
        for second in ordered[number + 1 :]:
            way = (first.lesson.campus, second.lesson.campus)
            minutes = 0 if way[0] == way[1] else travel_minutes.get(way, unknown_minutes)
            if _clash(first, second, minutes):
                sides = [_side(teacher, each.lesson) for each in (first, second)]
                subject = subject_of(teacher, first.lesson.date, *sorted((first.lesson.name, second.lesson.name)))
                found.append(finding_of(KIND, subject, first.lesson.date, sides, minutes=minutes))
    return found


def _clash(first: _Place, second: _Place, minutes: int) -> bool:
    if first.begin < 0 or second.begin < 0:
        # Without bells only the same period of the same campus is surely the same time.
        one, other = first.lesson, second.lesson
        return one.campus == other.campus and one.period == other.period
    return second.begin < first.end + minutes


def _side(teacher: str, lesson: Lesson) -> Side:
    key = f"{lesson.group_id}/{lesson.date}/{lesson.period}"
    return Side(
        "lesson", key, lesson.campus, teacher, lesson.begin, lesson.end, lesson.room_id or "", lesson.group_id,
        lesson.period, lesson.title or lesson.subject,
        # What the date changed in it: a person may take that back.
        tuple(("change", change.id) for change in lesson.changes),
    )  # fmt: skip

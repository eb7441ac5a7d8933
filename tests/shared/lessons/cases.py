"""A small school for the tables of cases: campus A, one class, a week of lessons; each test changes one thing."""

from __future__ import annotations

from typing import Any

from shared.lessons.bells import bells_from
from shared.lessons.rules import Lesson, Plan
from shared.records.places import BellPeriod, CalendarDay
from shared.records.timetable import LessonOverride, SlotTeacher, TimetableSlot, TimetableVersion

CLASS, OTHER_CLASS = "A-21-x", "A-22-x"
MONDAY, TUESDAY, NEXT_MONDAY = "2026-09-07", "2026-09-08", "2026-09-14"
WANG, LI, ZHAO = "A-1-x", "A-2-x", "B-3-x"


def day(date: str, weekday: int | None, **more: Any) -> CalendarDay:
    """A school day of campus A."""
    return CalendarDay(**{"campus": "A", "date": date, "kind": "school_day", "follows_weekday": weekday, **more})


def slot(weekday: int, period: int, teacher: str | None = WANG, **more: Any) -> TimetableSlot:
    """One lesson in the week of the class."""
    given = {"version_id": "A-100-x", "group_id": CLASS, "weeks": "every", "subject": "maths", **more}
    return TimetableSlot(weekday=weekday, period=period, teacher_id=teacher, **given)


def also(weekday: int, period: int, person: str, **more: Any) -> SlotTeacher:
    """A co-teacher of a slot."""
    given = {"version_id": "A-100-x", "group_id": CLASS, "weeks": "every", **more}
    return SlotTeacher(weekday=weekday, period=period, person_id=person, **given)


def version(id_: str = "A-100-x", begin: str = "2026-09-01", end: str | None = None, **more: Any) -> TimetableVersion:
    """A published timetable of campus A."""
    given = {"campus": "A", "name": "秋季", "status": "published", **more}
    return TimetableVersion(id=id_, begin=begin, end=end, **given)


def change(id_: str, kind: str, date: str = MONDAY, period: int = 1, **more: Any) -> LessonOverride:
    """An override of a lesson of the class."""
    return LessonOverride(**{"id": id_, "group_id": CLASS, "date": date, "period": period, "kind": kind, **more})


BELLS = bells_from(
    BellPeriod(schedule=schedule, period=number, name=str(number), begin=f"{hour:02}:{late:02}", end=f"{hour:02}:50")
    for schedule, late in (("A-winter", 10), ("A", 0))
    for number, hour in enumerate((8, 9, 10), 1)
)


def plan(**more: Any) -> Plan:
    """Monday 1 and 2, Tuesday 1, on two Mondays and a Tuesday."""
    given: dict[str, Any] = {
        "versions": (version(),),
        "slots": (slot(1, 1), slot(1, 2, LI), slot(2, 1)),
        "days": (day(MONDAY, 1, parity="even"), day(TUESDAY, 2, parity="even"), day(NEXT_MONDAY, 1, parity="odd")),
        "bells": BELLS,
        **more,
    }
    return Plan(**given)


def told(lessons: list[Lesson]) -> list[tuple[str, int, str, tuple[str, ...]]]:
    """date, period, state, teachers of each lesson: what most cases are about."""
    return [(each.date, each.period, each.state, each.teachers) for each in lessons]

"""All SQL of lessons: set-wise reads, so that a term of two campuses is a handful of statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlite_utils import Database

from shared.database import reading
from shared.ids import campus_of
from shared.lessons.bells import bells_from
from shared.lessons.held import Closing, Held, held_lessons
from shared.lessons.rules import Lesson, Plan, lessons_of, orphans_of
from shared.records.places import BellPeriod, CalendarDay
from shared.records.timetable import LessonException, LessonOverride, SlotTeacher, TimetableSlot, TimetableVersion
from shared.schema import find, record_of, select

R = TypeVar("R")

# A lesson of this span may have been planned outside it, and moved or swapped in.
_OVERRIDES = """
WITH near AS (
  SELECT o.date FROM lesson_override AS o LEFT JOIN lesson_override AS half ON half.id = o.pair_id
  WHERE o.withdrawn_at = '' AND (
    o.new_date >= :begin AND o.new_date < :end OR half.date >= :begin AND half.date < :end)
)
SELECT * FROM lesson_override
WHERE withdrawn_at = '' AND (date >= :begin AND date < :end OR date IN (SELECT date FROM near)) ORDER BY id
"""
_DAYS = """
SELECT * FROM calendar_day
WHERE (date >= :begin AND date < :end OR date IN (SELECT value FROM json_each(:more)))
  AND (:campuses IS NULL OR campus IN (SELECT value FROM json_each(:campuses))) ORDER BY date, campus
"""
_VERSIONS = """
SELECT * FROM timetable_version
WHERE status = 'published' AND (:campuses IS NULL OR campus IN (SELECT value FROM json_each(:campuses)))
ORDER BY campus, begin, id
"""
_SLOTS = """
SELECT * FROM timetable_slot
WHERE version_id IN (SELECT value FROM json_each(:versions)) AND weekday IN (SELECT value FROM json_each(:weekdays))
"""
_CO_TEACHERS = """
SELECT * FROM slot_teacher
WHERE version_id IN (SELECT value FROM json_each(:versions)) AND weekday IN (SELECT value FROM json_each(:weekdays))
"""
_EXCEPTIONS = "SELECT * FROM lesson_exception WHERE date >= ? AND date < ? ORDER BY date, group_id, period, person_id"


def lessons_between(
    db: Database, begin: str, end: str, *, campuses: Sequence[str] | None = None
) -> list[Lesson]:
    """All lessons of the dates [begin, end), cancelled and moved ones too; see `lessons_of` for the order.

    campuses: only theirs; all that are known here unless said.
    """
    return _within(lessons_of(plan_between(db, begin, end, campuses=campuses)), begin, end)


def orphans_between(
    db: Database, begin: str, end: str, *, campuses: Sequence[str] | None = None
) -> list[LessonOverride]:
    """Overrides dated in [begin, end) that change nothing; see `orphans_of`."""
    found = orphans_of(plan_between(db, begin, end, campuses=campuses))
    return [
        each
        for each in found
        if begin <= each.date < end and (campuses is None or campus_of(each.group_id) in campuses)
    ]


def held_between(db: Database, begin: str, end: str, *, campuses: Sequence[str] | None = None) -> list[Held]:
    """The lessons of [begin, end) that count as held; see `held_lessons`."""
    with reading(db):
        lessons = lessons_between(db, begin, end, campuses=campuses)
        return held_lessons(lessons, closed_between(db, begin, end), exceptions_between(db, begin, end))


def closed_between(db: Database, begin: str, end: str) -> set[Closing]:
    """The keys of the closed lesson days in [begin, end)."""
    sql = "SELECT campus, date, person_id FROM lesson_day WHERE date >= ? AND date < ?"
    return set(db.conn.execute(sql, (begin, end)).fetchall())


def exceptions_between(db: Database, begin: str, end: str) -> list[LessonException]:
    """The lesson exceptions of [begin, end)."""
    return _records(db, LessonException, _EXCEPTIONS, (begin, end))


def bells_of(db: Database, campus: str, date: str) -> dict[int, tuple[str, str]]:
    """Period → begin, end ("HH:MM") of a campus on a date; empty where no bell is known."""
    with reading(db):
        bells = bells_from(select(db, BellPeriod))
        return dict(sorted(bells.times(campus, find(db, CalendarDay, campus, date)).items()))


def plan_between(db: Database, begin: str, end: str, *, campuses: Sequence[str] | None = None) -> Plan:
    """What the lessons of [begin, end) follow from, all from one state."""
    span = {"begin": begin, "end": end, "campuses": None if campuses is None else json.dumps(list(campuses))}
    with reading(db):
        overrides = _records(db, LessonOverride, _OVERRIDES, {"begin": begin, "end": end})
        more = {each.date for each in overrides if not begin <= each.date < end}
        days = _records(db, CalendarDay, _DAYS, {**span, "more": json.dumps(sorted(more))})
        versions = _records(db, TimetableVersion, _VERSIONS, {"campuses": span["campuses"]})
        first, last = min([begin, *more]), max([end, *more])
        used = {
            "versions": json.dumps([v.id for v in versions if v.begin <= last and (v.end is None or v.end > first)]),
            "weekdays": json.dumps(sorted({day.follows_weekday for day in days if day.follows_weekday})),
        }
        rooms = db.conn.execute("SELECT id, room_id FROM roster_group WHERE room_id IS NOT NULL")
        return Plan(
            versions, _records(db, TimetableSlot, _SLOTS, used), _records(db, SlotTeacher, _CO_TEACHERS, used),
            days, bells_from(select(db, BellPeriod)), dict(rooms.fetchall()), overrides,
        )


def _records(db: Database, record: type[R], sql: str, values: Any) -> list[R]:
    return [record_of(record, row) for row in db.query(sql, values)]


def _within(lessons: Sequence[Lesson], begin: str, end: str) -> list[Lesson]:
    return [lesson for lesson in lessons if begin <= lesson.date < end]

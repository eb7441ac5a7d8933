"""SQL of this room: groups, sessions and registers of one date at one campus."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlite_utils import Database

from node.today.rules import Taken
from shared.records import CalendarDay, LessonOverride, RollSession, RosterGroup
from shared.schema import find, record_of, select


def day_of(db: Database, campus: str, day: str) -> CalendarDay | None:
    """The calendar's word on a date, or None."""
    return find(db, CalendarDay, campus, day)


def groups_on(db: Database, campus: str, day: str) -> list[RosterGroup]:
    """The campus's groups that exist on a date (begin included, end not), in the campus's order."""
    sql = """SELECT * FROM roster_group WHERE campus = ? AND begin <= ? AND (end IS NULL OR end > ?)
             ORDER BY kind, position, name, id"""
    return [record_of(RosterGroup, row) for row in db.query(sql, (campus, day, day))]


def sessions_of(db: Database, campus: str) -> list[RollSession]:
    """The campus's sessions by time of day."""
    return sorted(select(db, RollSession, campus=campus), key=lambda each: (each.begin, each.code))


def taken_on(db: Database, campus: str, day: str) -> dict[tuple[str, str], Taken]:
    """(group, session) → who took its register on a date, and how many pupils it names."""
    sql = """
        SELECT r.group_id, r.session, r.taken_at, coalesce(p.name, r.taken_by), r.roster_size,
               (SELECT count(DISTINCT x.person_id) FROM register_exception x
                WHERE x.group_id = r.group_id AND x.date = r.date AND x.session = r.session)
        FROM register r JOIN roster_group g ON g.id = r.group_id
        LEFT JOIN person p ON p.id = r.taken_by
        WHERE g.campus = ? AND r.date = ?"""
    rows = db.conn.execute(sql, (campus, day))
    return {(row[0], row[1]): Taken(*row[2:]) for row in rows}


def covers_given(db: Database, person_id: str, begin: str, end: str) -> list[LessonOverride]:
    """The covers that a person was asked to give in `[begin, end)`."""
    sql = """SELECT * FROM lesson_override WHERE kind = 'cover' AND withdrawn_at = '' AND new_teacher_id = ?
             AND date >= ? AND date < ? ORDER BY date, period, id"""
    return [record_of(LessonOverride, row) for row in db.query(sql, (person_id, begin, end))]


def campuses_of_person(db: Database, person_id: str, day: str) -> list[str]:
    """The campuses where a person has a place on a date."""
    rows = db.conn.execute(
        "SELECT DISTINCT campus FROM staff_membership WHERE person_id = ? AND begin <= ? AND (end IS NULL OR end > ?)",
        (person_id, day, day),
    )
    return [campus for (campus,) in rows]


def names_of(db: Database, ids: Iterable[str]) -> dict[str, str]:
    """Groups, rooms and people by id → name."""
    asked = json.dumps(sorted(ids))
    sql = "SELECT id, name FROM {} WHERE id IN (SELECT value FROM json_each(?))"
    found: dict[str, str] = {}
    for table in ("roster_group", "room", "person"):
        found.update(db.conn.execute(sql.format(table), (asked,)).fetchall())
    return found

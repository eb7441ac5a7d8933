"""All SQL of the lessons room: who and what there is, and the tokens of what a page shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from node.lessons.candidates import Colleague
from shared.records import CalendarDay, LessonDay, LessonException, LessonOverride, Room, RosterGroup
from shared.schema import find, record_of, select
from sync.capture import ABSENT, token_of
from sync.replica import Replica

COVERING = ("teacher", "homeroom_teacher", "middle_leader", "campus_head", "supply_teacher", "kindergarten_teacher")


@dataclass(frozen=True)
class Names:
    """What ids are called, and to which campus rooms and groups belong."""

    people: Mapping[str, str]
    groups: Mapping[str, str]
    rooms: Mapping[str, str]

    def person(self, id_: str | None) -> str:
        """A person's name; who is not known yet is shown by id, never hidden."""
        return self.people.get(id_ or "", id_ or "")

    def group(self, id_: str) -> str:
        """A group's name."""
        return self.groups.get(id_, id_)

    def room(self, id_: str | None) -> str:
        """A room's name, "" for none."""
        return self.rooms.get(id_ or "", id_ or "")


def names(db: Database) -> Names:
    """Everybody and everything a timetable may name."""
    return Names(
        dict(db.conn.execute("SELECT id, name FROM person").fetchall()),
        dict(db.conn.execute("SELECT id, name FROM roster_group").fetchall()),
        dict(db.conn.execute("SELECT id, name FROM room").fetchall()),
    )


def classes_on(db: Database, begin: str, end: str) -> list[RosterGroup]:
    """The classes of all campuses that exist in `[begin, end)`, by campus and the campus's order."""
    sql = """SELECT * FROM roster_group WHERE kind = 'class' AND begin < ? AND (end IS NULL OR end > ?)
             ORDER BY campus, position, name, id"""
    return [record_of(RosterGroup, row) for row in db.query(sql, (end, begin))]


def group_named(db: Database, id_: str) -> RosterGroup | None:
    """A group by its id."""
    return find(db, RosterGroup, id_)


def rooms_on(db: Database, begin: str, end: str) -> list[Room]:
    """The rooms of all campuses in use in `[begin, end)`, by campus and the campus's order."""
    sql = """SELECT * FROM room WHERE (begin IS NULL OR begin < ?) AND (end IS NULL OR end > ?)
             ORDER BY campus, position, name, id"""
    return [record_of(Room, row) for row in db.query(sql, (end, begin))]


def colleagues(db: Database, day: str) -> list[Colleague]:
    """Everybody who may teach, with the campuses of a date, by initials."""
    rows = db.conn.execute(
        "SELECT m.person_id, coalesce(p.name, m.person_id), group_concat(DISTINCT m.campus)"
        " FROM staff_membership m LEFT JOIN person p ON p.id = m.person_id"
        " WHERE m.begin <= ? AND (m.end IS NULL OR m.end > ?) AND m.category IN (SELECT value FROM json_each(?))"
        " GROUP BY m.person_id ORDER BY p.initials, 2, m.person_id",
        (day, day, json.dumps(COVERING)),
    )
    return [Colleague(person_id, name, tuple(sorted(campuses.split(",")))) for person_id, name, campuses in rows]


def campuses_of_person(db: Database, person_id: str, begin: str, end: str) -> list[str]:
    """The campuses where a person has a place in `[begin, end)`, the home campus first."""
    rows = db.conn.execute(
        "SELECT campus FROM staff_membership WHERE person_id = ? AND begin < ? AND (end IS NULL OR end > ?)"
        " GROUP BY campus ORDER BY max(home) DESC, campus",
        (person_id, end, begin),
    )
    return [campus for (campus,) in rows]


def calendar(db: Database, campus: str, begin: str, end: str) -> dict[str, CalendarDay]:
    """Date → what it is on a campus, for `[begin, end)`."""
    sql = "SELECT * FROM calendar_day WHERE campus = ? AND date >= ? AND date < ?"
    return {row["date"]: record_of(CalendarDay, row) for row in db.query(sql, (campus, begin, end))}


def travel(db: Database) -> dict[tuple[str, str], int]:
    """(from, to) campus → minutes; the way back counts where only one is known."""
    rows = db.conn.execute("SELECT from_campus, to_campus, minutes FROM travel_time").fetchall()
    found = {(there, here): minutes for here, there, minutes in rows}
    return found | {(here, there): minutes for here, there, minutes in rows}


def covers_of_term(db: Database, day: str) -> dict[str, int]:
    """Person → covers given in the term of a date (without terms: in the last 180 days and the next 30)."""
    row = db.conn.execute("SELECT begin, end FROM term WHERE begin <= ? AND end > ? ORDER BY code LIMIT 1", (day, day))
    span = row.fetchone() or db.conn.execute("SELECT date(?, '-180 days'), date(?, '+30 days')", (day, day)).fetchone()
    rows = db.conn.execute(
        "SELECT new_teacher_id, count(DISTINCT group_id || '/' || date || '/' || period) FROM lesson_override"
        " WHERE kind = 'cover' AND withdrawn_at = '' AND new_teacher_id IS NOT NULL AND date >= ? AND date < ?"
        " GROUP BY new_teacher_id",
        span,
    )
    return dict(rows.fetchall())


def exceptions_at(db: Database, group_id: str, day: str, period: int) -> dict[str, LessonException]:
    """Teacher → what was noted about a lesson."""
    found = select(db, LessonException, group_id=group_id, date=day, period=period)
    return {each.person_id: each for each in found}


def closed_since(db: Database, campus: str, begin: str) -> list[LessonDay]:
    """The closed days of a campus from a date on, the newest first."""
    sql = "SELECT * FROM lesson_day WHERE campus = ? AND date >= ? ORDER BY date DESC, closed_at DESC, person_id"
    return [record_of(LessonDay, row) for row in db.query(sql, (campus, begin))]


def change_named(db: Database, id_: str) -> LessonOverride | None:
    """A change by its id, withdrawn or not."""
    return find(db, LessonOverride, id_)


def exception_tokens(
    db: Database, replica: Replica, place: tuple[str, str, int], people: Iterable[str]
) -> dict[str, str]:
    """Teacher → version token of what the page shows about a lesson; `ABSENT` where it shows nothing."""
    return {who: token_of(db, replica, LessonException, (*place, who)) or ABSENT for who in people}


def change_tokens(db: Database, replica: Replica, changes: Iterable[LessonOverride]) -> dict[str, str]:
    """Change → version token."""
    return {each.id: token_of(db, replica, LessonOverride, (each.id,)) or "" for each in changes}

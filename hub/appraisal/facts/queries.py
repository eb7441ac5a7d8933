"""All SQL that reads facts. Every row comes with who entered it and the changeset that last wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from hub.appraisal.facts.rows import Period
from shared.records.attendance import StaffDay
from shared.records.evidence import EthicsEvent, Evidence
from shared.records.timetable import LessonDay
from shared.schema import table_of
from sync.log import version_sql

Row = dict[str, Any]
SCHOOL_DAYS = ("school_day", "make_up", "exam")


def origin_sql(record: type, column: str, alias: str, by: str = "entered_by") -> str:
    """JOINs that give `entered_by`, `entered_by_name`, `changeset` of a row, by the unit of one column."""
    table = table_of(record)
    version = version_sql(table, table.unit_of(column).index, alias)
    who = f"coalesce(nullif({alias}.{by}, ''), c.person_id)"
    return (
        f" LEFT JOIN changeset_name AS c ON c.n = {version} LEFT JOIN person AS who ON who.id = {who}"  # noqa: S608 - declared names
    )


def _origin(by: str = "entered_by") -> str:
    return (
        f", coalesce(nullif(t.{by}, ''), c.person_id, '') AS entered_by, coalesce(who.name, '') AS entered_by_name,"
        " coalesce(c.name, '') AS changeset, coalesce(c.instant, '') AS instant"
    )


def staff_days(db: Database, period: Period) -> list[Row]:
    """Rows of `staff_day` in the period, by person, date, campus."""
    sql = (
        "SELECT t.person_id, t.date, t.campus, t.status, t.part, t.late_minutes, t.early_minutes, t.absent_lessons,"
        f" t.note{_origin()} FROM staff_day AS t{origin_sql(StaffDay, 'status', 't')}"  # noqa: S608 - declared names
        " WHERE t.date >= ? AND t.date < ? ORDER BY t.person_id, t.date, t.campus"
    )
    return list(db.query(sql, (period.begin, period.end)))


def evidence(db: Database, period: Period) -> list[Row]:
    """Rows of `evidence` in the period, by person, date, id; `superseded` where a later row names them."""
    return _dated(db, Evidence, "t.kind, t.quantity, t.subject, t.note", period)


def ethics_events(db: Database, period: Period) -> list[Row]:
    """Rows of `ethics_event` in the period. Their notes are left out: an explanation is widely read."""
    return _dated(db, EthicsEvent, "t.kind, t.points, '' AS note", period)


def _dated(db: Database, record: type, columns: str, period: Period) -> list[Row]:
    table = table_of(record)
    sql = (
        f"SELECT t.id, t.person_id, t.campus, t.date, t.replaces_id, {columns}{_origin()},"  # noqa: S608 - declared names
        f" t.id IN (SELECT replaces_id FROM {table.name} WHERE replaces_id IS NOT NULL) AS superseded"
        f" FROM {table.name} AS t{origin_sql(record, 'kind', 't')}"
        " WHERE t.date >= ? AND t.date < ? ORDER BY t.person_id, t.date, t.id"
    )
    return list(db.query(sql, (period.begin, period.end)))


def memberships(db: Database, period: Period) -> list[Row]:
    """Memberships that overlap the period, with the person's name; the home campus first."""
    sql = (
        "SELECT m.person_id, m.campus, m.category, m.home, m.begin, coalesce(m.end, '9999-12-31') AS end,"
        " coalesce(p.name, m.person_id) AS name, coalesce(p.staff_number, '') AS staff_number"
        " FROM staff_membership AS m LEFT JOIN person AS p ON p.id = m.person_id"
        " WHERE m.begin < ? AND (m.end IS NULL OR m.end > ?)"
        " ORDER BY m.person_id, m.home DESC, m.campus, m.category, m.id"
    )
    return list(db.query(sql, (period.end, period.begin)))


def school_days(db: Database, period: Period) -> dict[str, Sequence[str]]:
    """Campus → its dates in the period on which staff are expected."""
    marks = ", ".join("?" for _ in SCHOOL_DAYS)
    sql = (
        f"SELECT campus, date FROM calendar_day WHERE date >= ? AND date < ? AND kind IN ({marks})"  # noqa: S608 - only question marks
        " ORDER BY campus, date"
    )
    found: dict[str, list[str]] = {}
    for campus, date in db.conn.execute(sql, (period.begin, period.end, *SCHOOL_DAYS)):
        found.setdefault(campus, []).append(date)
    return dict(found)


def closed_days(db: Database, period: Period) -> list[Row]:
    """Rows of `lesson_day` in the period: a teacher's or a campus's lessons of a date, and who closed it."""
    sql = (
        f"SELECT t.campus, t.date, t.person_id{_origin('closed_by')}"  # noqa: S608 - declared names
        f" FROM lesson_day AS t{origin_sql(LessonDay, 'closed_by', 't', 'closed_by')}"
        " WHERE t.date >= ? AND t.date < ? ORDER BY t.campus, t.date, t.person_id"
    )
    return list(db.query(sql, (period.begin, period.end)))


def timetabled(db: Database, period: Period) -> frozenset[str]:
    """The campuses with a published timetable in force on some day of the period."""
    sql = (
        "SELECT DISTINCT campus FROM timetable_version"
        " WHERE status = 'published' AND begin < ? AND (end IS NULL OR end > ?)"
    )
    return frozenset(campus for (campus,) in db.conn.execute(sql, (period.end, period.begin)))


def teaching_days(db: Database, period: Period) -> list[tuple[str, str, int]]:
    """(campus, date, week of term) of the days that follow a weekday's lessons; week 0 where none is stored."""
    sql = (
        "SELECT campus, date, week FROM calendar_day WHERE date >= ? AND date < ?"
        " AND kind IN ('school_day', 'make_up') AND follows_weekday IS NOT NULL ORDER BY campus, date"
    )
    return list(db.conn.execute(sql, (period.begin, period.end)))


def groups(db: Database) -> dict[str, tuple[str, str]]:
    """Group → its name and cohort (级)."""
    return {id_: (name, cohort) for id_, name, cohort in db.conn.execute("SELECT id, name, cohort FROM roster_group")}

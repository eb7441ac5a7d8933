"""SQL of the domain cards: the term of a date, and the kind of one override."""

from __future__ import annotations

from sqlite_utils import Database


def term_of(db: Database, day: str) -> tuple[str, str] | None:
    """(begin, end) of the term a date is in, half-open; None between terms."""
    sql = "SELECT begin, end FROM term WHERE begin <= ? AND ? < end ORDER BY code"
    row = db.conn.execute(sql, (day, day)).fetchone()
    return (row[0], row[1]) if row else None


def change_kinds(db: Database) -> dict[str, str]:
    """Override → its kind."""
    return dict(db.conn.execute("SELECT id, kind FROM lesson_override WHERE withdrawn_at = ''").fetchall())

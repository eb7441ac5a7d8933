"""Readings of private data: a table of this file alone, never synced."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from sqlite_utils import Database

from shared.database import transaction


@dataclass(frozen=True)
class Reading:
    """That somebody read private data: when, who, which table, how (list, file, form), of how many; key of one."""

    at: str
    person_id: str
    what: str
    way: str
    rows: int
    key: str


def add_reading(db: Database, reading: Reading) -> None:
    """Note a reading; it stays in this file."""
    with transaction(db):
        db.conn.execute(
            "INSERT INTO _reading (at, person_id, what, way, rows, key) VALUES (?, ?, ?, ?, ?, ?)", astuple(reading)
        )


def readings(db: Database, most: int) -> list[Reading]:
    """The newest readings first."""
    sql = "SELECT at, person_id, what, way, rows, key FROM _reading ORDER BY r DESC LIMIT ?"
    return [Reading(*row) for row in db.conn.execute(sql, (most,))]

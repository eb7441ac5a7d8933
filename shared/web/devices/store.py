"""SQL of known phones: a table of this file alone."""

from __future__ import annotations

from dataclasses import astuple, fields
from datetime import date

from sqlite_utils import Database

from shared.database import transaction
from shared.web.devices.rules import Device

_COLUMNS = ", ".join(field.name for field in fields(Device))


def add_device(db: Database, device: Device) -> None:
    """Make a phone known."""
    marks = ", ".join("?" * len(fields(Device)))
    with transaction(db):
        db.conn.execute(f"INSERT INTO _device ({_COLUMNS}) VALUES ({marks})", astuple(device))  # noqa: S608 - own fields


def device_with(db: Database, device_id: str) -> Device | None:
    """The phone of this id."""
    row = db.conn.execute(f"SELECT {_COLUMNS} FROM _device WHERE id = ?", (device_id,)).fetchone()  # noqa: S608 - own fields
    return Device(*row) if row else None


def devices_of(db: Database, person_id: str) -> list[Device]:
    """A person's phones, the one used last first."""
    sql = f"SELECT {_COLUMNS} FROM _device WHERE person_id = ? ORDER BY used_at DESC, id"  # noqa: S608 - own fields
    return [Device(*row) for row in db.conn.execute(sql, (person_id,))]


def begin_try(db: Database, device_id: str, failures_max: int) -> bool:
    """Count a try as wrong before the PIN is looked at; False where none is left.

    Counted on disk and in one statement: a process that is killed, and tries that come at the same time, get no
    more than one alone would.
    """
    with transaction(db):
        sql = "UPDATE _device SET failures = failures + 1 WHERE id = ? AND failures < ?"
        return bool(db.conn.execute(sql, (device_id, failures_max)).rowcount)


def forgive_tries(db: Database, device_id: str, now: str) -> None:
    """A right PIN forgives the wrong ones before it."""
    with transaction(db):
        db.conn.execute("UPDATE _device SET failures = 0, used_at = ? WHERE id = ?", (now, device_id))


def forget_device(db: Database, device_id: str, person_id: str | None = None) -> None:
    """Forget a phone (only if it is this person's, when one is named)."""
    with transaction(db):
        db.conn.execute(
            "DELETE FROM _device WHERE id = ? AND (? IS NULL OR person_id = ?)", (device_id, person_id, person_id)
        )


def term_end(db: Database, today: date) -> date | None:
    """The end of the term that a date lies in, or of the next one."""
    row = db.conn.execute(
        'SELECT "end" FROM term WHERE "end" > ? ORDER BY "begin" LIMIT 1', (today.isoformat(),)
    ).fetchone()
    return date.fromisoformat(row[0]) if row else None

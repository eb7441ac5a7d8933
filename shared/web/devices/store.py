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


def count_try(db: Database, device_id: str, *, right: bool, now: str) -> None:
    """A right PIN forgives the wrong ones before it; the count is kept on disk, so that a restart forgives nothing."""
    with transaction(db):
        db.conn.execute(
            "UPDATE _device SET failures = CASE WHEN ? THEN 0 ELSE failures + 1 END,"
            " used_at = CASE WHEN ? THEN ? ELSE used_at END WHERE id = ?",
            (right, right, now, device_id),
        )


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

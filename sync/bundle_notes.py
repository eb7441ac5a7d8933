"""What a replica remembers of the bundles it made and loaded: which are answered, which come a second time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.bundle import Label
from sync.replica import Replica

MADE, LOADED = "made", "loaded"


@dataclass(frozen=True)
class Note:
    """One remembered bundle. about: see `_bundle` in `sync/tables.py`; at_ms, answered_ms: by this replica's clock."""

    id: str
    label: Label
    about: dict[str, Any]
    at_ms: int
    answered_ms: int | None


def remember(
    replica: Replica, db: Database, way: str, id_: str, label: Label, about: Mapping[str, Any], *, file: bytes = b""
) -> None:
    """Note a bundle, and forget the oldest beyond the limit."""
    peer = label.reader if way == MADE else label.writer
    with transaction(db):
        db.conn.execute(
            "INSERT OR IGNORE INTO _bundle (id, way, peer, at, file, label, about) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                id_, way, peer, replica.clock.now_ms(), digest_of(file), json.dumps(asdict(label)),
                json.dumps(about, sort_keys=True),
            ),
        )  # fmt: skip
        db.conn.execute(
            "DELETE FROM _bundle WHERE b <= (SELECT max(b) FROM _bundle) - ?", (replica.limits.bundles_remembered,)
        )


def digest_of(file: bytes) -> str:
    """By what a file made here is known again."""
    return hashlib.sha256(file.strip()).hexdigest()


def is_own(db: Database, file: bytes) -> bool:
    """Whether this very file was made here."""
    sql = "SELECT 1 FROM _bundle WHERE file = ? AND way = ?"
    return db.conn.execute(sql, (digest_of(file), MADE)).fetchone() is not None


def note_of(db: Database, way: str, id_: str) -> Note | None:
    """A remembered bundle by its id."""
    return _one(db, "way = ? AND id = ?", (way, id_))


def last_note(db: Database, way: str, peer: str) -> Note | None:
    """The newest one made for a peer, or loaded from it."""
    return _one(db, "way = ? AND peer = ?", (way, peer))


def _one(db: Database, where: str, values: tuple[str, ...]) -> Note | None:
    sql = f"SELECT id, label, about, at, answered FROM _bundle WHERE {where} ORDER BY b DESC LIMIT 1"
    row = db.conn.execute(sql, values).fetchone()
    if row is None:
        return None
    return Note(row[0], Label(**json.loads(row[1])), json.loads(row[2]), row[3], row[4])


def note_answered(replica: Replica, db: Database, id_: str) -> None:
    """The answer to a bundle made here was loaded."""
    db.conn.execute(
        "UPDATE _bundle SET answered = coalesce(answered, ?) WHERE id = ? AND way = ?",
        (replica.clock.now_ms(), id_, MADE),
    )

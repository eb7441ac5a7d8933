"""The file of a new replica, quickly: its schema takes most of a small world's time."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from functools import lru_cache
from pathlib import Path

from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import RECORDS
from sync.keys import Identity, verify_key_of, write_identity
from sync.opening import create_replica
from tests.simulation.chance import SeededRandomness


@lru_cache(maxsize=2)
def _created(role: str) -> bytes:
    """The file of a new replica, made once a process: its schema takes most of a small world's time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        create_replica(path, role=role, records=RECORDS, clock=SystemClock(), randomness=SystemRandomness())
        return path.read_bytes()


def as_if_created(path: Path, role: str, randomness: SeededRandomness) -> None:
    """A new replica with a name and a key of its own, as `create_replica` leaves it before it is first opened."""
    path.write_bytes(_created(role))
    node, seed = f"{'H' if role == 'hub' else 'N'}{randomness.text(7)}", randomness.raw(32)
    settings = {"node": node, "token": "new", "epoch": randomness.text(10)}
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM _origin")
        db.execute("DELETE FROM sqlite_sequence WHERE name = '_origin'")
        db.execute("UPDATE _node SET node = ?, verify_key = ?", (node, verify_key_of(seed)))
        db.executemany("UPDATE _setting SET value = ? WHERE name = ?", [(v, name) for name, v in settings.items()])
    write_identity(path, Identity(seed, "none", "none"))

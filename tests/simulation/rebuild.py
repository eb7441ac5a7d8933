"""A replica made anew from another's log: changesets arrive shuffled, in batches of any size."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

from sqlite_utils import Database

from shared.database import open_database, transaction
from sync.change import Changeset, State
from sync.entries import entries_since, store_entry
from sync.heads import redecide
from sync.journal import apply_changesets
from sync.log import read_changeset
from sync.opened import open_changeset
from sync.replica import Replica
from sync.steps.pull import find_version_any
from sync.steps.receive import Arrival, receive
from tests.simulation.reference import Read


def rebuilt(
    replica: Replica, db: Database, empty: Path, chance: random.Random, read: Read = read_changeset
) -> Database:
    """A database in memory that has received the same changesets in another order.

    `read` finds the bodies of pruned ones. Receipts come after the bodies, so that winners are chosen with the claimed
    stamps first (point 5).
    """
    copy = open_database(":memory:")
    source = sqlite3.connect(empty)
    source.backup(copy.conn)
    source.close()
    rows = db.conn.execute("SELECT n, state FROM _changeset").fetchall()
    arrivals = [_arrival(read(db, n), state) for n, state in rows]
    chance.shuffle(arrivals)
    while arrivals:
        size = chance.choice((1, 2, 5, 40))
        batch, arrivals = arrivals[:size], arrivals[size:]
        with transaction(copy):
            ready = receive(replica, copy, batch)
            held = [open_changeset(copy, n) for n in ready if _state_of(copy, n) == "applied"]
            apply_changesets(copy, replica.tables, held)
    with transaction(copy):
        for (scope,) in db.conn.execute("SELECT DISTINCT scope FROM _entry").fetchall():
            for entry, _ in list(entries_since(db, scope, 0)):
                n = find_version_any(copy, entry)
                store_entry(copy, entry, n)
                redecide(copy, replica.tables, [n])
    return copy


def _arrival(changeset: Changeset, state: str) -> Arrival:
    if state == "applied":
        return Arrival(changeset)
    return Arrival(type(changeset)(**{**changeset.__dict__, "parts": None}), None, State.HOLE)


def _state_of(db: Database, n: int) -> str:
    return str(db.conn.execute("SELECT state FROM _changeset WHERE n = ?", (n,)).fetchone()[0])

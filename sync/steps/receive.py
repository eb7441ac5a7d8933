"""Receive: verified changesets go into the log; those whose predecessor or bases are not here yet wait.

At the hub what is still to be judged also waits for its whole action (precise point 6). A node does not hold all
scopes and holds nothing together: there the hub's entries have judged already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlite_utils import Database

from sync.body import decode_header, decode_parts
from sync.change import RANKS, Changeset, Header, State
from sync.erasure import without_erased
from sync.log import Entry, append, find_version, has_link, origin_number, pack_parts
from sync.replica import Replica
from sync.waiting import release_waiting


@dataclass(frozen=True)
class Arrival:
    """A changeset to store, with the effective stamp known so far and the state it shall have when ready.

    state None: nobody has judged it; it gets ready with its whole action only, for the caller to judge.
    """

    changeset: Changeset
    effective: int | None = None
    state: State | None = State.APPLIED


def receive(replica: Replica, db: Database, arrivals: Iterable[Arrival]) -> list[int]:
    """Store what is new; the local numbers that are ready, in an order in which each follows what it needs and
    an origin's actions follow its commits.

    What was held back earlier and is ready now is among them. Inside the caller's transaction.
    """
    ready = []
    for arrival in arrivals:
        changeset = arrival.changeset
        origin = origin_number(db, changeset.origin)
        if has_link(db, origin, changeset.scope, changeset.seq, changeset.hash):
            fill_hole(db, replica, changeset)
            continue
        header = decode_header(changeset.header)
        state = arrival.state if arrival.state and is_complete(db, changeset, header) else State.WAITING
        entry = Entry(
            header,
            count_rows(changeset, replica.limits.changeset_rows),
            RANKS.get(header.rank, 0),
            state,
            header.stamp_ms if arrival.effective is None else arrival.effective,
            arrival.state,
        )
        n = append(db, without_erased(db, replica.tables, changeset), entry)
        if state is not State.WAITING:
            ready.append(n)
    return ready + release_waiting(db)


def fill_hole(db: Database, replica: Replica, changeset: Changeset) -> bool:
    """The body of what was only a hole here comes after all: a refused changeset with its values (C9). True when
    there was such a hole."""
    if changeset.parts is None:
        return False
    filled = db.conn.execute(
        "UPDATE _changeset SET parts = ?, state = 'quarantined' WHERE o = ? AND scope = ? AND seq = ? AND hash = ?"
        " AND state = 'hole' AND parts IS NULL",
        (
            pack_parts(without_erased(db, replica.tables, changeset).parts), origin_number(db, changeset.origin),
            changeset.scope, changeset.seq, changeset.hash,
        ),
    )  # fmt: skip
    return filled.rowcount > 0


def is_complete(db: Database, changeset: Changeset, header: Header) -> bool:
    """Whether the predecessor and every named version are here (precise point 4)."""
    origin = origin_number(db, changeset.origin)
    if not _link_not_waiting(db, origin, changeset):
        return False
    return all(find_version(db, changeset.scope, name) is not None for name in header.names)


def _link_not_waiting(db: Database, origin: int, changeset: Changeset) -> bool:
    if not has_link(db, origin, changeset.scope, changeset.seq - 1, changeset.prev):
        return False
    row = db.conn.execute(
        "SELECT 1 FROM _changeset WHERE o = ? AND scope = ? AND seq = ? AND hash = ? AND state = 'waiting'",
        (origin, changeset.scope, changeset.seq - 1, changeset.prev),
    ).fetchone()
    return row is None


def count_rows(changeset: Changeset, limit: int) -> int:
    """The rows of a body. Raises BadMessage("too_many_rows")."""
    if changeset.parts is None:
        return 0
    return sum(block.count for block in decode_parts(changeset.parts, rows_max=limit))

"""Receive: verified changesets go into the log; those whose predecessor or bases are not here yet wait.

At the hub what is still to be judged also waits for its whole action (precise point 6). A node does not hold all
scopes and holds nothing together: there the hub's entries have judged already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlite_utils import Database

from sync.body import decode_header, decode_parts
from sync.chain import GENESIS, HASH8
from sync.change import RANKS, Block, Changeset, Header, State, VersionName
from sync.erasure import without_erased
from sync.log import Entry, Place, append_all, find_version, has_link, origin_number, pack_parts, place_of, stored_among
from sync.opened import Readings
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


def receive(
    replica: Replica, db: Database, arrivals: Iterable[Arrival], readings: Readings | None = None
) -> list[int]:
    """Store what is new; the local numbers that are ready, in an order in which each follows what it needs and
    an origin's actions follow its commits.

    What was held back earlier and is ready now is among them. `readings` is given what was decoded. Inside the
    caller's transaction.
    """
    arrivals = list(arrivals)
    batch = _Batch(replica, db, readings or Readings(db), _states(db, arrivals))
    for arrival in arrivals:
        batch.take(arrival)
    batch.store()
    return batch.ready + release_waiting(db, batch.readings)


def _states(db: Database, arrivals: Iterable[Arrival]) -> dict[Place, str]:
    """Of what is here already, and of the predecessors: the state."""
    found = stored_among(db, (a.changeset for a in arrivals), before=True)
    return {place: one.state for place, one in found.items()}


@dataclass
class _Batch:
    """Arrivals on their way into the log: what is here already, and what is to be stored in one statement."""

    replica: Replica
    db: Database
    readings: Readings
    links: dict[Place, str]
    versions: dict[tuple[str, VersionName], str] = field(default_factory=dict)
    fresh: list[tuple[Changeset, Entry, list[Block] | None]] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)

    def take(self, arrival: Arrival) -> None:
        """One arrival: passed over when it is here, or fills a hole; else decoded and kept for `store`."""
        changeset = arrival.changeset
        place = place_of(changeset)
        if place in self.links:
            self.store()
            fill_hole(self.db, self.replica, changeset)
            return
        header = decode_header(changeset.header)
        blocks = decode_parts(changeset.parts, self.replica.limits.changeset_rows) if changeset.parts else []
        state = arrival.state if arrival.state and self._is_complete(changeset, header) else State.WAITING
        effective = header.stamp_ms if arrival.effective is None else arrival.effective
        entry = Entry(
            header, sum(block.count for block in blocks), RANKS.get(header.rank, 0), state, effective, arrival.state
        )
        kept = without_erased(self.db, self.replica.tables, changeset)
        # Of a body that is stored with less than came nothing may be handed on.
        self.fresh.append((kept, entry, blocks if kept is changeset and changeset.parts is not None else None))
        self.links[place] = state.value
        name = VersionName(changeset.origin, changeset.seq, changeset.hash[:HASH8])
        self.versions[changeset.scope, name] = state.value

    def _is_complete(self, changeset: Changeset, header: Header) -> bool:
        """The same as `is_complete`, with what this batch brings."""
        before = (changeset.origin, changeset.scope, changeset.seq - 1, changeset.prev)
        if changeset.seq == 1:
            linked = changeset.prev == GENESIS
        else:
            linked = self.links.get(before, State.WAITING.value) != State.WAITING.value
        return linked and all(self._is_here(changeset.scope, name) for name in header.names)

    def _is_here(self, scope: str, name: VersionName) -> bool:
        state = self.versions.get((scope, name))
        if state is None or state == State.WAITING.value:
            return find_version(self.db, scope, name) is not None
        return True

    def store(self) -> None:
        """Everything taken since goes into the log."""
        fresh, self.fresh = self.fresh, []
        numbers = append_all(self.db, [(changeset, entry) for changeset, entry, _ in fresh])
        for n, (changeset, entry, blocks) in zip(numbers, fresh, strict=True):
            if blocks is not None:
                self.readings.keep(n, changeset, entry.header, blocks)
            if entry.state is not State.WAITING:
                self.ready.append(n)


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

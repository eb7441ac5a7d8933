"""The hub's log behind one small interface: append with receipt, read since, heads, erase (DESIGN §5).

The log says by place what was judged, and holds the changesets. What is asked by changeset (a version, the parts of
an action, the verdict on one) is asked of the replica, which every holder of the log keeps and can rebuild from it
(`sync.rebuild`). Nodes mirror the hub's log in the same tables, scope by scope (`sync.entries`).

Outside the log are: what waits without a verdict (its node sends it again), who is enrolled, the hub's settings. The
body of a hole that comes later is put in by `sync.steps.receive.fill_hole`: it has no entry, hence no verb here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sqlite_utils import Database

from shared.database import is_open
from sync.body import decode_header, decode_parts
from sync.chain import ERASED, GENESIS, HASH8, part_hash
from sync.change import RANKS, Changeset, State
from sync.entries import HubEntry, scope_end, store_entry
from sync.log import Entry, append, origin_number, pack_parts, read_changeset

# Beyond every hub sequence.
END = 2**53


@dataclass(frozen=True)
class Receipt:
    """What the hub says of a changeset: a receipt with its verdict, or a later word (`kind`, protocol §5).

    `effective` None: the claimed stamp, at most the time received. `former`: where a word that is adopted once stood,
    its hub sequence and the log's hash before it; it is the very same entry again where the log ends at that hash and
    the number is free.
    """

    received_at: int
    kind: str = "receipt"
    verdict: str = "accepted"
    reason: str = ""
    data: str = "{}"
    effective: int | None = None
    former: tuple[int, bytes] | None = None


@dataclass(frozen=True)
class Record:
    """One entry of the log, the log's hash before and after it, the signature kept of the stream's end there (the
    writer's, or the hub's for him), and how many rows the changeset has; `changeset` reads it, for whoever needs it."""

    entry: HubEntry
    prev: bytes
    log_hash: bytes
    signature: bytes | None
    rows: int
    changeset: Callable[[], Changeset]


class ChangesetLog(Protocol):
    """What every home of a consortium's log must do. `tests/sync/log_contract.py` says it in tests.

    `append` and `erase` are called inside a transaction of the home. The first of them takes the consortium's lock,
    which is kept until the end: numbers become visible in their order, so that nobody who reads since a number ever
    skips one.
    """

    def append(self, changeset: Changeset, receipt: Receipt, signature: bytes | None = None) -> HubEntry:
        """Add an entry at the end of the changeset's scope, and the changeset where the log has not got it yet."""

    def read_since(self, scope: str, hub_seq: int) -> Iterator[Record]:
        """The entries of a scope after a hub sequence, oldest first."""

    def heads(self, scope: str | None = None, *, until: int = END) -> dict[str, tuple[int, bytes]]:
        """Where the log ends, scope by scope or in one: (hub sequence, log hash) of the last entry up to a number. A
        scope that is asked for by name and has none is at (0, GENESIS)."""

    def erase(self, scope: str, is_dead: Callable[[bytes], bool]) -> int:
        """Put its hash in the place of every part of a body that is dead by law; how many were blanked."""


@dataclass(frozen=True)
class SqliteLog:
    """The log in the hub's own file: `_entry`, `_changeset`, `_signed_head`. The writer's lock is the consortium's."""

    db: Database

    def append(self, changeset: Changeset, receipt: Receipt, signature: bytes | None = None) -> HubEntry:
        """See `ChangesetLog.append`; the changeset's state here follows from the receipt."""
        if not is_open(self.db):
            raise RuntimeError("the log is written inside a transaction, which holds its lock")
        header = decode_header(changeset.header)
        n = self._number(changeset)
        if n is None:
            rows = sum(block.count for block in decode_parts(changeset.parts)) if changeset.parts else 0
            about = Entry(header, rows, RANKS.get(header.rank, 0), State.WAITING, header.stamp_ms)
            n = append(self.db, changeset, about)
        effective = min(header.stamp_ms, receipt.received_at) if receipt.effective is None else receipt.effective
        entry = HubEntry(
            self._next(changeset.scope, receipt.former), changeset.scope, receipt.kind, changeset.origin, changeset.seq,
            changeset.hash[:HASH8], receipt.received_at, effective, receipt.verdict, receipt.reason, receipt.data,
        )  # fmt: skip
        store_entry(self.db, entry, n)
        if receipt.kind in ("receipt", "release"):
            # Only what was refused can be without a body.
            out = "CASE WHEN parts IS NULL THEN 'hole' ELSE 'quarantined' END"
            state = "'applied'" if receipt.verdict == "accepted" else out
            self.db.conn.execute(f"UPDATE _changeset SET state = {state} WHERE n = ?", (n,))
        if signature is not None:
            self.db.conn.execute(
                "INSERT OR IGNORE INTO _signed_head (o, scope, seq, hash, signature)"
                " SELECT o, scope, seq, hash, ? FROM _changeset WHERE n = ?",
                (signature, n),
            )
        return entry

    def _number(self, changeset: Changeset) -> int | None:
        row = self.db.conn.execute(
            "SELECT n FROM _changeset WHERE o = ? AND scope = ? AND seq = ? AND hash = ?",
            (origin_number(self.db, changeset.origin), changeset.scope, changeset.seq, changeset.hash),
        ).fetchone()
        return int(row[0]) if row else None

    def _next(self, scope: str, former: tuple[int, bytes] | None) -> int:
        """The number of the next entry: the one it had once where the log goes on as it did then, else a new one."""
        if former is not None:
            hub_seq, prev = former
            last, log_hash = scope_end(self.db, scope)
            taken = self.db.conn.execute("SELECT 1 FROM _entry WHERE hub_seq = ?", (hub_seq,)).fetchone()
            if log_hash == prev and hub_seq > last and taken is None:
                return hub_seq
        return int(self.db.conn.execute("SELECT coalesce(max(hub_seq), 0) + 1 FROM _entry").fetchone()[0])

    def read_since(self, scope: str, hub_seq: int) -> Iterator[Record]:
        """See `ChangesetLog.read_since`."""
        _, prev = scope_end(self.db, scope, until=hub_seq)
        rows = self.db.conn.execute(
            "SELECT e.hub_seq, e.scope, e.kind, o.name, c.seq, substr(c.hash, 1, ?), e.received_at, e.effective,"
            " e.verdict, e.reason, e.reason_data, e.log_hash, s.signature, c.rows, c.n"
            " FROM _entry AS e JOIN _changeset AS c USING (n) JOIN _origin AS o USING (o)"
            " LEFT JOIN _signed_head AS s ON (s.o, s.scope, s.seq, s.hash) = (c.o, c.scope, c.seq, c.hash)"
            " WHERE e.scope = ? AND e.hub_seq > ? ORDER BY e.hub_seq",
            (HASH8, scope, hub_seq),
        )
        for row in rows:
            log_hash, signature, count, n = row[11:]
            yield Record(HubEntry(*row[:11]), prev, log_hash, signature, count, partial(read_changeset, self.db, n))
            prev = log_hash

    def heads(self, scope: str | None = None, *, until: int = END) -> dict[str, tuple[int, bytes]]:
        """See `ChangesetLog.heads`."""
        if scope is not None:
            return {scope: scope_end(self.db, scope, until=until)}
        names = self.db.conn.execute("SELECT DISTINCT scope FROM _entry WHERE hub_seq <= ? ORDER BY scope", (until,))
        return {name: scope_end(self.db, name, until=until) for (name,) in names.fetchall()}

    def erase(self, scope: str, is_dead: Callable[[bytes], bool]) -> int:
        """See `ChangesetLog.erase`."""
        rows = self.db.conn.execute(
            "SELECT n FROM _changeset WHERE scope = ? AND parts IS NOT NULL ORDER BY n", (scope,)
        ).fetchall()
        count = 0
        for (n,) in rows:
            parts = read_changeset(self.db, n).parts or ()
            kept = without_dead(parts, is_dead)
            if kept != parts:
                self.db.conn.execute("UPDATE _changeset SET parts = ? WHERE n = ?", (pack_parts(kept), n))
                count += sum(old != new for old, new in zip(parts, kept, strict=True))
        return count


def without_dead(parts: tuple[bytes, ...], is_dead: Callable[[bytes], bool]) -> tuple[bytes, ...]:
    """A body with the hash in the place of each part that is dead. The first part holds no erasable rows."""
    return (*parts[:1], *(ERASED + part_hash(part) if is_dead(part) else part for part in parts[1:]))


def log_of(db: Database) -> ChangesetLog:
    """The home of the log that belongs to a hub's replica; nothing else knows which one it is."""
    return SqliteLog(db)


__all__ = ["END", "GENESIS", "ChangesetLog", "Receipt", "Record", "SqliteLog", "log_of", "without_dead"]

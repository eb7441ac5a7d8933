"""The hub's log behind one small interface: append with receipt, read since, heads, erase (DESIGN §5).

The log says by place what was judged, and holds the changesets. What is asked by changeset (a version, the parts of
an action, the verdict on one) is asked of the replica, which every holder of the log keeps and can rebuild from it
(`sync.rebuild`). Nodes mirror the hub's log in the same tables, scope by scope (`sync.entries`).

Outside the log are: what waits without a verdict (its node sends it again), who is enrolled, the hub's settings. The
body of a hole that comes later is put in by `sync.steps.receive.fill_hole`: it has no entry, hence no verb here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sqlite_utils import Database

from shared.database import is_open
from sync.body import decode_header, decode_parts
from sync.chain import ERASED, GENESIS, HASH8, part_hash
from sync.change import RANKS, Changeset, State
from sync.entries import HubEntry, scope_end, store_entries
from sync.log import Entry, append_all, pack_parts, place_of, read_changeset, stored_among

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
class Word:
    """A receipt or later word about a changeset, on its way into the log. signature: of the stream's end there."""

    changeset: Changeset
    receipt: Receipt
    signature: bytes | None = None


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

    def append(self, words: Sequence[Word]) -> list[HubEntry]:
        """Add entries in this order, each at the end of its changeset's scope, and the changesets that the log has
        not got yet."""

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

    def append(self, words: Sequence[Word]) -> list[HubEntry]:
        """See `ChangesetLog.append`; a changeset's state here follows from its receipt."""
        if not is_open(self.db):
            raise RuntimeError("the log is written inside a transaction, which holds its lock")
        if len(words) > 1 and any(word.receipt.former for word in words):
            # Whether a former number is free depends on what stands before.
            return [entry for word in words for entry in self.append([word])]
        filed = self._filed([word.changeset for word in words])
        first = self._next(words[0].changeset.scope, words[0].receipt.former) if words else 0
        numbers, stamps = [n for n, _ in filed], [stamp for _, stamp in filed]
        about = enumerate(zip(words, stamps, strict=True), first)
        entries = [_entry(word, hub_seq, stamp) for hub_seq, (word, stamp) in about]
        store_entries(self.db, list(zip(entries, numbers, strict=True)))
        self._note_states(words, numbers)
        self._keep_signatures(words, numbers)
        return entries

    def _filed(self, changesets: Sequence[Changeset]) -> list[tuple[int, int]]:
        """(local number, claimed stamp) of each; what is not in the log yet is put in."""
        here = {place: (one.n, one.stamp) for place, one in stored_among(self.db, changesets).items()}
        fresh = {place_of(c): c for c in changesets if place_of(c) not in here}
        headers = {place: decode_header(c.header) for place, c in fresh.items()}
        about = [
            (c, Entry(header, _row_count(c), RANKS.get(header.rank, 0), State.WAITING, header.stamp_ms))
            for c, header in zip(fresh.values(), headers.values(), strict=True)
        ]
        for n, (place, header) in zip(append_all(self.db, about), headers.items(), strict=True):
            here[place] = (n, header.stamp_ms)
        return [here[place_of(c)] for c in changesets]

    def _note_states(self, words: Sequence[Word], numbers: Sequence[int]) -> None:
        self.db.conn.executemany(
            # Only what was refused can be without a body.
            "UPDATE _changeset SET state = CASE WHEN ? = 'accepted' THEN 'applied' WHEN parts IS NULL THEN 'hole'"
            " ELSE 'quarantined' END WHERE n = ?",
            (
                (word.receipt.verdict, n)
                for word, n in zip(words, numbers, strict=True)
                if word.receipt.kind in ("receipt", "release")
            ),
        )

    def _keep_signatures(self, words: Sequence[Word], numbers: Sequence[int]) -> None:
        self.db.conn.executemany(
            "INSERT OR IGNORE INTO _signed_head (o, scope, seq, hash, signature)"
            " SELECT o, scope, seq, hash, ? FROM _changeset WHERE n = ?",
            ((word.signature, n) for word, n in zip(words, numbers, strict=True) if word.signature is not None),
        )

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


def _entry(word: Word, hub_seq: int, stamp: int) -> HubEntry:
    changeset, receipt = word.changeset, word.receipt
    effective = min(stamp, receipt.received_at) if receipt.effective is None else receipt.effective
    return HubEntry(
        hub_seq, changeset.scope, receipt.kind, changeset.origin, changeset.seq, changeset.hash[:HASH8],
        receipt.received_at, effective, receipt.verdict, receipt.reason, receipt.data,
    )  # fmt: skip


def _row_count(changeset: Changeset) -> int:
    return sum(block.count for block in decode_parts(changeset.parts)) if changeset.parts else 0


def without_dead(parts: tuple[bytes, ...], is_dead: Callable[[bytes], bool]) -> tuple[bytes, ...]:
    """A body with the hash in the place of each part that is dead. The first part holds no erasable rows."""
    return (*parts[:1], *(ERASED + part_hash(part) if is_dead(part) else part for part in parts[1:]))


def log_of(db: Database) -> ChangesetLog:
    """The home of the log that belongs to a hub's replica; nothing else knows which one it is."""
    return SqliteLog(db)


__all__ = ["END", "GENESIS", "ChangesetLog", "Receipt", "Record", "SqliteLog", "Word", "log_of", "without_dead"]

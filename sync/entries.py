"""The hub's log: receipts, verdicts and releases, hash-chained scope by scope (C6, C9, C11).

An entry is made once, with the verdict, by the hub's state at that hub sequence. The chain lets a node check
that nothing it was told has been changed or left out later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from sync.body import dumped
from sync.chain import GENESIS, HASH8, entry_hash
from sync.replica import Replica, set_setting, setting


@dataclass(frozen=True)
class HubEntry:
    """One entry as it is hashed and sent; `origin`, `seq`, `hash8` name the changeset it is about."""

    hub_seq: int
    scope: str
    kind: str
    origin: str
    seq: int
    hash8: bytes
    received_at: int
    effective: int
    verdict: str
    reason: str
    data: str

    def hashed(self, hash_: bytes) -> bytes:
        """The exact bytes of the log's chain; `hash_` is the changeset's whole hash, so that what the hub signs
        holds for these very bytes."""
        return dumped(
            [self.hub_seq, self.scope, self.kind, self.origin, self.seq, hash_.hex(), self.received_at,
             self.effective, self.verdict, self.reason, self.data]
        )  # fmt: skip


def receipt_time(replica: Replica, db: Database) -> int:
    """The receipt clock (ms): it never runs back, whatever the hub's wall clock does (C6)."""
    now = max(replica.clock.now_ms(), int(setting(db, "last_receipt_ms", "0")))
    set_setting(db, "last_receipt_ms", str(now))
    return now


def data_text(data: Mapping[str, str]) -> str:
    """The data of an entry as it is hashed."""
    return json.dumps(dict(data), ensure_ascii=False, sort_keys=True)


def store_entry(db: Database, entry: HubEntry, n: int) -> bytes:
    """Write an entry and what it says about its changeset; the scope's log hash after it."""
    return store_entries(db, [(entry, n)])[0]


def store_entries(db: Database, entries: Sequence[tuple[HubEntry, int]]) -> list[bytes]:
    """The same for many, in the order of the log; each one's log hash."""
    ends = {scope: scope_end(db, scope)[1] for scope in {entry.scope for entry, _ in entries}}
    wanted = json.dumps([n for _, n in entries])
    hashes = dict(
        db.conn.execute("SELECT n, hash FROM _changeset WHERE n IN (SELECT value FROM json_each(?))", (wanted,))
    )
    log_hashes = []
    for entry, n in entries:
        ends[entry.scope] = entry_hash(ends[entry.scope], entry.hashed(hashes[n]))
        log_hashes.append(ends[entry.scope])
    db.conn.executemany(
        "INSERT INTO _entry (hub_seq, scope, kind, n, received_at, effective, verdict, reason, reason_data, log_hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                entry.hub_seq, entry.scope, entry.kind, n, entry.received_at, entry.effective, entry.verdict,
                entry.reason, entry.data, log_hash,
            )
            for (entry, n), log_hash in zip(entries, log_hashes, strict=True)
        ),
    )  # fmt: skip
    db.conn.executemany(
        "UPDATE _changeset SET hub_seq = coalesce(hub_seq, ?), received_at = coalesce(received_at, ?),"
        " effective = min(effective, ?), reason = ?, reason_data = ? WHERE n = ?",
        (
            (entry.hub_seq, entry.received_at, entry.effective, entry.reason, entry.data, n)
            for entry, n in entries
        ),
    )
    return log_hashes


def scope_end(db: Database, scope: str, *, until: int = 2**53) -> tuple[int, bytes]:
    """(hub sequence, log hash) of the last entry of a scope up to `until`; (0, GENESIS) when there is none."""
    row = db.conn.execute(
        "SELECT hub_seq, log_hash FROM _entry WHERE scope = ? AND hub_seq <= ? ORDER BY hub_seq DESC LIMIT 1",
        (scope, until),
    ).fetchone()
    return (int(row[0]), row[1]) if row else (0, GENESIS)


def entries_since(db: Database, scope: str, hub_seq: int) -> Iterator[tuple[HubEntry, int]]:
    """The entries of a scope after a hub sequence, oldest first, each with its changeset's local number."""
    rows = db.conn.execute(
        "SELECT e.hub_seq, e.scope, e.kind, o.name, c.seq, substr(c.hash, 1, ?), e.received_at, e.effective,"
        " e.verdict, e.reason, e.reason_data, e.n FROM _entry AS e JOIN _changeset AS c USING (n)"
        " JOIN _origin AS o USING (o) WHERE e.scope = ? AND e.hub_seq > ? ORDER BY e.hub_seq",
        (HASH8, scope, hub_seq),
    )
    for row in rows:
        yield HubEntry(*row[:11]), row[11]


def told_since(db: Database, scope: str, hub_seq: int, *, turn: int = 0) -> Iterator[tuple[HubEntry, int, bytes]]:
    """The same with the log's hash after each, all at once; `turn` names a former log of the hub's, 0 the present."""
    rows = db.conn.execute(
        "SELECT hub_seq, scope, kind, origin, seq, hash8, received_at, effective, verdict, reason, reason_data, n,"
        " log_hash FROM told_entry WHERE turn = ? AND scope = ? AND hub_seq > ? ORDER BY hub_seq",
        (turn, scope, hub_seq),
    )
    for row in rows:
        yield HubEntry(*row[:11]), row[11], row[12]

"""A snapshot into a replica: the log of its scope, the floor, and what stands above it, in one transaction (C11, C13).

Everything is checked first: the hub's signature over the very bytes, then every hash of the log in them. What this
node itself has not sent yet, or the hub judged later, stays and is applied over it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from shared.schema import Table, quoted
from sync.body import decode_header, dumped
from sync.chain import GENESIS, body_hash, entry_hash, link_hash, part_hash, snapshot_statement
from sync.change import RANKS, State
from sync.entries import scope_end
from sync.erasure import forget
from sync.errors import BadMessage
from sync.floor import has_floor
from sync.floor_proof import sign_floor
from sync.journal import apply_changesets, settle_capture
from sync.keys import signed_by
from sync.log import origin_number, pack_parts
from sync.opened import Readings, open_changeset
from sync.replica import Replica, set_setting, setting
from sync.snapshot import FORMAT, LET_IN, Snapshot, in_scope, scope_of, wide
from sync.tables import install_triggers
from sync.waiting import release_waiting
from sync.wire import PieceReader, unpack


@dataclass(frozen=True)
class Told:
    """One changeset of a snapshot, its hashes computed. `parts` is None where the body stayed behind."""

    origin: str
    seq: int
    prev: bytes
    hash: bytes
    header: bytes
    body_hash: bytes
    parts: tuple[bytes, ...] | None
    rows: int


@dataclass
class Standing:
    """What the entries of a snapshot say of a changeset, as the hub's log would have left it."""

    hub_seq: int
    received_at: int
    effective: int
    accepted: bool = False
    reason: str = ""
    data: str = ""


@dataclass
class Loaded:
    """What a snapshot brought."""

    changesets: int = 0
    rows: int = 0
    numbers: dict[int, int] = field(default_factory=dict)


def check_signed(one: Snapshot, key: bytes) -> None:
    """Raises BadMessage("bad_snapshot") unless the hub signed these very bytes. Before anything of them is read."""
    statement = snapshot_statement(one.scope, one.hub_seq, one.log_hash, one.digest)
    if hashlib.sha256(one.data).digest() != one.digest or not signed_by(key, statement, one.signature):
        raise BadMessage("bad_snapshot", scope=one.scope)


def load_snapshot(replica: Replica, db: Database, one: Snapshot, key: bytes) -> Loaded:
    """Load a snapshot over whatever this node holds of its scope. Inside a transaction, with nothing pending.

    key: the hub's. Raises BadMessage("bad_snapshot"), for a scope that is not this node's too, and leaves everything as
    it was; the cursor moves with the data.
    """
    check_signed(one, key)
    if one.scope not in ("con", setting(db, "campus")):
        raise BadMessage("bad_snapshot", scope=one.scope)
    head, pieces = unpack(one.data, wide(replica.limits))
    try:
        if (head["v"], head["scope"], head["hub_seq"], head["schema"]) != (
            FORMAT, one.scope, one.hub_seq, replica.schema,
        ):  # fmt: skip
            raise BadMessage("bad_snapshot", scope=one.scope)
        told = _changesets(one.scope, head, PieceReader(pieces))
        entries = [tuple(entry) for entry in zip(*head["e"], strict=True)]
        hashes = _log_hashes(one, told, entries)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise BadMessage("bad_snapshot", scope=one.scope) from error
    if not has_floor(db):
        set_setting(db, "floor", "1")
        install_triggers(db, replica.tables)
    loaded = Loaded(rows=sum(one.rows for one in told))
    _store_changesets(replica, db, one.scope, loaded, told, _standings(entries))
    _store_entries(db, one, loaded.numbers, entries, hashes)
    _clear(replica.tables, db, one.scope)
    _load_floor(replica.tables, db, head, loaded.numbers)
    _apply_above(replica, db, one.scope)
    for _, kind, *_, data in entries:
        if kind == "erase":
            # Also out of what this node has not sent yet.
            about = json.loads(data)
            forget(db, replica.tables, one.scope, str(about["table"]), str(about["key"]))
    sign_floor(replica, db)
    return loaded


def _changesets(scope: str, head: Mapping[str, Any], reader: PieceReader) -> list[Told]:
    found: list[Told] = []
    for o, seq, prev, rows, count in zip(*head["c"].values(), strict=True):
        header, body = reader.take(2)
        parts = tuple(reader.take(count)) or None
        if parts is not None and body_hash([part_hash(part) for part in parts]) != body:
            raise ValueError("body")
        before = found[prev].hash if prev >= 0 else GENESIS
        origin = str(head["origins"][o])
        hash_ = link_hash(before, f"{origin}/{scope}", seq, header, body)
        found.append(Told(origin, seq, before, hash_, header, body, parts, rows))
    return found


def _log_hashes(one: Snapshot, told: list[Told], entries: list[tuple[Any, ...]]) -> list[bytes]:
    """The log's hash after each entry. Raises ValueError unless the last is the one that the hub signed."""
    hashes, last = [], GENESIS
    for hub_seq, kind, place, received, effective, verdict, reason, data in entries:
        about = told[place]
        hashed = [hub_seq, one.scope, kind, about.origin, about.seq, about.hash.hex(), received, effective, verdict]
        last = entry_hash(last, dumped([*hashed, reason, data]))
        hashes.append(last)
    if last != one.log_hash or not entries or entries[-1][0] != one.hub_seq:
        raise ValueError("log")
    return hashes


def _standings(entries: list[tuple[Any, ...]]) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    for hub_seq, kind, place, received, effective, verdict, reason, data in entries:
        standing = found.setdefault(place, Standing(hub_seq, received, effective))
        standing.effective = min(standing.effective, effective)
        standing.accepted = standing.accepted or (kind, verdict) in LET_IN
        standing.reason, standing.data = reason, data
    return found


def _store_changesets(
    replica: Replica, db: Database, scope: str, loaded: Loaded, told: list[Told], standings: Mapping[int, Standing]
) -> None:
    """Bring the log's changesets to what the snapshot says of them; `loaded.numbers` gets place → local number."""
    origins = {name: origin_number(db, name) for name in {one.origin for one in told}}
    known = dict(db.conn.execute("SELECT hash, n FROM _changeset WHERE scope = ?", (scope,)).fetchall())
    fresh, changed = [], []
    for place, one in enumerate(told):
        standing = standings[place]
        state = State.APPLIED if standing.accepted else State.HOLE
        parts = pack_parts(one.parts)
        after = (standing.effective, standing.hub_seq, standing.received_at, standing.reason, standing.data)
        if one.hash in known:
            if not standing.accepted and one.origin.split(".", 1)[0] == replica.node:
                state = State.QUARANTINED  # its values are here, and offered for re-entry
            changed.append((state.value, parts, state.value, *after, known[one.hash]))
            continue
        header = decode_header(one.header)
        fresh.append(
            (origins[one.origin], scope, one.seq, one.hash, one.prev, one.header, one.body_hash, parts,
             header.person_id, header.campus, RANKS.get(header.rank, 0), header.schema, header.action,
             header.action_size, one.rows, header.stamp_ms, state.value, *after)
        )  # fmt: skip
    db.conn.executemany(
        "UPDATE _changeset SET state = ?, parts = CASE WHEN ? IS NOT NULL OR ? = 'applied' THEN ?2 ELSE parts END,"
        " effective = min(effective, ?), hub_seq = ?, received_at = ?, reason = ?, reason_data = ?, due = NULL"
        " WHERE n = ?",
        changed,
    )
    db.conn.executemany(
        "INSERT INTO _changeset (o, scope, seq, hash, prev, header, body_hash, parts, person_id, campus, rank, schema,"
        " action, action_size, rows, stamp, state, effective, hub_seq, received_at, reason, reason_data)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        fresh,
    )
    numbers = dict(db.conn.execute("SELECT hash, n FROM _changeset WHERE scope = ?", (scope,)).fetchall())
    loaded.numbers = {place: numbers[one.hash] for place, one in enumerate(told)}
    loaded.changesets = len(fresh)


def _store_entries(
    db: Database, one: Snapshot, numbers: Mapping[int, int], entries: list[tuple[Any, ...]], hashes: list[bytes]
) -> None:
    """The log's entries after those that are here; its signed end becomes the cursor."""
    last, _ = scope_end(db, one.scope)
    db.conn.executemany(
        "INSERT INTO _entry (hub_seq, kind, n, received_at, effective, verdict, reason, reason_data, scope, log_hash)"
        " VALUES (?,?,?,?,?,?,?,?,?,?)",
        [
            (hub_seq, kind, numbers[place], *rest, one.scope, log_hash)
            for (hub_seq, kind, place, *rest), log_hash in zip(entries, hashes, strict=True)
            if hub_seq > last
        ],
    )
    db.conn.execute(
        "INSERT OR REPLACE INTO _cursor (scope, epoch, hub_seq, log_hash) VALUES (?, ?, ?, ?)",
        (one.scope, setting(db, "epoch"), one.hub_seq, one.log_hash),
    )


def _clear(tables: Mapping[str, Table], db: Database, scope: str) -> None:
    """Take away every row, head, delete and base of a scope: nobody's write."""
    for table in tables.values():
        where, values = in_scope(db, table, scope)
        db.conn.execute(f"UPDATE {quoted(table.name)} SET _v = -1 WHERE {where}", values)
        db.conn.execute(f"DELETE FROM {quoted(table.name)} WHERE _v = -1")
    for own in ("_head", "_delete", "_base"):
        rows = db.conn.execute(f"SELECT DISTINCT t, k FROM {own}").fetchall()
        gone = [row for row in rows if scope_of(tables, *row) == scope]
        db.conn.executemany(f"DELETE FROM {own} WHERE t = ? AND k = ?", gone)


def _load_floor(
    tables: Mapping[str, Table], db: Database, head: Mapping[str, Any], numbers: Mapping[int, int]
) -> None:
    for told in head["tables"]:
        table = tables[told["t"]]
        names = [*(c.name for c in table.columns), "_v", "_vx"]
        whole = [numbers[v - 1] for v in told["v"]]
        differing = [_numbered(vx, numbers) for vx in told["x"]]
        sql = f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, names))}) VALUES ({_marks(names)})"
        db.conn.executemany(sql, zip(*told["c"], whole, differing, strict=True))
    db.conn.executemany(
        "INSERT INTO _head (t, k, u, v, value, weight, deleted) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(t, k, u, numbers[v - 1], *rest) for t, k, u, v, *rest in head["heads"]],
    )
    db.conn.executemany(
        "INSERT INTO _delete (t, k, v) VALUES (?, ?, ?)", [(t, k, numbers[v - 1]) for t, k, v in head["deletes"]]
    )


def _marks(names: list[str]) -> str:
    return ", ".join("?" for _ in names)


def _numbered(placed: Mapping[str, int] | None, numbers: Mapping[int, int]) -> str | None:
    if placed is None:
        return None
    found = {unit: numbers[abs(v) - 1] * (1 if v > 0 else -1) for unit, v in placed.items()}
    return json.dumps(found, separators=(",", ":"))


def _apply_above(replica: Replica, db: Database, scope: str) -> None:
    """Fold what is not pruned over the floor, what waited for any of it too."""
    release_waiting(db, Readings(db))
    rows = db.conn.execute(
        "SELECT n FROM _changeset WHERE scope = ? AND state = 'applied' AND parts IS NOT NULL ORDER BY n", (scope,)
    ).fetchall()
    apply_changesets(db, replica.tables, [open_changeset(db, n) for (n,) in rows])
    # What waited elsewhere for versions of its own scope was not touched; capture has seen nobody's write.
    settle_capture(db)

"""Signed snapshots: what a node would hold of a scope if it had read the whole log and pruned it (C13).

A snapshot has the headers and entries of the log up to where a verified backup covers it, the bodies that may not be
pruned, and the rows, heads and deletes that the others left, column by column. It is made once, after a backup, and
signed; a node that starts, or was away for long, loads it set-wise and then follows the log as ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from shared.database import open_database, transaction
from shared.ids import campus_of
from shared.schema import Table, key_parts, quoted
from sync.body import NUMBER_MAX
from sync.chain import GENESIS, snapshot_statement
from sync.entries import scope_end
from sync.heads import back_to_floor
from sync.keys import sign
from sync.log import read_changeset
from sync.pruning import choose, let_go
from sync.replica import Limits, Replica, setting
from sync.wire import pack

FORMAT = 1
# The entries, as (kind, verdict), that let a changeset in.
LET_IN = {("receipt", "accepted"), ("release", "accepted")}
ENTRY_COLUMNS = ("hub_seq", "kind", "n", "received_at", "effective", "verdict", "reason", "reason_data")


@dataclass(frozen=True)
class Snapshot:
    """A signed snapshot as it is kept and sent."""

    scope: str
    hub_seq: int
    log_hash: bytes
    digest: bytes
    signature: bytes
    data: bytes


def make_snapshots(replica: Replica, db: Database) -> list[Snapshot]:
    """At the hub: make and keep a snapshot of every scope, up to where its verified backup covers the log.

    Works on a copy, off the request path; what is written meanwhile comes with the log. Call outside any transaction.
    """
    covered = int(setting(db, "covered_hub_seq", "0"))
    copy = open_database(":memory:")
    try:
        db.conn.backup(copy.conn)
        with transaction(copy):
            chosen, _ = choose(replica, copy, covered=covered, received_until=NUMBER_MAX, rows=NUMBER_MAX)
            let_go(replica, copy, chosen)
            back_to_floor(copy, replica.tables)
        scopes = [scope for (scope,) in copy.conn.execute("SELECT DISTINCT scope FROM _entry") if scope != "hub"]
        made = [_made(replica, copy, scope, covered) for scope in sorted(scopes)]
        erased = copy.conn.execute("SELECT count(*) FROM _erased").fetchone()
    finally:
        copy.close()
    with transaction(db):
        # What the law erased since the copy was taken must not come back with it.
        if db.conn.execute("SELECT count(*) FROM _erased").fetchone() != erased:
            return []
        for one in made:
            keep_snapshot(db, one)
    return made


def keep_snapshot(db: Database, one: Snapshot, *, size: int | None = None) -> None:
    """Keep a snapshot, or what has come of one of so many bytes, in place of any before of its scope."""
    db.conn.execute(
        "INSERT OR REPLACE INTO _snapshot (scope, hub_seq, log_hash, digest, signature, size, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (one.scope, one.hub_seq, one.log_hash, one.digest, one.signature, size or len(one.data), one.data),
    )


def wide(limits: Limits) -> Limits:
    """The limits of a message for a snapshot as a whole, which travels in slices."""
    return replace(limits, message_bytes=limits.snapshot_bytes, inflated_bytes=limits.snapshot_bytes)


def _made(replica: Replica, copy: Database, scope: str, covered: int) -> Snapshot:
    hub_seq, log_hash = scope_end(copy, scope, until=covered)
    index, head, pieces = _log_part(copy, scope, hub_seq)
    head |= {"v": FORMAT, "scope": scope, "hub_seq": hub_seq, "schema": replica.schema}
    head |= _floor_part(replica.tables, copy, scope, index)
    data = pack(head, pieces, wide(replica.limits))
    digest = hashlib.sha256(data).digest()
    signature = sign(replica.seed, snapshot_statement(scope, hub_seq, log_hash, digest))
    return Snapshot(scope, hub_seq, log_hash, digest, signature, data)


def _log_part(copy: Database, scope: str, hub_seq: int) -> tuple[dict[int, int], dict[str, Any], list[bytes]]:
    """Local number → place in the snapshot; the head's columns of the log; each changeset's header, body hash and
    parts."""
    rows = copy.conn.execute(
        "SELECT c.n, o.name, c.seq, c.rows FROM _entry AS e JOIN _changeset AS c USING (n) JOIN _origin AS o USING (o)"
        " WHERE e.scope = ? AND e.hub_seq <= ? AND e.kind = 'receipt' ORDER BY e.hub_seq",
        (scope, hub_seq),
    ).fetchall()
    index = {n: place for place, (n, *_) in enumerate(rows)}
    entries = copy.conn.execute(
        f"SELECT {', '.join(ENTRY_COLUMNS)} FROM _entry WHERE scope = ? AND hub_seq <= ? ORDER BY hub_seq",
        (scope, hub_seq),
    ).fetchall()
    accepted = {n for _, kind, n, _, _, verdict, *_ in entries if (kind, verdict) in LET_IN}
    origins = sorted({name for _, name, *_ in rows})
    by_hash: dict[bytes, int] = {}
    pieces: list[bytes] = []
    columns: dict[str, list[int]] = {"o": [], "seq": [], "prev": [], "rows": [], "parts": []}
    for place, (n, name, seq, count) in enumerate(rows):
        stored = read_changeset(copy, n)
        # What was refused goes to nobody as anything but a hole; a release after the covered place comes with the log.
        parts = stored.parts if n in accepted and stored.parts is not None else ()
        by_hash[stored.hash] = place
        before = -1 if stored.prev == GENESIS else by_hash[stored.prev]
        for column, value in zip(columns, (origins.index(name), seq, before, count, len(parts)), strict=True):
            columns[column].append(value)
        pieces += [stored.header, stored.body_hash, *parts]
    told = [list(column) for column in zip(*((*e[:2], index[e[2]], *e[3:]) for e in entries), strict=True)]
    return index, {"origins": origins, "c": columns, "e": told}, pieces


def _floor_part(tables: Mapping[str, Table], copy: Database, scope: str, index: Mapping[int, int]) -> dict[str, Any]:
    """What the pruned changesets left: rows column by column, versions as places in the snapshot (from 1, so that a
    sign can be told)."""
    found: list[dict[str, Any]] = []
    for table in tables.values():
        names = [c.name for c in table.columns]
        where, values = in_scope(copy, table, scope)
        listed = ", ".join([*map(quoted, names), "_v", "_vx"])
        rows = copy.conn.execute(f"SELECT {listed} FROM {quoted(table.name)} WHERE {where}", values).fetchall()
        if rows:
            *columns, whole, differing = (list(column) for column in zip(*rows, strict=True))
            versions = [index[v] + 1 for v in whole]
            found.append({"t": table.name, "c": columns, "v": versions, "x": [_placed(vx, index) for vx in differing]})
    heads = [
        [t, k, u, index[v] + 1, value, weight, deleted]
        for t, k, u, v, value, weight, deleted in copy.conn.execute(
            "SELECT t, k, u, v, value, weight, deleted FROM _head"
        )
        if scope_of(tables, t, k) == scope
    ]
    rows = copy.conn.execute("SELECT t, k, v FROM _delete").fetchall()
    deletes = [[t, k, index[v] + 1] for t, k, v in rows if scope_of(tables, t, k) == scope]
    return {"tables": found, "heads": heads, "deletes": deletes}


def _placed(vx: str | None, index: Mapping[int, int]) -> dict[str, int] | None:
    if vx is None:
        return None
    return {unit: (index[abs(v)] + 1) * (1 if v > 0 else -1) for unit, v in json.loads(vx).items()}


def scope_of(tables: Mapping[str, Table], name: str, text: str) -> str | None:
    """The scope of a row by table and key text; None for a table that this release has not."""
    return tables[name].scope_of(key_parts(tables[name], text)) if name in tables else None


def in_scope(db: Database, table: Table, scope: str) -> tuple[str, Sequence[str]]:
    """SQL (and its values) for the rows of a table that belong to a scope."""
    named = table.declaration.scope
    if named in ("con", "hub"):
        return ("1" if named == scope else "0"), ()
    rows: Iterable[tuple[Any]] = db.conn.execute(f"SELECT DISTINCT {quoted(named)} FROM {quoted(table.name)}")
    wanted = [value for (value,) in rows if campus_of(str(value)) == scope]
    return f"{quoted(named)} IN (SELECT value FROM json_each(?))", (json.dumps(wanted, ensure_ascii=False),)

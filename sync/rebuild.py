"""Rebuild: a hub's file made anew from its log alone, compared with the present one, and put in its place (DESIGN §5).

Read from the old file are the log, through its interface, and what the log does not hold: who is enrolled, settings,
local tables. Every row, head, conflict and version is computed again, set-wise. So the synced tables of the old file
may be damaged, changed behind the engine's back or gone.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

from sqlite_utils import Database

from shared.clock import Clock
from shared.database import connected, transaction
from shared.errors import DatabaseUnusable
from shared.ids import Randomness
from shared.migrations import record_migrations
from shared.schema import Table, key_text, quoted, tables_of
from sync.chain import body_hash, link_hash, part_hash
from sync.change import Changeset
from sync.heads import unit_versions
from sync.hub_log import ChangesetLog, Receipt, SqliteLog, Word, log_of
from sync.keys import read_identity
from sync.opening import Steps, migrate
from sync.proof import Finding, signature_findings
from sync.replica import SCHEMA_VERSION, Replica, set_setting, setting
from sync.scratch import rebuild
from sync.steps.erase import take_erasure
from sync.steps.vouch import ends_of, keep_head, sign_end, signature_of
from sync.tables import install_triggers
from sync.verify import named_version

# The log, and what is computed from it; everything else with such a name is kept as it is.
_LOG = frozenset({"_changeset", "_signed_head", "_entry", "_signed_top", "_former_entry", "_cursor"})
_COMPUTED = frozenset({"_head", "_delete", "_erased", "_pending", "_pending_stale", "_mark", "_base", "_snapshot",
                      "_sqlite_migrations"})
_BUSY_MS = 500
_OWN_ROWS = {
    "_head": "SELECT t || ' ' || k || ' ' || u || ' ' || coalesce(hex(hash), '?'), value, weight, deleted, _head.parked"
    " FROM _head LEFT JOIN _changeset ON n = v",
    "_delete": "SELECT t || ' ' || k || ' ' || coalesce(hex(hash), '?') FROM _delete LEFT JOIN _changeset ON n = v",
    "_erased": "SELECT t || ' ' || k FROM _erased",
    "_changeset": "SELECT name || '/' || scope || '/' || seq || '/' || hex(hash), state, effective, hub_seq,"
    " received_at, reason, reason_data, unread FROM _changeset JOIN _origin USING (o) WHERE state <> 'waiting'",
}

# Key as text → what a row says, column by column.
Rows = dict[str, dict[str, object]]


@dataclass(frozen=True)
class Difference:
    """A row that the file shows otherwise than its log says. kind: "missing" or "extra" in the present file, "differs"
    (`columns` says in what), "unreadable" of a whole table."""

    table: str
    kind: str
    key: str = ""
    columns: tuple[str, ...] = ()


@dataclass
class Rebuilt:
    """What was made: its file, entries and rows, rows that took the slow path, what of the log does not prove itself,
    what waited without a verdict and is sent again by its node, fingerprints by table of (present, rebuilt), and where
    they differ."""

    path: Path
    entries: int = 0
    rows: int = 0
    rows_by_path: int = 0
    waiting: int = 0
    findings: list[Finding] = field(default_factory=list)
    fingerprints: dict[str, tuple[str, str]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)


def rebuild_hub(
    path: Path, into: Path, *, records: Sequence[type], clock: Clock, randomness: Randomness,
    log: ChangesetLog | None = None, schema: int = SCHEMA_VERSION, steps: Steps = record_migrations,
) -> Rebuilt:  # fmt: skip
    """Make the file `into` from the log of the hub at `path` and compare the two; `path` stays as it is.

    log: where the log has its home, when that is not the file itself.
    Raises DatabaseUnusable when there is no hub, its key is missing, `into` exists or the log cannot be read.
    """
    identity = read_identity(path) if path.exists() else None
    if identity is None:
        raise DatabaseUnusable("database_missing", path=str(path))
    if into.exists():
        raise DatabaseUnusable("database_exists", path=str(into))
    tables, made = tables_of(records), Rebuilt(into)
    try:
        with connected(path) as old, connected(into) as new:
            with transaction(new):
                migrate(new, steps)
                install_triggers(new, tables)
                _keep(old, new, set(tables))
                if setting(new, "role") != "hub":
                    raise DatabaseUnusable("database_missing", path=str(path))
                set_setting(new, "schema", str(schema))
                replica = Replica(
                    into, setting(new, "role"), setting(new, "node"), identity.seed, "", tables, clock, randomness,
                    schema=schema,
                )  # fmt: skip
                made.entries, made.findings = copy_log(log or log_of(old), SqliteLog(new))
                _compute(replica, new, made)
                made.findings += signature_findings(replica, new)
            made.waiting = old.conn.execute("SELECT count(*) FROM _changeset WHERE state = 'waiting'").fetchone()[0]
            _compare(tables, (old, new), made)
    except sqlite3.DatabaseError as error:
        _drop(into)
        raise DatabaseUnusable(path=str(path), reason=str(error)) from error
    except BaseException:
        _drop(into)
        raise
    return made


def _drop(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def copy_log(source: ChangesetLog, target: ChangesetLog) -> tuple[int, list[Finding]]:
    """Append to an empty log all that another holds, in the hub's order; how many entries, and what of them does not
    prove itself. Inside a transaction of the target."""
    findings, count = [], 0
    scopes = (source.read_since(scope, 0) for scope in source.heads())
    for record in heapq.merge(*scopes, key=attrgetter("entry.hub_seq")):
        entry, changeset = record.entry, record.changeset()
        told = Receipt(
            entry.received_at, entry.kind, entry.verdict, entry.reason, entry.data, entry.effective,
            (entry.hub_seq, record.prev),
        )  # fmt: skip
        target.append([Word(changeset, told, record.signature)])
        place = f"{entry.scope}/{entry.hub_seq}"
        if target.heads(entry.scope)[entry.scope] != (entry.hub_seq, record.log_hash):
            findings.append(Finding("log_changed", place))
        findings += [Finding(kind, f"{entry.origin}/{entry.scope}/{entry.seq}") for kind in _unproven(changeset)]
        count += 1
    return count, findings


def _unproven(one: Changeset) -> Iterator[str]:
    if one.parts is not None and body_hash([part_hash(part) for part in one.parts]) != one.body_hash:
        yield "body_changed"
    if link_hash(one.prev, f"{one.origin}/{one.scope}", one.seq, one.header, one.body_hash) != one.hash:
        yield "link_changed"


def _keep(old: Database, new: Database, synced: set[str]) -> None:
    """What the log does not hold comes along as it is."""
    names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB '_*' AND name NOT GLOB 'sqlite_*'"
    have = {name for (name,) in old.conn.execute(names)}
    for (name,) in new.conn.execute(names).fetchall():
        if name in _LOG | _COMPUTED | synced or name not in have:
            continue
        there = {row[1] for row in old.conn.execute(f"PRAGMA table_info({quoted(name)})")}
        columns = [row[1] for row in new.conn.execute(f"PRAGMA table_info({quoted(name)})") if row[1] in there]
        listed, marks = ", ".join(map(quoted, columns)), ", ".join("?" for _ in columns)
        new.conn.executemany(
            f"INSERT OR REPLACE INTO {quoted(name)} ({listed}) VALUES ({marks})",
            old.conn.execute(f"SELECT {listed} FROM {quoted(name)}"),
        )


def _compute(replica: Replica, new: Database, made: Rebuilt) -> None:
    """Everything that follows from the log."""
    records = [record for scope in log_of(new).heads() for record in log_of(new).read_since(scope, 0)]
    for record in records:
        if record.entry.kind == "erase":
            take_erasure(new, replica.tables, record.entry)
    applied = rebuild(replica.tables, new)
    made.rows, made.rows_by_path = applied.rows, applied.rows_by_path
    # A stretch whose signed end still waited: the hub vouches for it until the writer sends that again.
    for end in ends_of([record.changeset() for record in records if record.entry.kind == "receipt"]):
        if signature_of(new, end) is None:
            keep_head(new, end.origin, end.scope, (end.seq, end.hash), sign_end(replica, end))


def _compare(tables: Mapping[str, Table], files: tuple[Database, Database], made: Rebuilt) -> None:
    names = [dict(db.conn.execute("SELECT n, hex(hash) FROM _changeset").fetchall()) for db in files]
    for name in (*tables, "_head", "_delete", "_erased", "_changeset"):
        try:
            present, anew = (_rows(db, tables.get(name), name, named) for db, named in zip(files, names, strict=True))
        except sqlite3.DatabaseError:
            made.differences.append(Difference(name, "unreadable"))
            continue
        made.fingerprints[name] = (_fingerprint(present), _fingerprint(anew))
        if made.fingerprints[name][0] != made.fingerprints[name][1]:
            made.differences += _differences(name, present, anew)


def _fingerprint(rows: Rows) -> str:
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def _differences(table: str, present: Rows, anew: Rows) -> Iterator[Difference]:
    for key in sorted(present.keys() | anew.keys()):
        if key not in present or key not in anew:
            yield Difference(table, "missing" if key not in present else "extra", key)
        elif present[key] != anew[key]:
            columns = present[key].keys() | anew[key].keys()
            changed = sorted(c for c in columns if present[key].get(c) != anew[key].get(c))
            yield Difference(table, "differs", key, tuple(changed))


def _rows(db: Database, table: Table | None, name: str, named: Mapping[int, str]) -> Rows:
    """A table's rows in words that mean the same in both files: versions by the hash of their changeset."""
    if table is not None:
        columns = [c.name for c in table.columns]
        sql = f"SELECT {', '.join(map(quoted, columns))}, _v, _vx FROM {quoted(name)}"
        found: Rows = {}
        for row in db.conn.execute(sql):
            values = dict(zip(columns, row, strict=False))
            versions = {} if row[-2] is None else unit_versions(row[-2:], table)
            said = {f"version of {table.units[u].name}": named_version(v, named) for u, v in versions.items()}
            found[key_text(tuple(values[c] for c in table.key))] = {**values, **said}
        return found
    cursor = db.conn.execute(_OWN_ROWS[name])
    columns = [each[0] for each in cursor.description[1:]]
    return {key: dict(zip(columns, values, strict=True)) for key, *values in cursor}


def put_in_place(rebuilt: Path, path: Path) -> Path:
    """Let the rebuilt file be the hub's file from now on; where the old one lies beside it.

    Raises DatabaseUnusable("database_in_use") while anybody has the old one open, or has written since.
    """
    try:
        with connected(path) as old, connected(rebuilt) as new:
            if log_of(old).heads() != log_of(new).heads():
                raise DatabaseUnusable("database_in_use", path=str(path))
            old.conn.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            # Leaving the write-ahead log takes the file for oneself, and leaves nothing beside it.
            old.conn.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise DatabaseUnusable("database_in_use", path=str(path)) from error
    aside = next(
        free
        for number in range(1, 10_000)
        if not (free := path.with_name(f"{path.name}.before-rebuild-{number}")).exists()
    )
    path.replace(aside)
    rebuilt.replace(path)
    return aside

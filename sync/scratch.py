"""The tables computed anew from the log, in a database beside, and what differs from the tables in use (C3, C10)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sqlite_utils import Database

from shared.database import open_database, transaction
from shared.schema import Table, Value, key_parts, key_text, quoted
from sync.heads import back_to_floor, unit_versions
from sync.journal import Applied, apply_changesets, settle_capture
from sync.opened import Opened, open_changeset
from sync.proof import Finding
from sync.replica import Replica
from sync.tables import drop_triggers

# How many rows' worth of changesets are decoded at a time.
BATCH_ROWS = 20_000
Row = tuple[Value, ...]


def scratch_path(database: Path) -> Path:
    """Where the computed tables of a database lie while they are looked at: children's data stays in its folder."""
    return database.with_name(database.name + ".scratch")


@contextlib.contextmanager
def scratch_of(replica: Replica, db: Database) -> Iterator[Database]:
    """A copy of a replica with its tables built anew from its log; gone at the end, also what a crash left of one.

    Raises sqlite3.OperationalError where the disk has no room for it.
    """
    path = scratch_path(replica.path)
    _remove(path)
    copy = open_database(path)
    try:
        # Nobody needs it after a power cut.
        copy.conn.execute("PRAGMA synchronous=OFF")
        db.conn.backup(copy.conn)
        with transaction(copy):
            drop_triggers(copy)
            rebuild(replica.tables, copy)
        yield copy
    finally:
        copy.close()
        _remove(path)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def rebuild(tables: Mapping[str, Table], db: Database, *, order: Sequence[int] | None = None) -> Applied:
    """Make all tables, heads and deletes anew from the log. Call inside a transaction, with nothing pending.

    Rows that pruned changesets alone have made are the base and stay; what others touched is made anew over its base.
    order: the changesets' local numbers in some causal order; by default the order of arrival, and what arrived
    before something it needs after that.
    """
    back_to_floor(db, tables)
    batches = _in_batches(db) if order is None else [[open_changeset(db, n) for n in order]]
    done = [apply_changesets(db, tables, batch) for batch in batches]
    settle_capture(db)
    return Applied(sum(each.rows for each in done), sum(each.rows_by_path for each in done))


def _in_batches(db: Database) -> Iterator[list[Opened]]:
    """All applied changesets, some at a time, each in no earlier batch than what it names."""
    rows = dict(
        db.conn.execute("SELECT n, rows FROM _changeset WHERE state = 'applied' AND parts IS NOT NULL ORDER BY n")
    )
    batch: list[Opened] = []
    placed: set[int] = set()
    held: dict[int, list[int]] = {}
    size = 0
    for n in rows:
        todo = [n]
        while todo:
            one = open_changeset(db, todo.pop())
            missing = next((v for v in one.names if v in rows and v not in placed and v != one.n), None)
            if missing is not None:
                held.setdefault(missing, []).append(one.n)
                continue
            batch.append(one)
            placed.add(one.n)
            size += rows[one.n]
            todo += held.pop(one.n, [])
        if size >= BATCH_ROWS:
            yield batch
            batch, size = [], 0
    yield batch


def row_findings(replica: Replica, db: Database, scratch: Database) -> Iterator[Finding]:
    """Every cell, row, head and delete in which the tables in use differ from those computed."""
    for table in replica.tables.values():
        columns = [c.name for c in table.columns]
        order = ", ".join(map(quoted, table.key))
        # The key first, in its own order, so that two readings can go side by side.
        names = [*table.key, *(name for name in columns if name not in table.key)]
        sql = f"SELECT {', '.join(map(quoted, names))}, _v, _vx FROM {quoted(table.name)} ORDER BY {order}"
        for ours, theirs in _unlike(db, scratch, sql, len(table.key), _versions_of(table)):
            yield from _row_difference(table, names, ours, theirs)
    for kind, sql, width in (
        ("head_differs", "SELECT t, k, u, v, value, weight, deleted, parked FROM _head ORDER BY t, k, u, v", 4),
        ("delete_differs", "SELECT t, k, v FROM _delete ORDER BY t, k, v", 3),
    ):
        for ours, theirs in _unlike(db, scratch, sql, width):
            yield _head_difference(replica.tables, kind, ours, theirs)


def _versions_of(table: Table) -> Callable[[Row], object]:
    """A row by its values and versions: one set of versions may stand in two ways in a row."""

    def plain(row: Row) -> object:
        return row[-2] if row[-2] is None else (row[:-2], unit_versions(row[-2:], table))

    return plain


def _unlike(
    db: Database, scratch: Database, sql: str, width: int, plain: Callable[[Row], object] = lambda row: row
) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows of the same query in two databases that are not the same, beside each other by the first `width`."""
    here, there = iter(db.conn.execute(sql)), iter(scratch.conn.execute(sql))
    ours, theirs = next(here, None), next(there, None)
    while ours is not None or theirs is not None:
        if ours == theirs:
            ours, theirs = next(here, None), next(there, None)
        elif theirs is None or (ours is not None and ours[:width] < theirs[:width]):
            yield ours, None
            ours = next(here, None)
        elif ours is None or theirs[:width] < ours[:width]:
            yield None, theirs
            theirs = next(there, None)
        else:
            if plain(ours) != plain(theirs):
                yield ours, theirs
            ours, theirs = next(here, None), next(there, None)


def _row_difference(table: Table, names: Sequence[str], ours: Row | None, theirs: Row | None) -> Iterator[Finding]:
    row = ours or theirs or ()
    key = row[: len(table.key)]
    place = f"{table.name}/{key_text(key)}"
    if ours is None or theirs is None:
        yield Finding("row_missing" if ours is None else "row_not_in_log", place, table.name, key)
        return
    cells = [each for each in zip(names, ours, theirs, strict=False) if each[1] != each[2]]
    for name, here, there in cells:
        yield Finding("row_differs", place, table.name, key, name, here, there)
    if not cells:
        yield Finding("version_differs", place, table.name, key)


def _head_difference(tables: Mapping[str, Table], kind: str, ours: Row | None, theirs: Row | None) -> Finding:
    name, text, *rest = ours or theirs or ()
    table = tables.get(str(name))
    key = key_parts(table, str(text)) if table is not None else ()
    unit = int(str(rest[0])) if kind == "head_differs" else 0
    field = table.units[unit].name if table is not None and 0 < unit < len(table.units) else ""
    here, there = ("" if side is None else str(side[-4:]) for side in (ours, theirs))
    return Finding(kind, f"{name}/{text}", str(name), key, field, here, there)

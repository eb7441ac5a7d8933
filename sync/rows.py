"""Pending rows as blocks: what a transaction changed, read back from the tables at commit."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from shared.errors import InvalidInput, Problem
from shared.records.declare import Rule
from shared.schema import Table, Value, key_parts, key_text, key_text_sql, quoted
from sync.floor import is_pruned
from sync.heads import load_state, read_row, unit_values, unit_versions, where_key
from sync.opened import Key, written_values

Row = tuple[Any, ...]
# One pending row says one thing of a key: a keep beside an edit would lose one of the two without a word.
KEPT_AND_EDITED = "kept_and_edited"


@dataclass(frozen=True)
class Edit:
    """One row's change before packing. `units` maps unit index → versions named (op "u"); `named` the
    versions a delete, a keep or an insert over a tombstone names; `values` every column. `row_number` is the
    row's `_r` where the change takes the plain way, and only then of any meaning."""

    op: str
    key: Key
    values: Mapping[str, Value]
    units: Mapping[int, frozenset[int]] = field(default_factory=dict)
    named: frozenset[int] = frozenset()
    weights: Mapping[int, int] = field(default_factory=dict)
    by_path: bool = False
    row_number: int = 0


@dataclass(frozen=True)
class NewRows:
    """Rows of one table with keys that nobody wrote before: they name nothing and stay as SQL gave them, values in
    the order of the table's columns, then `_r`, then 0."""

    table: Table
    rows: Sequence[Row]


@dataclass(frozen=True)
class Pending:
    """What a transaction changed in one scope."""

    fresh: list[NewRows] = field(default_factory=list)
    edits: list[tuple[Table, Edit]] = field(default_factory=list)


def pending_by_scope(
    db: Database, touched: Iterable[Table]
) -> tuple[dict[str, Pending], dict[tuple[str, Key], Sequence[Value]]]:
    """Everything to pack, by scope; and each deleted row as it was, by table and key."""
    work: dict[str, Pending] = defaultdict(Pending)
    gone: dict[tuple[str, Key], Sequence[Value]] = {}
    for table in touched:
        found = []
        # A transaction that only inserts has set off no trigger.
        if db.conn.execute("SELECT 1 FROM _pending WHERE t = ? LIMIT 1", (table.name,)).fetchone():
            deletes = pending_deletes(db, table)
            gone.update({(table.name, edit.key): was for edit, was in deletes})
            # Before the inserts: replacements hand the old row's versions to the new row, which is then no insert.
            found = pending_replacements(db, table) + pending_updates(db, table)
            found += [edit for edit, _ in deletes] + pending_keeps(db, table)
        fresh, revived = pending_inserts(db, table)
        for scope, rows in fresh.items():
            work[scope].fresh.append(rows)
        for edit in [*found, *revived, *pending_stale(db, table, found)]:
            work[table.scope_of(edit.key)].edits.append((table, edit))
    return work, gone


def pending_inserts(db: Database, table: Table) -> tuple[dict[str, NewRows], list[Edit]]:
    """Rows above the mark (and rows whose key was changed) that no changeset has written yet: by scope where the
    key is new, and as edits where something is known of it already."""
    dead = _dead_key_sql(db, table)
    columns = ", ".join(f"t.{quoted(c.name)}" for c in table.columns)
    sql = f"SELECT {columns}, t._r, {dead} FROM {{}} t._v IS NULL ORDER BY {', '.join(map(quoted, table.key))}"
    # Two statements: with an OR, SQLite would read the whole table.
    above = f"{quoted(table.name)} AS t NOT INDEXED WHERE t._r > (SELECT r FROM _mark WHERE t = ?1) AND"
    moved = (
        f"{quoted(table.name)} AS t NOT INDEXED WHERE t._r IN (SELECT r FROM _pending WHERE t = ?1 AND op = 'i')"
        " AND t._r <= (SELECT r FROM _mark WHERE t = ?1) AND"
    )
    rows = [row for place in (above, moved) for row in db.conn.execute(sql.format(place), (table.name,))]
    # Only a row that some changeset had written can be replaced; one of this very transaction is still new.
    sql = "SELECT k FROM _pending WHERE t = ? AND op IN ('x', 'd') AND v IS NOT NULL"
    replaced = {k for (k,) in db.conn.execute(sql, (table.name,))}
    if replaced:
        # A REPLACE, or a delete and insert of one key: read as an edit of the old row.
        rows = [row for row in rows if key_text(_key_of(table, row)) not in replaced]
    revived = [_revived(db, table, row) for row in rows if row[-1]]
    return _by_scope(table, [row for row in rows if not row[-1]] if revived else rows), revived


def _dead_key_sql(db: Database, table: Table) -> str:
    """SQL for "more is known of this row's key than the row can say": tombstones, rows without existence. Most
    tables have none, and then no row is asked."""
    own = [
        name
        for name in ("_delete", "_head")
        if db.conn.execute(f"SELECT 1 FROM {name} WHERE t = ? LIMIT 1", (table.name,)).fetchone()
    ]
    key = key_text_sql(table, "t")
    return " OR ".join(f"EXISTS (SELECT 1 FROM {name} AS d WHERE d.t = ?1 AND d.k = {key})" for name in own) or "0"


def _key_of(table: Table, row: Row) -> Key:
    return tuple(value for column, value in zip(table.columns, row, strict=False) if column.spec.key)


def _revived(db: Database, table: Table, row: Row) -> Edit:
    """An insert over what is left of a dead row: it names all of that."""
    values = dict(zip((c.name for c in table.columns), row, strict=False))
    key = tuple(values[name] for name in table.key)
    return Edit("i", key, values, named=_versions_of_dead_row(db, table, key), by_path=True)


def _by_scope(table: Table, rows: Sequence[Row]) -> dict[str, NewRows]:
    """The scope hangs on one column of the key at most, whose values are few: each is asked once."""
    at = next((i for i, column in enumerate(table.columns) if column.name == table.declaration.scope), None)
    if at is None:
        return {table.scope_of(()): NewRows(table, rows)} if rows else {}
    scopes = {row[at]: table.scope_of(_key_of(table, row)) for row in {row[at]: row for row in rows}.values()}
    if len(set(scopes.values())) == 1:
        return {scopes[rows[0][at]]: NewRows(table, rows)}
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[scopes[row[at]]].append(row)
    return {scope: NewRows(table, group) for scope, group in found.items()}


def _versions_of_dead_row(db: Database, table: Table, key: Key) -> frozenset[int]:
    """What an insert over a key without a row names: all of a row that is gone, nothing of one that this schema
    cannot show (nobody saw it: both stand side by side, C12)."""
    text = key_text(key)
    if load_state(db, table, key).alive:
        return frozenset()
    rows = db.conn.execute(
        "SELECT v FROM _head WHERE t = ? AND k = ? UNION SELECT v FROM _delete WHERE t = ? AND k = ?",
        (table.name, text, table.name, text),
    )
    return frozenset(v for (v,) in rows)


def pending_updates(db: Database, table: Table) -> list[Edit]:
    """Rows that UPDATE touched, with the units that changed and the versions they replace."""
    names = [c.name for c in table.columns]
    columns = ", ".join(f"t.{quoted(name)}" for name in names)
    sql = (
        f"SELECT {columns}, p.r, p.mask, p.v, p.vx FROM _pending AS p JOIN {quoted(table.name)} AS t ON t._r = p.r"
        " WHERE p.t = ? AND p.op IN ('u', 'x') AND p.mask <> 0 AND p.v IS NOT NULL ORDER BY p.k"
    )
    found = []
    for row in db.conn.execute(sql, (table.name,)).fetchall():
        values = dict(zip(names, row, strict=False))
        versions = unit_versions(row[-2:], table)
        units = [unit.index for unit in table.units[1:] if row[-3] >> unit.index & 1]
        found.append(edit_of_units(db, table, values, (row[-4], units), versions))
    return found


def pending_replacements(db: Database, table: Table) -> list[Edit]:
    """Rows wiped by REPLACE, or deleted and inserted again: an edit of the units that differ now."""
    found = []
    for text, mask, v, vx, old in _pending_gone(db, table):
        key = key_parts(table, text)
        now = read_row(db, table, key)
        if now is None or now[-2] is not None:
            continue
        before = _as_written(db, table, key, old, (mask, v, vx))
        after = dict(zip((c.name for c in table.columns), now, strict=False))
        changed = [u.index for u in table.units[1:] if unit_values(u, before) != unit_values(u, after)]
        # The new row takes over the old one's versions; only what differs is a change.
        [number] = db.conn.execute(
            f"UPDATE {quoted(table.name)} SET _v = ?, _vx = ? WHERE {where_key(table)} RETURNING _r", (v, vx, *key)
        ).fetchone()
        if changed:
            found.append(edit_of_units(db, table, after, (number, changed), unit_versions((v, vx), table)))
    return found


def _pending_gone(db: Database, table: Table) -> list[Row]:
    return db.conn.execute(
        "SELECT k, mask, v, vx, old FROM _pending"
        " WHERE t = ? AND op IN ('x', 'd') AND old IS NOT NULL AND v IS NOT NULL",
        (table.name,),
    ).fetchall()


def _as_written(db: Database, table: Table, key: Key, old: str, at: tuple[int, int, str | None]) -> dict[str, Value]:
    """A row that is gone, as its versions wrote it: what this very transaction had changed before (`mask`)
    belongs to no changeset. Where the floor is (C13) the triggers keep the row as it was before that."""
    mask, v, vx = at
    values = dict(zip((c.name for c in table.columns), json.loads(old), strict=True))
    versions = unit_versions((v, vx), table) if mask else {}
    for unit in table.units[1:]:
        if mask >> unit.index & 1 and not is_pruned(db, abs(versions[unit.index])):
            written = written_values(db, table, key, unit, abs(versions[unit.index]))
            values.update(zip(unit.columns, written, strict=True))
    return values


def edit_of_units(
    db: Database, table: Table, values: Mapping[str, Value], at: tuple[int, Sequence[int]],
    versions: Mapping[int, int],
) -> Edit:  # fmt: skip
    """An ordinary edit: it names the winner and every head with the winner's value (precise point 1).

    at: the row's number and the units that changed. Of a `quiet` unit it names all heads: nobody will be asked about
    the others (C4).
    """
    number, units = at
    key = tuple(values[name] for name in table.key)
    named: dict[int, frozenset[int]] = {}
    weights: dict[int, int] = {}
    by_path = False
    for index in units:
        version = versions[index]
        if version > 0:
            named[index] = frozenset([version])
            continue
        by_path = True
        heads = load_state(db, table, key).heads.get(index, {})
        shown = heads[-version]
        quiet = table.units[index].rule is Rule.QUIET
        named[index] = frozenset(h.version for h in heads.values() if quiet or h.values == shown.values)
        if len(heads) > 1:
            weights[index] = shown.weight
    return Edit("u", key, values, named, weights=weights, by_path=by_path, row_number=number)


def pending_deletes(db: Database, table: Table) -> list[tuple[Edit, Sequence[Value]]]:
    """Rows that are gone, each with the row as it was; a delete names every head of every unit."""
    found: list[tuple[Edit, Sequence[Value]]] = []
    for text, mask, v, vx, old in _pending_gone(db, table):
        key = key_parts(table, text)
        if read_row(db, table, key) is not None:
            continue
        was = (*_as_written(db, table, key, old, (mask, v, vx)).values(), v, vx)
        state = load_state(db, table, key, was)
        named = {version for heads in state.heads.values() for version in heads} | state.deletes
        edit = Edit("d", key, dict(zip(table.key, key, strict=True)), named=frozenset(named), by_path=True)
        found.append((edit, was))
    return found


def pending_stale(db: Database, table: Table, written: Iterable[Edit]) -> list[Edit]:
    """Fields written with the token of an older page: they name what that page showed (C2).

    A unit that is among `written` was written once more in the same save, and of a row that was deleted in it nothing
    is left to write: a changeset holds one value of it.
    """
    written = list(written)
    later = {(key_text(edit.key), unit) for edit in written for unit in edit.units}
    gone = {key_text(edit.key) for edit in written if edit.op == "d"}
    by_key: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for text, unit, bases, value in db.conn.execute(
        "SELECT k, u, bases, value FROM _pending_stale WHERE t = ? ORDER BY k, u", (table.name,)
    ):
        if (text, unit) not in later and text not in gone:
            by_key[text].append((unit, bases, value))
    found = []
    for text, units in by_key.items():
        key = key_parts(table, text)
        values: dict[str, Value] = dict(zip(table.key, key, strict=True))
        for unit, _, value in units:
            values.update(zip(table.units[unit].columns, json.loads(value), strict=True))
        named = {unit: frozenset(json.loads(bases)) for unit, bases, _ in units}
        found.append(Edit("u", key, values, named, by_path=True))
    return found


def pending_keeps(db: Database, table: Table) -> list[Edit]:
    """Rows that a person decided to keep against a delete: names the deletes and the existence heads seen.

    Raises InvalidInput("kept_and_edited") when the same save changed fields of such a row.
    """
    found = []
    rows = db.conn.execute("SELECT k, old, mask FROM _pending WHERE t = ? AND op = 'k'", (table.name,)).fetchall()
    for text, named, mask in rows:
        if mask:
            raise InvalidInput(Problem(table.name, KEPT_AND_EDITED))
        key = key_parts(table, text)
        values = dict(zip(table.key, key, strict=True))
        found.append(Edit("k", key, values, named=frozenset(json.loads(named)), by_path=True))
    return found


def touched_tables(db: Database, tables: Mapping[str, Table]) -> list[Table]:
    """The tables that hold anything to pack, in order of declaration."""
    names = {
        name
        for (name,) in db.conn.execute(
            "SELECT t FROM _pending UNION SELECT t FROM _pending_stale"
            " UNION SELECT name FROM sqlite_sequence JOIN _mark ON t = name WHERE seq > r"
        )
    }
    return [table for table in tables.values() if table.name in names]

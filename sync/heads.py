"""Row states in and out of SQL: the path for everything that is not a plain insert or update.

A unit with one head lives in its table row alone. A unit with several heads (or one that carries a weight), and
every unit of a row that is gone, has all its heads in `_head`; so has one with a parked value, and every unit of
a row that this schema cannot show (C12); the row's `_vx` then holds the winner's number
negated, so that the plain path's "is the base the current version" never matches it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlite_utils import Database

from shared.records.declare import Rule
from shared.schema import Table, Unit, Value, key_parts, key_text, key_text_sql, quoted
from sync.floor import Base, base_of, lay_down, pruned_sql
from sync.log import Logged, logged
from sync.merge import Change, Head, RowState, Stamp, Values, fold, weight_of
from sync.opened import Key
from sync.parked import HELD, NOT_HELD, ROW_HIDDEN, is_held, is_shown, shown_heads


def apply_to_rows(db: Database, table: Table, changes: Mapping[Key, Sequence[Change]]) -> None:
    """Fold changes into the rows they concern and write the outcome back."""
    for key, row_changes in changes.items():
        state = fold(load_state(db, table, key), row_changes)
        store_state(db, table, key, state)


def redecide(db: Database, tables: Mapping[str, Table], numbers: Iterable[int]) -> None:
    """Choose winners anew where an effective stamp has changed (a receipt came in, C6)."""
    rows = db.conn.execute(
        "SELECT DISTINCT t, k FROM _head WHERE v IN (SELECT value FROM json_each(?))", (json.dumps(list(numbers)),)
    ).fetchall()
    for name, text in rows:
        if name in tables:
            key = key_parts(tables[name], text)
            store_state(db, tables[name], key, load_state(db, tables[name], key))


def load_state(db: Database, table: Table, key: Key, old: Sequence[Value] | None = None) -> RowState:
    """The heads of one row. `old`: the row as it was (columns, `_v`, `_vx`) when it is already deleted."""
    text = key_text(key)
    stored = db.conn.execute(
        "SELECT u, v, value, weight, deleted FROM _head WHERE t = ? AND k = ?", (table.name, text)
    )
    deletes = db.conn.execute("SELECT v FROM _delete WHERE t = ? AND k = ?", (table.name, text))
    row = old or read_row(db, table, key)
    return state_in(db, table, key, Base(tuple(row) if row else None, stored.fetchall(), [v for (v,) in deletes]))


def state_in(db: Database, table: Table, key: Key, stored: Base) -> RowState:
    """The heads of a row from the parts in which it is stored."""
    heads: dict[int, dict[int, Head]] = {}
    for unit, version, value, weight, deleted in stored.heads:
        heads.setdefault(unit, {})[version] = Head(version, tuple(json.loads(value)), weight, bool(deleted))
    if stored.row is not None and stored.row[-2] is not None:
        _add_single_heads(db, table, key, stored.row, heads)
    return RowState(heads, frozenset(stored.deletes))


def base_state(db: Database, table: Table, key: Key) -> RowState:
    """What the pruned changesets left of a row that others have touched since; empty where there are none (C13)."""
    stored = base_of(db, table, key)
    if stored is None:
        return RowState()
    state = state_in(db, table, key, stored)
    inserts = state.heads.get(0, {})
    # A field that came with a later release: its heads are those of the inserts, with its default.
    for unit in table.units:
        if unit.index not in state.heads and inserts:
            default = tuple(table.specs[name].default for name in unit.columns)
            state.heads[unit.index] = {v: Head(v, default, 0, head.deleted) for v, head in inserts.items()}
    return state


def set_base(db: Database, table: Table, key: Key, state: RowState) -> None:
    """Lay down what pruned changesets leave of a row."""
    heads = [
        (unit, head.version, json.dumps(head.values, ensure_ascii=False), head.weight, int(head.deleted))
        for unit, found in state.heads.items()
        for head in found.values()
    ]
    lay_down(db, table, key, heads, sorted(state.deletes))


def read_row(db: Database, table: Table, key: Key) -> Sequence[Value] | None:
    """All columns of a row, then `_v` and `_vx`; None where there is no row."""
    names = ", ".join(quoted(c.name) for c in table.columns)
    sql = f"SELECT {names}, _v, _vx FROM {quoted(table.name)} WHERE {where_key(table)}"
    row: Sequence[Value] | None = db.conn.execute(sql, key).fetchone()
    return row


def dead_keys(db: Database, table: Table) -> set[str]:
    """The keys of which something is kept beside the table: tombstones, rows without existence, conflicts."""
    sql = "SELECT k FROM _delete WHERE t = ? UNION SELECT k FROM _head WHERE t = ?"
    return {k for (k,) in db.conn.execute(sql, (table.name, table.name))}


def where_key(table: Table) -> str:
    """`WHERE` text that finds one row by its key columns."""
    return " AND ".join(f"{quoted(name)} = ?" for name in table.key)


def unit_versions(row: Sequence[Value], table: Table) -> dict[int, int]:
    """Unit → signed local version number, from a row's last two values (`_v`, `_vx`)."""
    whole = int(str(row[-2]))
    differing = {int(u): int(v) for u, v in json.loads(str(row[-1] or "{}")).items()}
    return {unit.index: differing.get(unit.index, whole) for unit in table.units}


def _add_single_heads(
    db: Database, table: Table, key: Key, row: Sequence[Value], heads: dict[int, dict[int, Head]]
) -> None:
    values = dict(zip((c.name for c in table.columns), row, strict=False))
    versions = {u: v for u, v in unit_versions(row, table).items() if u not in heads}
    about = logged(db, versions.values())
    for unit in table.units:
        if unit.index in versions:
            version = versions[unit.index]
            found = unit_values(unit, values)
            weight = own_weight(table, key, unit, about[version], found)
            heads[unit.index] = {version: Head(version, found, weight)}


def unit_values(unit: Unit, values: Mapping[str, Value]) -> Values:
    """The values of a unit's columns, in order."""
    return tuple(values[name] for name in unit.columns)


def own_weight(table: Table, key: Key, unit: Unit, about: Logged, values: Values) -> int:
    """The weight an author's write has by itself."""
    if unit.rule not in (Rule.AUTHORITY, Rule.RANK):
        return 0
    owner = table.owner_of(key)
    return weight_of(unit.rule, rank=about.rank, home=owner is not None and about.campus == owner, values=values)


def store_state(db: Database, table: Table, key: Key, state: RowState) -> None:
    """Write a row's state: the winners into its table, what a single value cannot say into `_head`."""
    text = key_text(key)
    about = logged(db, {v for found in state.heads.values() for v in found})
    stamps = {n: Stamp(row.effective, row.origin, row.hash) for n, row in about.items()}
    shown = shown_heads(db, table, key, state, stamps) if state.alive else {}
    hidden = not (shown and is_shown(table, key, shown))
    apart = set(state.heads) if hidden else _kept_apart(table, key, state, about)
    db.conn.execute("DELETE FROM _head WHERE t = ? AND k = ?", (table.name, text))
    db.conn.execute("DELETE FROM _delete WHERE t = ? AND k = ?", (table.name, text))
    kept = [
        (
            table.name, text, unit, head.version, json.dumps(head.values, ensure_ascii=False), head.weight,
            head.deleted, _parked(table, unit, head.values, hidden=state.alive and hidden),
        )
        for unit, found in state.heads.items()
        for head in found.values()
        if unit in apart
    ]  # fmt: skip
    db.conn.executemany(
        "INSERT INTO _head (t, k, u, v, value, weight, deleted, parked) VALUES (?,?,?,?,?,?,?,?)", kept
    )
    deletes = [(table.name, text, version) for version in state.deletes]
    db.conn.executemany("INSERT INTO _delete (t, k, v) VALUES (?, ?, ?)", deletes)
    if hidden:
        remove_row(db, table, key)
    else:
        _write_row(db, table, key, shown, apart)


def _parked(table: Table, unit: int, values: Values, *, hidden: bool) -> int:
    return ROW_HIDDEN if hidden else HELD if is_held(table, unit, values) else NOT_HELD


def _kept_apart(table: Table, key: Key, state: RowState, about: Mapping[int, Logged]) -> set[int]:
    """The units of which a row alone cannot say all: several heads, a deleted one, a parked one, or a weight that
    came from the winner it replaced."""
    units = {unit.index: unit for unit in table.units}
    return {
        index
        for index, found in state.heads.items()
        for head in found.values()
        if len(found) > 1
        or head.deleted
        or not is_held(table, index, head.values)
        or head.weight != own_weight(table, key, units[index], about[head.version], head.values)
    }


def _write_row(
    db: Database, table: Table, key: Key, shown: Mapping[int, tuple[Head, Values | None]], apart: set[int]
) -> None:
    values: dict[str, Value] = dict(zip(table.key, key, strict=True))
    versions: dict[int, int] = {}
    for unit in table.units:
        won, its_values = shown[unit.index]
        values.update(zip(unit.columns, its_values or (), strict=True))
        versions[unit.index] = -won.version if unit.index in apart else won.version
    whole = abs(versions[0])
    differing = {str(u): v for u, v in versions.items() if v != whole}
    vx = json.dumps(differing, separators=(",", ":")) if differing else None
    names = [*values, "_v", "_vx"]
    sets = ", ".join(f"{quoted(n)} = excluded.{quoted(n)}" for n in names if n not in table.key)
    sql = (
        f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, names))}) VALUES ({', '.join('?' for _ in names)})"
        f" ON CONFLICT ({', '.join(map(quoted, table.key))}) DO UPDATE SET {sets}"
    )
    db.conn.execute(sql, (*values.values(), whole, vx))


def remove_row(db: Database, table: Table, key: Key) -> None:
    """Delete a row from its table without that being anybody's write."""
    # -1 tells the delete trigger that this is the merge's doing.
    db.conn.execute(f"UPDATE {quoted(table.name)} SET _v = -1 WHERE {where_key(table)}", key)
    db.conn.execute(f"DELETE FROM {quoted(table.name)} WHERE {where_key(table)}", key)


def back_to_floor(db: Database, tables: Mapping[str, Table]) -> None:
    """Leave of all tables, heads and deletes what pruned changesets made: nothing where none are (C13)."""
    for table in tables.values():
        name, key = quoted(table.name), key_text_sql(table)
        kept = f"{pruned_sql(f'{name}._v')} AND {key} NOT IN (SELECT k FROM _base WHERE t = ?1)"
        db.conn.execute(f"UPDATE {name} SET _v = -1, _vx = NULL WHERE NOT ({kept})", (table.name,))
        db.conn.execute(f"DELETE FROM {name} WHERE _v = -1")
    for own in ("_head", "_delete"):
        db.conn.execute(
            f"DELETE FROM {own} WHERE NOT {pruned_sql(f'{own}.v')} OR (t, k) IN (SELECT t, k FROM _base)"
        )
    for name, text in db.conn.execute("SELECT t, k FROM _base").fetchall():
        if name in tables:
            key_ = key_parts(tables[name], text)
            store_state(db, tables[name], key_, base_state(db, tables[name], key_))

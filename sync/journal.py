"""Changesets into tables: set-wise where the base is the current version, row by row where it is not.

Everything here runs inside the transaction that stored the changesets, with nothing pending before and
nothing left pending after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from shared.schema import Table, Unit, Value, key_text, quoted
from sync.body import decode_header, decode_parts, rows_of
from sync.change import Block
from sync.heads import Key, apply_to_rows, dead_keys, own_weight, remove_row
from sync.log import find_version, logged, read_changeset
from sync.merge import Change, Values


@dataclass(frozen=True)
class Opened:
    """A changeset of the log, decoded: its local number, its blocks, and its names as local numbers."""

    n: int
    scope: str
    blocks: list[Block]
    names: list[int]


@dataclass
class Applied:
    """What one application did."""

    rows: int = 0
    rows_by_path: int = 0
    tables: set[str] = field(default_factory=set)


def open_changeset(db: Database, n: int) -> Opened:
    """Decode a stored changeset. Names that are not here are 0, which no row has."""
    stored = read_changeset(db, n)
    header = decode_header(stored.header)
    names = [find_version(db, stored.scope, name) or 0 for name in header.names]
    return Opened(n, stored.scope, decode_parts(stored.parts or (b"[]",)), names)


def apply_changesets(db: Database, tables: Mapping[str, Table], opened: Sequence[Opened]) -> Applied:
    """Apply changesets whose predecessors and bases are all here, in any order among themselves (C3)."""
    applied = Applied()
    leftover: dict[str, list[tuple[Opened, Block, int]]] = defaultdict(list)
    inserts: dict[tuple[str, tuple[str, ...]], list[tuple[Opened, Block]]] = defaultdict(list)
    updates: dict[tuple[str, tuple[str, ...]], list[tuple[Opened, Block]]] = defaultdict(list)
    for one in opened:
        for block in one.blocks:
            table = tables.get(block.table)
            if table is None:
                continue  # a newer schema's table: the body stays in the log and is applied at the upgrade (C12)
            applied.rows += block.count
            applied.tables.add(block.table)
            if block.op == "i" and not block.bases_named():
                inserts[block.table, tuple(block.columns)].append((one, block))
            elif block.op == "u" and all(unit in _unit_names(table) for unit in block.units):
                updates[block.table, block.units].append((one, block))
            else:
                leftover[block.table] += [(one, block, row) for row in range(block.count)]
    for (name, _), group in inserts.items():
        leftover[name] += _insert_plainly(db, tables[name], group)
    _update_plainly(db, tables, updates, leftover)
    for name, rows in leftover.items():
        applied.rows_by_path += len(rows)
        apply_to_rows(db, tables[name], _changes_by_key(db, tables[name], rows))
    settle_capture(db)
    return applied


def settle_capture(db: Database) -> None:
    """Whatever the merge wrote is not a user's write: nothing stays pending, marks move up."""
    db.conn.execute("DELETE FROM _pending")
    db.conn.execute(
        "UPDATE _mark SET r = s.seq FROM sqlite_sequence AS s WHERE s.name = _mark.t AND s.seq > _mark.r"
    )


def _unit_names(table: Table) -> set[str]:
    return {unit.name for unit in table.units[1:]}


def _insert_plainly(
    db: Database, table: Table, group: Sequence[tuple[Opened, Block]]
) -> list[tuple[Opened, Block, int]]:
    """INSERT … ON CONFLICT DO NOTHING over whole columns; what met an existing or a dead key is returned."""
    known = {c.name for c in table.columns}
    names = [name for name in group[0][1].columns if name in known]
    if set(table.key) - set(names):
        return [(one, block, row) for one, block in group for row in range(block.count)]
    marks = ", ".join("?" for _ in names)
    sql = (
        f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, names))}, _v) VALUES ({marks}, ?)"
        " ON CONFLICT DO NOTHING"
    )
    dead = dead_keys(db, table)
    sent = list(_rows_with_version(group, names)) if not dead else list(_rows_of_new_keys(table, group, names, dead))
    cursor = db.conn.executemany(sql, sent)
    if cursor.rowcount == sum(block.count for _, block in group):
        return []
    return [
        (one, block, row)
        for one, block in group
        for row in range(block.count)
        if _whole_version(db, table, _key_at(table, block, row)) != one.n
    ]


def _rows_with_version(
    group: Sequence[tuple[Opened, Block]], names: Sequence[str]
) -> Iterator[tuple[Value, ...]]:
    for one, block in group:
        columns = [block.columns[name] for name in names]
        yield from zip(*columns, [one.n] * block.count, strict=True)


def _rows_of_new_keys(
    table: Table, group: Sequence[tuple[Opened, Block]], names: Sequence[str], dead: set[str]
) -> Iterator[tuple[Value, ...]]:
    """The same without the keys of which more is known than a row can say."""
    for one, block in group:
        for key, row in zip(rows_of(block, table.key), rows_of(block, names), strict=True):
            if key_text(key) not in dead:
                yield (*row, one.n)


def _whole_version(db: Database, table: Table, key: Key) -> int | None:
    where = " AND ".join(f"{quoted(name)} = ?" for name in table.key)
    row = db.conn.execute(f"SELECT _v FROM {quoted(table.name)} WHERE {where}", key).fetchone()
    return row[0] if row else None


def _key_at(table: Table, block: Block, row: int) -> Key:
    return tuple(block.columns[name][row] for name in table.key)


def _update_plainly(
    db: Database,
    tables: Mapping[str, Table],
    updates: Mapping[tuple[str, tuple[str, ...]], Sequence[tuple[Opened, Block]]],
    leftover: dict[str, list[tuple[Opened, Block, int]]],
) -> None:
    """One temp table and one UPDATE … FROM per set of units, repeated while it applies something, so that
    chains inside one frame go through; what is left has another base than the current version."""
    groups = []
    for number, ((name, units), group) in enumerate(updates.items()):
        loaded = _load_updates(db, tables[name], units, group, number)
        groups.append((tables[name], units, group, number, loaded))
        leftover[name] += [(group[b][0], group[b][1], row) for b, row in loaded.unfit]
    moved = True
    while moved:
        moved = False
        for table, units, _, number, _ in groups:
            moved = _run_update(db, table, units, number) > 0 or moved
    for table, _, group, number, _ in groups:
        rest = db.conn.execute(f"SELECT b, i FROM temp._u{number} ORDER BY b, i").fetchall()
        leftover[table.name] += [(group[b][0], group[b][1], row) for b, row in rest]
        db.conn.execute(f"DROP TABLE temp._u{number}")


@dataclass(frozen=True)
class _Loaded:
    """Rows that name several versions for one unit cannot be compared with one number, and a weight carried
    over has no place in a plain row."""

    unfit: list[tuple[int, int]]


def _load_updates(
    db: Database, table: Table, units: tuple[str, ...], group: Sequence[tuple[Opened, Block]], number: int
) -> _Loaded:
    names = [*table.key, *_unit_columns(table, units)]
    bases = [f"base{i}" for i in range(len(units))]
    columns = ", ".join([*map(quoted, names), *bases, "v", "b", "i"])
    db.conn.execute(f"DROP TABLE IF EXISTS temp._u{number}")
    db.conn.execute(f"CREATE TEMP TABLE _u{number} ({columns})")
    rows, unfit = [], []
    for b, (one, block) in enumerate(group):
        for i, (row, named) in enumerate(zip(rows_of(block, names), block.bases, strict=True)):
            if any(len(versions) != 1 for versions in named) or (block.weights and any(block.weights[i])):
                unfit.append((b, i))
            else:
                rows.append((*row, *(_local(one, versions[0]) for versions in named), one.n, b, i))
    marks = ", ".join("?" for _ in range(len(names) + len(bases) + 3))
    db.conn.executemany(f"INSERT INTO temp._u{number} VALUES ({marks})", rows)
    return _Loaded(unfit)


def _local(one: Opened, index: int) -> int:
    return one.names[index] if 0 <= index < len(one.names) else 0


def _unit_columns(table: Table, units: Sequence[str]) -> list[str]:
    return [column for unit in table.units if unit.name in units for column in unit.columns]


def _run_update(db: Database, table: Table, units: tuple[str, ...], number: int) -> int:
    """Apply the rows whose bases are current and strike them off; how many."""
    indexes = [next(unit.index for unit in table.units if unit.name == name) for name in units]
    sets = [f"{quoted(c)} = u.{quoted(c)}" for c in _unit_columns(table, units)]
    paths = ", ".join(f"'$.\"{index}\"', u.v" for index in indexes)
    same_key = " AND ".join(f"t.{quoted(c)} = u.{quoted(c)}" for c in table.key)
    current = [
        f"coalesce(json_extract(t._vx, '$.\"{index}\"'), t._v) = u.base{i}" for i, index in enumerate(indexes)
    ]
    name = quoted(table.name)
    changed = db.conn.execute(
        f"UPDATE {name} AS t SET {', '.join(sets)}, _vx = json_set(coalesce(t._vx, '{{}}'), {paths})"
        f" FROM temp._u{number} AS u WHERE {same_key} AND {' AND '.join(current)}"
    ).rowcount
    if changed > 0:
        first = f"json_extract(t._vx, '$.\"{indexes[0]}\"')"
        db.conn.execute(
            f"DELETE FROM temp._u{number} AS u WHERE EXISTS"
            f" (SELECT 1 FROM {name} AS t WHERE {same_key} AND {first} = u.v)"
        )
    return changed


def _changes_by_key(
    db: Database, table: Table, rows: Iterable[tuple[Opened, Block, int]]
) -> dict[Key, list[Change]]:
    found: dict[Key, list[Change]] = defaultdict(list)
    rows = sorted(rows, key=lambda item: item[0].n)
    about = logged(db, {one.n for one, _, _ in rows})
    for one, block, row in rows:
        key = _key_at(table, block, row)
        change = change_at(table, one, block, row)
        weights = dict(change.weights)
        for index, values in change.writes.items():
            own = own_weight(table, key, table.units[index], about[one.n], values)
            weights[index] = max(own, weights.get(index, 0))
        found[key].append(Change(change.op, change.version, change.writes, change.bases, weights))
    return found


def change_at(table: Table, one: Opened, block: Block, row: int) -> Change:
    """One row of a block as a change; columns that this schema lacks are left in the log."""
    named = block.bases[row] if block.bases else [[]]
    if block.op == "u":
        units = [unit for unit in table.units[1:] if unit.name in block.units]
        at = {name: i for i, name in enumerate(block.units)}
        return Change(
            "u",
            one.n,
            {u.index: tuple(block.columns[c][row] for c in u.columns) for u in units},
            {u.index: frozenset(_local(one, i) for i in named[at[u.name]]) for u in units},
            {u.index: block.weights[row][at[u.name]] for u in units} if block.weights else {},
        )
    bases = {0: frozenset(_local(one, i) for i in named[0])}
    if block.op != "i":
        return Change(block.op, one.n, {0: ()} if block.op == "k" else {}, bases)
    writes = {u.index: tuple(_value(table, block, c, row) for c in u.columns) for u in table.units}
    return Change("i", one.n, writes, bases)


def written_values(db: Database, table: Table, key: Key, unit: Unit, version: int) -> Values:
    """What a changeset of the log wrote into a unit of a row. Raises KeyError when it did not touch it."""
    one = open_changeset(db, version)
    for block in one.blocks:
        for row in range(block.count) if block.table == table.name else ():
            if _key_at(table, block, row) == key:
                writes = change_at(table, one, block, row).writes
                if unit.index in writes:
                    return writes[unit.index]
    raise KeyError(version)


def _value(table: Table, block: Block, column: str, row: int) -> Value:
    if column in block.columns:
        return block.columns[column][row]
    return next(c.spec.default for c in table.columns if c.name == column)


def recompute_rows(db: Database, tables: Mapping[str, Table], scope: str, keys: Mapping[str, set[Key]]) -> None:
    """Build rows anew from the log: after a verdict took a changeset out or a release put one in (C9)."""
    by_row: dict[tuple[str, Key], list[tuple[Opened, Block, int]]] = defaultdict(list)
    numbers = db.conn.execute(
        "SELECT n FROM _changeset WHERE scope = ? AND state = 'applied' AND parts IS NOT NULL ORDER BY n", (scope,)
    ).fetchall()
    for (n,) in numbers:
        one = open_changeset(db, n)
        for block in one.blocks:
            wanted = keys.get(block.table)
            if wanted and block.table in tables:
                table = tables[block.table]
                for row in range(block.count):
                    if _key_at(table, block, row) in wanted:
                        by_row[block.table, _key_at(table, block, row)].append((one, block, row))
    for name, wanted in keys.items():
        if name in tables:
            for key in wanted:
                _forget_row(db, tables[name], key)
                rows = by_row.get((name, key), [])
                apply_to_rows(db, tables[name], _changes_by_key(db, tables[name], rows))
    settle_capture(db)


def _forget_row(db: Database, table: Table, key: Key) -> None:
    remove_row(db, table, key)
    for own in ("_head", "_delete"):
        db.conn.execute(f"DELETE FROM {own} WHERE t = ? AND k = ?", (table.name, key_text(key)))


def keys_in(tables: Mapping[str, Table], opened: Iterable[Opened]) -> dict[str, set[Key]]:
    """The rows that changesets touch, by table."""
    found: dict[str, set[Key]] = defaultdict(set)
    for one in opened:
        for block in one.blocks:
            if block.table in tables:
                found[block.table].update(rows_of(block, tables[block.table].key))
    return found

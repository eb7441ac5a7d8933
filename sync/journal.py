"""Changesets into tables: set-wise where the base is the current version, row by row where it is not.

Everything here runs inside the transaction that stored the changesets, with nothing pending before and
nothing left pending after.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from shared.schema import Table, Value, holds, key_text, quoted, sql_type
from sync.body import rows_of
from sync.change import Block
from sync.clash import meet_plainly
from sync.floor import has_floor, keep_bases
from sync.heads import apply_to_rows, base_state, dead_keys, own_weight, remove_row, store_state
from sync.log import logged
from sync.merge import Change
from sync.opened import Key, Opened, change_at, is_readable, key_at, local_number, open_changeset, unread_in


@dataclass
class Applied:
    """What one application did."""

    rows: int = 0
    rows_by_path: int = 0
    tables: set[str] = field(default_factory=set)


def apply_changesets(db: Database, tables: Mapping[str, Table], opened: Sequence[Opened]) -> Applied:
    """Apply changesets whose predecessors and bases are all here, in any order among themselves (C3)."""
    applied = Applied()
    leftover: dict[str, list[tuple[Opened, Block, int]]] = defaultdict(list)
    inserts: dict[tuple[str, tuple[str, ...]], list[tuple[Opened, Block]]] = defaultdict(list)
    updates: dict[tuple[str, tuple[str, ...]], list[tuple[Opened, Block]]] = defaultdict(list)
    note_unread(db, tables, opened)
    if has_floor(db):
        _keep_bases(db, tables, keys_in(tables, opened))
    for one in opened:
        for block in one.blocks:
            table = tables.get(block.table)
            if table is None or not is_readable(table, block):
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
        apply_to_rows(db, tables[name], changes_by_key(db, tables[name], rows))
    settle_capture(db)
    return applied


def note_unread(db: Database, tables: Mapping[str, Table], opened: Iterable[Opened]) -> None:
    """Write down what of each changeset waits for a newer schema; how much is shown to people (C14)."""
    left = [(sum(unread_in(block, tables.get(block.table)) for block in one.blocks), one.n) for one in opened]
    db.conn.executemany("UPDATE _changeset SET unread = ? WHERE n = ?", [each for each in left if each[0]])


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
    """INSERT … ON CONFLICT DO NOTHING over whole columns; what met an existing or a dead key is returned, and
    what the table cannot hold."""
    names = [name for name in group[0][1].columns if name in table.specs]
    if any(not (spec.null or spec.default is not None) for name, spec in table.specs.items() if name not in names):
        return [(one, block, row) for one, block in group for row in range(block.count)]
    marks = ", ".join("?" for _ in names)
    sql = (
        f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, names))}, _v) VALUES ({marks}, ?)"
        " ON CONFLICT DO NOTHING"
    )
    dead = dead_keys(db, table)
    sent = list(_rows_with_version(group, names)) if not dead else list(_rows_of_new_keys(table, group, names, dead))
    try:
        if db.conn.executemany(sql, sent).rowcount == sum(block.count for _, block in group):
            return []
    except sqlite3.IntegrityError:
        # A newer schema's values among them. What went in before the first of these is passed over now.
        specs = [table.specs[name] for name in names]
        db.conn.executemany(sql, [row for row in sent if all(map(holds, specs, row))])
    return [
        (one, block, row)
        for one, block in group
        for row in range(block.count)
        if _whole_version(db, table, key_at(table, block, row)) != one.n
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


def _update_plainly(
    db: Database,
    tables: Mapping[str, Table],
    updates: Mapping[tuple[str, tuple[str, ...]], Sequence[tuple[Opened, Block]]],
    leftover: dict[str, list[tuple[Opened, Block, int]]],
) -> None:
    """One temp table and one UPDATE … FROM per set of units, repeated while it applies something, so that
    chains inside one frame go through; what is left has another base than the current version."""
    groups: list[_Group] = []
    for number, ((name, units), group) in enumerate(updates.items()):
        loaded = _load_updates(db, tables[name], units, group, number)
        groups.append((tables[name], units, group, number, loaded))
        leftover[name] += [(group[b][0], group[b][1], row) for b, row in loaded.unfit]
    moved = True
    while moved:
        moved = False
        for table, units, group, number, _ in groups:
            try:
                moved = _run_update(db, table, units, number) > 0 or moved
            except sqlite3.IntegrityError:
                aside = _take_unheld(db, table, units, number)
                leftover[table.name] += [(group[b][0], group[b][1], row) for b, row in aside]
                moved = True
    rest = {number: _rest(db, number) for _, _, _, number, _ in groups}
    several = _several(groups, rest, leftover)
    for table, units, group, number, _ in groups:
        met = set()
        if rest[number]:
            of_units = [unit for name in units for unit in table.units if unit.name == name]
            met = set(meet_plainly(db, table, of_units, f"temp._u{number}", several[table.name]))
        leftover[table.name] += [(group[b][0], group[b][1], row) for b, row in rest[number] if (b, row) not in met]
        db.conn.execute(f"DROP TABLE temp._u{number}")


def _rest(db: Database, number: int) -> list[tuple[int, int]]:
    return db.conn.execute(f"SELECT b, i FROM temp._u{number} ORDER BY b, i").fetchall()


def _several(
    groups: Iterable[_Group], rest: Mapping[int, Sequence[tuple[int, int]]],
    leftover: Mapping[str, Sequence[tuple[Opened, Block, int]]],
) -> dict[str, set[Key]]:  # fmt: skip
    """Table → the keys that what is left speaks of more than once: all of that must be folded at once."""
    seen: dict[str, set[Key]] = defaultdict(set)
    found: dict[str, set[Key]] = defaultdict(set)
    for table, _, group, number, _ in groups:
        if not seen[table.name]:
            found[table.name].update(key_at(table, block, row) for _, block, row in leftover.get(table.name, ()))
        for b, row in rest[number]:
            key = key_at(table, group[b][1], row)
            (found if key in seen[table.name] else seen)[table.name].add(key)
    return found


def _take_unheld(db: Database, table: Table, units: tuple[str, ...], number: int) -> list[tuple[int, int]]:
    """Strike off the rows with values that the table cannot hold; (block, row) of each."""
    names = _unit_columns(table, units)
    rows = db.conn.execute(f"SELECT {', '.join(map(quoted, names))}, b, i FROM temp._u{number}").fetchall()
    specs = [table.specs[name] for name in names]
    unheld = [row[-2:] for row in rows if not all(map(holds, specs, row))]
    if not unheld:
        raise sqlite3.IntegrityError(f"{table.name}: refused a row that it can hold")
    db.conn.executemany(f"DELETE FROM temp._u{number} WHERE b = ? AND i = ?", unheld)
    return unheld


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
                rows.append((*row, *(local_number(one, versions[0]) for versions in named), one.n, b, i))
    marks = ", ".join("?" for _ in range(len(names) + len(bases) + 3))
    db.conn.executemany(f"INSERT INTO temp._u{number} VALUES ({marks})", rows)
    return _Loaded(unfit)


# A set of units of one table: its blocks, the number of their temp table, and what was not loaded into it.
_Group = tuple[Table, tuple[str, ...], Sequence[tuple[Opened, Block]], int, _Loaded]


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


def changes_by_key(
    db: Database, table: Table, rows: Iterable[tuple[Opened, Block, int]]
) -> dict[Key, list[Change]]:
    """Rows of blocks as changes of one table's rows, with the weights that the authors' writes have."""
    found: dict[Key, list[Change]] = defaultdict(list)
    rows = sorted(rows, key=lambda item: item[0].n)
    about = logged(db, {one.n for one, _, _ in rows})
    for one, block, row in rows:
        key = key_at(table, block, row)
        if not _is_key(table, key):
            continue
        change = change_at(table, one, block, row)
        weights = dict(change.weights)
        for index, values in change.writes.items():
            if index < 0:
                continue  # what a newer schema's field weighs shows at the upgrade
            own = own_weight(table, key, table.units[index], about[one.n], values)
            weights[index] = max(own, weights.get(index, 0))
        found[key].append(Change(change.op, change.version, change.writes, change.bases, weights))
    return found


def _is_key(table: Table, key: Key) -> bool:
    """Whether a key can be told as text. One of a table that the judge did not know yet may be anything."""
    whole = [sql_type(table.specs[name]) == "INTEGER" for name in table.key]
    return all(
        type(part) is int if number else isinstance(part, str) and "/" not in part
        for number, part in zip(whole, key, strict=True)
    )


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
            table = tables.get(block.table)
            if wanted and table is not None and is_readable(table, block):
                for row in range(block.count):
                    if key_at(table, block, row) in wanted:
                        by_row[block.table, key_at(table, block, row)].append((one, block, row))
    if has_floor(db):
        _keep_bases(db, tables, keys)
    for name, wanted in keys.items():
        if name in tables:
            for key in wanted:
                _forget_row(db, tables[name], key)
                store_state(db, tables[name], key, base_state(db, tables[name], key))
                rows = by_row.get((name, key), [])
                apply_to_rows(db, tables[name], changes_by_key(db, tables[name], rows))
    settle_capture(db)


def _keep_bases(db: Database, tables: Mapping[str, Table], keys: Mapping[str, set[Key]]) -> None:
    for name, wanted in keys.items():
        if name in tables:
            keep_bases(db, tables[name], wanted)


def _forget_row(db: Database, table: Table, key: Key) -> None:
    remove_row(db, table, key)
    for own in ("_head", "_delete"):
        db.conn.execute(f"DELETE FROM {own} WHERE t = ? AND k = ?", (table.name, key_text(key)))


def keys_in(tables: Mapping[str, Table], opened: Iterable[Opened]) -> dict[str, set[Key]]:
    """The rows that changesets touch, by table."""
    found: dict[str, set[Key]] = defaultdict(set)
    for one in opened:
        for block in one.blocks:
            table = tables.get(block.table)
            if table is not None and is_readable(table, block):
                found[block.table].update(key for key in rows_of(block, table.key) if _is_key(table, key))
    return found

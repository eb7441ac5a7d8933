"""Edits that did not know of each other, many at once: one reads the rows they met, one writes heads and winners.

Only the plain case is taken here: a row that is there with one head a unit and nothing kept beside it, met by one edit
that names other versions than the current ones. The outcome is what `sync.heads` would make of it row by row.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from shared.schema import Table, Unit, Value, holds, key_text, key_text_sql, quoted
from sync.heads import own_weight
from sync.log import Logged, logged
from sync.merge import Head, Stamp, Values, winner
from sync.opened import Key


@dataclass(frozen=True)
class Met:
    """An edit and the row it met. current, named: unit by unit the version that stands and the one the edit names;
    ours, theirs: unit by unit the values that stand and those of the edit. place: (block, row) in its frame."""

    key: Key
    vx: str | None
    current: tuple[int, ...]
    named: tuple[int, ...]
    ours: tuple[Values, ...]
    theirs: tuple[Values, ...]
    version: int
    place: tuple[int, int]


def meet_plainly(
    db: Database, table: Table, units: Sequence[Unit], loaded: str, apart: Collection[Key]
) -> list[tuple[int, int]]:
    """Apply what is left of a loaded group of edits where it is plain; the places of what was applied.

    loaded: the temp table with columns of key and units, `base0`…, `v`, `b`, `i`. apart: keys of which this frame says
    more than one such edit, which must be folded together.
    """
    found = _met(db, table, units, loaded)
    met = [each for each in found if each.key not in apart and _is_held(table, units, each.theirs)]
    if not met:
        return []
    about = logged(db, {n for each in met for n in (*each.current, each.version)})
    stamps = {n: Stamp(row.effective, row.origin, row.hash) for n, row in about.items()}
    heads: list[tuple[object, ...]] = []
    rows = [_outcome(table, units, each, about, stamps, heads) for each in met]
    columns = [quoted(name) for unit in units for name in unit.columns]
    sets = ", ".join(f"{name} = ?" for name in (*columns, "_vx"))
    where = " AND ".join(f"{quoted(name)} = ?" for name in table.key)
    db.conn.executemany(f"UPDATE {quoted(table.name)} SET {sets} WHERE {where}", rows)
    db.conn.executemany("INSERT INTO _head (t, k, u, v, value, weight, deleted) VALUES (?, ?, ?, ?, ?, ?, 0)", heads)
    return [each.place for each in met]


def _is_held(table: Table, units: Sequence[Unit], theirs: Sequence[Values]) -> bool:
    """Whether the table can hold what an edit says; if only a newer schema can, its head is parked (C12)."""
    return all(
        holds(table.specs[name], value)
        for unit, values in zip(units, theirs, strict=True)
        for name, value in zip(unit.columns, values, strict=True)
    )


def _met(db: Database, table: Table, units: Sequence[Unit], loaded: str) -> list[Met]:
    columns = [quoted(name) for unit in units for name in unit.columns]
    keys = [quoted(name) for name in table.key]
    current = [f"coalesce(json_extract(t._vx, '$.\"{unit.index}\"'), t._v)" for unit in units]
    listed = [f"t.{name}" for name in keys] + current + [f"u.base{at}" for at in range(len(units))]
    listed += [f"t.{name}" for name in columns] + [f"u.{name}" for name in columns] + ["t._vx", "u.v", "u.b", "u.i"]
    beside = " OR ".join(
        f"EXISTS (SELECT 1 FROM {own} AS d WHERE d.t = ? AND d.k = {key_text_sql(table, 't')})"
        for own in ("_head", "_delete")
    )
    same_key = " AND ".join(f"t.{name} = u.{name}" for name in keys)
    rows = db.conn.execute(
        f"SELECT {', '.join(listed)} FROM {loaded} AS u JOIN {quoted(table.name)} AS t ON {same_key}"
        f" WHERE NOT ({beside})",
        (table.name, table.name),
    ).fetchall()
    return [_read(row, len(keys), units) for row in rows]


def _read(row: Sequence[Value], keys: int, units: Sequence[Unit]) -> Met:
    versions, at = keys + 2 * len(units), keys + len(units)
    width = sum(len(unit.columns) for unit in units)
    ours, theirs = row[versions : versions + width], row[versions + width : versions + 2 * width]
    *_, vx, version, block, number = row
    return Met(
        tuple(row[:keys]), None if vx is None else str(vx), _numbers(row[keys:at]), _numbers(row[at:versions]),
        _by_unit(ours, units), _by_unit(theirs, units),
        _number(version), (_number(block), _number(number)),
    )  # fmt: skip


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _numbers(values: Sequence[Value]) -> tuple[int, ...]:
    return tuple(map(_number, values))


def _by_unit(values: Sequence[Value], units: Sequence[Unit]) -> tuple[Values, ...]:
    found, at = [], 0
    for unit in units:
        found.append(tuple(values[at : at + len(unit.columns)]))
        at += len(unit.columns)
    return tuple(found)


def _outcome(
    table: Table, units: Sequence[Unit], met: Met, about: Mapping[int, Logged], stamps: dict[int, Stamp],
    heads: list[tuple[object, ...]],
) -> tuple[Value, ...]:  # fmt: skip
    """The row after: the units' values, `_vx`, the key. What a row cannot say goes to `heads`."""
    values: list[Value] = []
    versions: dict[str, int] = json.loads(met.vx or "{}")
    text = key_text(met.key)
    for at, unit in enumerate(units):
        if met.current[at] == met.named[at]:
            values += met.theirs[at]
            versions[str(unit.index)] = met.version
            continue
        pair = [
            Head(n, value, own_weight(table, met.key, unit, about[n], value))
            for n, value in ((met.current[at], met.ours[at]), (met.version, met.theirs[at]))
        ]
        won = winner(pair, unit.rule, stamps)
        values += won.values
        # Negated: more than one head, so that no plain edit ever takes it for its base.
        versions[str(unit.index)] = -won.version
        heads += [
            (table.name, text, unit.index, head.version, json.dumps(head.values, ensure_ascii=False), head.weight)
            for head in pair
        ]
    return (*values, json.dumps(versions, separators=(",", ":")), *met.key)

"""The floor of a pruned replica: what changesets whose bodies are gone have left in each row (C13).

A pruned changeset stays in the log as header and hashes. The set of pruned ones is closed: whatever one of them names
is pruned too, so nothing that is still here, or comes later, is ever struck by them. The state of a row therefore is
its **base** (the pruned ones folded) with the others folded over it. The base of a row that nothing else has touched
is the row as it stands; before anything touches it, its base is laid down in `_base`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlite_utils import Database

from shared.schema import Table, Unit, Value, key_text, quoted, sql_type
from sync.log import PRUNED
from sync.opened import Key

# A row of `_head`: unit, version, values as JSON, weight, deleted.
HeadRow = tuple[int, int, str, int, int]


@dataclass(frozen=True)
class Base:
    """A row as the pruned changesets left it, in the three parts in which a row is stored: the row (columns, `_v`,
    `_vx`; None where there is none), its rows of `_head`, its deletes."""

    row: tuple[Value, ...] | None
    heads: list[HeadRow]
    deletes: list[int]


def has_floor(db: Database) -> bool:
    """Whether anything was ever pruned here. Else nothing of this module costs more than this question."""
    return db.conn.execute("SELECT 1 FROM _setting WHERE name = 'floor'").fetchone() is not None


def is_pruned(db: Database, version: int) -> bool:
    """Whether a changeset is in the log without its body, though it is applied."""
    sql = f"SELECT 1 FROM _changeset WHERE n = ? AND {PRUNED}"
    return db.conn.execute(sql, (version,)).fetchone() is not None


def pruned_sql(version: str) -> str:
    """SQL for "the changeset with this number is pruned"."""
    return f"EXISTS (SELECT 1 FROM _changeset AS p WHERE p.n = {version} AND p.{PRUNED.replace(' AND ', ' AND p.')})"


def keep_bases(db: Database, table: Table, keys: Iterable[Key]) -> None:
    """Lay down the bases of rows that are about to change, where pruned changesets alone have made them.

    A row that this very transaction has inserted over what was left of a dead one has no part in it.
    """
    wanted = json.dumps([[*key, key_text(key)] for key in keys], ensure_ascii=False)
    same = " AND ".join(f"r.{quoted(c)} = {_part(table, c, i)}" for i, c in enumerate(table.key))
    columns = ", ".join(f"r.{quoted(c.name)}" for c in table.columns)
    text = f"json_extract(w.value, '$[{len(table.key)}]')"
    db.conn.execute(
        "INSERT OR IGNORE INTO _base (t, k, row, v, vx, heads, deletes)"
        f" SELECT ?1, k, CASE WHEN v IS NOT NULL THEN row END, v, vx, {_heads_sql('x.k')}, {_deletes_sql('x.k')} FROM"
        f" (SELECT {text} AS k, json_array({columns}) AS row, r._v AS v, r._vx AS vx"
        f" FROM json_each(?2) AS w LEFT JOIN {quoted(table.name)} AS r ON {same}) AS x"
        f" WHERE {pruned_sql('x.v')} OR EXISTS (SELECT 1 FROM _head AS h WHERE h.t = ?1 AND h.k = x.k"
        f" AND {pruned_sql('h.v')})",
        (table.name, wanted),
    )


def _part(table: Table, column: str, at: int) -> str:
    # A key column that the newer peer fills with something else finds no row, and needs none.
    extracted = f"json_extract(w.value, '$[{at}]')"
    return f"CAST({extracted} AS INTEGER)" if sql_type(table.specs[column]) == "INTEGER" else extracted


def _heads_sql(key: str) -> str:
    return (
        "(SELECT json_group_array(json_array(h.u, h.v, h.value, h.weight, h.deleted)) FROM _head AS h"
        f" WHERE h.t = ?1 AND h.k = {key})"
    )


def _deletes_sql(key: str) -> str:
    return f"(SELECT json_group_array(d.v) FROM _delete AS d WHERE d.t = ?1 AND d.k = {key})"


def keep_pending_bases(db: Database, tables: Iterable[Table]) -> None:
    """The same for rows that people have just changed: what the triggers kept of them is how they were."""
    for table in tables:
        db.conn.execute(
            "INSERT OR IGNORE INTO _base (t, k, row, v, vx, heads, deletes)"
            f" SELECT t, k, old, v, vx, {_heads_sql('x.k')}, {_deletes_sql('x.k')} FROM _pending AS x"
            f" WHERE t = ?1 AND v IS NOT NULL AND old IS NOT NULL AND {pruned_sql('x.v')}",
            (table.name,),
        )


def base_of(db: Database, table: Table, key: Key) -> Base | None:
    """The base that was laid down for a row; None where nothing of it is pruned, or nothing else has touched it."""
    found = db.conn.execute(
        "SELECT row, v, vx, heads, deletes FROM _base WHERE t = ? AND k = ?", (table.name, key_text(key))
    ).fetchone()
    if found is None:
        return None
    row, v, vx, heads, deletes = found
    return Base(_whole_row(table, row, v, vx), [tuple(head) for head in json.loads(heads)], json.loads(deletes))


def base_values(db: Database, table: Table, key: Key, unit: Unit, version: int) -> tuple[Value, ...] | None:
    """What a pruned changeset wrote into a unit of a row; None where that was replaced before it was pruned."""
    stored = base_of(db, table, key)
    if stored is None:
        return None
    for index, v, value, _, _ in stored.heads:
        if (index, v) == (unit.index, version):
            return tuple(json.loads(value))
    if stored.row is None or any(index == unit.index for index, *_ in stored.heads):
        return None
    versions = json.loads(str(stored.row[-1] or "{}"))
    if abs(versions.get(str(unit.index), stored.row[-2])) != version:
        return None
    values = dict(zip((c.name for c in table.columns), stored.row, strict=False))
    return tuple(values[name] for name in unit.columns)


def _whole_row(table: Table, row: str | None, v: int, vx: str | None) -> tuple[Value, ...] | None:
    """The row with the defaults of the fields that this schema has got since."""
    if row is None:
        return None
    values = json.loads(row)
    return (*values, *(c.spec.default for c in table.columns[len(values) :]), v, vx)


def lay_down(db: Database, table: Table, key: Key, heads: Iterable[HeadRow], deletes: Iterable[int]) -> None:
    """Lay down a base that is told by its heads alone, in place of any before."""
    db.conn.execute(
        "INSERT OR REPLACE INTO _base (t, k, heads, deletes) VALUES (?, ?, ?, ?)",
        (table.name, key_text(key), json.dumps(list(heads), ensure_ascii=False), json.dumps(list(deletes))),
    )


def take_up(db: Database, table: Table, key: Key) -> None:
    """The row stands as its pruned changesets left it: it is its own base again."""
    db.conn.execute("DELETE FROM _base WHERE t = ? AND k = ?", (table.name, key_text(key)))

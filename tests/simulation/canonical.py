"""A replica's state in words that mean the same everywhere: rows in key order, versions by name (C3)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from shared.schema import Table, key_parts, key_text
from sync.conflicts import open_conflicts
from sync.heads import unit_versions
from sync.replica import Replica

Lines = list[tuple[Any, ...]]


def names_of(db: Database) -> dict[int, str]:
    """Local number → origin/scope/seq/8 bytes of hash."""
    rows = db.conn.execute(
        "SELECT n, name, scope, seq, substr(hash, 1, 8) FROM _changeset JOIN _origin USING (o)"
    ).fetchall()
    return {n: f"{name}/{scope}/{seq}/{hash8.hex()}" for n, name, scope, seq, hash8 in rows}


def state_of(replica: Replica, db: Database, scopes: Iterable[str]) -> Lines:
    """All rows, heads, deletes and open conflicts of some scopes."""
    names, wanted = names_of(db), set(scopes)
    lines: Lines = []
    for table in replica.tables.values():
        lines += sorted(_rows(db, table, wanted, names), key=repr)
    lines += sorted(_heads(replica, db, wanted, names), key=repr)
    for conflict in open_conflicts(db, replica):
        if replica.tables[conflict.table].scope_of(conflict.key) in wanted:
            shown = [(names[s.version], s.values, s.person_id, s.instant, s.winner) for s in conflict.heads]
            base = conflict.base and names[conflict.base.version]
            kind = ("conflict", conflict.table, conflict.key, conflict.unit, conflict.kind, base)
            lines.append((*kind, sorted(shown, key=repr)))
    return sorted(lines, key=repr)


def _rows(db: Database, table: Table, wanted: set[str], names: dict[int, str]) -> Lines:
    columns = ", ".join(c.name for c in table.columns)
    found: Lines = []
    for row in db.conn.execute(f"SELECT {columns}, _v, _vx FROM {table.name}").fetchall():
        values = dict(zip((c.name for c in table.columns), row, strict=False))
        key = tuple(values[name] for name in table.key)
        if table.scope_of(key) in wanted:
            versions = {u: ("" if v > 0 else "!") + names[abs(v)] for u, v in unit_versions(row[-2:], table).items()}
            found.append(("row", table.name, key, sorted(values.items()), sorted(versions.items())))
    return found


def _heads(replica: Replica, db: Database, wanted: set[str], names: dict[int, str]) -> Lines:
    found: Lines = []
    for t, k, u, v, value, weight, deleted in db.conn.execute("SELECT t, k, u, v, value, weight, deleted FROM _head"):
        if replica.tables[t].scope_of(key_parts(replica.tables[t], k)) in wanted:
            found.append(("head", t, k, u, names[v], json.loads(value), weight, deleted))
    for t, k, v in db.conn.execute("SELECT t, k, v FROM _delete"):
        if replica.tables[t].scope_of(key_parts(replica.tables[t], k)) in wanted:
            found.append(("delete", t, k, names[v]))
    return found


def without_lost_bases(replica: Replica, lines: Lines, ours: Lines, pruned: set[str]) -> Lines:
    """The same with "base unknown" on the cards of which `ours` cannot know it: the base itself was pruned there, or
    one of the unit's heads, which named it. Any other difference of a card stays one."""
    heads: dict[tuple[Any, ...], set[str]] = {}
    for kind, *rest in lines:
        if kind == "head":
            heads.setdefault(tuple(rest[:3]), set()).add(rest[3])
    found: Lines = []
    for line in lines:
        if line[0] == "conflict":
            table = replica.tables[line[1]]
            [unit] = [u.index for u in table.units if u.name == line[3]]
            lost = {line[5], *heads.get((line[1], key_text(line[2]), unit), ())} & pruned
            unknown = (*line[:5], None, line[6])
            line = unknown if lost and unknown in ours else line
        found.append(line)
    return sorted(found, key=repr)


def difference(ours: Lines, theirs: Lines, *, at_most: int = 6) -> str:
    """The first lines that only one side has, for a person to read."""
    left = [line for line in ours if line not in theirs][:at_most]
    right = [line for line in theirs if line not in ours][:at_most]
    return "\n".join([f"- {line}" for line in left] + [f"+ {line}" for line in right])


__all__ = ["Lines", "difference", "key_text", "names_of", "state_of"]

"""Writes that did not know of each other: the standing heads of a unit, and what the author of each had seen.

For validators that need more than the merged rows. Everything here follows from the changesets' names and headers,
never from local numbers or from the order of arrival (C3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from shared.schema import Table, Value, key_parts, key_text, quoted
from sync.body import decode_header
from sync.capture import Writing
from sync.heads import load_state
from sync.log import find_version, logged, read_changeset
from sync.opened import Key


@dataclass(frozen=True)
class Rival:
    """One of several standing heads of a unit. `name` (origin/scope/seq/hash) is the same on every replica."""

    version: int
    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Seen:
    """What an author had seen when he wrote: of each origin's stream everything up to a number."""

    upto: Mapping[str, int]

    def covers(self, origin: str, seq: int) -> bool:
        """True when a changeset was surely known to him."""
        return seq <= self.upto.get(origin, 0)


def rivals(db: Database, table: Table, unit: str) -> dict[Key, list[Rival]]:
    """Key → the heads of a unit where it has several that nobody deleted, in the order of their names."""
    index = next(each.index for each in table.units if each.name == unit)
    rows = db.conn.execute(
        "SELECT k, v, value FROM _head WHERE t = ? AND u = ? AND deleted = 0 AND k IN"
        " (SELECT k FROM _head WHERE t = ? AND u = ? AND deleted = 0 GROUP BY k HAVING count(*) > 1)",
        (table.name, index, table.name, index),
    ).fetchall()
    names = {
        n: f"{one.origin}/{one.scope}/{one.seq}/{one.hash[:8].hex()}"
        for n, one in logged(db, {version for _, version, _ in rows}).items()
    }
    found: dict[Key, list[Rival]] = {}
    for text, version, value in sorted(rows, key=lambda row: (row[0], names[row[1]])):
        rival = Rival(version, names[version], tuple(json.loads(value)))
        found.setdefault(key_parts(table, text), []).append(rival)
    return found


def keys_under(db: Database, table: Table, parts: Sequence[Value]) -> list[Key]:
    """The keys of a table that begin with some parts: rows that are there, and rows of which only heads are left."""
    begin = key_text(parts) + "/"
    past = begin[:-1] + chr(ord("/") + 1)
    where = " AND ".join(f"{quoted(name)} = ?" for name, _ in zip(table.key, parts, strict=False))
    columns = ", ".join(map(quoted, table.key))
    here = db.conn.execute(f"SELECT {columns} FROM {quoted(table.name)} WHERE {where}", tuple(parts)).fetchall()
    gone = db.conn.execute(
        "SELECT k FROM _head WHERE t = ? AND k >= ? AND k < ?"
        " UNION SELECT k FROM _delete WHERE t = ? AND k >= ? AND k < ?",
        (table.name, begin, past) * 2,
    )
    return sorted({*map(tuple, here), *(key_parts(table, text) for (text,) in gone)}, key=key_text)


def seen_by(db: Database, version: int) -> Seen:
    """What the author of a version had seen, as far as headers tell: the versions it names, those that these name,
    and all that stands before each of them in its stream."""
    upto: dict[str, int] = {}
    visited, ahead = {version}, [version]
    while ahead:
        stored = read_changeset(db, ahead.pop())
        upto[stored.origin] = max(upto.get(stored.origin, 0), stored.seq)
        for name in decode_header(stored.header).names:
            upto[name.origin] = max(upto.get(name.origin, 0), name.seq)
            number = find_version(db, stored.scope, name)
            if number is not None and number not in visited:
                visited.add(number)
                ahead.append(number)
    return Seen(upto)


def settle_rivals(w: Writing, table: Table, key: Key, unit: str, values: Sequence[Value]) -> None:
    """Write a unit anew, also with a value it has already: names every head it has, so that one is left (C5)."""
    index = next(each.index for each in table.units if each.name == unit)
    heads = load_state(w.db, table, key).heads.get(index, {})
    w.db.conn.execute(
        "INSERT OR REPLACE INTO _pending_stale (t, k, u, bases, value) VALUES (?, ?, ?, ?, ?)",
        (table.name, key_text(key), index, json.dumps(sorted(heads)), json.dumps(list(values), ensure_ascii=False)),
    )

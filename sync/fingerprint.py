"""Fingerprints of key ranges: the same on every replica that holds the same rows with the same versions (C3).

A range belongs to one part: the rows of one table in one scope, or what is kept beside these rows (heads and deletes).
Its print is the number of rows and the sum of their digests, so rows may be left out of it on both sides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from shared.schema import Table, Value, create_table_sql, key_parts, key_text_sql, quoted
from sync.body import dumped
from sync.chain import HASH8
from sync.heads import unit_versions

# The parts of a table: its rows, and what a row alone cannot say.
ROWS, HEADS = "r", "h"
DIGEST_BYTES = 32
PRINT_BYTES = 16
Key = tuple[Value, ...]
# (table, key as text) of the rows that one side has moved since.
Apart = Collection[tuple[str, str]]


@dataclass(frozen=True)
class Part:
    """What is compared by itself."""

    scope: str
    table: str
    kind: str


@dataclass(frozen=True)
class Range:
    """The keys of a part from `low` (the empty key: from the first) up to but without `high` (None: to the last)."""

    part: Part
    low: Key = ()
    high: Key | None = None


@dataclass(frozen=True)
class Print:
    """How many rows a range has, and the fingerprint over them."""

    count: int
    hash: bytes


@dataclass(frozen=True)
class PrintedRow:
    """One row for a closer look: its cells by column and the names of the versions by unit; of what is kept beside
    rows, one cell a head."""

    key: Key
    cells: Mapping[str, Value]
    versions: Mapping[str, str]


class PrintSum:
    """SQLite aggregate over whole rows: the digests' sum."""

    def __init__(self) -> None:
        self.sum = 0

    def step(self, digest: bytes) -> None:
        """Take in one row."""
        self.sum = (self.sum + int.from_bytes(digest, "big")) % (1 << 8 * DIGEST_BYTES)

    def finalize(self) -> bytes:
        """The sum."""
        return self.sum.to_bytes(DIGEST_BYTES, "big")


class Prints:
    """The fingerprints of one replica as it stands in the transaction that is open. `apart` is left out."""

    def __init__(self, db: Database, tables: Mapping[str, Table], apart: Apart) -> None:
        self._db, self._tables = db, tables
        self._apart: dict[str, list[str]] = {}
        for name, text in apart:
            self._apart.setdefault(name, []).append(text)
        self._names = dict(db.conn.execute("SELECT n, hex(substr(hash, 1, ?)) FROM _changeset", (HASH8,)))
        for table in tables.values():
            self._declare(table)
        db.conn.create_aggregate("tongxin_sum", 1, PrintSum)  # type: ignore[arg-type]  # its step takes bytes

    def _declare(self, table: Table) -> None:
        def digest(*row: Any) -> bytes:
            if row[-1] is None:
                return _digest([*row[:-2], self._names.get(row[-2], "?")])
            names = list(self._version_names(table, row[-2:]).values())
            # Most rows were written by one changeset alone, and say so once.
            return _digest([*row[:-2], *(names if len(set(names)) > 1 else names[:1])])

        self._db.conn.create_function(f"tongxin_digest_{table.name}", -1, digest, deterministic=True)

    def _version_names(self, table: Table, versions: Sequence[Value]) -> dict[str, str]:
        """Unit → the name of the version that wrote it; a version of which there is no changeset has none."""
        return {
            table.units[unit].name: ("-" if v < 0 else "") + self._names.get(abs(v), "?")
            for unit, v in unit_versions(versions, table).items()
        }

    def of(self, wanted: Range) -> Print:
        """The print of a range."""
        table = self._tables[wanted.part.table]
        if wanted.part.kind == HEADS:
            total = PrintSum()
            rows = list(self._heads(wanted))
            for row in rows:
                total.step(_digest([*row.key, *row.cells.values()]))
            return _print(len(rows), total.finalize())
        where, values = self._where(table, wanted)
        columns = ", ".join(quoted(c.name) for c in table.columns)
        sql = f"SELECT count(*), tongxin_sum(tongxin_digest_{table.name}({columns}, _v, _vx)) FROM {quoted(table.name)}"
        count, total_ = self._db.conn.execute(f"{sql} WHERE {where}", values).fetchone()
        return _print(count, total_ if count else bytes(DIGEST_BYTES))

    def rows(self, wanted: Range, limit: int) -> list[PrintedRow]:
        """The rows of a range, as many as allowed."""
        table = self._tables[wanted.part.table]
        if wanted.part.kind == HEADS:
            return list(self._heads(wanted))[:limit]
        where, values = self._where(table, wanted)
        names = [c.name for c in table.columns]
        order = ", ".join(map(quoted, table.key))
        sql = (
            f"SELECT {', '.join(map(quoted, names))}, _v, _vx FROM {quoted(table.name)} WHERE {where}"
            f" ORDER BY {order} LIMIT ?"
        )
        found = []
        for row in self._db.conn.execute(sql, (*values, limit)):
            cells = dict(zip(names, row, strict=False))
            key = tuple(cells[name] for name in table.key)
            found.append(PrintedRow(key, cells, self._version_names(table, row[-2:])))
        return found

    def split(self, wanted: Range, ways: int) -> list[Range]:
        """A range as up to so many, of about as many rows here each."""
        keys = self._keys(wanted)
        step = max(1, -(-len(keys) // ways))
        bounds = keys[step::step]
        lows: list[Key] = [wanted.low, *bounds]
        highs: list[Key | None] = [*bounds, wanted.high]
        return [Range(wanted.part, low, high) for low, high in zip(lows, highs, strict=True)]

    def _keys(self, wanted: Range) -> list[Key]:
        table = self._tables[wanted.part.table]
        if wanted.part.kind == HEADS:
            return [row.key for row in self._heads(wanted)]
        where, values = self._where(table, wanted)
        keys = ", ".join(map(quoted, table.key))
        sql = f"SELECT {keys} FROM {quoted(table.name)} WHERE {where} ORDER BY {keys}"
        return self._db.conn.execute(sql, values).fetchall()

    def _where(self, table: Table, wanted: Range) -> tuple[str, list[Value]]:
        """Rows of the scope and of the keys wanted that some changeset wrote and that are not left out."""
        keys = f"({', '.join(map(quoted, table.key))})"
        marks = f"({', '.join('?' for _ in table.key)})"
        terms, values = ["_v IS NOT NULL"], list[Value]()
        if wanted.part.scope not in ("con", "hub"):
            # A campus's code itself, or an id that begins with it.
            column = quoted(table.declaration.scope)
            terms.append(f"({column} = ? OR ({column} >= ? || '-' AND {column} < ? || '.'))")
            values += [wanted.part.scope] * 3
        if wanted.low:
            terms.append(f"{keys} >= {marks}")
            values += wanted.low
        if wanted.high is not None:
            terms.append(f"{keys} < {marks}")
            values += wanted.high
        if table.name in self._apart:
            terms.append(f"{key_text_sql(table)} NOT IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(self._apart[table.name], ensure_ascii=False))
        return " AND ".join(terms), values

    def _heads(self, wanted: Range) -> Iterator[PrintedRow]:
        """What is kept beside the rows of a part, in the order of the keys' texts."""
        table, apart = self._tables[wanted.part.table], set(self._apart.get(wanted.part.table, ()))
        kept = self._db.conn.execute(
            "SELECT k, u, v, value, weight, deleted FROM _head WHERE t = ?1 UNION ALL"
            " SELECT k, -1, v, '', 0, 1 FROM _delete WHERE t = ?1 ORDER BY k, u, v",
            (table.name,),
        )
        for text, heads in groupby(kept, key=lambda row: str(row[0])):
            inside = (text,) >= wanted.low and (wanted.high is None or (text,) < wanted.high)
            if inside and text not in apart and table.scope_of(key_parts(table, text)) == wanted.part.scope:
                # Local numbers mean nothing elsewhere: versions by name, and in the order of their names.
                lines = sorted(dumped([u, self._names.get(v, "?"), *rest]).decode() for _, u, v, *rest in heads)
                yield PrintedRow((text,), {str(i): line for i, line in enumerate(lines)}, {})


def _digest(values: Sequence[Value]) -> bytes:
    return hashlib.blake2b(dumped(values), digest_size=DIGEST_BYTES).digest()


def _print(count: int, total: bytes) -> Print:
    return Print(count, hashlib.blake2b(total, digest_size=PRINT_BYTES).digest())


def parts_of(tables: Mapping[str, Table], scopes: Collection[str]) -> list[Part]:
    """Everything that two holders of some scopes can compare."""
    found = []
    for scope in sorted(scopes):
        for table in tables.values():
            named = table.declaration.scope
            if named == scope or (named not in ("con", "hub") and scope not in ("con", "hub")):
                found += [Part(scope, table.name, kind) for kind in (ROWS, HEADS)]
    return found


def declared_digest(table: Table) -> str:
    """Sixteen hex digits over what a release says of a table: two that differ may show one log differently (C12)."""
    units = [[unit.name, *unit.columns, unit.rule.value] for unit in table.units]
    return hashlib.sha256(dumped([create_table_sql(table), units])).hexdigest()[:16]


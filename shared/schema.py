"""What a record declaration means in SQLite: the only reader of the fields' metadata.

A synced table is STRICT, has no foreign key and no UNIQUE but its key (C7), CHECKs that concern one
field (C12), and three hidden columns: `_r` the row number, `_v` the changeset that last wrote the whole
row, `_vx` (usually NULL) the units that differ from it as JSON {unit: changeset}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from sqlite_utils import Database

from shared.ids import campus_of
from shared.records.declare import Declaration, Kind, Rule, Spec, declaration_of, specs_of

R = TypeVar("R")
Value = str | int | None


@dataclass(frozen=True)
class Column:
    """A column and what was declared about it."""

    name: str
    spec: Spec


@dataclass(frozen=True)
class Unit:
    """What merges as one: a field, or a group of fields. Unit 0 is the row's existence."""

    index: int
    name: str
    columns: tuple[str, ...]
    rule: Rule


@dataclass(frozen=True)
class Table:
    """A synced table, derived from one record class."""

    name: str
    record: type
    declaration: Declaration
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    units: tuple[Unit, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that are not part of the key, in order."""
        return tuple(c.name for c in self.columns if not c.spec.key)

    @cached_property
    def specs(self) -> dict[str, Spec]:
        """Column → what was declared about it."""
        return {c.name: c.spec for c in self.columns}

    def scope_of(self, key: Sequence[Value]) -> str:
        """The scope of a row: a pure function of table and key (DESIGN §3, point 2)."""
        named = self.declaration.scope
        if named in ("con", "hub"):
            return named
        return campus_of(str(key[self.key.index(named)]))

    def owner_of(self, key: Sequence[Value]) -> str | None:
        """The campus that owns a row, or None where only the hub does."""
        named = self.declaration.owner
        if named is None:
            scope = self.scope_of(key)
            return None if scope in ("con", "hub") else scope
        if named in self.key:
            return campus_of(str(key[self.key.index(named)]))
        # A minted key carries the owning campus, whatever field names it too.
        return campus_of(str(key[0]))

    def scopes_of(self, keys: Sequence[Sequence[Value]]) -> set[str]:
        """The scopes of many rows. One column of the key says it at most, and holds few different values."""
        named = self.declaration.scope
        if named in ("con", "hub"):
            return {named} if keys else set()
        at = self.key.index(named)
        return {campus_of(str(value)) for value in {key[at] for key in keys}}

    def owners_of(self, keys: Sequence[Sequence[Value]]) -> set[str | None]:
        """The owners of many rows, in the same way."""
        named = self.declaration.owner or self.declaration.scope
        at = self.key.index(named) if named in self.key else 0
        return {self.owner_of(key) for key in {key[at]: key for key in keys}.values()}

    def unit_of(self, column: str) -> Unit:
        """The unit a field belongs to. Raises KeyError for a key column or an unknown name."""
        for unit in self.units:
            if column in unit.columns:
                return unit
        raise KeyError(column)


def table_of(record: type) -> Table:
    """The table derived from a record class."""
    return _table_of(record)


@lru_cache(maxsize=256)
def _table_of(record: type) -> Table:
    declaration = declaration_of(record)
    columns = tuple(Column(name, spec) for name, spec in specs_of(record).items())
    key = tuple(c.name for c in columns if c.spec.key)
    return Table(declaration.table, record, declaration, columns, key, _units(declaration, columns))


def _units(declaration: Declaration, columns: Sequence[Column]) -> tuple[Unit, ...]:
    groups: dict[str, list[Column]] = {}
    for column in columns:
        if not column.spec.key:
            groups.setdefault(column.spec.unit or column.name, []).append(column)
    found = [Unit(0, "row", (), Rule.LATEST)]
    for index, (name, members) in enumerate(groups.items(), start=1):
        rule = members[0].spec.rule or declaration.rule
        found.append(Unit(index, name, tuple(c.name for c in members), rule))
    return tuple(found)


def tables_of(records: Sequence[type]) -> dict[str, Table]:
    """Table name → Table, in order of declaration."""
    return {table.name: table for table in map(table_of, records)}


@lru_cache(maxsize=4096)
def quoted(identifier: str) -> str:
    """An identifier for SQL. Only declared names come here; anything else is a programming error."""
    if not identifier.replace("_", "a").isalnum() or not identifier.isascii():
        raise ValueError(f"not an identifier: {identifier!r}")
    return f'"{identifier}"'


def key_text_sql(table: Table, alias: str = "") -> str:
    """SQL for a row's key as one text, parts joined with "/" (no part may hold one)."""
    prefix = f"{alias}." if alias else ""
    return " || '/' || ".join(f"{prefix}{quoted(name)}" for name in table.key)


def key_text(key: Sequence[Value]) -> str:
    """A row's key as one text; the same as `key_text_sql` gives."""
    return "/".join(str(part) for part in key)


def key_parts(table: Table, text: str) -> tuple[Value, ...]:
    """The reverse of `key_text`, typed as the key columns are."""
    specs = {c.name: c.spec for c in table.columns}
    parts = text.split("/")
    return tuple(
        int(part) if sql_type(specs[name]) == "INTEGER" else part
        for name, part in zip(table.key, parts, strict=True)
    )


def sql_type(spec: Spec) -> str:
    """TEXT or INTEGER: nothing that is synced is ever REAL."""
    return "INTEGER" if spec.kind in (Kind.INTEGER, Kind.FLAG) else "TEXT"


_SHAPES = {
    Kind.DATE: "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]",
    Kind.TIME: "[0-2][0-9]:[0-5][0-9]",
    Kind.INSTANT: "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z",
}


def column_sql(column: Column) -> str:
    """One column of a CREATE TABLE, with the CHECK that concerns it."""
    spec, name = column.spec, quoted(column.name)
    parts = [name, sql_type(spec)]
    if not spec.null:
        parts.append("NOT NULL")
    if spec.default is not None:
        parts.append(f"DEFAULT {_literal(spec.default)}")
    check = _check(spec, name)
    return " ".join(parts) + (f" CHECK ({check})" if check else "")


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _check(spec: Spec, name: str) -> str:
    if spec.kind in _SHAPES:
        return f"{name} GLOB '{_SHAPES[spec.kind]}'"
    if sql_type(spec) == "INTEGER":
        return f"{name} BETWEEN {spec.low} AND {spec.high}"
    slash = f" AND instr({name}, '/') = 0" if spec.key else ""
    return f"length({name}) <= {spec.high}{slash}"


def holds(spec: Spec, value: Value) -> bool:
    """Whether a column takes a value: what its type, NOT NULL and CHECK say, without asking SQLite (C12)."""
    if value is None:
        return spec.null
    if sql_type(spec) == "INTEGER":
        return type(value) is int and (spec.low or 0) <= value <= (spec.high or 0)
    if not isinstance(value, str):
        return False
    if spec.kind in _SHAPES:
        return fnmatchcase(value, _SHAPES[spec.kind])
    # SQLite's length() ends at a NUL.
    return len(value.partition("\0")[0]) <= (spec.high or 0) and not (spec.key and "/" in value)


def create_table_sql(table: Table) -> str:
    """The CREATE TABLE statement of a record."""
    lines = ["_r INTEGER PRIMARY KEY AUTOINCREMENT"]
    lines += [column_sql(column) for column in table.columns]
    lines += ["_v INTEGER", "_vx TEXT", f"UNIQUE ({', '.join(map(quoted, table.key))})"]
    body = ",\n  ".join(lines)
    return f"CREATE TABLE {quoted(table.name)} (\n  {body}\n) STRICT"


def schema_sql(records: Sequence[type]) -> str:
    """The DDL of all records: the golden `schema.sql`."""
    return ";\n\n".join(create_table_sql(table_of(record)) for record in records) + ";\n"


def values_of(record: object) -> dict[str, Value]:
    """A record instance as column → value."""
    return {c.name: getattr(record, c.name) for c in table_of(type(record)).columns}


def record_of(cls: type[R], row: Mapping[str, Any]) -> R:
    """A row (of any SELECT that holds at least its columns) as a record."""
    return cls(**{c.name: row[c.name] for c in table_of(cls).columns})


def insert(db: Database, *records: object) -> None:
    """Insert records, which may be of several classes. Raises sqlite3.IntegrityError on a taken key.

    Ours and not sqlite-utils' because that turns Decimal into REAL and a wrong name into a new table
    (TRAPS 3).
    """
    by_class: dict[type, list[object]] = {}
    for record in records:
        by_class.setdefault(type(record), []).append(record)
    for cls, group in by_class.items():
        rows = [tuple(values_of(record).values()) for record in group]
        db.conn.executemany(insert_sql(table_of(cls)), rows)


def insert_sql(table: Table) -> str:
    """INSERT of one whole row, parameters in the order of `table.columns`."""
    names = ", ".join(quoted(c.name) for c in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})"  # noqa: S608 - declared names


def find(db: Database, cls: type[R], *key: Value) -> R | None:
    """The record with this key, or None."""
    rows = select(db, cls, **dict(zip(table_of(cls).key, key, strict=True)))
    return rows[0] if rows else None


def select(db: Database, cls: type[R], **equal: Value) -> list[R]:
    """The records whose fields equal the given values, in key order."""
    table = table_of(cls)
    names = ", ".join(quoted(c.name) for c in table.columns)
    where = " AND ".join(f"{quoted(name)} IS ?" for name in equal) or "1"
    order = ", ".join(map(quoted, table.key))
    sql = f"SELECT {names} FROM {quoted(table.name)} WHERE {where} ORDER BY {order}"  # noqa: S608 - declared names
    cursor = db.conn.execute(sql, tuple(equal.values()))
    fields = [c.name for c in table.columns]
    return [cls(**dict(zip(fields, row, strict=True))) for row in cursor]

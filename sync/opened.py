"""Changesets of the log, decoded: what each did to a row, as this schema reads it (C12).

An older schema's insert is read with the defaults of the fields it did not know. A newer schema's fields keep a
head by their name, without a value: a delete must name them, and nothing else asks for them before the upgrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zlib import crc32

from sqlite_utils import Database

from shared.schema import Table, Unit, Value
from sync.body import decode_header, decode_parts
from sync.change import Block, Changeset, Header, VersionName
from sync.errors import BadMessage
from sync.log import find_version, read_changeset
from sync.merge import Change, Values

Key = tuple[Value, ...]


@dataclass(frozen=True)
class Opened:
    """A changeset of the log, decoded: its local number, its blocks, and its names as local numbers."""

    n: int
    scope: str
    blocks: list[Block]
    names: list[int]


def open_changeset(db: Database, n: int) -> Opened:
    """Decode a stored changeset. Names that are not here are 0, which no row has."""
    stored = read_changeset(db, n)
    header = decode_header(stored.header)
    names = [find_version(db, stored.scope, name) or 0 for name in header.names]
    return Opened(n, stored.scope, decode_parts(stored.parts or (b"[]",)), names)


class Readings:
    """What was decoded when it came in, so that it is judged and applied without being decoded again.

    For one transaction. What is not among it is read from the log.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[int, tuple[Changeset, Header, list[Block]]] = {}
        self._numbers: dict[tuple[str, VersionName], int] = {}

    def keep(self, n: int, changeset: Changeset, header: Header, blocks: list[Block]) -> None:
        """A changeset as it was stored under a local number, and its header and body."""
        self._kept[n] = (changeset, header, blocks)

    def changeset(self, n: int) -> Changeset:
        """The changeset itself."""
        return self._kept[n][0] if n in self._kept else read_changeset(self._db, n)

    def header(self, n: int, raw: bytes) -> Header:
        """The header of a changeset; `raw` is what the log has."""
        return self._kept[n][1] if n in self._kept else decode_header(raw)

    def opened(self, n: int) -> Opened:
        """The same as `open_changeset`. Raises BadMessage("bad_body") for what cannot be read."""
        if n not in self._kept:
            return open_changeset(self._db, n)
        changeset, header, blocks = self._kept[n]
        return Opened(n, changeset.scope, blocks, [self._number(changeset.scope, name) for name in header.names])

    def blocks(self, numbers: Iterable[int]) -> Iterator[Block]:
        """The blocks of these changesets; one that cannot be read has none."""
        return (block for n in numbers for block in self._blocks(n))

    def _blocks(self, n: int) -> list[Block]:
        if n in self._kept:
            return self._kept[n][2]
        try:
            return decode_parts(read_changeset(self._db, n).parts or (b"[]",))
        except BadMessage:
            return []

    def _number(self, scope: str, name: VersionName) -> int:
        number = self._numbers.get((scope, name), 0) or find_version(self._db, scope, name) or 0
        self._numbers[scope, name] = number
        return number


def key_at(table: Table, block: Block, row: int) -> Key:
    """The key of one row of a block."""
    return tuple(block.columns[name][row] for name in table.key)


def is_readable(table: Table, block: Block) -> bool:
    """Whether a block has the columns that its table needs. One of a table that the judge did not know yet,
    and so could not refuse, may lack them."""
    wanted = {c for unit in table.units if unit.name in block.units for c in unit.columns} | set(table.key)
    return wanted <= block.columns.keys()


def unknown_unit(name: str) -> int:
    """The number of a unit that only a newer schema has: negative, and the same on every replica."""
    return -1 - crc32(name.encode())


def local_number(one: Opened, index: int) -> int:
    """The version behind an index into the header's names; 0 for none."""
    return one.names[index] if 0 <= index < len(one.names) else 0


def change_at(table: Table, one: Opened, block: Block, row: int) -> Change:
    """One row of a block as a change."""
    named = block.bases[row] if block.bases else [[]]
    if block.op == "u":
        units = {unit.name: unit for unit in table.units[1:]}
        writes: dict[int, Values] = {}
        bases: dict[int, frozenset[int]] = {}
        weights: dict[int, int] = {}
        for at, name in enumerate(block.units):
            unit = units.get(name)
            index = unit.index if unit else unknown_unit(name)
            writes[index] = tuple(block.columns[c][row] for c in unit.columns) if unit else ()
            bases[index] = frozenset(local_number(one, i) for i in named[at])
            if block.weights and unit:
                weights[index] = block.weights[row][at]
        return Change("u", one.n, writes, bases, weights)
    bases = {0: frozenset(local_number(one, i) for i in named[0])}
    if block.op != "i":
        return Change(block.op, one.n, {0: ()} if block.op == "k" else {}, bases)
    writes = {u.index: tuple(_value(table, block, c, row) for c in u.columns) for u in table.units}
    return Change("i", one.n, writes, bases)


def _value(table: Table, block: Block, column: str, row: int) -> Value:
    if column in block.columns:
        return block.columns[column][row]
    return next(c.spec.default for c in table.columns if c.name == column)


def changes_of(db: Database, table: Table, key: Key, n: int) -> Iterator[Change]:
    """What a changeset of the log did to one row."""
    one = open_changeset(db, n)
    for block in one.blocks:
        if block.table == table.name and is_readable(table, block):
            for row in range(block.count):
                if key_at(table, block, row) == key:
                    yield change_at(table, one, block, row)


def written_values(db: Database, table: Table, key: Key, unit: Unit, version: int) -> Values:
    """What a changeset of the log wrote into a unit of a row. Raises KeyError when it did not touch it."""
    for change in changes_of(db, table, key, version):
        if unit.index in change.writes:
            return change.writes[unit.index]
    raise KeyError(version)


def unread_in(block: Block, table: Table | None) -> int:
    """How many values of a block wait in the log for a newer schema: rows of an unknown table, cells of an
    unknown field of new rows. Edits of an unknown field have a head and are counted there."""
    if table is None:
        return block.count
    known = {c.name for c in table.columns}
    strange = [values for name, values in block.columns.items() if name not in known] if block.op == "i" else []
    return sum(value is not None for values in strange for value in values)

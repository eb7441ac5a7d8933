"""The definition of a row's state, written plainly and slowly: what the engine must agree with.

It knows only the set of applied changesets. A head is a version that no other names; nothing is remembered
from one changeset to the next, so no order can matter (C3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from shared.records.declare import Rule
from shared.schema import Table
from sync.body import decode_header, decode_parts
from sync.change import RANKS, Block, Changeset, Header
from sync.log import read_changeset
from sync.replica import Replica

Version = tuple[str, int, str]
Read = Callable[[Database, int], Changeset]


@dataclass
class RowHistory:
    """All that ever happened to one row: what was written where, and what was named by whom."""

    written: dict[int, dict[Version, tuple]] = field(default_factory=lambda: defaultdict(dict))
    struck: dict[int, set[Version]] = field(default_factory=lambda: defaultdict(set))
    marked: set[Version] = field(default_factory=set)
    deletes: set[Version] = field(default_factory=set)
    answered: set[Version] = field(default_factory=set)

    def heads(self, unit: int) -> dict[Version, tuple]:
        """Version → values of what nobody has replaced."""
        return {v: values for v, values in self.written[unit].items() if v not in self.struck[unit]}


@dataclass
class Reference:
    """A replica's applied changesets read into histories; `order` breaks ties: (effective, origin, hash)."""

    tables: dict[str, Table]
    rows: dict[tuple[str, tuple], RowHistory] = field(default_factory=lambda: defaultdict(RowHistory))
    order: dict[Version, tuple] = field(default_factory=dict)
    headers: dict[Version, Header] = field(default_factory=dict)
    weights: dict[tuple[str, tuple, int, Version], int] = field(default_factory=dict)

    def expected(self, scopes: set[str]) -> dict[tuple[str, tuple], dict[str, Any]]:
        """(table, key) → what the row must show, for rows that exist, and its disagreements."""
        found = {}
        for (name, key), history in self.rows.items():
            table = self.tables[name]
            if table.scope_of(key) in scopes:
                standing = [v for u in table.units for v in history.heads(u.index) if v not in history.marked]
                if standing:
                    found[name, key] = self._shown(table, key, history)
        return found

    def _shown(self, table: Table, key: tuple, history: RowHistory) -> dict[str, Any]:
        shown: dict[str, Any] = {"conflicts": {}, "deleted": bool(history.deletes - history.answered)}
        for unit in table.units[1:]:
            heads = history.heads(unit.index)
            standing = {v: x for v, x in heads.items() if v not in history.marked} or heads
            won = max(standing, key=lambda v: self._strength(table, key, unit, v, standing[v]))
            shown[unit.name] = (won, standing[won])
            values = {x for v, x in heads.items() if v not in history.marked}
            if len(values) > 1 and unit.rule is not Rule.QUIET:
                shown["conflicts"][unit.name] = values
        return shown

    def _strength(self, table: Table, key: tuple, unit: Any, version: Version, values: tuple) -> tuple:
        header, weight = self.headers[version], 0
        if unit.rule is Rule.AUTHORITY:
            weight = int(header.campus == table.owner_of(key) and table.owner_of(key) is not None)
        if unit.rule is Rule.RANK:
            weight = 2 * RANKS[header.rank] + int(any(value is not None for value in values))
        if unit.rule in (Rule.AUTHORITY, Rule.RANK):
            weight = max(weight, self.weights.get((table.name, key, unit.index, version), 0))
        return (weight, *self.order[version])


def reference_of(replica: Replica, db: Database, read: Read = read_changeset) -> Reference:
    """Read every applied changeset of a replica; `read` finds the bodies of pruned ones."""
    reference = Reference(replica.tables)
    for n, effective in db.conn.execute("SELECT n, effective FROM _changeset WHERE state = 'applied'").fetchall():
        stored = read(db, n)
        header = decode_header(stored.header)
        me: Version = (stored.origin, stored.seq, stored.hash[:8].hex())
        reference.order[me] = (effective, stored.origin, stored.hash)
        reference.headers[me] = header
        for block in decode_parts(stored.parts or (b"[]",)):
            for row in range(block.count):
                _read_row(reference, header, me, block, row)
    return reference


def _read_row(reference: Reference, header: Header, me: Version, block: Block, row: int) -> None:
    table = reference.tables[block.table]
    key = tuple(block.columns[name][row] for name in table.key)
    history = reference.rows[table.name, key]
    per_unit = [
        {(header.names[i].origin, header.names[i].seq, header.names[i].hash8.hex()) for i in named}
        for named in (block.bases[row] if block.bases else [[]])
    ]
    if block.op == "u":
        for at, name in enumerate(block.units):
            unit = next(u for u in table.units if u.name == name)
            history.written[unit.index][me] = tuple(block.columns[c][row] for c in unit.columns)
            history.struck[unit.index] |= per_unit[at]
            if block.weights:
                reference.weights[table.name, key, unit.index, me] = block.weights[row][at]
        return
    if block.op == "i":
        for unit in table.units:
            history.written[unit.index][me] = tuple(block.columns[c][row] for c in unit.columns)
            history.struck[unit.index] |= per_unit[0] - {me}
    if block.op == "k":
        history.written[0][me] = ()
        history.struck[0] |= per_unit[0]
    if block.op == "d":
        history.deletes.add(me)
        history.marked |= per_unit[0]
    history.answered |= per_unit[0] - {me}

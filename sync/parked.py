"""Parked values: a newer schema's value that this table cannot hold (C12).

Its head is known like any other, so later edits name it and a conflict counts it; the cell goes on showing what
it replaced, until the upgrade. What is shown follows from the log alone (C3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlite_utils import Database

from shared.schema import Table, Unit, holds
from sync.floor import base_values, is_pruned
from sync.merge import Head, RowState, Stamp, Values, winner
from sync.opened import Key, changes_of

# What `_head.parked` says of a head.
HELD, NOT_HELD, ROW_HIDDEN = 0, 1, 2

Written = tuple[Values | None, frozenset[int]]


def is_held(table: Table, unit: int, values: Values) -> bool:
    """Whether this table can hold a value of a unit. It never holds that of a unit only a newer schema has."""
    if unit < 0:
        return False
    return all(holds(table.specs[c], v) for c, v in zip(table.units[unit].columns, values, strict=True))


def is_shown(table: Table, key: Key, row: Mapping[int, tuple[Head, Values | None]]) -> bool:
    """Whether a row can stand in its table: its key fits, and every unit has a value that does."""
    fits = all(holds(table.specs[name], part) for name, part in zip(table.key, key, strict=True))
    return fits and all(values is not None for _, values in row.values())


def shown_heads(
    db: Database, table: Table, key: Key, state: RowState, stamps: dict[int, Stamp]
) -> dict[int, tuple[Head, Values | None]]:
    """Unit → the head that a living row shows, and the values to show for it; None where there are none.

    A parked head is passed over while another one stands. Where only parked ones stand, an edit names the winner
    of these and the cell shows what they replaced, or the declared default.
    """
    shown: dict[int, tuple[Head, Values | None]] = {}
    for unit in table.units:
        found = list(state.heads[unit.index].values())
        standing = [head for head in found if not head.deleted] or found
        held = [head for head in standing if is_held(table, unit.index, head.values)]
        won = winner(held or standing, unit.rule, stamps)
        parked = [head.version for head in standing]
        shown[unit.index] = (won, won.values if held else _meanwhile(db, table, key, unit, parked))
    return shown


def _meanwhile(db: Database, table: Table, key: Key, unit: Unit, versions: Iterable[int]) -> Values | None:
    """The newest value that parked heads replaced and this table holds, or else the default.

    By the claimed stamp, which no receipt changes: what was replaced is in no list of heads to be chosen anew.
    """

    def read(n: int) -> Written:
        return _written(db, table, key, unit, n)

    def fits(values: Values) -> bool:
        return is_held(table, unit.index, values)

    back = _going_back(read, versions, fits)
    found = {n: values for n, values in back.items() if values is not None and fits(values)}
    if len(found) > 1:
        older = {v for n in found for v in _going_back(read, read(n)[1], lambda _: False)}
        found = {n: values for n, values in found.items() if n not in older}
    if found:
        return found[max(found, key=lambda n: _claim(db, n) or (0, "", b""))]
    defaults = tuple(table.specs[name].default for name in unit.columns)
    return defaults if fits(defaults) else None


def _going_back(
    read: Callable[[int], Written], starts: Iterable[int], until: Callable[[Values], bool]
) -> dict[int, Values | None]:
    """What was written by `starts`, by what these name, and so on; no further than a value that satisfies `until`."""
    reached: dict[int, Values | None] = {}
    todo = list(starts)
    while todo:
        n = todo.pop()
        if n in reached:
            continue
        values, named = read(n)
        reached[n] = values
        if values is None or not until(values):
            todo += named
    return reached


def _written(db: Database, table: Table, key: Key, unit: Unit, n: int) -> Written:
    """What an applied changeset wrote into a unit of a row, and the versions it names for it."""
    if is_pruned(db, n):
        return base_values(db, table, key, unit, n), frozenset()
    if _claim(db, n) is not None:
        for change in changes_of(db, table, key, n):
            if unit.index in change.writes:
                return change.writes[unit.index], change.bases.get(unit.index, change.bases.get(0, frozenset()))
    return None, frozenset()


def _claim(db: Database, n: int) -> tuple[int, str, bytes] | None:
    """When an applied changeset says that it was made, then its name; None for any other."""
    claim: tuple[int, str, bytes] | None = db.conn.execute(
        "SELECT stamp, name, hash FROM _changeset JOIN _origin USING (o)"
        " WHERE n = ? AND state = 'applied'",
        (n,),
    ).fetchone()
    return claim

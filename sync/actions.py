"""Actions of the log: all that one save wrote, over every scope it touched, with who, when and why (point 6).

An action is called ORIGIN.ACTION. One that takes another back says so in its note, which is how people and `undo`
know it again: `undo ORIGIN.ACTION reason`. Nothing is remembered beside the log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from shared.clock import instant_text
from shared.errors import NotFound
from shared.schema import Table, Value
from sync.body import decode_header
from sync.chain import ERASED
from sync.change import State
from sync.log import read_changeset
from sync.merge import Change, Values
from sync.opened import Key, change_at, is_readable, key_at, open_changeset, unread_in

_ID = re.compile(r"([0-9A-Z]+\.[0-9A-Z]+)\.([0-9A-Z]+)")
_UNDO_NOTE = re.compile(r"undo ([0-9A-Z]+\.[0-9A-Z]+\.[0-9A-Z]+) ?(.*)", re.DOTALL)
# Why a body does not tell all it did: it is not here, the law took rows out, a newer release wrote it.
MISSING, BLANKED, NEWER = "missing", "erased", "newer"


@dataclass(frozen=True)
class Member:
    """One changeset of an action: its local number, scope and state. received: the hub has it."""

    n: int
    scope: str
    state: str
    received: bool


@dataclass(frozen=True)
class Action:
    """One save. size: how many changesets it has, of which `members` are here; reason: what a person gave;
    undoes: the action it takes back, or ""."""

    id: str
    members: tuple[Member, ...]
    size: int
    person_id: str
    campus: str
    instant: str
    rows: int
    reason: str
    undoes: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The local numbers of its changesets."""
        return tuple(member.n for member in self.members)

    @property
    def state(self) -> str:
        """quarantined, waiting, pending or received: the worst of its changesets."""
        states = {member.state for member in self.members}
        if states & {State.QUARANTINED.value, State.HOLE.value}:
            return "quarantined"
        if State.WAITING.value in states:
            return "waiting"
        return "received" if all(member.received for member in self.members) else "pending"


@dataclass(frozen=True)
class Asked:
    """Whose actions are asked for: those of a person, and those made at some campuses ("" is the hub)."""

    person_id: str
    campuses: frozenset[str] = frozenset()


def undo_note(action: str, reason: str) -> str:
    """The note of a save that takes an action back."""
    return f"undo {action} {reason}".strip()


def undone_in(note: str) -> tuple[str, str] | None:
    """(action, reason) of a note that says so; None for any other."""
    found = _UNDO_NOTE.fullmatch(note)
    return (found[1], found[2]) if found else None


_NEWEST = (
    "SELECT n, o, action FROM _changeset AS c WHERE {} = ? AND n < ? AND NOT EXISTS (SELECT 1 FROM _changeset AS later"
    " WHERE later.action = c.action AND later.o = c.o AND later.n > c.n) ORDER BY n DESC LIMIT ?"
)
_MEMBERS = (
    "SELECT c.o, c.action, c.n, c.scope, c.state, c.hub_seq IS NOT NULL, o.name, c.action_size, c.person_id, c.campus,"
    " c.effective, c.rows, c.header FROM _changeset AS c JOIN _origin AS o USING (o)"
    " WHERE c.action IN (SELECT value FROM json_each(?)) ORDER BY c.n"
)


def recent_actions(db: Database, asked: Asked, *, before: int, most: int) -> list[Action]:
    """The newest actions whose last changeset came in before a local number, by that number."""
    found: set[tuple[int, int, str]] = set()
    wanted = [("person_id", asked.person_id), *(("campus", campus) for campus in sorted(asked.campuses))]
    for column, value in wanted:
        found |= set(db.conn.execute(_NEWEST.format(column), (value, before, most)).fetchall())
    newest = sorted(found, reverse=True)[:most]
    by_name = _read(db, {action for _, _, action in newest})
    return [by_name[o, action] for _, o, action in newest]


def action_of(db: Database, id_: str) -> Action:
    """One action by its whole name, or by its last part where that is enough. Raises NotFound."""
    whole = _ID.fullmatch(id_)
    found = [one for one in _read(db, {whole[2] if whole else id_}).values() if not whole or one.id == id_]
    if len(found) != 1:
        raise NotFound("action_not_found", action=id_)
    return found[0]


def _read(db: Database, names: Iterable[str]) -> dict[tuple[int, str], Action]:
    rows: dict[tuple[int, str], list[tuple[Any, ...]]] = {}
    for o, action, *rest in db.conn.execute(_MEMBERS, (json.dumps(sorted(names)),)):
        rows.setdefault((o, action), []).append(tuple(rest))
    return {name: _action(name[1], members) for name, members in rows.items()}


def _action(action: str, rows: Sequence[tuple[Any, ...]]) -> Action:
    *_, origin, size, person, campus, effective, _rows, header = rows[0]
    note = decode_header(header).note
    undoes, reason = undone_in(note) or ("", note)
    return Action(
        f"{origin}.{action}", tuple(Member(n, scope, state, bool(received)) for n, scope, state, received, *_ in rows),
        size, person, campus, instant_text(effective), sum(row[-2] for row in rows), reason, undoes,
    )  # fmt: skip


def in_conflict(db: Database, numbers: Iterable[int]) -> set[int]:
    """Those of some changesets of which a value stands against another: a person has to decide."""
    rows = db.conn.execute(
        "SELECT DISTINCT h.v FROM _head AS h JOIN _head AS other ON other.t = h.t AND other.k = h.k AND other.u = h.u"
        " WHERE h.v IN (SELECT value FROM json_each(?)) AND h.deleted = 0 AND other.deleted = 0 AND h.u > 0"
        " AND other.value <> h.value",
        (json.dumps(sorted(numbers)),),
    )
    return {n for (n,) in rows}


@dataclass(frozen=True)
class Body:
    """What one changeset did, by (table, key). lacks: why that is not all of it, "" where it is."""

    changes: Mapping[tuple[str, Key], Change]
    lacks: str
    note: str
    applied: bool


@dataclass(frozen=True)
class Wrote:
    """What an action did to one row: op "i", "u", "d" or "k" (kept), and the values before and after.

    Of an update only the fields it names; a value that the log does not tell is not there.
    """

    table: str
    key: Key
    op: str
    before: Mapping[str, Value]
    after: Mapping[str, Value]


@dataclass
class Bodies:
    """Changesets of the log, each opened once."""

    db: Database
    tables: Mapping[str, Table]
    _opened: dict[int, Body] = field(default_factory=dict)

    def of(self, n: int) -> Body:
        """One changeset, decoded."""
        if n not in self._opened:
            self._opened[n] = self._open(n)
        return self._opened[n]

    def _open(self, n: int) -> Body:
        stored = read_changeset(self.db, n)
        note = decode_header(stored.header).note
        state = self.db.conn.execute("SELECT state FROM _changeset WHERE n = ?", (n,)).fetchone()[0]
        if stored.parts is None:
            return Body({}, MISSING, note, applied=False)
        lacks = BLANKED if any(part[:1] == ERASED for part in stored.parts[1:]) else ""
        one = open_changeset(self.db, n)
        changes: dict[tuple[str, Key], Change] = {}
        for block in one.blocks:
            table = self.tables.get(block.table)
            if table is None or not is_readable(table, block) or unread_in(block, table):
                lacks = NEWER
                continue
            for row in range(block.count):
                place = (table.name, key_at(table, block, row))
                changes[place] = _joined(changes.get(place), change_at(table, one, block, row))
        if any(unit < 0 for change in changes.values() for unit in change.writes):
            lacks = NEWER
        return Body(changes, lacks, note, state == State.APPLIED.value)

    def value(self, n: int, table: Table, key: Key, unit: int) -> Values | None:
        """What an applied changeset wrote into a unit of a row; None where it did not, or nobody can tell."""
        body = self.of(n) if n else None
        change = body.changes.get((table.name, key)) if body is not None and body.applied else None
        return None if change is None else change.writes.get(unit)

    def named(self, n: int, table: Table, key: Key, unit: int) -> frozenset[int]:
        """The versions that a changeset replaced in a unit of a row."""
        change = self.of(n).changes.get((table.name, key))
        if change is None or (change.op == "u" and unit not in change.writes):
            return frozenset()
        return change.bases.get(unit, change.bases.get(0, frozenset()))

    def wrote(self, n: int, most: int) -> list[Wrote]:
        """What a changeset did to its first rows, in the order of its body."""
        rows = list(self.of(n).changes.items())[:most]
        return [self._row(self.tables[name], key, change) for (name, key), change in rows]

    def _row(self, table: Table, key: Key, change: Change) -> Wrote:
        before: dict[str, Value] = {}
        after: dict[str, Value] = {}
        for unit in table.units[1:]:
            if change.op == "k" or (change.op == "u" and unit.index not in change.writes):
                continue
            after.update(zip(unit.columns, change.writes.get(unit.index, ()), strict=False))
            if change.op != "i":
                # Of several versions the one that came last: an older one is named beside it for another unit.
                named = sorted(change.bases.get(unit.index, change.bases.get(0, frozenset())), reverse=True)
                told = [found for n in named if (found := self.value(n, table, key, unit.index)) is not None]
                before.update(zip(unit.columns, told[0] if told else (), strict=False))
        return Wrote(table.name, key, change.op, before, after)


def _joined(one: Change | None, other: Change) -> Change:
    """A row of which a save wrote some units from an older page is in two blocks."""
    if one is None:
        return other
    return Change(
        one.op, one.version, one.writes | other.writes, one.bases | other.bases, one.weights | other.weights
    )

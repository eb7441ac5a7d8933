"""Undo: take a whole action back by one more action, through the door that every write takes (precise point 6).

What was inserted is deleted, what was deleted is inserted with its former values, and fields get the values back
that the action replaced, as the log tells them. All rows of all scopes together, or none: where something has moved
since, the undo is refused with the place, who moved it, and when. The plan is a pure reading of the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from shared.clock import instant_text
from shared.errors import InvalidInput, Problem
from shared.records.declare import Rule
from shared.schema import Table, Unit, Value, key_text
from sync.actions import BLANKED, MISSING, NEWER, Action, Bodies, action_of, undo_note, undone_in
from sync.capture import Writing, write
from sync.change import Author, State
from sync.conflicts import keep_row
from sync.erasure import is_dead
from sync.heads import load_state, read_row
from sync.log import logged
from sync.merge import Change, Head, RowState, Stamp, Values, disagree, winner
from sync.opened import Key
from sync.parked import is_held
from sync.replica import Replica, setting
from sync.waiting import Member, is_torn

_LACKING = {MISSING: "undo_body_missing", BLANKED: "undo_erased", NEWER: "undo_newer"}


@dataclass(frozen=True)
class Step:
    """One row of an undo. op: "u" gives fields their former values, "d" removes what was inserted, "i" puts back what
    was deleted, "k" keeps what still stands. before: what is there now; after: what will be."""

    op: str
    table: str
    key: Key
    before: Mapping[str, Value]
    after: Mapping[str, Value]


@dataclass(frozen=True)
class Obstacle:
    """Why an action cannot be taken back: a row (table "" for the whole action), the fields, and whose later write
    is in the way, where it is one. instant: text, "" where nobody wrote."""

    reason: str
    table: str = ""
    key: Key = ()
    columns: tuple[str, ...] = ()
    person_id: str = ""
    campus: str = ""
    instant: str = ""


@dataclass(frozen=True)
class Plan:
    """What an undo would do. With any obstacle it does nothing."""

    action: Action
    steps: tuple[Step, ...]
    obstacles: tuple[Obstacle, ...]


class UndoRefused(InvalidInput):
    """An action cannot be taken back; `obstacles` says where and why."""

    code = "undo_refused"

    def __init__(self, plan: Plan) -> None:
        self.obstacles = plan.obstacles
        super().__init__(*(_problem(each) for each in plan.obstacles), action=plan.action.id)


Permit = Callable[[Plan], None]


def undo(replica: Replica, db: Database, id_: str, author: Author, reason: str, permit: Permit) -> Plan:
    """Take an action back, in one transaction; what was done.

    permit: raises when the author may not write one of the rows. Raises NotFound for an unknown action, UndoRefused
    where something stands in the way; then nothing is written.
    """
    with write(replica, db, author) as w:
        plan = plan_undo(replica, db, action_of(db, id_))
        if plan.obstacles:
            raise UndoRefused(plan)
        permit(plan)
        w.note(undo_note(plan.action.id, reason))
        for step in plan.steps:
            _carry_out(w, replica.tables[step.table], step)
    return plan


def _carry_out(w: Writing, table: Table, step: Step) -> None:
    if step.op == "u":
        w.update(table.record, step.key, step.after)
    elif step.op == "d":
        w.delete(table.record, step.key)
    elif step.op == "i":
        w.insert(table.record(**dict(zip(table.key, step.key, strict=True)), **step.after))
    else:
        keep_row(w, table, step.key)


def plan_undo(replica: Replica, db: Database, action: Action) -> Plan:
    """What taking an action back would write now, or all that stands in the way."""
    obstacles = _of_the_whole(replica, db, action)
    if obstacles:
        return Plan(action, (), tuple(obstacles))
    bodies = Bodies(db, replica.tables)
    lacking = {bodies.of(n).lacks for n in action.numbers} - {""}
    if lacking:
        return Plan(action, (), tuple(Obstacle(_LACKING[why]) for why in sorted(lacking)))
    steps: list[Step] = []
    for n in action.numbers:
        for (name, key), change in bodies.of(n).changes.items():
            found = _Row(db, bodies, replica.tables[name], key).taken_back(change)
            if not isinstance(found, Step):
                obstacles += found
            elif found.op != "u" or found.before != found.after:
                steps.append(found)
    if not steps and not obstacles:
        obstacles.append(Obstacle("undo_nothing"))
    return Plan(action, tuple(steps), tuple(obstacles))


def _of_the_whole(replica: Replica, db: Database, action: Action) -> list[Obstacle]:
    """What speaks against an action before its rows are looked at."""
    held = {"con", setting(db, "campus")}
    elsewhere = replica.role != "hub" and any(member.scope not in held for member in action.members)
    if is_torn([Member(member.scope, action.size) for member in action.members]):
        return [Obstacle("undo_torn")]
    if action.state == "quarantined":
        return [Obstacle("undo_quarantined")]
    if action.state == "waiting":
        return [Obstacle("undo_waiting")]
    if elsewhere or len(action.members) < action.size:
        return [Obstacle("undo_scope_not_held")]
    if action.rows > replica.limits.undo_rows:
        return [Obstacle("undo_too_large")]
    return []


class _Row:
    """One row that an action wrote, as it stands now."""

    def __init__(self, db: Database, bodies: Bodies, table: Table, key: Key) -> None:
        self._db, self._bodies, self._table, self._key = db, bodies, table, key
        self._state: RowState = load_state(db, table, key)

    def taken_back(self, change: Change) -> Step | list[Obstacle]:
        """The step that takes one change back, or all that is in its way."""
        table, key = self._table, self._key
        if table.declaration.erasable and is_dead(self._db, table.name, key_text(key)):
            return [self._obstacle("undo_erased")]
        if change.op == "k":
            return [self._obstacle("undo_decision")]
        if change.op == "d":
            return self._put_back(change.version)
        if not self._state.alive:
            return [self._obstacle("undo_gone", by=self._state.deletes)]
        if self._state.deletes:
            return [self._obstacle("undo_in_conflict", by=self._state.deletes)]
        if read_row(self._db, table, key) is None:
            return [self._obstacle("undo_parked")]
        if change.op == "i":
            return self._removed(change.version)
        return self._given_back(change)

    def _removed(self, version: int) -> Step | list[Obstacle]:
        found = [o for unit in self._units() if (o := self._moved(unit, version)) is not None]
        if any(unit < 0 for unit in self._state.heads):
            found.append(self._obstacle("undo_newer"))
        return found or Step("d", self._table.name, self._key, self._shown(self._units()[1:]), {})

    def _given_back(self, change: Change) -> Step | list[Obstacle]:
        after: dict[str, Value] = {}
        obstacles = []
        units = [self._table.units[index] for index in sorted(change.writes)]
        for unit in units:
            found = self._moved(unit, change.version) or self._former(unit, change)
            if isinstance(found, Obstacle):
                obstacles.append(found)
            else:
                after.update(zip(unit.columns, found, strict=True))
        return obstacles or Step("u", self._table.name, self._key, self._shown(units), after)

    def _put_back(self, version: int) -> Step | list[Obstacle]:
        """A row that is gone comes back as it was; of one that still stands (somebody edited it meanwhile) the delete
        is what stood against it, and a keep ends that."""
        state = self._state
        mine = {v for v in state.deletes if self._stands_for(v, version, 0)}
        if not mine:
            return [self._obstacle("undo_moved", by=state.deletes or state.heads.get(0, ()))]
        if state.deletes - mine:
            return [self._obstacle("undo_also_written", by=state.deletes - mine)]
        if state.alive:
            return Step("k", self._table.name, self._key, self._shown(self._units()[1:]), {})
        if any(unit < 0 for unit in state.heads):
            return [self._obstacle("undo_newer")]
        unknown = [u for u in self._units() if not state.heads.get(u.index)]
        if unknown:
            # Who inserted it was refused, or is not here: nobody knows what was deleted.
            return [self._obstacle("undo_base_unknown", unit) for unit in unknown]
        disputed = [u for u in self._units() if disagree(_standing_again(state, u), u.rule)]
        if disputed:
            return [self._obstacle("undo_in_conflict", unit) for unit in disputed]
        parked = [u for u in self._units() if not is_held(self._table, u.index, self._winner(u).values)]
        if parked:
            return [self._obstacle("undo_parked", unit) for unit in parked]
        return Step("i", self._table.name, self._key, {}, self._shown(self._units()[1:]))

    def _units(self) -> tuple[Unit, ...]:
        return self._table.units

    def _moved(self, unit: Unit, version: int) -> Obstacle | None:
        """Whether anything but this version is what a unit shows, and whose it is."""
        heads = self._state.heads.get(unit.index, {})
        mine = {v for v in heads if self._stands_for(v, version, unit.index)}
        others = heads.keys() - mine
        if not mine:
            return self._obstacle("undo_moved", unit, by=others)
        if others or len(mine) > 1:
            open_ = disagree(heads.values(), unit.rule)
            return self._obstacle("undo_in_conflict" if open_ else "undo_also_written", unit, by=others)
        return None

    def _stands_for(self, head: int, version: int, unit: int) -> bool:
        """Whether a head is a version, or brought its value back by an undo of what had replaced it."""
        value, seen, todo = self._bodies.value(version, self._table, self._key, unit), set[int](), [head]
        while todo:
            n = todo.pop()
            if n == version:
                return True
            undone = undone_in(self._bodies.of(n).note)
            if n in seen or undone is None or self._bodies.value(n, self._table, self._key, unit) != value:
                continue
            seen.add(n)
            for taken_back in self._in_this_scope(undone[0]):
                todo += self._bodies.named(taken_back, self._table, self._key, unit)
        return False

    def _in_this_scope(self, id_: str) -> list[int]:
        origin, action = id_.rsplit(".", 1)
        rows = self._db.conn.execute(
            "SELECT n FROM _changeset JOIN _origin USING (o) WHERE name = ? AND action = ? AND scope = ? AND state = ?",
            (origin, action, self._table.scope_of(self._key), State.APPLIED.value),
        )
        return [n for (n,) in rows]

    def _former(self, unit: Unit, change: Change) -> Obstacle | Values:
        """What a change replaced in a unit. Several different values had been in conflict: it was a decision."""
        named = change.bases.get(unit.index, frozenset())
        told = {n: self._bodies.value(n, self._table, self._key, unit.index) for n in named}
        values = {n: found for n, found in told.items() if found is not None}
        if not values or len(values) < len(told):
            return self._obstacle("undo_base_unknown", unit)
        if len(set(values.values())) > 1 and unit.rule is not Rule.QUIET:
            return self._obstacle("undo_decision", unit)
        won = winner((Head(n, found) for n, found in values.items()), Rule.LATEST, self._stamps(values)).values
        return won if is_held(self._table, unit.index, won) else self._obstacle("undo_parked", unit)

    def _winner(self, unit: Unit) -> Head:
        heads = self._state.heads.get(unit.index, {})
        return winner(heads.values(), unit.rule, self._stamps(heads))

    def _stamps(self, versions: Iterable[int]) -> dict[int, Stamp]:
        return {n: Stamp(row.effective, row.origin, row.hash) for n, row in logged(self._db, versions).items()}

    def _shown(self, units: Iterable[Unit]) -> dict[str, Value]:
        """What the row shows, or showed last, in some units."""
        found: dict[str, Value] = {}
        for unit in units:
            found.update(zip(unit.columns, self._winner(unit).values, strict=True))
        return found

    def _obstacle(self, reason: str, unit: Unit | None = None, by: Iterable[int] = ()) -> Obstacle:
        """What is in the way: of several writes of others the latest."""
        about = sorted(logged(self._db, by).values(), key=lambda one: (one.effective, one.origin, one.hash))
        columns = unit.columns if unit is not None else ()
        if not about:
            return Obstacle(reason, self._table.name, self._key, columns)
        last = about[-1]
        instant = instant_text(last.effective)
        return Obstacle(reason, self._table.name, self._key, columns, last.person_id, last.campus, instant)


def _standing_again(state: RowState, unit: Unit) -> list[Head]:
    """The heads of a unit as they stood before the row was deleted."""
    return [Head(head.version, head.values, head.weight) for head in state.heads.get(unit.index, {}).values()]


def _problem(obstacle: Obstacle) -> Problem:
    place = "/".join([obstacle.table, key_text(obstacle.key), *obstacle.columns[:1]]) if obstacle.table else "action"
    data: dict[str, str | int | None] = {"who": obstacle.person_id, "at": obstacle.instant}
    return Problem(place, obstacle.reason, data)

"""The deed of taking an action back, and what it promises at once: the former values return, nothing else moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.records.declare import Rule
from shared.schema import Table, Value, key_text
from sync.actions import Bodies, action_of
from sync.change import LOCAL_OPERATOR, Author
from sync.replica import Replica
from sync.undo import Plan, UndoRefused, undo
from tests.simulation.world import Site, World

Rows = dict[tuple[str, tuple[Value, ...]], dict[str, Value]]
LATEST = 15
# Most saves of so small a world are new rows: every other time one that edits a row is taken back, if there is any.
EDITS_SHARE = 0.5
_NEWEST = (
    "SELECT DISTINCT name || '.' || action FROM (SELECT name, action FROM _changeset JOIN _origin USING (o)"
    " ORDER BY n DESC LIMIT ?)"
)


def rows_shown(replica: Replica, db: Any) -> Rows:
    """Every row of every table, as people see it."""
    found: Rows = {}
    for table in replica.tables.values():
        names = [column.name for column in table.columns]
        for row in db.conn.execute(f"SELECT {', '.join(names)} FROM {table.name}"):
            values = dict(zip(names, row, strict=True))
            found[table.name, tuple(values[name] for name in table.key)] = values
    return found


def remember(world: World, site: Site, numbers: list[int], before: Rows) -> None:
    """Keep what was shown before a save. Not of one that wrote from an older page: it replaced what that showed; nor
    what the shell had left, which was packed first."""
    for n in numbers:
        name, person = site.db.conn.execute(
            "SELECT name || '.' || action, person_id FROM _changeset JOIN _origin USING (o) WHERE n = ?", (n,)
        ).fetchone()
        if person != LOCAL_OPERATOR:
            world.before_saves[name] = before


def take_back(world: World, site: Site, author: Callable[[World, Site], Author]) -> None:
    """Somebody takes one of the latest actions back, or is told what is in the way."""
    newest = {name for (name,) in site.db.conn.execute(_NEWEST, (LATEST,))}
    actions = sorted(newest - world.founding)
    if not actions:
        return
    edits = [each for each in actions if _edits(site, each)] if world.random.random() < EDITS_SHARE else []
    action = world.random.choice(edits or actions)
    before, head = rows_shown(site.replica, site.db), _end(site)
    # What the shell left is packed first and may well move heads; then nothing is asked of them.
    heads = None if site.db.conn.execute("SELECT 1 FROM _pending").fetchone() else _heads(site)
    try:
        plan = undo(site.replica, site.db, action, author(world, site), "错了", lambda _: None)
    except UndoRefused as refused:
        assert rows_shown(site.replica, site.db) == before, f"{site.name}: refused and yet something moved"
        assert _end(site) == head, f"{site.name}: refused and yet written"
        world.said(f"{site.name} cannot take back {action}: {sorted({each.reason for each in refused.obstacles})}")
        return
    numbers = [n for (n,) in site.db.conn.execute("SELECT n FROM _changeset WHERE n > ? ORDER BY n", (head,))]
    world.remember(site, numbers)
    world.said(f"{site.name} took back {action}: {[(step.op, step.table, step.key) for step in plan.steps]} {numbers}")
    _check(world, site, plan, before)
    same = heads is None or _elsewhere(heads, plan) == _elsewhere(_heads(site), plan)
    assert same, f"{site.name}: an undo touched a row that is not its own"


def _edits(site: Site, action: str) -> bool:
    bodies = Bodies(site.db, site.replica.tables)
    return any(one.op == "u" for n in action_of(site.db, action).numbers for one in bodies.wrote(n, 9))


def _end(site: Site) -> int:
    return int(site.db.conn.execute("SELECT coalesce(max(n), 0) FROM _changeset").fetchone()[0])


def _heads(site: Site) -> dict[tuple[str, str], set[tuple[Any, ...]]]:
    """Row → all that is kept beside it: heads in conflict, tombstones."""
    found: dict[tuple[str, str], set[tuple[Any, ...]]] = {}
    for t, k, *rest in site.db.conn.execute("SELECT t, k, u, v, value, weight, deleted FROM _head"):
        found.setdefault((t, k), set()).add(tuple(rest))
    for t, k, v in site.db.conn.execute("SELECT t, k, v FROM _delete"):
        found.setdefault((t, k), set()).add((v,))
    return found


def _elsewhere(heads: dict[tuple[str, str], set[tuple[Any, ...]]], plan: Plan) -> dict[Any, Any]:
    own = {(step.table, key_text(step.key)) for step in plan.steps}
    return {place: found for place, found in heads.items() if place not in own}


def _check(world: World, site: Site, plan: Plan, before: Rows) -> None:
    """The rows of the plan are as it says, every other row is as it was, and what a save replaced is back."""
    after, expected = rows_shown(site.replica, site.db), dict(before)
    for step in plan.steps:
        place = (step.table, step.key)
        key = dict(zip(site.replica.tables[step.table].key, step.key, strict=True))
        if step.op == "d":
            del expected[place]
        elif step.op != "k":
            expected[place] = {**key, **expected.get(place, {}), **step.after}
    assert after == expected, f"{site.name}: {plan.action.id} undone, and {_differing(after, expected)}"
    bodies = Bodies(site.db, site.replica.tables)
    wrote = {(one.table, one.key): one.after for n in plan.action.numbers for one in bodies.wrote(n, 99)}
    for step in plan.steps:
        own = wrote[step.table, step.key]
        kept = step.op != "u" or all(step.before[name] == own[name] for name in step.after)
        assert kept, f"{site.name}: {plan.action.id} undone over {dict(step.before)}, it had written {own}"
    was = world.before_saves.get(plan.action.id)
    if was is None:
        return
    for step in plan.steps:
        if step.op != "k":
            table = site.replica.tables[step.table]
            shown, former = after.get((step.table, step.key)), was.get((step.table, step.key))
            fields = step.after if step.op == "u" else table.fields
            lost = _lost(table, list(fields), shown, former)
            assert not lost, f"{site.name}: {plan.action.id} undone, {step.table}{step.key} has {lost}, had {former}"


def _lost(
    table: Table, fields: list[str], shown: dict[str, Value] | None, former: dict[str, Value] | None
) -> dict[str, Value]:
    """The fields that did not come back. Of a quiet one nobody is asked, so a receipt may have moved its winner."""
    if shown is None or former is None:
        return {} if shown is former else dict(shown or {"row": None})
    told = [name for name in fields if table.unit_of(name).rule is not Rule.QUIET]
    return {name: shown[name] for name in told if shown[name] != former[name]}


def _differing(one: Rows, other: Rows) -> dict[Any, Any]:
    return {place: (one.get(place), other.get(place)) for place in one.keys() | other.keys()
            if one.get(place) != other.get(place)}

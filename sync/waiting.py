"""What waits, and what of it can go now: a changeset waits for its predecessor and for the versions it names
(precise point 4), and what nobody has judged yet waits for its whole action as well (precise point 6).

What waits holds back what follows it in its stream and what names it. So everything that can go is found at
once, in an order in which each action follows what it needs and an origin's actions follow its commits.
"""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from sync.chain import HASH8
from sync.log import find_version, has_link
from sync.opened import Readings

# What goes together: (origin, action) for what is still to be judged, (origin, local number) for the rest.
Unit = tuple[int, str | int]


@dataclass(frozen=True)
class Member:
    """A changeset as its action sees it: its scope, and how many the action has as its header says."""

    scope: str
    action_size: int


def is_torn(members: Sequence[Member]) -> bool:
    """Whether these cannot be one action: headers that differ about its size, two in one scope, or too many."""
    sizes, scopes = {member.action_size for member in members}, {member.scope for member in members}
    return len(sizes) > 1 or len(scopes) < len(members) or len(members) > max(sizes)


def is_whole(members: Sequence[Member]) -> bool:
    """Whether nothing of an action is missing; of one that is a lie, nothing needs to be waited for."""
    return is_torn(members) or len(members) == members[0].action_size


def members_of(db: Database, actions: Iterable[str]) -> dict[tuple[int, str], list[Member]]:
    """Everything that is here of some actions, whatever its state: (origin, action) → its changesets."""
    rows = db.conn.execute(
        "SELECT o, action, scope, action_size FROM _changeset WHERE action IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(set(actions))),),
    )
    found: dict[tuple[int, str], list[Member]] = defaultdict(list)
    for o, action, scope, action_size in rows:
        found[o, action].append(Member(scope, action_size))
    return found


@dataclass(frozen=True)
class _Waiting:
    """A waiting changeset: what it needs of what waits too, or None where something is not here at all."""

    n: int
    unit: Unit
    commit: int
    needs: frozenset[int] | None


def release_waiting(db: Database, readings: Readings) -> list[int]:
    """Let everything go that can; the local numbers, in the order in which to judge and apply it."""
    units: dict[Unit, list[_Waiting]] = defaultdict(list)
    for one in _all_waiting(db, readings):
        units[one.unit].append(one)
    here = members_of(db, (action for _, action in units if isinstance(action, str)))
    free = {
        unit: sorted(members, key=lambda one: (one.commit, one.n))
        for unit, members in units.items()
        if _is_free(here, unit, members)
    }
    released = [one.n for unit in _in_order(free, units) for one in free[unit]]
    db.conn.executemany(
        "UPDATE _changeset SET state = coalesce(due, CASE WHEN parts IS NULL THEN 'hole' ELSE 'applied' END)"
        " WHERE n = ?",
        [(n,) for n in released],
    )
    return released


def _all_waiting(db: Database, readings: Readings) -> list[_Waiting]:
    rows = db.conn.execute(
        "SELECT n, o, name, scope, seq, hash, prev, header, due IS NULL FROM _changeset JOIN _origin USING (o)"
        " WHERE state = 'waiting' ORDER BY n"
    ).fetchall()
    links = {(o, scope, seq, hash_): n for n, o, _, scope, seq, hash_, *_ in rows}
    names = {(name, scope, seq, hash_[:HASH8]): n for n, _, name, scope, seq, hash_, *_ in rows}
    found = []
    for n, o, _, scope, seq, _, prev, raw, unjudged in rows:
        header = readings.header(n, raw)
        needs: set[int] | None = set()
        if (o, scope, seq - 1, prev) in links:
            needs = {links[o, scope, seq - 1, prev]}
        elif not has_link(db, o, scope, seq - 1, prev):
            needs = None
        for name in header.names:
            place = (name.origin, scope, name.seq, name.hash8)
            if needs is not None and find_version(db, scope, name) is None:
                needs = needs | {names[place]} if place in names else None
        unit: Unit = (o, header.action) if unjudged else (o, n)
        found.append(_Waiting(n, unit, header.commit, None if needs is None else frozenset(needs)))
    return found


def _is_free(
    here: Mapping[tuple[int, str], Sequence[Member]], unit: Unit, members: Sequence[_Waiting]
) -> bool:
    """Whether everything of a unit is here, whatever else still waits."""
    origin, action = unit
    complete = all(one.needs is not None for one in members)
    return complete and (isinstance(action, int) or is_whole(here[origin, action]))


def _in_order(free: Mapping[Unit, Sequence[_Waiting]], units: Mapping[Unit, Sequence[_Waiting]]) -> list[Unit]:
    """The free units that need nothing which stays: each after those it needs, and else by the origins' commits."""
    unit_of = {one.n: unit for unit, members in units.items() for one in members}
    needs = {
        unit: {unit_of[n] for one in members for n in one.needs or ()} - {unit} for unit, members in free.items()
    }
    needed_by: dict[Unit, list[Unit]] = defaultdict(list)
    for unit, wanted in needs.items():
        for other in wanted:
            needed_by[other].append(unit)
    heap = [(min(one.commit for one in free[unit]), free[unit][0].n, unit) for unit in free if not needs[unit]]
    heapq.heapify(heap)
    order = []
    while heap:
        unit = heapq.heappop(heap)[2]
        order.append(unit)
        for other in needed_by[unit]:
            needs[other].discard(unit)
            if not needs[other]:
                heapq.heappush(heap, (min(one.commit for one in free[other]), free[other][0].n, other))
    return order

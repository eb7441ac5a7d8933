"""Who wins: pure. A row's state is the set of its heads; no database and no clock in sight (C3, C4).

A unit's heads are the versions no other change names. Existence is unit 0. A delete names heads without
removing them: the row is gone when every head of every unit is named by some delete (precise point 3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shared.records.declare import Rule
from shared.schema import Value

Values = tuple[Value, ...]


@dataclass(frozen=True)
class Head:
    """One version of one unit: its values, and what the rules look at."""

    version: int
    values: Values
    weight: int = 0
    deleted: bool = False


@dataclass(frozen=True)
class Change:
    """What one changeset did to one row. `writes` maps unit → values, `bases` unit → versions it names.

    op "d" (delete) and "k" (keep) name through unit 0 whatever heads, deletes and units they saw.
    """

    op: str
    version: int
    writes: dict[int, Values] = field(default_factory=dict)
    bases: dict[int, frozenset[int]] = field(default_factory=dict)
    weights: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RowState:
    """All heads of a row by unit, and its deletes that nothing names."""

    heads: dict[int, dict[int, Head]] = field(default_factory=dict)
    deletes: frozenset[int] = frozenset()

    @property
    def alive(self) -> bool:
        """True when the row was inserted and some head is named by no delete.

        Without a head of existence the insert was refused, and what changed the row since waits for the
        same verdict.
        """
        standing = (not head.deleted for unit in self.heads.values() for head in unit.values())
        return bool(self.heads.get(0)) and any(standing)


def fold(state: RowState, changes: Iterable[Change]) -> RowState:
    """The state after more changes. All writes are laid down first and all names struck out after, so the
    result does not depend on the order of `changes`."""
    heads = {unit: dict(found) for unit, found in state.heads.items()}
    deletes = set(state.deletes)
    changes = list(changes)
    for change in changes:
        for unit, values in change.writes.items():
            head = Head(change.version, values, change.weights.get(unit, 0))
            heads.setdefault(unit, {})[change.version] = head
        if change.op == "d":
            deletes.add(change.version)
    for change in changes:
        _strike(change, heads, deletes)
    return RowState({unit: found for unit, found in heads.items() if found}, frozenset(deletes))


def _strike(change: Change, heads: dict[int, dict[int, Head]], deletes: set[int]) -> None:
    """Apply what a change names: a delete marks heads, anything else removes them."""
    everywhere = change.bases.get(0, frozenset())
    if change.op != "u":
        deletes -= everywhere - {change.version}
    if change.op == "d":
        for found in heads.values():
            for version in everywhere & found.keys():
                found[version] = replace(found[version], deleted=True)
        return
    units = heads if change.op == "i" else change.writes
    for unit in units:
        found = heads.get(unit, {})
        for version in change.bases.get(unit, everywhere if change.op != "u" else frozenset()):
            if version != change.version:
                found.pop(version, None)


@dataclass(frozen=True)
class Stamp:
    """What breaks ties between concurrent edits: effective stamp (ms), then origin, then hash."""

    effective: int
    origin: str
    hash: bytes


def winner(heads: Iterable[Head], rule: Rule, stamps: dict[int, Stamp]) -> Head:
    """The head that is shown. One already deleted is shown only if there is no other."""
    heads = list(heads)
    standing = [head for head in heads if not head.deleted] or heads
    by_weight = rule in (Rule.AUTHORITY, Rule.RANK)

    def order(head: Head) -> tuple[int, int, str, bytes]:
        stamp = stamps[head.version]
        return (head.weight if by_weight else 0, stamp.effective, stamp.origin, stamp.hash)

    return max(standing, key=order)


def disagree(heads: Iterable[Head], rule: Rule) -> bool:
    """Whether people have something to decide: standing heads with different values, unless `quiet`."""
    standing = {head.values for head in heads if not head.deleted}
    return rule is not Rule.QUIET and len(standing) > 1


def weight_of(rule: Rule, *, rank: int, home: bool, values: Values) -> int:
    """What the rule gives an author's own write.

    authority: the owning campus beats others. rank: office over person over derived over terminal, and, at
    the same rank, a value beats none (a revocation wins over its absence).
    """
    if rule is Rule.AUTHORITY:
        return int(home)
    if rule is Rule.RANK:
        return 2 * rank + int(any(value is not None for value in values))
    return 0

"""What a person's day consists of: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.records import RollSession, RosterGroup

NO_LESSONS = frozenset({"weekend", "holiday", "vacation", "closed"})
# Rooms of the boarders, buses and events go on when there are no lessons.
LESSON_GROUPS = frozenset({"class", "after_school", "club"})


@dataclass(frozen=True)
class Taken:
    """A register that was taken: when, by whom, for how many, and how many of them it names."""

    taken_at: str
    taken_by: str
    roster_size: int
    exceptions: int


@dataclass(frozen=True)
class Slot:
    """One session of one group today. state: "taken", "due" (its time has begun), "later"."""

    session: RollSession
    state: str
    taken: Taken | None


@dataclass(frozen=True)
class GroupDay:
    """A group and its sessions today."""

    group: RosterGroup
    slots: tuple[Slot, ...]

    @property
    def due(self) -> int:
        """How many registers should have been taken and were not."""
        return sum(slot.state == "due" for slot in self.slots)


def has_lessons(kind: str | None) -> bool:
    """False only where the calendar says so: an unknown day is worked."""
    return kind not in NO_LESSONS


def group_days(
    groups: Iterable[RosterGroup],
    sessions: Sequence[RollSession],
    taken: Mapping[tuple[str, str], Taken],
    *,
    time_of_day: str,
    lessons: bool,
) -> list[GroupDay]:
    """Every group that meets today, with the state of its sessions at a time (`HH:MM`)."""
    days = []
    for group in groups:
        if not lessons and group.kind in LESSON_GROUPS:
            continue
        own = [each for each in sessions if each.group_kind == group.kind]
        slots = tuple(_slot(each, taken.get((group.id, each.code)), time_of_day) for each in own)
        if slots:
            days.append(GroupDay(group, slots))
    return days


def _slot(session: RollSession, taken: Taken | None, time_of_day: str) -> Slot:
    if taken is not None:
        return Slot(session, "taken", taken)
    return Slot(session, "due" if session.begin <= time_of_day else "later", None)


def mine(days: Iterable[GroupDay], person_id: str) -> list[GroupDay]:
    """The groups of which this person is homeroom teacher or deputy."""
    return [each for each in days if person_id in (each.group.homeroom_id, each.group.deputy_id)]


def totals(days: Iterable[GroupDay]) -> dict[str, int]:
    """How many registers are taken, due, and still to come."""
    found = {"taken": 0, "due": 0, "later": 0}
    for each in days:
        for slot in each.slots:
            found[slot.state] += 1
    return found

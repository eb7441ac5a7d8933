"""Two things at one time, found before anything is written: pure, by weekday, weeks and period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.timetable.week import Activity


@dataclass(frozen=True)
class Clash:
    """Two activities that need one group, teacher or room at one time. Parts of one joint lesson never clash."""

    kind: str
    name: str
    weekday: int
    period: int
    first: Activity
    second: Activity


def clashes_of(activities: Sequence[Activity]) -> list[Clash]:
    """All clashes, each pair once per kind and name, in the order of the file."""
    taken: dict[tuple[str, str, int, int], list[Activity]] = {}
    found: dict[tuple[str, str, str, str], Clash] = {}
    for activity in activities:
        if activity.weekday is None:
            continue
        for kind, name in _needs(activity):
            for period in activity.periods():
                cell = taken.setdefault((kind, name, activity.weekday, period), [])
                for other in cell:
                    if _meet(activity, other) and not (kind != "group" and _one_lesson(activity, other)):
                        pair = (kind, name, other.label, activity.label)
                        found.setdefault(pair, Clash(kind, name, activity.weekday, period, other, activity))
                cell.append(activity)
    return list(found.values())


def _needs(activity: Activity) -> Iterator[tuple[str, str]]:
    yield from (("group", name) for name in activity.groups)
    yield from (("teacher", name) for name in activity.teachers)
    if activity.room:
        yield "room", activity.room


def _meet(one: Activity, other: Activity) -> bool:
    return "every" in (one.weeks, other.weeks) or one.weeks == other.weeks


def _one_lesson(one: Activity, other: Activity) -> bool:
    return one.joint != "" and one.joint == other.joint

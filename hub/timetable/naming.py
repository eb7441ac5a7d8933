"""Whom the names of a timetable file mean: what is there by that name, what the person chose, or a new record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hub.timetable.store import There
from hub.timetable.week import Week
from hub.workbook.known import Id, NewId
from shared.text import tidied

# The kinds of thing that a file names, and the tables that hold them.
TABLES = {"group": "roster_group", "teacher": "person", "room": "room"}
NEW = "new"
NONE = "none"


@dataclass(frozen=True)
class Unknown:
    """A name that means nothing here yet, or several things. candidates: ids of those several."""

    kind: str
    name: str
    activities: int
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wishes:
    """What the person said beside the file.

    create: kinds ("group", "teacher", "room") of which every unknown name becomes a new record.
    meant: (kind, name) → the id of what is meant, `NEW` for a new record, `NONE` to leave a room or teacher out.
    bells: take the clock times of the file where the campus has no bells of its own.
    """

    campus: str
    begin: str
    name: str
    create: frozenset[str] = frozenset()
    meant: Mapping[tuple[str, str], str] = field(default_factory=dict)
    bells: bool = False


@dataclass
class Naming:
    """(kind, name) → id. `ids` holds None where a name is left out; `new` are names that become records."""

    ids: dict[tuple[str, str], Id | None] = field(default_factory=dict)
    new: dict[tuple[str, str], NewId] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)

    def of(self, kind: str, name: str) -> Id | None:
        """The id of a name, None for one that is unknown or left out."""
        return self.ids.get((kind, name))


def names_used(week: Week) -> dict[tuple[str, str], int]:
    """(kind, name) → number of activities that need it, in the order of the file."""
    found: dict[tuple[str, str], int] = {}
    for activity in week.activities:
        used = [("group", name) for name in activity.groups] + [("teacher", name) for name in activity.teachers]
        used += [("room", activity.room)] if activity.room else []
        for one in used:
            found[one] = found.get(one, 0) + 1
    return found


def naming_of(week: Week, there: There, wishes: Wishes) -> Naming:
    """Look every name up. A choice of the person comes first, then the one record of that name."""
    naming = Naming()
    candidates = _candidates(there)
    valid = {kind: {id_ for ids in by_name.values() for id_ in ids} for kind, by_name in candidates.items()}
    for (kind, name), count in names_used(week).items():
        chosen = wishes.meant.get((kind, name), "")
        found = candidates[kind].get(_plain(name), ())
        if chosen in valid[kind]:
            naming.ids[kind, name] = chosen
        elif chosen == NONE and kind != "group":
            naming.ids[kind, name] = None
        elif chosen == NEW or (not found and kind in wishes.create):
            naming.new[kind, name] = NewId(TABLES[kind], len(naming.new) + 1)
            naming.ids[kind, name] = naming.new[kind, name]
        elif len(found) == 1:
            naming.ids[kind, name] = found[0]
        else:
            naming.unknown.append(Unknown(kind, name, count, tuple(found)))
    return naming


def _plain(name: str) -> str:
    """A name as it is compared: full-width brackets and blanks make no other class of 三（2）班."""
    return tidied(name).replace("（", "(").replace("）", ")").replace(" ", "").lower()


def _candidates(there: There) -> dict[str, dict[str, tuple[str, ...]]]:
    """Kind → name as compared → ids. Of teachers the campus's own come first: only if none is, the others count."""
    teachers: dict[str, tuple[str, ...]] = {}
    for own in (True, False):
        persons = [p for p in there.persons if (p.id in there.members) is own]
        found = _by_name((name, p.id) for p in persons for name in {p.name, p.staff_number})
        teachers = found | teachers
    return {
        "group": _by_name((g.name, g.id) for g in there.groups),
        "teacher": teachers,
        "room": _by_name((r.name, r.id) for r in there.rooms if r.end is None),
    }


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, id_ in pairs:
        found[_plain(name)] = (*found.get(_plain(name), ()), id_)
    return found

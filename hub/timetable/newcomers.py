"""Records for names that are not there yet: classes, teachers with their place at the campus, rooms, bells."""

from __future__ import annotations

from collections.abc import Iterator

from hub.timetable.naming import Naming, Wishes
from hub.timetable.store import There
from hub.timetable.week import RoomSeen, Week
from hub.workbook.known import Id, NewId
from hub.workbook.planning import Change, Values
from shared.records import BellPeriod, Building, Person, Room, RosterGroup, StaffMembership
from shared.records.declare import declaration_of, specs_of
from shared.text import initials_of, tidied

STAFF_NUMBER_CHARACTERS_MAX = 20


def newcomers(week: Week, naming: Naming, there: There, wishes: Wishes) -> Iterator[Change]:
    """The records that the person asked for, in the order in which they must be written."""
    seen = {room.name: room for room in week.rooms}
    buildings: dict[str, Id] = {tidied(b.name): b.id for b in there.buildings}
    numbers = {p.staff_number for p in there.persons}
    for (kind, name), new in naming.new.items():
        if kind == "room":
            yield from _room(name, new, seen.get(name, RoomSeen(name)), buildings, wishes)
        elif kind == "teacher":
            yield from _teacher(name, new, numbers, wishes)
        else:
            values: Values = {"id": new, "campus": wishes.campus, "name": name, "begin": wishes.begin}
            yield _new(RosterGroup, values, name, new.row)


def _new(record: type, values: Values, label: str, row: int) -> Change:
    specs = specs_of(record)
    declared: Values = {f: s.default for f, s in specs.items() if s.null or s.default is not None}
    return Change(declaration_of(record).zh, row, "new", record, declared | values, {}, label[:60])


def _room(name: str, new: NewId, seen: RoomSeen, buildings: dict[str, Id], wishes: Wishes) -> Iterator[Change]:
    building: Id | None = None
    if seen.building:
        if seen.building not in buildings:
            made = NewId("building", len(buildings) + 1)
            buildings[seen.building] = made
            yield _new(Building, {"id": made, "campus": wishes.campus, "name": seen.building}, seen.building, new.row)
        building = buildings[seen.building]
    values: Values = {
        "id": new, "campus": wishes.campus, "name": name, "seats": seen.seats, "building_id": building,
    }  # fmt: skip
    yield _new(Room, values, name, new.row)


def _teacher(name: str, new: NewId, numbers: set[str], wishes: Wishes) -> Iterator[Change]:
    """A person and the place at this campus. The file gives no staff number: its name stands in until the
    office enters the real one."""
    number = name[:STAFF_NUMBER_CHARACTERS_MAX]
    for extra in range(2, len(numbers) + 3):
        if number not in numbers:
            break
        number = f"{name[: STAFF_NUMBER_CHARACTERS_MAX - 4]}-{extra}"
    numbers.add(number)
    person: Values = {"id": new, "name": name, "staff_number": number, "initials": initials_of(name)}
    yield _new(Person, person, name, new.row)
    membership: Values = {
        "id": NewId("staff_membership", new.row), "person_id": new, "campus": wishes.campus, "category": "teacher",
        "begin": wishes.begin,
    }  # fmt: skip
    yield _new(StaffMembership, membership, name, new.row)


def new_bells(week: Week, there: There, wishes: Wishes) -> list[Change]:
    """The file's clock times as the campus's own schedule, where it has none."""
    if there.bells:
        return []
    return [
        _new(
            BellPeriod,
            {"schedule": wishes.campus, "period": b.period, "name": b.name, "begin": b.begin, "end": b.end},
            f"{b.period} {b.begin}", b.period,
        )
        for b in week.bells
    ]  # fmt: skip

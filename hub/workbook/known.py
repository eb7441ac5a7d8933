"""What a name in a cell stands for: staff numbers, campuses, classes, roles, as they are or will be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlite_utils import Database

from shared.records import Building, Campus, Person, Pupil, Room, RosterGroup, SchoolYear
from shared.roles import EVERYWHERE, ROLES
from shared.schema import select


@dataclass(frozen=True)
class NewId:
    """Stands for the id of a record that the same workbook makes; minted when it is written."""

    sheet: str
    row: int


Id = str | NewId


@dataclass
class Known:
    """Names → ids, of the database and of the sheets read so far."""

    persons: dict[str, Id] = field(default_factory=dict)
    campuses: dict[str, Id] = field(default_factory=dict)
    school_years: dict[str, Id] = field(default_factory=dict)
    roles: dict[str, Id] = field(default_factory=dict)
    classes: dict[tuple[str, str], Id] = field(default_factory=dict)
    buildings: dict[tuple[str, str], Id] = field(default_factory=dict)
    rooms: dict[tuple[str, str], Id] = field(default_factory=dict)
    pupils: dict[str, Id] = field(default_factory=dict)

    def look_up(self, kind: str, name: str, campus: str) -> Id | None:
        """The id meant by a name; `campus` tells classes and rooms of the same name apart. None when unknown."""
        of_campus = {"class": self.classes, "building": self.buildings, "room": self.rooms}
        if kind in of_campus:
            return of_campus[kind].get((campus, name))
        found: dict[str, Id] = {
            "person": self.persons,
            "campus": self.campuses,
            "school_year": self.school_years,
            "role": self.roles,
            "pupil": self.pupils,
        }[kind]
        return found.get(name)

    def learn(self, record: type, values: dict[str, object]) -> None:
        """Take in a row of the workbook, so that later sheets may name it."""
        if record is Person:
            self.persons.setdefault(str(values["staff_number"]), _id(values["id"]))
        elif record is Campus:
            self.campuses.update({str(values["code"]): _id(values["code"]), str(values["name"]): _id(values["code"])})
        elif record is SchoolYear:
            code = _id(values["code"])
            self.school_years.update({str(values["code"]): code, str(values["name"]): code})
        elif record is Pupil:
            self.pupils[str(values["id"])] = _id(values["id"])
        elif record in (RosterGroup, Building, Room):
            places = {RosterGroup: self.classes, Building: self.buildings, Room: self.rooms}[record]
            places[(str(values["campus"]), str(values["name"]))] = _id(values["id"])


def _id(value: object) -> Id:
    return value if isinstance(value, NewId) else str(value)


def known_in(db: Database) -> Known:
    """What the database knows."""
    known = Known(roles={word: code for code, zh, en in ROLES for word in (code, zh, en)})
    for cls in (Campus, SchoolYear, Person, Building, Room, RosterGroup, Pupil):
        known_rows: Iterable[object] = select(db, cls)
        for record in known_rows:
            known.learn(cls, vars(record))
    return known


def with_everywhere(known: Known) -> Known:
    """The same with `*` as a campus: roles may be held at all of them."""
    everywhere: dict[str, Id] = {word: EVERYWHERE for word in (EVERYWHERE, "全部", "全部校区", "all")}
    return replace(known, campuses=known.campuses | everywhere)

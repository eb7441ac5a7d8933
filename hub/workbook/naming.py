"""Ids into the names people know: for lists, forms and workbooks that are taken away."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlite_utils import Database

from hub.workbook.sheets import Sheet, SheetColumn
from hub.workbook.template import shown
from shared.records import Building, Campus, Person, Pupil, Room, RosterGroup, SchoolYear
from shared.roles import EVERYWHERE, role_word
from shared.schema import Value, select, values_of


@dataclass(frozen=True)
class Names:
    """What the ids of this database are called."""

    persons: dict[str, Person]
    campuses: dict[str, str]
    school_years: dict[str, str]
    classes: dict[str, RosterGroup]
    rooms: dict[str, str] = field(default_factory=dict)
    buildings: dict[str, str] = field(default_factory=dict)
    pupils: dict[str, str] = field(default_factory=dict)

    def typed(self, column: SheetColumn, value: Value) -> Value:
        """What a person would type for a value: a staff number, a campus name, a class name."""
        text = str(value)
        match column.refers:
            case "person":
                return self.persons[text].staff_number if text in self.persons else value
            case "class":
                return self.classes[text].name if text in self.classes else value
            case "role":
                return role_word(text)
            case "campus":
                return self.campuses.get(text, value)
            case "room":
                return self.rooms.get(text, value)
            case "building":
                return self.buildings.get(text, value)
            case _:
                return value

    def shown(self, column: SheetColumn, value: Value, lang: str) -> str:
        """A value as a list shows it: names rather than numbers."""
        if value is None or value == "":
            return ""
        text = str(value)
        if column.refers == "person" and text in self.persons:
            return self.persons[text].name
        if column.refers == "campus" and text == EVERYWHERE:
            return "全部校区" if lang.startswith("zh") else "all campuses"
        if column.refers == "role":
            return role_word(text, lang)
        if column.refers == "pupil":
            return self.pupils.get(text, text)
        if column.masked:
            return masked(text)
        if column.refers:
            return str(self.typed(column, value))
        return shown(column.spec, value, lang)


def masked(number: str) -> str:
    """A number that identifies a person, with its middle covered: enough to tell two apart, not to use it."""
    shown = 4 if len(number) > 12 else 3 if len(number) > 8 else 1
    return number[:shown] + "*" * max(0, len(number) - 2 * shown) + number[-shown:] if len(number) > 2 else "*"


def names_in(db: Database) -> Names:
    """The names of a database."""
    return Names(
        {p.id: p for p in select(db, Person)},
        {c.code: c.name for c in select(db, Campus)},
        {y.code: y.name for y in select(db, SchoolYear)},
        {g.id: g for g in select(db, RosterGroup)},
        {r.id: r.name for r in select(db, Room)},
        {b.id: b.name for b in select(db, Building)},
        {p.id: p.name for p in select(db, Pupil)},
    )


def typed_row(sheet: Sheet, record: object, names: Names) -> dict[str, Value]:
    """A record as a row of its sheet; columns of the sheet's own are left empty."""
    values = values_of(record)
    return {c.name: names.typed(c, values[c.name]) for c in sheet.columns if c.name in values}

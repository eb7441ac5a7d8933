"""Which pupil a row of the sheet means, and what has to be written for it.

A pupil has no natural key that a class list shows. A row that carries the id means that pupil; otherwise
name, sex and birth decide, first inside the class, then in the campus when the birth date is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hub.workbook.known import Id, NewId
from hub.workbook.planning import Change, Row, Values, place, twice
from hub.workbook.sheets import Sheet
from shared.errors import Problem
from shared.ids import campus_of
from shared.records import GroupMember, Pupil, PupilPrivate
from shared.records.declare import declaration_of
from shared.schema import Value, table_of, values_of

Person = tuple[str, str, str, str]  # campus, name, sex, birth ("" when not known)


@dataclass
class Roll:
    """The pupils and class places that are there, found by what a row shows."""

    by_id: dict[str, Pupil] = field(default_factory=dict)
    by_person: dict[Person, list[Pupil]] = field(default_factory=dict)
    places: dict[str, list[GroupMember]] = field(default_factory=dict)
    private: dict[str, PupilPrivate] = field(default_factory=dict)

    def in_class(self, pupil: Pupil, group: Id) -> GroupMember | None:
        """The open place of a pupil in a class."""
        return next((m for m in self.open_places(pupil) if m.group_id == group), None)

    def open_places(self, pupil: Pupil) -> list[GroupMember]:
        """The places of a pupil that have no end."""
        return [m for m in self.places.get(pupil.id, []) if m.end is None]


def roll_of(
    pupils: Sequence[Pupil], places: Sequence[GroupMember], classes: frozenset[str],
    private: Sequence[PupilPrivate] = (),
) -> Roll:  # fmt: skip
    """Index what the database holds; only places in classes count, not clubs or dorm rooms."""
    roll = Roll(private={one.pupil_id: one for one in private})
    for pupil in pupils:
        roll.by_id[pupil.id] = pupil
        person = (campus_of(pupil.id), pupil.name, pupil.sex, pupil.birth or "")
        roll.by_person.setdefault(person, []).append(pupil)
    for one in places:
        if one.group_id in classes:
            roll.places.setdefault(one.member_id, []).append(one)
    return roll


def pupil_meant(row: Row, roll: Roll, taken: set[str]) -> Pupil | None:
    """The pupil a row means, or None for a new one. `taken`: pupils that earlier rows meant."""
    group = row.get("group_id")
    person = (str(row.get("campus")), str(row.get("name")), str(row.get("sex")), str(row.get("birth") or ""))
    same = [p for p in roll.by_person.get(person, []) if p.id not in taken]
    inside = [(p, place) for p in same if isinstance(group, str) and (place := roll.in_class(p, group))]
    for pupil, held in inside:
        if held.seat_number == row.get("seat_number"):
            return pupil
    if inside:
        return inside[0][0]
    # A birth date makes name and sex enough to follow a pupil from class to class.
    return same[0] if len(same) == 1 and person[3] else None


def plan_pupils(
    sheet: Sheet, rows: Sequence[Row], roll: Roll, class_begins: dict[Id, str]
) -> Iterator[Change | Problem]:
    """Changes of pupils and of their class places; problems of rows. class_begins: class → first day."""
    taken: set[str] = set()
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        if row.problems:
            yield from row.problems
            continue
        identity = (row.get("id") or "", *(row.get(name) for name in sheet.identity))
        if identity in seen:
            yield twice(sheet, row.number, seen[identity])
            continue
        seen[identity] = row.number
        stated = row.get("id")
        there = roll.by_id.get(str(stated)) if stated else pupil_meant(row, roll, taken)
        if stated and (there is None or campus_of(there.id) != row.get("campus")):
            column = next(c for c in sheet.columns if c.name == "id")
            yield place(sheet, row.number, column, "no_such_pupil", stated)
            continue
        if there:
            taken.add(there.id)
        yield from _written(sheet, row, there, roll, class_begins)
        yield from _private(sheet, row, there, roll)


def _private(sheet: Sheet, row: Row, there: Pupil | None, roll: Roll) -> Iterator[Change | Problem]:
    """The pupil's private data, where the sheet has columns of it and the row says something."""
    fields = {c.name: c.spec for c in table_of(PupilPrivate).columns if c.name != "pupil_id"}
    said: Values = {name: row.values[name] for name in fields if name in row.values}
    before = values_of(roll.private[there.id]) if there and there.id in roll.private else {}
    if not before and not any(said.values()):
        return
    member: Id = there.id if there else NewId(sheet.table, row.number)
    declared: Values = {name: spec.default for name, spec in fields.items()}
    values: Values = {**declared, **before, **said, "pupil_id": member}
    action = "new" if not before else "same" if before == values else "changed"
    yield from row.doubts if action != "same" else ()
    title = declaration_of(PupilPrivate).zh
    campus = {"campus": _value(row.get("campus"))}
    yield Change(title, row.number, action, PupilPrivate, values, before, str(row.get("name")), campus)


def _written(sheet: Sheet, row: Row, there: Pupil | None, roll: Roll, class_begins: dict[Id, str]) -> Iterator[Change]:
    group = row.get("group_id")
    begin = row.get("member_begin") or class_begins.get(group if isinstance(group, NewId) else str(group), "")
    wanted: Values = {name: row.get(name) for name in ("name", "sex", "birth") if name in row.values}
    wanted |= sheet.derive(wanted) if sheet.derive else {}
    label = str(row.get("name"))
    if there is None:
        new_id = NewId(sheet.table, row.number)
        defaults: Values = {"sex": "unknown", "birth": None}
        campus = {"campus": _value(row.get("campus"))}
        yield Change(sheet.title, row.number, "new", Pupil, defaults | wanted | {"id": new_id}, {}, label, campus)
        yield _place(sheet, row, new_id, group, begin, label)
        return
    before = values_of(there)
    same = all(before[name] == value for name, value in wanted.items())
    merged: Values = {**before, **wanted}
    yield Change(sheet.title, row.number, "same" if same else "changed", Pupil, merged, before, label)
    yield from _moved(sheet, row, there, roll, group, begin, label)


def _moved(
    sheet: Sheet, row: Row, pupil: Pupil, roll: Roll, group: Value | NewId, begin: Value | NewId, label: str
) -> Iterator[Change]:
    held = roll.in_class(pupil, group) if isinstance(group, str) else None
    if held is not None:
        if held.seat_number != row.get("seat_number") and "seat_number" in row.values:
            seat: Values = {**values_of(held), "seat_number": row.get("seat_number")}
            yield Change(sheet.title, row.number, "changed", GroupMember, seat, values_of(held), label)
        return
    for old in roll.open_places(pupil):
        if str(begin) > old.begin:
            ended: Values = {**values_of(old), "end": begin}
            yield Change(sheet.title, row.number, "changed", GroupMember, ended, values_of(old), label)
    yield _place(sheet, row, pupil.id, group, begin, label)


def _place(sheet: Sheet, row: Row, member: Id, group: Value | NewId, begin: Value | NewId, label: str) -> Change:
    values: Values = {
        "group_id": group, "member_id": member, "begin": begin, "end": None,
        "seat_number": row.get("seat_number") or 0,
    }  # fmt: skip
    return Change(sheet.title, row.number, "new", GroupMember, values, {}, label)


def _value(value: Value | NewId) -> Value:
    return None if isinstance(value, NewId) else value

"""Members of groups other than classes, as a sheet has them: a dorm room's, a club's, a bus's, each dated.

A row names a child as people do, by name (with class or campus where two are called so) or by number. Which
membership it means is group, child and first day; without a day it is the one that is open, or a new one from the
group's beginning on. An end ends it; a row that is missing takes nobody out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.workbook.known import Id, Known
from hub.workbook.planning import Change, Row, Values, place, twice
from hub.workbook.sheets import Sheet, SheetColumn
from shared.errors import Problem
from shared.ids import campus_of
from shared.records import GroupMember, Pupil, RosterGroup
from shared.records.declare import Kind, Spec, specs_of
from shared.schema import Value, values_of

_FAR = "9999-12-31"


def member_sheet() -> Sheet:
    """The sheet: whose campus and group, which child, from when to when."""
    specs = specs_of(GroupMember)
    return Sheet(
        GroupMember,
        (
            SheetColumn("campus", Spec(Kind.TEXT, "校区", "campus", high=60), "campus"),
            SheetColumn("group_id", Spec(Kind.TEXT, "小组", "group", high=40), "class"),
            SheetColumn("name", Spec(Kind.TEXT, "姓名", "name", high=40)),
            SheetColumn("class_name", Spec(Kind.TEXT, "班级", "class", null=True, high=40)),
            SheetColumn("home_campus", Spec(Kind.TEXT, "学生校区", "pupil's campus", null=True, high=60), "campus"),
            SheetColumn("begin", replace(specs["begin"], key=False, null=True)),
            SheetColumn("end", specs["end"]),
            SheetColumn("seat_number", specs["seat_number"]),
            SheetColumn("member_id", Spec(Kind.TEXT, "学生编号", "pupil's id", null=True, high=40)),
        ),
        ("campus", "group_id", "name", "begin"),
    )


@dataclass
class Children:
    """The children and groups that are there or that the same workbook makes, found by what a row says."""

    names: dict[Id, str] = field(default_factory=dict)
    by_name: dict[tuple[str, str], list[Id]] = field(default_factory=dict)
    classes: dict[Id, set[Id]] = field(default_factory=dict)
    groups: dict[Id, tuple[str, str]] = field(default_factory=dict)
    held: dict[tuple[Id, Id], list[GroupMember]] = field(default_factory=dict)

    def add(self, child: Id, campus: str, name: str) -> None:
        """Take in a child, or another name of one."""
        self.names[child] = name
        known = self.by_name.setdefault((campus, name), [])
        if child not in known:
            known.append(child)


def children_of(
    pupils: Sequence[Pupil], members: Sequence[GroupMember], groups: Sequence[RosterGroup], changes: Sequence[Change]
) -> Children:
    """What the database holds, and what the sheets before this one plan."""
    found = Children(groups={group.id: (group.kind, group.begin) for group in groups})
    for pupil in pupils:
        found.add(pupil.id, campus_of(pupil.id), pupil.name)
    for one in members:
        found.held.setdefault((one.group_id, one.member_id), []).append(one)
        if one.end is None:
            found.classes.setdefault(one.member_id, set()).add(one.group_id)
    for change in changes:
        id_ = _id(change.values["id"]) if "id" in change.values else ""
        if change.record is Pupil:
            campus = campus_of(id_) if isinstance(id_, str) else str(change.extra.get("campus"))
            found.add(id_, campus, str(change.values["name"]))
        elif change.record is RosterGroup:
            found.groups[id_] = (str(change.values["kind"]), str(change.values["begin"]))
        elif change.record is GroupMember and change.values["end"] is None:
            found.classes.setdefault(_id(change.values["member_id"]), set()).add(_id(change.values["group_id"]))
    return found


def _id(value: Value | Id) -> Id:
    return str(value) if isinstance(value, int) or value is None else value


@dataclass(frozen=True)
class _Meant:
    """A row with the membership it means: key parts, and the row that is there."""

    row: Row
    group: Id
    child: Id
    begin: str
    there: GroupMember | None

    @property
    def end(self) -> str | None:
        """The end as it will stand."""
        end = self.row.values["end"] if "end" in self.row.values else self.there and self.there.end
        return str(end) if end else None


def plan_members(sheet: Sheet, rows: Sequence[Row], children: Children, known: Known) -> Iterator[Change | Problem]:
    """Changes and problems of the sheet, all of them at once."""
    read = [_meant(sheet, row, children, known) for row in rows]
    meant = [one for one in read if isinstance(one, _Meant)]
    spans: dict[tuple[Id, Id], dict[str, str | None]] = {}
    for one in meant:
        key = (one.group, one.child)
        before = {each.begin: each.end for each in children.held.get(key, ())}
        spans.setdefault(key, before)[one.begin] = one.end
    seen: dict[tuple[Id, Id, str], int] = {}
    for found in read:
        if not isinstance(found, _Meant):
            yield from found
            continue
        identity = (found.group, found.child, found.begin)
        if identity in seen:
            yield twice(sheet, found.row.number, seen[identity])
            continue
        seen[identity] = found.row.number
        wrong = _wrong_span(sheet, found, spans[found.group, found.child])
        yield wrong or _change(sheet, found)


def _meant(sheet: Sheet, row: Row, children: Children, known: Known) -> _Meant | tuple[Problem, ...]:
    if row.problems:
        return row.problems
    columns = {column.name: column for column in sheet.columns}
    group = _id(row.get("group_id"))
    kind, group_begin = children.groups.get(group, ("", ""))
    if kind == "class":
        # A child's class is a row of the pupils' sheet, which ends the old place too.
        return (place(sheet, row.number, columns["group_id"], "group_is_class", row.typed.get("group_id")),)
    child = _child(row, children, known)
    if isinstance(child, str) and child.startswith("!"):
        reason = child[1:]
        column = columns["member_id" if reason in ("no_such_pupil", "name_not_of_id") else "name"]
        return (place(sheet, row.number, column, reason, row.typed.get(column.name)),)
    held = children.held.get((group, child), [])
    stated = row.get("begin")
    running = [one for one in held if one.end is None]
    if not stated and held and not running:
        return (place(sheet, row.number, columns["begin"], "begin_needed", None),)
    begin = str(stated) if stated else running[-1].begin if running else group_begin
    return _Meant(row, group, child, begin, next((one for one in held if one.begin == begin), None))


def _child(row: Row, children: Children, known: Known) -> Id:
    """The child a row names, or a reason behind a "!" (which no id begins with)."""
    campus = str(row.get("home_campus") or row.get("campus"))
    name, stated = str(row.get("name")), row.get("member_id")
    if stated:
        if str(stated) not in children.names:
            return "!no_such_pupil"
        return str(stated) if children.names[str(stated)] == name else "!name_not_of_id"
    found = children.by_name.get((campus, name), [])
    if row.get("class_name"):
        group = known.look_up("class", str(row.get("class_name")), campus)
        found = [child for child in found if group in children.classes.get(child, set())]
    if len(found) == 1:
        return found[0]
    return "!pupil_ambiguous" if found else "!no_such_name"


def _wrong_span(sheet: Sheet, one: _Meant, spans: Mapping[str, str | None]) -> Problem | None:
    columns = {column.name: column for column in sheet.columns}
    if one.end is not None and one.end <= one.begin:
        told = place(sheet, one.row.number, columns["end"], "end_before_begin", one.end)
        return replace(told, data=told.data | {"begin": one.begin})
    for begin, end in spans.items():
        if begin != one.begin and begin < (one.end or _FAR) and one.begin < (end or _FAR):
            told = place(sheet, one.row.number, columns["begin"], "member_overlaps", one.begin)
            return replace(told, data=told.data | {"first": begin})
    return None


def _change(sheet: Sheet, one: _Meant) -> Change:
    row = one.row
    label = f"{row.typed.get('name')} {row.typed.get('group_id')}"[:60]
    campus = row.get("campus")
    extra: dict[str, Value] = {"campus": campus if isinstance(campus, str) else None}
    said: Values = {name: row.values[name] for name in ("end", "seat_number") if name in row.values}
    if one.there is None:
        new: Values = {"group_id": one.group, "member_id": one.child, "begin": one.begin, "end": None, "seat_number": 0}
        return Change(sheet.title, row.number, "new", GroupMember, new | said, {}, label, extra)
    before = values_of(one.there)
    action = "same" if all(before[name] == value for name, value in said.items()) else "changed"
    return Change(sheet.title, row.number, action, GroupMember, {**before, **said}, before, label, extra)

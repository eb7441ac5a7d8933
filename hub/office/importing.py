"""The import of everything from one workbook: planned as a whole, then written as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlite_utils import Database

from hub.office.members import children_of, plan_members
from hub.office.pupils import plan_pupils, roll_of
from hub.office.sheets import office_sheets
from hub.workbook.known import Id, Known, known_in, with_everywhere
from hub.workbook.planning import Change, Doubt, Plan, Row, plan_sheet, read_rows
from hub.workbook.reading import SheetRow
from hub.workbook.sheets import Sheet, sheet_in
from shared.errors import Problem
from shared.ids import campus_of
from shared.records import Account, AccountRole, Campus, GroupMember, Pupil, PupilPrivate, RosterGroup
from shared.roles import EVERYWHERE
from shared.schema import Value, select, table_of

# Sheets that grant something ask for the right to grant it, beside the right to import.
ACTIONS = {
    "account": "account.create", "account_role": "role.grant", "person_private": "person_private.change",
    "building": "room.change", "room": "room.change", "travel_time": "room.change",
    "roster_group": "pupil.change", "pupil": "pupil.change", "group_member": "pupil.change",
    "pupil_private": "pupil_private.change", "calendar_day": "calendar.change", "roll_session": "calendar.change",
}  # fmt: skip


def plan_import(
    db: Database,
    workbook: dict[str, list[SheetRow]],
    *,
    actor: str,
    may: Callable[[str, str | None], bool],
) -> Plan:
    """What a workbook would change. actor: who imports; may: (action, campus or None for anywhere) → allowed."""
    known = known_in(db)
    changes: list[Change] = []
    problems = _unknown_sheets(workbook)
    found_any = False
    for sheet in office_sheets():
        rows = sheet_in(workbook, sheet)
        if rows is None:
            continue
        found_any = True
        if len(rows) > 1 and not may(ACTIONS.get(sheet.table, "staff.change"), None):
            problems.append(Problem("file", "sheet_not_allowed", {"sheet": sheet.title}))
            continue
        for one in _planned(db, sheet, rows, known, changes):
            if isinstance(one, Problem):
                problems.append(one)
            else:
                changes.append(one)
                known.learn(one.record, dict(one.values))
    problems += _about_oneself(changes, actor)
    problems += _of_another_campus(changes, may)
    if not found_any:
        problems.append(Problem("file", "no_sheet_known", {}))
    doubts = tuple(one for one in problems if isinstance(one, Doubt))
    return Plan(tuple(changes), tuple(one for one in problems if not isinstance(one, Doubt)), doubts)


def _planned(
    db: Database, sheet: Sheet, rows: Sequence[SheetRow], known: Known, changes: Sequence[Change]
) -> Sequence[Change | Problem]:
    names = with_everywhere(known) if sheet.record is AccountRole else known
    read, problems = read_rows(sheet, rows, names)
    if sheet.record is Pupil:
        return [*problems, *_planned_pupils(db, sheet, read, changes)]
    if sheet.record is GroupMember:
        children = children_of(select(db, Pupil), select(db, GroupMember), select(db, RosterGroup), changes)
        return [*problems, *plan_members(sheet, read, children, known)]
    return [*problems, *plan_sheet(sheet, read, select(db, sheet.record))]


def _planned_pupils(
    db: Database, sheet: Sheet, rows: Sequence[Row], changes: Sequence[Change]
) -> Sequence[Change | Problem]:
    groups = select(db, RosterGroup)
    begins: dict[Id, str] = {group.id: group.begin for group in groups}
    for change in changes:
        if change.record is RosterGroup:
            begins[_id(change.values["id"])] = str(change.values["begin"])
    classes = frozenset(group.id for group in groups if group.kind == "class")
    roll = roll_of(select(db, Pupil), select(db, GroupMember), classes, select(db, PupilPrivate))
    return list(plan_pupils(sheet, rows, roll, begins))


def _id(value: Value | Id) -> Id:
    return str(value) if isinstance(value, int) or value is None else value


def _unknown_sheets(workbook: dict[str, list[SheetRow]]) -> list[Problem]:
    """Sheets nobody knows, unless they are empty: a mistyped title must not lose a sheet unseen."""
    known: set[int] = set()
    for sheet in office_sheets():
        rows = sheet_in(workbook, sheet)
        if rows is not None:
            known.add(id(rows))
    return [
        Problem("file", "unknown_sheet", {"sheet": title})
        for title, rows in workbook.items()
        if rows and id(rows) not in known
    ]


def _about_oneself(changes: Sequence[Change], actor: str) -> list[Problem]:
    """Nobody grants a role to himself, not even by a workbook."""
    return [
        Problem(
            "person_id", "about_oneself", {"sheet": change.sheet, "row": change.row, "zh": "工号", "en": "staff number"}
        )
        for change in changes
        if change.record is AccountRole and change.action != "same" and change.values["person_id"] == actor
    ]


def _of_another_campus(
    changes: Sequence[Change], may: Callable[[str, str | None], bool]
) -> Iterator[Problem]:
    """An office of one campus changes nothing of another, not even by a workbook."""
    allowed: dict[tuple[str, str], bool] = {}
    for change in changes:
        campus = _campus_named(change)
        if change.action == "same" or campus is None:
            continue
        asked = (ACTIONS.get(table_of(change.record).name, "staff.change"), campus)
        if asked not in allowed:
            allowed[asked] = may(*asked)
        if not allowed[asked] and not may(asked[0], None):
            yield Problem("file", "sheet_not_allowed", {"sheet": change.sheet, "row": change.row})
        elif not allowed[asked]:
            where: dict[str, str | int | None] = {
                "sheet": change.sheet, "row": change.row, "zh": "校区", "en": "the campus", "value": campus
            }  # fmt: skip
            yield Problem("campus", "campus_not_yours", where)


def _campus_named(change: Change) -> str | None:
    """The campus whose office must be asked, where the row names one."""
    table = table_of(change.record)
    if change.record in (Campus, AccountRole):
        return None
    named = change.values.get("campus") or change.extra.get("campus")
    key = change.values[table.key[0]]
    if named is None and table.declaration.scope not in ("con", "hub") and isinstance(key, str):
        return campus_of(key)
    return str(named) if isinstance(named, str) and named != EVERYWHERE else None


def main_campus(db: Database, changes: Sequence[Change]) -> str:
    """The code of the main campus: of the workbook, else of the database, else the first there is."""
    planned = [c.values for c in changes if c.record is Campus]
    there = [vars(campus) for campus in select(db, Campus)]
    for values in (*planned, *there):
        if values["main"]:
            return str(values["code"])
    return str((planned or there or [{"code": "A"}])[0]["code"])


def with_password(hash_of: Callable[[str], str]) -> Callable[[Change, dict[str, Value]], dict[str, Value]]:
    """The step that turns a new account's first password into its hash; it must be changed at log-in."""

    def prepare(change: Change, values: dict[str, Value]) -> dict[str, Value]:
        password = change.extra.get("password")
        if change.record is Account and change.action == "new" and password:
            return values | {"password_hash": hash_of(str(password)), "must_change": 1}
        return values

    return prepare

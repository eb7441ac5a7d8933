"""What a workbook would change, worked out before anything is written.

Reading, looking up names and comparing with what is there give one plan: rows new, changed and the same,
and every problem with its sheet, row and column. Only a plan without problems can be carried out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.workbook.cells import read_cell
from hub.workbook.known import Known, NewId
from hub.workbook.reading import SheetRow, column_letters
from hub.workbook.sheets import Sheet, SheetColumn, positions
from shared.errors import Problem
from shared.schema import Value, table_of, values_of

Values = dict[str, Value | NewId]

# What may happen to one record.
ACTIONS = ("new", "changed", "corrected", "removed", "same")


@dataclass(frozen=True)
class Row:
    """A sheet's row, decoded: what was typed, and what it means with names looked up.

    Only columns that the sheet has are in it; `defaults` stand for the others in a new record.
    """

    number: int
    typed: dict[str, Value]
    values: Values
    defaults: dict[str, Value] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def get(self, name: str) -> Value | NewId:
        """What a column means, with its default where the sheet does not have it."""
        return self.values[name] if name in self.values else self.defaults.get(name)


@dataclass(frozen=True)
class Change:
    """One record to be written (or found the same). `action`: new, changed, corrected, removed or same."""

    sheet: str
    row: int
    action: str
    record: type
    values: Values
    before: dict[str, Value] = field(default_factory=dict)
    label: str = ""
    extra: dict[str, Value] = field(default_factory=dict)

    def differing(self) -> list[str]:
        """Names of the fields that this change gives another value."""
        return [name for name, value in self.values.items() if self.before and self.before.get(name) != value]


@dataclass(frozen=True)
class Plan:
    """All changes of a workbook in the order in which they must be written, and all problems.

    warnings: what looks wrong and may be meant so; a person must say so before the plan is carried out.
    """

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()

    @property
    def digest(self) -> str:
        """Names what this plan would do; a commit must state the digest that the preview showed."""
        written = [(c.sheet, c.row, c.action, c.values, c.before) for c in self.changes if c.action != "same"]
        text = repr([written, self.warnings])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def counts(self) -> dict[str, dict[str, int]]:
        """Sheet title → action → number of rows."""
        found: dict[str, dict[str, int]] = {}
        for change in self.changes:
            of_sheet = found.setdefault(change.sheet, dict.fromkeys(ACTIONS, 0))
            of_sheet[change.action] += 1
        return found

    def to_write(self) -> list[Change]:
        """The changes that write something."""
        return [change for change in self.changes if change.action != "same"]


def place(sheet: Sheet, number: int, column: SheetColumn, reason: str, value: object, letter: str = "") -> Problem:
    """A problem that says where: sheet, row, column as the person sees them."""
    spec = column.spec
    return Problem(
        column.name,
        reason,
        {
            "sheet": sheet.title, "row": number, "cell": f"{letter}{number}" if letter else None,
            "zh": spec.zh, "en": spec.en, "low": spec.low, "high": spec.high, "codes": spec.codes,
            "value": str(value)[:40] if value is not None else "",
        },
    )  # fmt: skip


def read_rows(sheet: Sheet, rows: Sequence[SheetRow], known: Known) -> tuple[list[Row], list[Problem]]:
    """The decoded rows of a sheet, and the problems of its heading. The first row is the heading."""
    if not rows:
        return [], []
    where, problems = positions(sheet, rows[0])
    if problems:
        return [], problems
    return [read_row(sheet, row.number, cells_of(row, where), known) for row in rows[1:]], []


def cells_of(row: SheetRow, where: Mapping[str, int]) -> dict[str, tuple[object, str]]:
    """Column name → (cell, column letter)."""
    return {
        name: (row.cells[index] if index < len(row.cells) else "", column_letters(index + 1))
        for name, index in where.items()
    }


def read_form(sheet: Sheet, form: Mapping[str, str], known: Known) -> Row:
    """A filled-in form, read by the same rules as a sheet's row."""
    return read_row(sheet, 0, {name: (value, "") for name, value in form.items()}, known)


def read_row(sheet: Sheet, number: int, cells: Mapping[str, tuple[object, str]], known: Known) -> Row:
    """One row, decoded and checked. A column that is not in `cells` stays as it is in the database."""
    typed: dict[str, Value] = {}
    values: Values = {}
    problems = []
    for column in sheet.columns:
        if column.name not in cells:
            continue
        raw, letter = cells[column.name]
        value, reason = read_cell(column.spec, raw)
        meant: Value | NewId = value
        if reason is None and column.refers and value not in (None, ""):
            meant = known.look_up(column.refers, str(value), str(values.get("campus") or ""))
            reason = None if meant is not None else f"no_such_{column.refers}"
        typed[column.name], values[column.name] = value, meant
        if reason:
            problems.append(place(sheet, number, column, reason, raw, letter))
    defaults = {c.name: c.spec.default for c in sheet.columns if c.name not in cells}
    made = Row(number, typed, values, defaults, tuple(problems))
    return made if problems or sheet.check is None else replace(made, problems=tuple(_checked(sheet, made, cells)))


def _checked(sheet: Sheet, row: Row, cells: Mapping[str, tuple[object, str]]) -> Iterator[Problem]:
    columns = {c.name: c for c in sheet.columns}
    for found in sheet.check(dict(row.defaults) | row.values) if sheet.check else ():
        column = columns[found.field]
        letter = cells[column.name][1] if column.name in cells else ""
        told = place(sheet, row.number, column, found.reason, row.typed.get(column.name), letter)
        yield replace(told, data=told.data | found.data)


def plan_sheet(sheet: Sheet, rows: Sequence[Row], existing: Sequence[object]) -> Iterator[Change | Problem]:
    """Changes and problems of a sheet whose rows each stand for one record.

    existing: all records of the sheet's class. A row of the workbook that is missing is never a deletion.
    """
    table = table_of(sheet.record)
    there = _by_identity(sheet, existing)
    seen: dict[tuple[object, ...], int] = {}
    holders = Holders(sheet, existing)
    for row in rows:
        if row.problems:
            yield from row.problems
            continue
        identity = tuple(row.get(name) for name in sheet.identity)
        if identity in seen:
            yield twice(sheet, row.number, seen[identity])
            continue
        seen[identity] = row.number
        taken = [
            place(sheet, row.number, column, "taken", row.get(column.name)) for column in holders.clash(row, identity)
        ]
        yield from taken
        if not taken:
            yield _change(sheet, table.key, row, there.get(identity))


class Holders:
    """Who holds the values that must be unique, of the database and of the rows read so far."""

    def __init__(self, sheet: Sheet, existing: Sequence[object]) -> None:
        self._columns = [column for column in sheet.columns if column.name in sheet.unique]
        self._held: dict[tuple[str, object], tuple[object, ...]] = {}
        for record in existing:
            identity = tuple(getattr(record, name) for name in sheet.identity)
            for column in self._columns:
                self._held[column.name, getattr(record, column.name)] = identity

    def clash(self, row: Row, identity: tuple[object, ...]) -> list[SheetColumn]:
        """The columns in which somebody else holds this row's value; the row holds it from now on."""
        found = []
        for column in self._columns:
            if self._held.setdefault((column.name, row.get(column.name)), identity) != identity:
                found.append(column)
        return found


def twice(sheet: Sheet, number: int, first: int) -> Problem:
    """The problem of a row that stands in its sheet twice."""
    column = next(c for c in sheet.columns if c.name == sheet.identity[0])
    told = place(sheet, number, column, "row_twice", None)
    return replace(told, data=told.data | {"first": first})


def _by_identity(sheet: Sheet, existing: Sequence[object]) -> dict[tuple[object, ...], object]:
    replaced = {getattr(record, "replaces_id", None) for record in existing} if sheet.appended else set()
    return {
        tuple(getattr(record, name) for name in sheet.identity): record
        for record in existing
        if not (sheet.appended and getattr(record, "id", None) in replaced)
    }


def _change(sheet: Sheet, key: Sequence[str], row: Row, there: object | None) -> Change:
    fields = {c.name for c in table_of(sheet.record).columns}
    values: Values = {name: value for name, value in row.values.items() if name in fields}
    extra = {name: value for name, value in row.typed.items() if name not in fields}
    if sheet.derive:
        values |= sheet.derive(values)
    told = dict.fromkeys(("name", *sheet.identity))
    label = " ".join(str(row.typed[name]) for name in told if row.typed.get(name) not in (None, ""))[:60]
    minted = tuple(key) == ("id",)
    if there is None:
        declared: Values = {name: value for name, value in row.defaults.items() if name in fields}
        new: Values = {"id": NewId(sheet.table, row.number)} if minted else {}
        return Change(sheet.title, row.number, "new", sheet.record, declared | values | new, {}, label, extra)
    before = values_of(there)
    same = all(before[name] == value for name, value in values.items())
    action = "same" if same else "corrected" if sheet.appended else "changed"
    # What the sheet does not show stays as it is.
    merged: Values = {**before, **values}
    if action == "corrected":
        merged |= {"id": NewId(sheet.table, row.number), "replaces_id": before["id"]}
    return Change(sheet.title, row.number, action, sheet.record, merged, before, label, extra)

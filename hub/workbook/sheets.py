"""What a sheet of a workbook is: a record's columns, with people's names for what ids stand for.

A person types a staff number and a class name, never an id. Which columns say *which* row is meant
(`identity`) makes an import safe to repeat: the same workbook twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from hub.workbook.reading import SheetRow
from shared.errors import Problem
from shared.records.declare import Kind, Spec, declaration_of, specs_of
from shared.text import tidied


@dataclass(frozen=True)
class SheetColumn:
    """One column: the record's field (or a name of the sheet's own) and what may stand in it.

    refers: which kind of thing the cell names ("campus", "person", "class", "school_year", "role", "building",
    "room", "pupil"). as_text: a number typed as a number is refused. masked: lists show only its ends.
    """

    name: str
    spec: Spec
    refers: str | None = None
    as_text: bool = False
    masked: bool = False


Check = Callable[[dict[str, Any]], Iterable[Problem]]


@dataclass(frozen=True)
class Sheet:
    """A sheet for one record; `identity` are the columns that say which row is meant.

    appended: a differing row is a correction, a new row that names the old one (`replaces_id`).
    unique: columns in which no two records may hold the same value, such as a log-in name.
    check: problems of a row as a whole, each naming one of the columns. doubt: those that a person may wave
    through. derive: fields computed from others.
    """

    record: type
    columns: tuple[SheetColumn, ...]
    identity: tuple[str, ...]
    appended: bool = False
    unique: tuple[str, ...] = ()
    check: Check | None = None
    doubt: Check | None = None
    derive: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    @property
    def table(self) -> str:
        """The record's table, which names the sheet in code."""
        return declaration_of(self.record).table

    @property
    def title(self) -> str:
        """The Chinese title, which names the sheet to people."""
        return declaration_of(self.record).zh

    @property
    def title_en(self) -> str:
        """The English title."""
        return declaration_of(self.record).en


# How people name what an id stands for: field → (kind of thing, Chinese, English).
_NAMED = {
    "person_id": ("person", "工号", "staff number"),
    "homeroom_id": ("person", "班主任工号", "homeroom teacher's staff number"),
    "deputy_id": ("person", "副班主任工号", "deputy's staff number"),
    "carer_id": ("person", "保育员工号", "carer's staff number"),
    "room_id": ("room", None, None),
    "building_id": ("building", None, None),
    "pupil_id": ("pupil", "学生编号", "pupil's id"),
    "campus": ("campus", None, None),
    "from_campus": ("campus", None, None),
    "to_campus": ("campus", None, None),
    "school_year": ("school_year", None, None),
    "role": ("role", None, None),
}


# Numbers that identify a person: typed as text, and shown only in part.
PERSONAL = frozenset({"identity_number", "roll_number", "phone", "guardian_phone", "second_phone"})


def columns_of(record: type, *, omit: Iterable[str] = ()) -> tuple[SheetColumn, ...]:
    """A record's columns for people: ids of other records become the names people know them by."""
    left_out = set(omit)
    return tuple(_column(name, spec) for name, spec in specs_of(record).items() if name not in left_out)


def _column(name: str, spec: Spec) -> SheetColumn:
    if name in PERSONAL:
        return SheetColumn(name, spec, as_text=True, masked=True)
    if name not in _NAMED:
        return SheetColumn(name, spec)
    refers, zh, en = _NAMED[name]
    named = replace(spec, kind=Kind.TEXT, high=60, zh=zh or spec.zh, en=en or spec.en)
    return SheetColumn(name, named, refers)


def sheet_in(workbook: dict[str, list[SheetRow]], sheet: Sheet) -> list[SheetRow] | None:
    """A sheet's rows by its Chinese or English title or its table name; None when it is not there."""
    for title, rows in workbook.items():
        if tidied(title).lower() in (sheet.title, sheet.title_en.lower(), sheet.table):
            return rows
    return None


def positions(sheet: Sheet, heading: SheetRow) -> tuple[dict[str, int], list[Problem]]:
    """Column name → index in the row, from the heading; the order of columns is free.

    A column without a default that is not there, a heading twice and a heading nobody knows are
    problems: a mistyped heading must never silently lose a column.
    """
    known = {label: c.name for c in sheet.columns for label in (c.spec.zh, c.spec.en.lower(), c.name)}
    found: dict[str, int] = {}
    problems = []
    for index, cell in enumerate(heading.cells):
        label = tidied(str(cell)).rstrip("*＊ ").strip()
        if not label:
            continue
        name = known.get(label) or known.get(label.lower())
        place: dict[str, str | int | None] = {"sheet": sheet.title, "row": heading.number, "value": label[:40]}
        if name is None:
            problems.append(Problem(label[:40], "unknown_column", place))
        elif name in found:
            problems.append(Problem(label[:40], "column_twice", place))
        else:
            found[name] = index
    for column in sheet.columns:
        if column.name not in found and is_required(column.spec):
            place = {"sheet": sheet.title, "row": heading.number, "zh": column.spec.zh, "en": column.spec.en}
            problems.append(Problem(column.name, "column_missing", place))
    return found, problems


def is_required(spec: Spec) -> bool:
    """True when a row must say it: no default and not empty by declaration."""
    return spec.default is None and not spec.null

"""Reading for the office's lists: whole small tables, with names looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from hub.office.pages import Page
from hub.workbook.naming import Names, typed_row
from shared.ids import campus_of
from shared.records import GroupMember, Pupil, PupilPrivate
from shared.schema import Value, key_text, select, table_of, values_of


@dataclass(frozen=True)
class Line:
    """A row of a list: its key, its values by column, and what a list shows for them."""

    key: str
    values: dict[str, Value]
    typed: dict[str, Value]
    shown: dict[str, str]
    record: object

    @property
    def campus(self) -> str | None:
        """The campus whose office may change it, where the row names one."""
        found = self.values.get("campus")
        return None if found in (None, "", "*") else str(found)


def lines_of(db: Database, page: Page, names: Names, lang: str, key: Sequence[Value] | None = None) -> list[Line]:
    """All rows of a page in key order, or the one with a key."""
    table = table_of(page.sheet.record)
    places = _places(db, names) if page.sheet.record is Pupil else {}
    private = page.sheet.record is PupilPrivate
    found = []
    equal = {} if key is None else dict(zip(table.key, key, strict=True))
    records: list[object] = select(db, page.sheet.record, **equal)
    for record in records:
        values = values_of(record)
        values |= places.get(str(values.get("id")), _no_place(values) if places else {})
        if private:
            values |= {"campus": campus_of(str(values["pupil_id"]))}
        typed = typed_row(page.sheet, record, names)
        typed |= {c.name: names.typed(c, values[c.name]) for c in page.sheet.columns if c.name in values}
        shown = {c.name: names.shown(c, values.get(c.name), lang) for c in page.sheet.columns}
        key = key_text([values[name] for name in table.key])
        found.append(Line(key, values, typed, shown, record))
    return found


def _no_place(values: dict[str, Value]) -> dict[str, Value]:
    return {"campus": campus_of(str(values["id"])), "group_id": None, "seat_number": None, "member_begin": None}


def _places(db: Database, names: Names) -> dict[str, dict[str, Value]]:
    """Pupil → the open place in a class."""
    found: dict[str, dict[str, Value]] = {"": {}}
    for one in select(db, GroupMember, end=None):
        group = names.classes.get(one.group_id)
        if group is not None and group.kind == "class":
            found[one.member_id] = {
                "campus": group.campus, "group_id": one.group_id, "seat_number": one.seat_number,
                "member_begin": one.begin,
            }  # fmt: skip
    return found

"""The list pages of the office: which record, which columns, who may see and who may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.office.sheets import page_sheets, pupil_sheet
from hub.workbook.sheets import Sheet, SheetColumn
from shared.records import Pupil
from shared.records.declare import specs_of


@dataclass(frozen=True)
class Page:
    """One list. `listed` are the columns shown; `form` is the sheet whose columns the edit form has."""

    slug: str
    sheet: Sheet
    form: Sheet
    see: str
    change: str
    listed: tuple[str, ...]

    def columns(self) -> list[SheetColumn]:
        """The columns of the list, in its order."""
        by_name = {c.name: c for c in self.sheet.columns}
        return [by_name[name] for name in self.listed]


# slug: (table, see, change, columns listed)
_LISTS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "people": ("person", "staff.see", "staff.change", ("name", "staff_number", "sex", "phone_extension")),
    "memberships": (
        "staff_membership", "staff.see", "staff.change",
        ("person_id", "campus", "category", "employment_kind", "share", "home", "begin", "end"),
    ),
    "accounts": ("account", "account.manage", "account.manage", ("person_id", "login")),
    "roles": ("account_role", "staff.see", "role.grant", ("person_id", "role", "campus", "begin", "end")),
    "classes": (
        "roster_group", "staff.see", "pupil.change",
        ("name", "campus", "kind", "stage", "cohort", "homeroom_id", "begin", "end"),
    ),
    "staff-private": (
        "person_private", "person_private.see", "person_private.change",
        ("person_id", "campus", "identity_number", "phone", "background_check"),
    ),
    "rooms": (
        "room", "staff.see", "room.change",
        ("name", "campus", "building_id", "kind", "seats", "bookable", "begin", "end"),
    ),
    "buildings": ("building", "staff.see", "room.change", ("name", "campus", "position")),
    "travel": ("travel_time", "staff.see", "room.change", ("from_campus", "to_campus", "minutes")),
    "timetables": (
        "timetable_version", "staff.see", "timetable.change", ("name", "campus", "begin", "end", "status", "source")
    ),
    "holidays": ("public_holiday", "staff.see", "calendar.change", ("date", "name", "off", "source")),
    "pupils": ("pupil", "pupil.change", "pupil.change", ("name", "group_id", "seat_number", "sex", "birth", "campus")),
    "pupil-private": (
        "pupil_private", "pupil_private.see", "pupil_private.change",
        ("pupil_id", "identity_number", "roll_number", "guardian", "guardian_phone"),
    ),
    "campuses": ("campus", "staff.see", "staff.change", ("name", "code", "school_code", "main")),
    "years": ("school_year", "staff.see", "calendar.change", ("name", "code", "begin", "end")),
    "terms": ("term", "staff.see", "calendar.change", ("name", "code", "school_year", "begin", "end")),
    "bells": ("bell_period", "staff.see", "calendar.change", ("schedule", "period", "name", "begin", "end")),
    "sessions": (
        "roll_session", "staff.see", "calendar.change", ("name", "campus", "code", "begin", "end", "group_kind")
    ),
    "calendar": (
        "calendar_day", "staff.see", "calendar.change",
        ("date", "campus", "kind", "follows_weekday", "week", "parity", "note"),
    ),
}  # fmt: skip


def pages() -> dict[str, Page]:
    """Slug → page, in the order of the menu."""
    by_table = {sheet.table: sheet for sheet in page_sheets()}
    return {
        slug: Page(slug, by_table[table], _form(by_table[table]), see, change, listed)
        for slug, (table, see, change, listed) in _LISTS.items()
    }


def _form(sheet: Sheet) -> Sheet:
    """What an edit form has: a pupil's class place is not edited, it ends and another begins."""
    if sheet.record is Pupil:
        specs = specs_of(Pupil)
        columns = tuple(SheetColumn(name, specs[name]) for name in ("name", "sex", "birth"))
        return Sheet(Pupil, columns, (), derive=pupil_sheet().derive)
    return sheet


def key_columns(sheet: Sheet) -> frozenset[str]:
    """Columns that an existing row keeps: they are its key."""
    return frozenset(name for name, spec in specs_of(sheet.record).items() if spec.key)


def columns_shown(page: Page, *, new: bool) -> Sequence[SheetColumn]:
    """The columns of the form for a new row or for an existing one."""
    return (page.sheet if new else page.form).columns

"""The sheets of the office's workbook, in the order in which later ones may name earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.office.identity import birth_in, doubt_about, is_identity_number
from hub.office.members import member_sheet
from hub.workbook.naming import masked
from hub.workbook.sheets import Sheet, SheetColumn, columns_of
from shared.errors import Problem
from shared.records import (
    Account,
    AccountRole,
    BellPeriod,
    Building,
    CalendarDay,
    Campus,
    Consortium,
    GroupMember,
    Person,
    PersonPrivate,
    PublicHoliday,
    Pupil,
    PupilPrivate,
    RollSession,
    Room,
    RosterGroup,
    SchoolYear,
    StaffMembership,
    Term,
    TimetableVersion,
    TravelTime,
)
from shared.records.declare import Kind, Spec, specs_of
from shared.text import initials_of


def office_sheets() -> tuple[Sheet, ...]:
    """All sheets, in the order of writing."""
    return (
        Sheet(Consortium, columns_of(Consortium), ("code",)),
        Sheet(Campus, columns_of(Campus), ("code",), check=_campus_code),
        Sheet(SchoolYear, columns_of(SchoolYear), ("code",), check=_span),
        Sheet(Term, columns_of(Term), ("code",), check=_span),
        Sheet(BellPeriod, columns_of(BellPeriod), ("schedule", "period"), check=_span),
        Sheet(RollSession, columns_of(RollSession), ("campus", "code"), check=_span),
        Sheet(CalendarDay, columns_of(CalendarDay), ("campus", "date")),
        Sheet(Person, columns_of(Person, omit=("id", "initials")), ("staff_number",), derive=_initials),
        Sheet(
            StaffMembership, columns_of(StaffMembership, omit=("id",)),
            ("person_id", "campus", "category", "begin"), check=_span,
        ),
        Sheet(Account, _account_columns(), ("person_id",), unique=("login",)),
        Sheet(AccountRole, columns_of(AccountRole), ("person_id", "role", "campus"), check=_span),
        Sheet(
            PersonPrivate, columns_of(PersonPrivate), ("campus", "person_id"), check=_identity_form,
            doubt=_identity_doubt,
        ),
        Sheet(Building, columns_of(Building, omit=("id",)), ("campus", "name")),
        Sheet(Room, columns_of(Room, omit=("id",)), ("campus", "name"), check=_span),
        Sheet(TravelTime, columns_of(TravelTime), ("from_campus", "to_campus")),
        Sheet(RosterGroup, columns_of(RosterGroup, omit=("id",)), ("campus", "name"), check=_span),
        pupil_sheet(),
        member_sheet(),
    )  # fmt: skip


def page_sheets() -> tuple[Sheet, ...]:
    """The sheets behind the office's lists: the workbook's, and what no workbook holds by itself."""
    sheets = tuple(sheet for sheet in office_sheets() if sheet.record not in (Pupil, GroupMember))
    return (
        *sheets, pupil_sheet(private=False),
        Sheet(
            PupilPrivate, columns_of(PupilPrivate), ("pupil_id",), check=_identity_form, doubt=_identity_doubt,
        ),
        Sheet(PublicHoliday, columns_of(PublicHoliday), ("date",)),
        Sheet(TimetableVersion, columns_of(TimetableVersion, omit=("id",)), ("campus", "name", "begin"), check=_span),
    )  # fmt: skip


def pupil_sheet(*, private: bool = True) -> Sheet:
    """Pupils with the class they are in: one row makes a pupil and a dated place in a class.

    private: with the columns of the pupil's private data, which few may read.
    """
    specs = specs_of(Pupil)
    more = columns_of(PupilPrivate, omit=("pupil_id",)) if private else ()
    group = Spec(Kind.TEXT, "班级", "class", high=40)
    campus = Spec(Kind.TEXT, "校区", "campus", high=60)
    begin = Spec(Kind.DATE, "入班日期", "in class since", null=True)
    number = Spec(Kind.INTEGER, "序号", "number", low=0, high=9999, default=0)
    return Sheet(
        Pupil,
        (
            SheetColumn("campus", campus, "campus"),
            SheetColumn("group_id", group, "class"),
            SheetColumn("seat_number", number),
            *(SheetColumn(name, specs[name]) for name in ("name", "sex", "birth")),
            SheetColumn("member_begin", begin),
            *more,
            SheetColumn("id", Spec(Kind.TEXT, "编号", "id", null=True, high=40)),
        ),
        ("campus", "name", "sex", "birth", "group_id", "seat_number"),
        check=_identity_form,
        doubt=_identity_doubt,
        derive=_initials,
    )


def _account_columns() -> tuple[SheetColumn, ...]:
    password = Spec(Kind.TEXT, "初始口令", "first password", null=True, high=200)
    kept = columns_of(Account, omit=("password_hash", "revoked_at", "must_change"))
    return (*kept, SheetColumn("password", password))


def _initials(values: dict[str, Any]) -> dict[str, Any]:
    name = values.get("name")
    return {"initials": initials_of(str(name))} if name else {}


def _span(values: dict[str, Any]) -> Iterator[Problem]:
    """Half-open spans must hold something: an end that is not after its begin is a slip."""
    begin, end = values.get("begin"), values.get("end")
    if begin and end and str(end) <= str(begin):
        yield Problem("end", "end_before_begin", {"begin": str(begin)})


def _identity_form(values: dict[str, Any]) -> Iterator[Problem]:
    number = str(values.get("identity_number") or "")
    if number and not is_identity_number(number):
        yield Problem("identity_number", "identity_form", {})


def _identity_doubt(values: dict[str, Any]) -> Iterator[Problem]:
    number = str(values.get("identity_number") or "")
    reason = doubt_about(number, str(values.get("birth") or "")) if is_identity_number(number) else None
    if reason:
        yield Problem("identity_number", reason, {"value": masked(number), "birth": birth_in(number)})


def _campus_code(values: dict[str, Any]) -> Iterator[Problem]:
    """Ids carry the campus code in front of "-", and streams are named "con" and "hub"."""
    code = str(values["code"])
    if not (code.isascii() and code.isalnum()) or code in ("con", "hub"):
        yield Problem("code", "campus_code_form", {})
    school = str(values["school_code"])
    if not (len(school) == 10 and school.isascii() and school.isdigit()):
        yield Problem("school_code", "school_code_form", {})

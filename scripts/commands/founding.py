"""The first rows of a hub: the consortium, its campuses, a term's calendar and the first account.

Everything else is entered on pages; this is what must be there before anyone can log in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlite_utils import Database

from shared.calendar import Followed, known_holidays, resolve_term
from shared.clock import local_date
from shared.errors import InvalidInput, Problem
from shared.records import (
    Account,
    AccountRole,
    CalendarDay,
    Campus,
    Consortium,
    Person,
    RollSession,
    SchoolYear,
    StaffMembership,
    Term,
)
from shared.text import initials_of
from shared.validation import load
from shared.web.config import PasswordCost
from shared.web.passwords import hash_password
from sync.capture import Author, Writing, write
from sync.change import LOCAL_OPERATOR
from sync.replica import Replica

OPERATOR_LOGIN = "admin"
PASSWORD_LENGTH = 10
# The operator must be able to log in before anyone has said when the school year begins.
LONG_AGO = "2000-01-01"


@dataclass(frozen=True)
class CampusWanted:
    """One campus as given on the command line: `A:4206820101:中心小学`. The first is the main campus."""

    code: str
    school_code: str
    name: str


@dataclass(frozen=True)
class TermWanted:
    """A term as given on the command line: `2025-1:2025-09-01:2026-02-01` (half-open)."""

    code: str
    begin: date
    end: date


def campus_wanted(text: str) -> CampusWanted:
    """Read one campus. Raises InvalidInput."""
    parts = text.split(":", 2)
    if len(parts) != 3 or not all(parts) or not (parts[0].isascii() and parts[0].isalpha() and len(parts[0]) <= 4):
        raise InvalidInput(Problem("campus", "bad_campus", {"value": text}))
    return CampusWanted(parts[0].upper(), parts[1], parts[2])


def term_wanted(text: str) -> TermWanted:
    """Read a term. Raises InvalidInput."""
    try:
        code, begin, end = text.split(":")
        wanted = TermWanted(code, date.fromisoformat(begin), date.fromisoformat(end))
    except ValueError as error:
        raise InvalidInput(Problem("term", "bad_term", {"value": text})) from error
    if wanted.end <= wanted.begin:
        raise InvalidInput(Problem("term", "bad_term", {"value": text}))
    return wanted


def found(
    replica: Replica, db: Database, name: str, campuses: Sequence[CampusWanted], term: TermWanted | None
) -> str:
    """Write the first rows; returns the operator's one-time password, which must be changed at log-in."""
    password = replica.randomness.text(PASSWORD_LENGTH)
    main = campuses[0].code
    places: list[object] = [Consortium(code="main", name=name)]
    places += [_campus(position, each) for position, each in enumerate(campuses)]
    if term is not None:
        places += _time(term, campuses)
    with write(replica, db, Author(LOCAL_OPERATOR, rank="office")) as writing:
        for record in places:
            load(type(record), vars(record))
            writing.insert(record)
        for record in _operator(writing, main, password, local_date(replica.clock.now_ms())):
            writing.insert(record)
    return password


def _campus(position: int, wanted: CampusWanted) -> Campus:
    return Campus(
        code=wanted.code, school_code=wanted.school_code, name=wanted.name, main=int(position == 0),
        position=position,
    )


def _time(term: TermWanted, campuses: Sequence[CampusWanted]) -> list[object]:
    year = term.code.split("-", 1)[0]
    begin, end = term.begin.isoformat(), term.end.isoformat()
    made: list[object] = [
        SchoolYear(code=year, name=f"{year}学年", begin=begin, end=f"{term.begin.year + 1}{begin[4:]}"),
        Term(code=term.code, school_year=year, name=term.code, begin=begin, end=end),
    ]
    days = resolve_term(term.begin, term.end, known_holidays(), dict[date, Followed]())
    for each in campuses:
        made += [
            RollSession(campus=each.code, code="am", name="上午", name_en="morning", begin="07:40", end="12:00"),
            RollSession(campus=each.code, code="pm", name="下午", name_en="afternoon", begin="13:40", end="17:00"),
        ]
        made += [
            CalendarDay(campus=each.code, date=day.date.isoformat(), kind=day.kind, note=day.note,
                        follows_weekday=day.follows_weekday, week=day.week, parity=day.parity)
            for day in days
        ]
    return made


def _operator(writing: Writing, main: str, password: str, today: date) -> list[object]:
    person = Person(id=writing.mint(main), name="系统管理员", staff_number="0", initials=initials_of("系统管理员"))
    hashed = hash_password(password, PasswordCost())
    roles = ("system_operator", "clerk", "general_principal")
    return [
        person,
        StaffMembership(id=writing.mint(main), person_id=person.id, campus=main, category="support_staff",
                        begin=today.isoformat()),
        Account(person_id=person.id, login=OPERATOR_LOGIN, password_hash=hashed, must_change=1),
        *(AccountRole(person_id=person.id, role=role, campus="*", begin=LONG_AGO) for role in roles),
    ]

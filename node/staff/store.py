"""All SQL of staff days, and the one way they are written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlite_utils import Database

from node.staff.rules import StaffDayLimits, day_refusal, entry_problems, proposal
from shared.errors import InvalidInput, NotAllowed, Problem
from shared.leave.store import leaves_between
from shared.records import CalendarDay, StaffDay
from shared.schema import find, record_of, select
from shared.validation import load
from sync.capture import token_of, write
from sync.change import Author
from sync.replica import Replica, setting

KEY = ("person_id", "date", "campus")
ENTERED = ("status", "part", "late_minutes", "early_minutes", "absent_lessons", "note")


@dataclass(frozen=True)
class StaffLine:
    """One person who belongs to the campus on a date, and what is recorded (None: nothing).

    elsewhere: the other campuses where the person has a place on that date.
    """

    person_id: str
    name: str
    initials: str
    category: str
    elsewhere: tuple[str, ...]
    entry: StaffDay | None
    entered_by_name: str


def people(db: Database, campus: str, day: str) -> list[StaffLine]:
    """The campus's people of a date (half-open membership), by category and name, with their entries.

    A person with two places at one campus is one line: the day is the person's, not the post's.
    """
    entries = {entry.person_id: entry for entry in select(db, StaffDay, date=day, campus=campus)}
    names = dict(db.conn.execute("SELECT id, name FROM person").fetchall()) if entries else {}
    away = _elsewhere(db, campus, day)
    rows = db.conn.execute(
        "SELECT m.person_id, COALESCE(p.name, m.person_id), COALESCE(p.initials, ''), MIN(m.category)"
        " FROM staff_membership m LEFT JOIN person p ON p.id = m.person_id"
        " WHERE m.campus = ? AND m.begin <= ? AND (m.end IS NULL OR m.end > ?)"
        " GROUP BY m.person_id ORDER BY 4, p.staff_number, m.person_id",
        (campus, day, day),
    )
    found = []
    for person_id, name, initials, category in rows:
        entry = entries.get(person_id)
        by = names.get(entry.entered_by, entry.entered_by) if entry else ""
        found.append(StaffLine(person_id, name, initials, category, away.get(person_id, ()), entry, by))
    return found


@dataclass(frozen=True)
class Exceptional:
    """A recorded day that was not simply worked, with the names it needs."""

    entry: StaffDay
    name: str
    initials: str
    entered_by_name: str


def exceptions_since(db: Database, campus: str, begin: str) -> list[Exceptional]:
    """The campus's exceptions from a date on, newest first."""
    names = {key: (name, initials) for key, name, initials in db.conn.execute("SELECT id, name, initials FROM person")}
    rows = db.conn.execute(
        "SELECT person_id, date FROM staff_day WHERE campus = ? AND date >= ? AND (status <> 'present'"
        " OR late_minutes > 0 OR early_minutes > 0 OR absent_lessons > 0) ORDER BY date DESC, person_id",
        (campus, begin),
    ).fetchall()
    entries = [entry for person, day in rows if (entry := find(db, StaffDay, person, day, campus)) is not None]
    return [
        Exceptional(e, *names.get(e.person_id, (e.person_id, "")), names.get(e.entered_by, (e.entered_by, ""))[0])
        for e in entries
    ]


def _elsewhere(db: Database, campus: str, day: str) -> dict[str, tuple[str, ...]]:
    rows = db.conn.execute(
        "SELECT DISTINCT m.person_id, COALESCE(c.name, m.campus) FROM staff_membership m"
        " LEFT JOIN campus c ON c.code = m.campus"
        " WHERE m.campus <> ? AND m.begin <= ? AND (m.end IS NULL OR m.end > ?) ORDER BY 1, 2",
        (campus, day, day),
    )
    found: dict[str, tuple[str, ...]] = {}
    for person_id, name in rows:
        found[person_id] = (*found.get(person_id, ()), name)
    return found


def calendar_day(db: Database, campus: str, day: str) -> CalendarDay | None:
    """What a date is on a campus, or None where the calendar has no word on it."""
    return find(db, CalendarDay, campus, day)


def campus_name(db: Database, code: str) -> str:
    """A campus's name, or its code where it is not known here yet."""
    row = db.conn.execute("SELECT name FROM campus WHERE code = ?", (code,)).fetchone()
    return row[0] if row else code


def check_day(db: Database, campus: str, day: str, today: date, limits: StaffDayLimits) -> None:
    """Raise NotAllowed for another node's campus, InvalidInput for a date on which nothing can be entered."""
    if campus != setting(db, "campus"):
        raise NotAllowed("campus_of_another_node", campus=campus)
    found = calendar_day(db, campus, day)
    kind = found.kind if found else None
    refusal = day_refusal(kind, date.fromisoformat(day), today, limits)
    if refusal:
        raise InvalidInput(Problem("date", refusal, {"zh": "日期", "en": "date", "kind": kind}))


def tokens(db: Database, replica: Replica, lines: Sequence[StaffLine]) -> dict[str, str]:
    """Person → version token of the entry a page shows; "" where it shows none."""
    found = {}
    for line in lines:
        entry = line.entry
        key = (entry.person_id, entry.date, entry.campus) if entry else None
        found[line.person_id] = (token_of(db, replica, StaffDay, key) or "") if key else ""
    return found


def entry_from(person_id: str, day: str, campus: str, raw: Mapping[str, object], *, entered_by: str) -> StaffDay:
    """A staff day from raw input. Raises InvalidInput with fields named `field-person`."""
    unknown = [Problem(f"{name}-{person_id}", "unknown_field") for name in raw if name not in ENTERED]
    try:
        values = load(StaffDay, {k: v for k, v in raw.items() if k in ENTERED}, only=ENTERED)
    except InvalidInput as error:
        named = (Problem(f"{p.field}-{person_id}", p.reason, p.data) for p in error.problems)
        raise InvalidInput(*named, *unknown) from error
    key = load(StaffDay, {"person_id": person_id, "date": day, "campus": campus}, only=KEY)
    entry = record_of(StaffDay, {**key, **values, "entered_by": entered_by})
    problems = [*unknown, *entry_problems(entry)]
    if problems:
        raise InvalidInput(*problems)
    return entry


def proposals(db: Database, day: str) -> dict[str, tuple[str, str]]:
    """Person → (status, part) that approved leave proposes for a date; nothing is recorded by it."""
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    found = ((each.request.person_id, proposal(each, day)) for each in leaves_between(db, day, following))
    return {person: proposed for person, proposed in found if proposed}


def save_entries(
    replica: Replica, db: Database, author: Author, entries: Sequence[StaffDay], shown: Mapping[str, str]
) -> int:
    """Write staff days of one campus and date; the number that differed from what stood.

    shown: person → token the page showed. An entry that says what stands already writes nothing.
    Raises InvalidInput for a person who has no place at the campus on that date.
    """
    if not entries:
        return 0
    day, campus = entries[0].date, entries[0].campus
    changed = 0
    with write(replica, db, author) as w:
        here = {line.person_id: line.entry for line in people(w.db, campus, day)}
        strangers = [e.person_id for e in entries if e.person_id not in here]
        if strangers:
            raise InvalidInput(*(Problem(f"status-{who}", "not_a_member", {"person": who}) for who in strangers))
        for entry in entries:
            if _says_the_same(here[entry.person_id], entry):
                continue
            changed += 1
            w.put(entry, token=shown.get(entry.person_id) or None)
    return changed


def _says_the_same(stands: StaffDay | None, entry: StaffDay) -> bool:
    if stands is None:
        return False
    return dataclasses.replace(stands, entered_by="") == dataclasses.replace(entry, entered_by="")


def record_everyone_present(replica: Replica, db: Database, author: Author, campus: str, day: str) -> int:
    """Record "present" for everyone of the campus without a row and without approved leave; the number of rows.

    The rows carry the rank "derived": one click for all says less than an entry about one person, so an
    office's entry made elsewhere at the same time wins (C4, rank).
    """
    bulk = dataclasses.replace(author, rank="derived")
    with write(replica, db, bulk) as w:
        away = proposals(w.db, day)
        open_lines = (line.person_id for line in people(w.db, campus, day) if line.entry is None)
        missing = [who for who in open_lines if who not in away]
        w.insert(
            *(
                StaffDay(person_id=who, date=day, campus=campus, status="present", entered_by=author.person_id)
                for who in missing
            )
        )
    return len(missing)

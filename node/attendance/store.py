"""All SQL of the registers, and the one way a register is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from node.attendance.rules import TEACHING_DAYS, Mark, current
from shared.records import CalendarDay, Register, RollSession, RosterGroup
from shared.schema import find, record_of, select


@dataclass(frozen=True)
class Line:
    """One pupil of a register: who, what each source says, and the last sessions (oldest first).

    dots: mark codes; "not_taken" where no register was taken.
    """

    person_id: str
    name: str
    initials: str
    number: int
    marks: Mapping[str, Mark] = field(default_factory=dict)
    dots: tuple[str, ...] = ()

    @property
    def current(self) -> Mark:
        """What holds for this pupil."""
        return current(self.marks)[1]


@dataclass(frozen=True)
class Sheet:
    """A register as it can be shown: header None means not yet taken.

    others: exceptions of pupils who are not on the roster of that date any more (or not yet).
    """

    group: RosterGroup
    day: CalendarDay | None
    session: RollSession
    header: Register | None
    taken_by_name: str
    lines: tuple[Line, ...]
    others: tuple[Line, ...]


@dataclass(frozen=True)
class Overview:
    """One group in one session of one date, for the list: header facts and how many are not present."""

    group_id: str
    session: str
    taken_at: str | None
    roster_size: int
    exceptions: int


def group_named(db: Database, group_id: str) -> RosterGroup | None:
    """The group, or None."""
    return find(db, RosterGroup, group_id)


def groups_on(db: Database, campus: str, date: str) -> list[RosterGroup]:
    """The groups of a campus that exist on a date, as the campus orders them."""
    rows = db.query(
        "SELECT * FROM roster_group WHERE campus = ? AND begin <= ? AND (end IS NULL OR end > ?)"
        " ORDER BY kind, position, name, id",
        (campus, date, date),
    )
    return [record_of(RosterGroup, row) for row in rows]


def calendar_day(db: Database, campus: str, date: str) -> CalendarDay | None:
    """What a date is on a campus, or None where the calendar has no word on it."""
    return find(db, CalendarDay, campus, date)


def sessions_of(db: Database, campus: str, group_kind: str) -> list[RollSession]:
    """The sessions in which a campus takes registers of one kind of group, by time of day."""
    found = select(db, RollSession, campus=campus, group_kind=group_kind)
    return sorted(found, key=lambda session: (session.begin, session.code))


def roster(db: Database, group_id: str, date: str) -> list[Line]:
    """The group's members on a date (half-open spans), by number then name.

    A guest of another campus is known by the card alone. A member whose record is not here yet is shown by id: a
    missing parent is "not known yet" (C7).
    """
    rows = db.conn.execute(
        "SELECT m.member_id, COALESCE(p.name, (SELECT c.name FROM guest_card c WHERE c.pupil_id = m.member_id"
        " AND (c.end IS NULL OR c.end > ?) LIMIT 1), m.member_id), COALESCE(p.initials, ''),"
        " MIN(m.seat_number) AS number"
        " FROM group_member m LEFT JOIN pupil p ON p.id = m.member_id"
        " WHERE m.group_id = ? AND m.begin <= ? AND (m.end IS NULL OR m.end > ?)"
        " GROUP BY m.member_id ORDER BY number, p.name, m.member_id",
        (date, group_id, date, date),
    )
    return [Line(*row) for row in rows]


def marks_of(db: Database, group_id: str, date: str, session: str) -> dict[str, dict[str, Mark]]:
    """Pupil → source → mark, for one register."""
    rows = db.conn.execute(
        "SELECT person_id, source, mark, minutes, note FROM register_exception"
        " WHERE group_id = ? AND date = ? AND session = ?",
        (group_id, date, session),
    )
    found: dict[str, dict[str, Mark]] = {}
    for person_id, source, code, minutes, note in rows:
        found.setdefault(person_id, {})[source] = Mark(code, minutes, note)
    return found


def last_days(db: Database, campus: str, date: str, count: int) -> list[str]:
    """The teaching days before a date, oldest first, at most `count`."""
    kinds = sorted(TEACHING_DAYS)
    rows = db.conn.execute(
        "SELECT date FROM calendar_day WHERE campus = ? AND date < ? AND kind IN (?, ?, ?) ORDER BY date DESC LIMIT ?",
        (campus, date, *kinds, count),
    )
    return [row[0] for row in rows][::-1]


def dots_of(
    db: Database, group_id: str, session: str, days: Sequence[str], people: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Pupil → current mark on each of the days given (oldest first); see `Line.dots`."""
    if not days:
        return {}
    span = (group_id, days[0], days[-1], session)
    taken = {
        row[0]
        for row in db.conn.execute(
            "SELECT date FROM register WHERE group_id = ? AND date BETWEEN ? AND ? AND session = ?", span
        )
    }
    said: dict[tuple[str, str], dict[str, Mark]] = {}
    for day, person_id, source, code in db.conn.execute(
        "SELECT date, person_id, source, mark FROM register_exception"
        " WHERE group_id = ? AND date BETWEEN ? AND ? AND session = ?",
        span,
    ):
        said.setdefault((day, person_id), {})[source] = Mark(code)
    nothing: dict[str, Mark] = {}
    return {
        person: tuple(
            current(said.get((day, person), nothing))[1].code if day in taken else "not_taken" for day in days
        )
        for person in people
    }


def sheet(db: Database, group: RosterGroup, date: str, session: RollSession, *, dots: int = 5) -> Sheet:
    """Everything one register page shows, in eight statements whatever the size of the group."""
    header = find(db, Register, group.id, date, session.code)
    marks = marks_of(db, group.id, date, session.code)
    members = roster(db, group.id, date)
    ids = [line.person_id for line in members]
    past = dots_of(db, group.id, session.code, last_days(db, group.campus, date, dots), ids)
    lines = [
        Line(m.person_id, m.name, m.initials, m.number, marks.get(m.person_id, {}), past.get(m.person_id, ()))
        for m in members
    ]
    strangers = [Line(person, name, "", 0, marks[person]) for person, name in _names(db, set(marks) - set(ids))]
    return Sheet(
        group=group,
        day=calendar_day(db, group.campus, date),
        session=session,
        header=header,
        taken_by_name=person_name(db, header.taken_by) if header else "",
        lines=tuple(lines),
        others=tuple(strangers),
    )


def _names(db: Database, pupils: set[str]) -> list[tuple[str, str]]:
    """(id, name) of a few pupils, the id standing in for a name that is not here."""
    found = []
    for pupil in sorted(pupils):
        row = db.conn.execute("SELECT name FROM pupil WHERE id = ?", (pupil,)).fetchone()
        found.append((pupil, row[0] if row else pupil))
    return found


def person_name(db: Database, person_id: str) -> str:
    """A staff member's name, or the id where the person is not known here yet."""
    row = db.conn.execute("SELECT name FROM person WHERE id = ?", (person_id,)).fetchone()
    return row[0] if row else person_id


def campus_name(db: Database, code: str) -> str:
    """A campus's name, or its code where it is not known here yet."""
    row = db.conn.execute("SELECT name FROM campus WHERE code = ?", (code,)).fetchone()
    return row[0] if row else code


def overview(db: Database, campus: str, date: str) -> list[Overview]:
    """Every register taken at a campus on a date, with the number of pupils who are not simply present."""
    taken = db.conn.execute(
        "SELECT r.group_id, r.session, r.taken_at, r.roster_size FROM register r"
        " JOIN roster_group g ON g.id = r.group_id WHERE g.campus = ? AND r.date = ?",
        (campus, date),
    ).fetchall()
    said: dict[tuple[str, str], dict[str, dict[str, Mark]]] = {}
    for group_id, session, person, source, code in db.conn.execute(
        "SELECT x.group_id, x.session, x.person_id, x.source, x.mark FROM register_exception x"
        " JOIN roster_group g ON g.id = x.group_id WHERE g.campus = ? AND x.date = ?",
        (campus, date),
    ):
        said.setdefault((group_id, session), {}).setdefault(person, {})[source] = Mark(code)
    return [
        Overview(group_id, session, taken_at, size, _not_present(said.get((group_id, session), {})))
        for group_id, session, taken_at, size in taken
    ]


def _not_present(people: Mapping[str, Mapping[str, Mark]]) -> int:
    return sum(current(marks)[1].code != "present" for marks in people.values())

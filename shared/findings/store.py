"""All SQL of the validators: what they look at, read set-wise, and what people decided to leave as it is.

Knows the engine (as the web shell does), since of a register taken twice only the heads tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from shared.bookings.store import bookings_busy, lessons_busy
from shared.database import reading
from shared.findings import pupil_two_classes as pupils
from shared.findings import register_twice as registers
from shared.findings.model import CAMPUS, Finding
from shared.findings.pupil_two_classes import Place
from shared.findings.register_twice import Mark, TakenTwice, Taking
from shared.findings.room_twice import room_twice
from shared.findings.slot_twice import LessonKey, slot_twice
from shared.findings.teacher_two_places import TRAVEL_MINUTES_DEFAULT, Way, teacher_two_places
from shared.ids import campus_of
from shared.lessons.rules import Lesson
from shared.lessons.store import lessons_between
from shared.records import LessonOverride, Register, RegisterException
from shared.schema import Table, record_of, table_of
from sync.heads import load_state
from sync.log import logged
from sync.opened import Key
from sync.replica import Replica, setting
from sync.rivals import Rival, Seen, keys_under, rivals, seen_by

# The tables from whose rows each group of validators draws: when none of them moved, neither did the findings.
LESSON_TABLES = frozenset(
    {
        "timetable_version", "timetable_slot", "slot_teacher", "lesson_override", "calendar_day", "bell_period",
        "roster_group", "travel_time", "booking_series", "booking_occurrence",
    }
)  # fmt: skip
REGISTER_TABLES = frozenset({"register", "register_exception"})
MEMBER_TABLES = frozenset({"group_member", "roster_group"})
DECISION_TABLES = frozenset({"domain_decision"})
# Of one register only what its taker says can be taken twice; office and terminal have rows of their own.
TAKERS_SOURCE = "teacher"


@dataclass(frozen=True)
class FindingLimits:
    """Every number of the validators."""

    unknown_travel_minutes: int = TRAVEL_MINUTES_DEFAULT


def findings_between(
    db: Database, replica: Replica, begin: str, end: str, *, limits: FindingLimits | None = None
) -> list[Finding]:
    """The open domain conflicts of dates in [begin, end), by date: what is found here and nobody left as it is (C7).

    One that lasts (a pupil in two classes) is dated by its first day, and found in every span that it touches.
    """
    with reading(db):
        found = [
            *lesson_findings(db, begin, end, limits=limits), *register_findings(db, replica, begin, end),
            *member_findings(db, replica, begin, end),
        ]  # fmt: skip
        return still_open(found, decisions(db))


def still_open(found: Iterable[Finding], decided: dict[tuple[str, str], str]) -> list[Finding]:
    """Without those that a person left in this very state; by date, kind and subject."""
    left = [each for each in found if decided.get((each.kind, each.subject)) != each.digest]
    return sorted(left, key=lambda each: (each.date, each.kind, each.subject))


def decisions(db: Database) -> dict[tuple[str, str], str]:
    """(kind, subject) → digest of the state that somebody decided to leave."""
    rows = db.conn.execute("SELECT kind, subject, state_digest FROM domain_decision")
    return {(kind, subject): digest for kind, subject, digest in rows}


def lesson_findings(
    db: Database, begin: str, end: str, *, limits: FindingLimits | None = None
) -> list[Finding]:
    """What the validators of consortium records find; every replica holds all they read."""
    numbers = limits or FindingLimits()
    lessons = lessons_between(db, begin, end)
    overrides = _overrides(db, begin, end)
    return [
        *room_twice(
            [*lessons_busy(lessons), *bookings_busy(db, begin, end)], _booked_from(db, begin, end)
        ),
        *teacher_two_places(lessons, _travel_minutes(db), unknown_minutes=numbers.unknown_travel_minutes),
        *(each for each in slot_twice(overrides, _mains(lessons)) if begin <= each.date < end),
    ]


def _overrides(db: Database, begin: str, end: str) -> list[LessonOverride]:
    """Those of the dates, and the other halves of their swaps."""
    rows = db.query(
        "SELECT * FROM lesson_override WHERE withdrawn_at = '' AND (date >= :begin AND date < :end OR id IN"
        " (SELECT pair_id FROM lesson_override WHERE date >= :begin AND date < :end)) ORDER BY id",
        {"begin": begin, "end": end},
    )
    return [record_of(LessonOverride, row) for row in rows]


def _mains(lessons: Sequence[Lesson]) -> dict[LessonKey, str]:
    return {lesson.planned_at: lesson.planned_teachers[0] for lesson in lessons if lesson.planned_teachers}


def _travel_minutes(db: Database) -> dict[Way, int]:
    rows = db.conn.execute("SELECT from_campus, to_campus, minutes FROM travel_time")
    return {(one, other): minutes for one, other, minutes in rows}


def _booked_from(db: Database, begin: str, end: str) -> dict[str, str]:
    """Key of a booking → the campus it was made at."""
    rows = db.conn.execute(
        "SELECT o.series_id || '/' || o.number, s.campus FROM booking_occurrence o JOIN booking_series s"
        " ON s.id = o.series_id WHERE o.date >= ? AND o.date < ? AND o.cancelled_at = '' AND o.state = 'confirmed'",
        (begin, end),
    )
    return dict(rows.fetchall())


def register_findings(db: Database, replica: Replica, begin: str, end: str) -> list[Finding]:
    """Registers taken twice, of the campuses whose registers are held here: all at the hub, its own at a node."""
    table, exceptions = table_of(Register), table_of(RegisterException)
    found = [
        _taken_twice(db, exceptions, key, heads)
        for key, heads in rivals(db, table, "taken").items()
        if begin <= str(key[1]) < end and _holds(db, replica, registers.READS, campus_of(str(key[0])))
    ]
    return registers.register_twice(found)


_PLACES = """
SELECT m.group_id, m.member_id, max(m.begin, g.begin), min(coalesce(m.end, g.end, ''), coalesce(g.end, m.end, '')),
       m.begin, coalesce(m.end, '')
FROM group_member m JOIN roster_group g ON g.id = m.group_id AND g.kind = 'class'
WHERE m.begin < :end AND (m.end IS NULL OR m.end > :begin) AND m.member_id IN (
  SELECT member_id FROM group_member WHERE begin < :end AND (end IS NULL OR end > :begin)
  GROUP BY member_id HAVING count(DISTINCT group_id) > 1)
"""


def member_findings(db: Database, replica: Replica, begin: str, end: str) -> list[Finding]:
    """Pupils in two classes on dates [begin, end), of the campuses whose classes are held here."""
    rows = db.conn.execute(_PLACES, {"begin": begin, "end": end}).fetchall()
    places = [Place(*row) for row in rows if _holds(db, replica, pupils.READS, campus_of(str(row[0])))]
    found = pupils.pupil_two_classes(places)
    return [each for each in found if each.date < end]


def _holds(db: Database, replica: Replica, reads: frozenset[str], campus: str) -> bool:
    """Whether all that a validator reads about a campus is held here (C7)."""
    return CAMPUS not in reads or replica.role == "hub" or campus == setting(db, "campus")


def _taken_twice(db: Database, exceptions: Table, key: Key, heads: Sequence[Rival]) -> TakenTwice:
    group, date, session = (str(part) for part in key)
    knowledge = [seen_by(db, head.version) for head in heads]
    marks: list[Mark] = []
    for each in keys_under(db, exceptions, key):
        if each[-1] == TAKERS_SOURCE:
            marks += _marks(db, exceptions, each, heads, knowledge)
    takings = tuple(Taking(head.name, str(head.values[0]), str(head.values[1])) for head in heads)
    return TakenTwice(group, date, session, takings, tuple(marks))


def _marks(
    db: Database, exceptions: Table, key: Key, heads: Sequence[Rival], knowledge: Sequence[Seen]
) -> list[Mark]:
    """The standing versions of one exception, each with the takings whose taker counts it."""
    state = load_state(db, exceptions, key)
    unit = exceptions.unit_of("mark")
    found = []
    for head in state.heads.get(unit.index, {}).values():
        mark, minutes, note = (head.values[unit.columns.index(name)] for name in ("mark", "minutes", "note"))
        seen = _known_to(db, head.version, heads, knowledge)
        if head.deleted:
            seen -= {number for delete in state.deletes for number in _known_to(db, delete, heads, knowledge)}
        found.append(Mark(str(key[3]), str(mark), int(minutes or 0), str(note or ""), frozenset(seen)))
    return found


def _known_to(db: Database, version: int, heads: Sequence[Rival], knowledge: Sequence[Seen]) -> set[int]:
    """Numbers of the takings whose taker had seen a version. Of rival takings each knows its own alone."""
    rival = [number for number, head in enumerate(heads) if head.version == version]
    if rival:
        return set(rival)
    about = logged(db, [version])[version]
    return {number for number, seen in enumerate(knowledge) if seen.covers(about.origin, about.seq)}



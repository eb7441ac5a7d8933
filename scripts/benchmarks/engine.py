"""The engine and the score: statements per row applied, seconds for an appraisal of a full year."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from sqlite_utils import Database

from hub.appraisal.run import appraise
from scripts.benchmarks.lessons import bells_of, closed_days, covers, timetable
from scripts.benchmarks.world import DirectHub, World
from scripts.demo_play.evidence import entries, evidence_record
from scripts.demo_play.fortnight import staff_days
from scripts.demo_play.term import TAUGHT, TERM_BEGIN
from shared.calendar import Period, known_holidays, resolve_term
from shared.clock import Clock
from shared.database import open_database, transaction
from shared.records import CalendarDay, RegisterException, StaffDay, Term
from shared.schema import create_table_sql, insert_sql, table_of
from sync.capture import Author, write
from sync.change import LOCAL_OPERATOR
from sync.exchange import run_exchange
from sync.replica import connect

CLASSES, CLASS_ROWS = 15, 54
YEAR = "2025-year"
YEAR_END = date(2026, 7, 4)  # half-open
WINTER = Period(date(2026, 1, 31), date(2026, 3, 2), "vacation", "寒假")

_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|\bNULL\b", re.IGNORECASE)


def statements_per_row(world: World) -> tuple[float, int]:
    """(statements run ÷ rows applied, rows) while a node takes in the whole consortium.

    One `executemany` counts once: it is one statement bound to many rows. Triggers' inner statements are not
    traced by SQLite as statements of ours.
    """
    seen: list[str] = []
    with connect(world.node.replica) as db:
        db.conn.set_trace_callback(seen.append)
        report = run_exchange(world.node.replica, db, DirectHub(world.hub.replica))
        db.conn.set_trace_callback(None)
    return sum(1 for _ in runs_of(seen)) / report.rows_down, report.rows_down


def runs_of(statements: Iterable[str]) -> Iterator[str]:
    """Statements with literals struck out, neighbours that are alike told once; trigger lines left out."""
    plain = (_LITERAL.sub("?", text) for text in statements if not text.startswith("--"))
    return (text for text, _ in itertools.groupby(plain))


def capture_times_bare(world: World, bare: Path, clock: Clock) -> float:
    """A class's register of 54 rows a transaction, through the engine ÷ into a plain table with the same checks
    and key, on the same disk, in turn."""
    table = table_of(RegisterException)
    own = re.compile(r"^ *_(v|vx) .*\n", re.MULTILINE)
    spent = {"bare": 0, "captured": 0}
    plain = open_database(bare)
    plain.conn.execute(own.sub("", create_table_sql(table)))
    with connect(world.node.replica) as db:
        for class_, day in itertools.product(range(CLASSES), range(1, 29)):
            rows = [
                (f"A-{class_}-bench", f"2025-09-{day:02}", "am", f"A-{pupil}-x", "teacher", "late", pupil % 30, "")
                for pupil in range(CLASS_ROWS)
            ]
            begun = clock.monotonic_ms()
            with transaction(plain):
                plain.conn.executemany(insert_sql(table), rows)
            between = clock.monotonic_ms()
            with write(world.node.replica, db, Author(LOCAL_OPERATOR)) as writing:
                writing.db.conn.executemany(insert_sql(table), rows)
            spent["bare"] += between - begun
            spent["captured"] += clock.monotonic_ms() - between
    plain.close()
    return spent["captured"] / max(spent["bare"], 1)


def fill_year(world: World, db: Database) -> int:
    """A whole school year as one term: staff days and lessons on every school day, evidence; how many rows."""
    replica, consortium = world.hub.replica, world.consortium
    clerk = consortium.who("clerk", "A").person.id
    resolved = resolve_term(TERM_BEGIN, YEAR_END, known_holidays(), periods=[WINTER])
    taught = [day.date for day in resolved if day.kind in TAUGHT]
    with write(replica, db, Author(LOCAL_OPERATOR, rank="office")) as writing:
        writing.insert(Term(code=YEAR, school_year="2025", name=YEAR, begin=TERM_BEGIN.isoformat(),
                            end=YEAR_END.isoformat()))
        for campus, day in itertools.product(("A", "B"), resolved):
            writing.put(CalendarDay(campus=campus, date=day.date.isoformat(), kind=day.kind, week=min(day.week, 60),
                                    follows_weekday=day.follows_weekday, parity=day.parity,
                                    bell_schedule=bells_of(campus)))
        days = [
            StaffDay(person_id=one.person_id, date=day.isoformat(), campus=campus, status=one.status, part=one.part,
                     late_minutes=one.late_minutes, entered_by=clerk)
            for day, campus in itertools.product(taught, ("A", "B")) for one in staff_days(consortium, campus, day)
        ]
        # Two terms of evidence.
        facts = [*entries(consortium, taught), *entries(consortium, taught)]
        lessons = [row for campus in ("A", "B") for row in timetable(consortium, campus, writing.mint(campus))]
        lessons += [*closed_days(consortium, taught), *covers(consortium, taught)]
        writing.insert(*days, *lessons)
        writing.insert(*(evidence_record(fact, writing.mint(fact.campus), clerk) for fact in facts))
    return len(days) + len(facts) + len(lessons)


def appraisal_s(world: World, clock: Clock) -> tuple[float, int]:
    """(seconds of one run, rows it had to read): facts, scores, explanations, digest and storing."""
    with connect(world.hub.replica) as db:
        rows = fill_year(world, db)
        begun = clock.monotonic_ms()
        appraise(world.hub.replica, db, term=YEAR, author=Author(LOCAL_OPERATOR))
        return (clock.monotonic_ms() - begun) / 1000, rows

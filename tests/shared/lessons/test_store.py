"""Reading lessons from a file: spans, campuses, moves across the edge of a span, speed by statements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from shared.database import connected
from shared.lessons import store
from shared.records import RECORDS
from shared.records.places import BellPeriod, CalendarDay
from shared.records.pupils import RosterGroup
from shared.records.timetable import LessonDay, LessonException
from shared.schema import create_table_sql, insert, table_of
from tests.shared.lessons.cases import (
    CLASS,
    LI,
    MONDAY,
    NEXT_MONDAY,
    TUESDAY,
    WANG,
    ZHAO,
    also,
    change,
    day,
    slot,
    version,
)  # fmt: skip

END = "2026-09-15"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with connected(tmp_path / "school.db") as made:
        for record in RECORDS:
            made.conn.execute(create_table_sql(table_of(record)))
        insert(made, RosterGroup(id=CLASS, campus="A", name="1班", begin="2026-09-01", room_id="A-8-x"))
        insert(made, version(), version("A-1-x", status="draft"), version("B-100-x", campus="B"))
        insert(made, slot(1, 1), slot(1, 2, LI), slot(2, 1), slot(1, 1, ZHAO, version_id="B-100-x", group_id="B-21-x"))
        insert(made, also(1, 1, LI), slot(1, 3, version_id="A-1-x"))
        insert(made, *(day(date, weekday) for date, weekday in ((MONDAY, 1), (TUESDAY, 2), (NEXT_MONDAY, 1))))
        insert(made, CalendarDay(campus="B", date=MONDAY, kind="school_day", follows_weekday=1))
        insert(made, BellPeriod(schedule="A", period=1, name="1", begin="08:00", end="08:40"))
        insert(made, BellPeriod(schedule="B-south", period=1, name="1", begin="08:30", end="09:10"))
        insert(made, BellPeriod(schedule="B-north", period=1, name="1", begin="08:20", end="09:00"))
        yield made


def places(db: Database, begin: str, end: str, **more: Any) -> list[tuple[str, str, int, str]]:
    """date, campus, period, state of the lessons of a span."""
    return [(e.date, e.campus, e.period, e.state) for e in store.lessons_between(db, begin, end, **more)]


def test_a_span_is_half_open_and_ordered(db: Database) -> None:
    assert places(db, MONDAY, NEXT_MONDAY) == [
        (MONDAY, "A", 2, "planned"), (MONDAY, "A", 1, "planned"), (MONDAY, "B", 1, "planned"),
        (TUESDAY, "A", 1, "planned"),
    ]  # fmt: skip
    assert places(db, NEXT_MONDAY, NEXT_MONDAY) == []


def test_only_the_campuses_asked_for(db: Database) -> None:
    assert places(db, MONDAY, END, campuses=["B"]) == [(MONDAY, "B", 1, "planned")]
    assert places(db, MONDAY, END, campuses=[]) == []


def test_a_lesson_tells_all_it_is_asked_for(db: Database) -> None:
    lesson = next(each for each in store.lessons_between(db, MONDAY, END) if (each.period, each.campus) == (1, "A"))
    assert (lesson.begin, lesson.end, lesson.room_id, lesson.teachers) == ("08:00", "08:40", "A-8-x", (WANG, LI))
    assert (lesson.subject, lesson.version_id, lesson.joint, lesson.title) == ("maths", "A-100-x", "", "")


def test_lessons_moved_into_and_out_of_a_span_are_seen_where_they_are(db: Database) -> None:
    insert(db, change("A-1-x", "move", new_date=TUESDAY, new_period=4), change("A-2-x", "cover", new_teacher_id=ZHAO))
    insert(db, change("A-3-x", "swap", TUESDAY, 1, pair_id="A-4-x"))
    insert(db, change("A-4-x", "swap", NEXT_MONDAY, 2, pair_id="A-3-x"))
    tuesday = store.lessons_between(db, TUESDAY, "2026-09-09")
    assert sorted((e.period, e.state, e.teachers, e.moved_from) for e in tuesday) == [
        (1, "moved", (WANG,), None), (1, "planned", (LI,), (NEXT_MONDAY, 2)), (4, "planned", (ZHAO, LI), (MONDAY, 1)),
    ]  # fmt: skip
    whole = store.lessons_between(db, MONDAY, END)
    parts = [each for date in (MONDAY, TUESDAY, NEXT_MONDAY) for each in store.lessons_between(db, date, date + "x")]
    assert sorted(map(repr, whole)) == sorted(map(repr, parts))


def test_overrides_that_change_nothing_are_told_for_their_dates(db: Database) -> None:
    insert(db, change("A-1-x", "cancel", period=9), change("A-2-x", "cancel", NEXT_MONDAY, 9))
    insert(db, change("B-1-x", "cancel", period=9, group_id="B-21-x"), change("A-3-x", "cancel"))
    assert [each.id for each in store.orphans_between(db, MONDAY, TUESDAY)] == ["A-1-x", "B-1-x"]
    assert [each.id for each in store.orphans_between(db, MONDAY, END, campuses=["A"])] == ["A-1-x", "A-2-x"]


def test_bells_of_a_date(db: Database) -> None:
    assert store.bells_of(db, "A", MONDAY) == {1: ("08:00", "08:40")}
    assert store.bells_of(db, "B", MONDAY) == {1: ("08:20", "09:00")}
    assert store.bells_of(db, "C", MONDAY) == {}


def test_held_lessons_come_from_the_rows(db: Database) -> None:
    insert(db, LessonDay(campus="A", date=MONDAY, person_id="*", closed_by=LI, closed_at="2026-09-07T09:00:00.000Z"))
    insert(db, LessonException(group_id=CLASS, date=MONDAY, period=2, person_id=LI, kind="empty_class"))
    assert [(e.person_id, e.lesson.period) for e in store.held_between(db, MONDAY, END)] == [(WANG, 1), (LI, 1)]
    assert store.held_between(db, MONDAY, END, campuses=["B"]) == []


def test_the_number_of_statements_does_not_grow_with_the_span(db: Database) -> None:
    seen: list[str] = []
    db.conn.set_trace_callback(seen.append)
    store.lessons_between(db, MONDAY, TUESDAY)
    short = len(seen)
    store.lessons_between(db, "2026-01-01", "2027-01-01")
    db.conn.set_trace_callback(None)
    assert len(seen) == 2 * short
    assert sum("SELECT" in statement for statement in seen) == 2 * 7

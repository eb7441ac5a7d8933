"""Lessons of the real size: a timetable of both campuses without a clash, a year of closed days and covers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date

from scripts.benchmarks.world import World
from scripts.demo_play.data import Invented
from scripts.demo_play.term import SCHEDULE, TERM_BEGIN, TERM_END
from shared.clock import Clock
from shared.lessons.store import lessons_between
from shared.records import LessonDay, LessonOverride, RosterGroup, TimetableSlot, TimetableVersion
from sync.replica import connect

WEEKDAYS, PERIODS = range(1, 6), range(1, 7)
TEACHING = ("teacher", "homeroom_teacher", "supply_teacher", "middle_leader")
SUBJECTS = ("chinese", "maths", "chinese", "maths", "english", "science", "pe", "music", "art")
# The day on which who belongs to both campuses teaches at the other one.
AWAY_WEEKDAY = 3
CLOSED_AT = "2025-09-01T09:00:00.000Z"


def timetable(consortium: Invented, campus: str, version: str) -> Iterator[object]:
    """A published timetable: every class 30 lessons a week, nobody in two places at one time.

    At any time the classes take the teachers in order, each time shifted by one; there are more of these.
    """
    yield TimetableVersion(id=version, campus=campus, name="全年", begin=TERM_BEGIN.isoformat(), status="published")
    classes = [group for group in consortium.groups if group.campus == campus and is_class(group)]
    for shift, (weekday, period) in enumerate(itertools.product(WEEKDAYS, PERIODS)):
        teachers = teachers_of(consortium, campus, weekday)
        if len(teachers) < len(classes):
            raise AssertionError("a timetable without a clash needs more teachers than classes")
        for place, group in enumerate(classes):
            at = (place + shift) % len(teachers)
            yield TimetableSlot(
                version_id=version, group_id=group.id, weekday=weekday, weeks="every", period=period,
                subject=SUBJECTS[at % len(SUBJECTS)], teacher_id=teachers[at],
            )  # fmt: skip


def is_class(group: RosterGroup) -> bool:
    """Classes of the school; the kindergarten and the dormitories have no lessons."""
    return group.kind == "class" and group.stage == "primary"


def teachers_of(consortium: Invented, campus: str, weekday: int) -> list[str]:
    """Who can teach at a campus on a weekday: its own people, on one day also the other's."""
    away = weekday == AWAY_WEEKDAY
    own = [each for each in consortium.staff if each.campus == campus and each.category in TEACHING]
    found = [each.person.id for each in own if not (away and each.also_at)]
    return found + [each.person.id for each in consortium.staff if away and each.also_at == campus]


def closed_days(consortium: Invented, days: Sequence[date]) -> Iterator[LessonDay]:
    """At A the clerk closes the campus's day; at B everybody closes his own."""
    clerk = consortium.who("clerk", "A").person.id
    for day in days:
        yield LessonDay(campus="A", date=day.isoformat(), person_id="*", closed_by=clerk, closed_at=CLOSED_AT)
        for person in teachers_of(consortium, "B", AWAY_WEEKDAY):
            yield LessonDay(campus="B", date=day.isoformat(), person_id=person, closed_by=person, closed_at=CLOSED_AT)


def covers(consortium: Invented, days: Sequence[date]) -> Iterator[LessonOverride]:
    """Three covers a day at A, by people who are free then or not: what clashes is not what is measured."""
    classes = [group for group in consortium.groups if group.campus == "A" and is_class(group)]
    teachers = teachers_of(consortium, "A", AWAY_WEEKDAY)
    for number, (day, turn) in enumerate(itertools.product(days, range(3))):
        yield LessonOverride(
            id=f"A-{900_000 + number}-AA", group_id=classes[number % len(classes)].id, date=day.isoformat(),
            period=PERIODS[turn], kind="cover", new_teacher_id=teachers[number % len(teachers)], reason="leave",
        )  # fmt: skip


def lessons_s(world: World, clock: Clock) -> tuple[float, int]:
    """(seconds to read the lessons of a term on both campuses, how many). `fill_year` has filled the hub."""
    with connect(world.hub.replica) as db:
        begun = clock.monotonic_ms()
        found = lessons_between(db, TERM_BEGIN.isoformat(), TERM_END.isoformat())
        return (clock.monotonic_ms() - begun) / 1000, len(found)


def bells_of(campus: str) -> str:
    """The schedule that a campus rings."""
    return f"{campus}-{SCHEDULE}"

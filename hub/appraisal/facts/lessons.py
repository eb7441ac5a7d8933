"""Workload from rows: the lessons that were held, told by person, day, campus, kind and subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from sqlite_utils import Database

from hub.appraisal.facts import queries
from hub.appraisal.facts.queries import Row
from hub.appraisal.facts.rows import LessonsFact, Period, Workload
from hub.appraisal.tree import Source
from shared.lessons.held import Duty, Held, duties_of, held_duties, open_duties
from shared.lessons.store import exceptions_between, lessons_between
from shared.schema import key_text

Part = TypeVar("Part", Held, Duty)


@dataclass(frozen=True)
class LessonRows:
    """What the rows of lessons say of everybody. weeks: campus → date → the teaching week it belongs to."""

    timetabled: frozenset[str]
    weeks: Mapping[str, Mapping[str, str]]
    closings: Mapping[tuple[str, str, str], Row]
    held: Mapping[str, Sequence[Held]]
    open: Mapping[str, Sequence[Duty]]
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def open_days(self) -> tuple[tuple[str, str], ...]:
        """(campus, date) of each day with lessons of which nobody has said that they were held."""
        found = {(duty.lesson.campus, duty.lesson.date) for duties in self.open.values() for duty in duties}
        return tuple(sorted(found))


def read_lessons(db: Database, period: Period) -> LessonRows:
    """The lessons of a period. Call inside `reading(db)`, with the other facts."""
    duties = duties_of(lessons_between(db, period.begin, period.end))
    closings = {(row["campus"], row["date"], row["person_id"]): row for row in queries.closed_days(db, period)}
    held = held_duties(duties, closings, exceptions_between(db, period.begin, period.end))
    weeks: dict[str, dict[str, str]] = defaultdict(dict)
    for campus, day, week in queries.teaching_days(db, period):
        weeks[campus][day] = f"{week:02}" if week else _monday(day)
    return LessonRows(
        queries.timetabled(db, period), weeks, closings, _by_person(held), _by_person(open_duties(duties, closings)),
        queries.groups(db),
    )


def workload_of(person_id: str, members: Sequence[Row], rows: LessonRows) -> Workload | None:
    """One person's lessons; None where the home campus has no timetable, so that entries count."""
    homes = [row for row in members if row["home"]] or members
    if not any(row["campus"] in rows.timetabled for row in homes):
        return None
    weeks = {
        week
        for row in homes
        for day, week in rows.weeks.get(row["campus"], {}).items()
        if _valid(row, day)
    }
    grouped: dict[tuple[str, ...], list[Held]] = defaultdict(list)
    away: dict[tuple[str, str], bool] = {}
    for held in rows.held.get(person_id, ()):
        place = held.lesson.date, held.lesson.campus
        if place not in away:
            away[place] = is_away(held.lesson.campus, held.lesson.date, members)
        kind = kind_of(held, rows.groups, away=away[place])
        grouped[*place, kind, held.lesson.subject, held.closing[2]].append(held)
    facts = [
        _fact(key[2], together, members, rows, away=away[key[0], key[1]]) for key, together in sorted(grouped.items())
    ]
    waiting = rows.open.get(person_id, ())
    days = sorted({duty.lesson.date for duty in waiting})
    return Workload(tuple(facts), len(weeks), tuple(days), len(waiting))


def kind_of(held: Held, groups: Mapping[str, tuple[str, str]], *, away: bool) -> str:
    """Which fact a lesson is. Kinds are disjoint: a cover is only that, itinerant goes before multi-grade.

    Multi-grade (复式班) is a joint lesson of groups of several cohorts.
    """
    if held.cover:
        return "cover"
    if away:
        return "weekly_lessons_itinerant"
    if len(held.groups) == 1:
        return "weekly_lessons"
    cohorts = {groups.get(group, ("", ""))[1] for group in held.groups} - {""}
    return "weekly_lessons_multigrade" if len(cohorts) > 1 else "weekly_lessons"


def is_away(campus: str, day: str, members: Sequence[Row]) -> bool:
    """True for a campus that is not home on that date; who has no home is at home wherever a member."""
    valid = [row for row in members if _valid(row, day)]
    homes = [row for row in valid if row["home"]] or valid
    return bool(homes) and all(row["campus"] != campus for row in homes)


def _fact(
    kind: str, together: Sequence[Held], members: Sequence[Row], rows: LessonRows, *, away: bool
) -> LessonsFact:
    lesson, closing = together[0].lesson, together[0].closing
    row = rows.closings[closing]
    source = Source(
        "lesson_day", key_text(closing), lesson.date, lesson.campus, row["entered_by"], row["entered_by_name"],
        row["changeset"], _places(together, rows.groups),
    )
    changes = {change.id for held in together for change in held.lesson.changes}
    matched = any(_valid(member, lesson.date) for member in members)
    return LessonsFact(
        kind, len(together), lesson.subject, tuple(sorted(changes)), away, source,
        "counted" if matched else "unmatched",
    )


def _places(together: Sequence[Held], groups: Mapping[str, tuple[str, str]]) -> str:
    """`一年级1班 1,3 · 一年级2班 2`: which classes in which periods."""
    found: dict[str, list[str]] = defaultdict(list)
    for held in together:
        names = "+".join(groups.get(group, (group, ""))[0] for group in held.groups)
        found[names].append(str(held.lesson.period))
    return " · ".join(f"{names} {','.join(periods)}" for names, periods in sorted(found.items()))


def _by_person(found: Iterable[Part]) -> dict[str, list[Part]]:
    by_person: dict[str, list[Part]] = defaultdict(list)
    for each in found:
        by_person[each.person_id].append(each)
    return by_person


def _valid(member: Row, day: str) -> bool:
    return bool(member["begin"] <= day < member["end"])


def _monday(day: str) -> str:
    """The Monday of a date's week: stands for the week where the calendar names none."""
    found = date.fromisoformat(day)
    return (found - timedelta(days=found.weekday())).isoformat()

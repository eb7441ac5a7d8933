"""From a week of a file to the records of one draft timetable: what would be written, and what cannot be.

Nothing of the file is dropped: an activity without a time counts among the weekly lessons and is listed as
unplaced; an unknown name is listed with its cure. The same file again finds everything the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hub.timetable.clashes import Clash, clashes_of
from hub.timetable.naming import Naming, Unknown, Wishes, naming_of
from hub.timetable.newcomers import new_bells, newcomers
from hub.timetable.store import There
from hub.timetable.week import Activity, Week, lesson_title, subject_of
from hub.workbook.known import Id, NewId
from hub.workbook.planning import Change, Plan, Values
from shared.errors import Problem
from shared.records import SlotTeacher, TeachingAssignment, TimetableSlot, TimetableVersion
from shared.records.declare import declaration_of, specs_of
from shared.schema import Value, key_text, table_of, values_of
from shared.validation import problem_with

# Stands for the teacher of weekly lessons that have none yet; a key part cannot be empty.
NOBODY = "-"
WEEKLY_LESSONS_MAX = 99

Key = tuple[type, tuple[object, ...]]


@dataclass(frozen=True)
class WeekPlan:
    """What a file would do. timed and roomed count activities; unplaced ones are listed, `why_not` says why."""

    plan: Plan
    unknown: tuple[Unknown, ...]
    unplaced: tuple[Activity, ...]
    activities: int
    timed: int
    roomed: int


def plan_week(week: Week, there: There, wishes: Wishes) -> WeekPlan:
    """Plan a draft of `wishes.campus` from a file. Only a plan without problems can be carried out."""
    naming = naming_of(week, there, wishes)
    clashes = clashes_of(week.activities)
    problems = [_unknown_problem(one) for one in naming.unknown]
    problems += [_clash_problem(one) for one in clashes if one.kind == "group"]
    # Two lessons of one teacher or in one room may be meant so (two classes sit together): a person says it.
    warnings = [_clash_problem(one) for one in clashes if one.kind != "group"]
    changes = list(newcomers(week, naming, there, wishes))
    if wishes.bells:
        changes += new_bells(week, there, wishes)
    changes += _timetable(week, naming, there, wishes)
    problems += [found for change in changes for found in _misfits(change)]
    if there.version is not None and there.version.status == "published" and any(_writes(c) for c in changes):
        problems.append(Problem("begin", "timetable_published", {"zh": "课表", "en": "the timetable"}))
    timed = [a for a in week.activities if a.weekday is not None]
    return WeekPlan(
        Plan(tuple(changes), tuple(problems), tuple(warnings)), tuple(naming.unknown),
        tuple(a for a in week.activities if a.weekday is None), len(week.activities), len(timed),
        sum(1 for a in week.activities if a.room),
    )  # fmt: skip


def _writes(change: Change) -> bool:
    return change.action != "same"


def _unknown_problem(one: Unknown) -> Problem:
    reason = f"ambiguous_{one.kind}" if one.candidates else f"unknown_{one.kind}"
    return Problem(one.name[:40], reason, {"value": one.name, "count": one.activities})


def _clash_problem(one: Clash) -> Problem:
    return Problem(
        one.name[:40], f"{one.kind}_twice_in_week",
        {"value": one.name, "weekday": one.weekday, "period": one.period, "first": one.first.label,
         "second": one.second.label},
    )  # fmt: skip


def _timetable(week: Week, naming: Naming, there: There, wishes: Wishes) -> Iterator[Change]:
    version: Id = there.version.id if there.version else NewId("timetable_version", 1)
    values: Values = {
        "id": version, "campus": wishes.campus, "name": wishes.name, "begin": wishes.begin, "end": None,
        "status": "draft", "source": week.source[:80],
    }  # fmt: skip
    if there.version is not None:
        values |= {"end": there.version.end, "status": there.version.status}
    yield _compared(TimetableVersion, values, there.version, 1, wishes.name)
    wanted: dict[Key, tuple[Values, int, str]] = {}
    for number, activity in enumerate(week.activities, start=1):
        for record, row in _rows_of(activity, naming, version):
            label = f"{' '.join(activity.groups)} {activity.subject} {activity.label}"[:60]
            wanted.setdefault((record, _key(record, row)), (row, number, label))
    for row, number in _weekly(week.activities, naming, version):
        key = (TeachingAssignment, _key(TeachingAssignment, row))
        wanted[key] = (row, number, f"{row['title']} {row['weekly_lessons']}"[:60])
    yield from _against(wanted, {(type(row), _key(type(row), values_of(row))): row for row in there.rows})


def _against(wanted: Mapping[Key, tuple[Values, int, str]], there: Mapping[Key, object]) -> Iterator[Change]:
    """Rows of the file against the rows that the version has; what the file has no more is taken away."""
    for (record, key), (values, number, label) in wanted.items():
        yield _compared(record, values, there.get((record, key)), number, label)
    for (record, key), row in there.items():
        if (record, key) not in wanted:
            before = values_of(row)
            title, label = declaration_of(record).zh, key_text(tuple(before[name] for name in table_of(record).key))
            yield Change(title, 0, "removed", record, dict(before), before, label[:60])


def _compared(record: type, values: Values, there: object | None, number: int, label: str) -> Change:
    title = declaration_of(record).zh
    if there is None:
        return Change(title, number, "new", record, values, {}, label)
    before = values_of(there)
    action = "same" if all(before[name] == value for name, value in values.items()) else "changed"
    return Change(title, number, action, record, values, before, label)


def _key(record: type, values: Mapping[str, Value | NewId]) -> tuple[object, ...]:
    return tuple(values[name] for name in table_of(record).key)


def _rows_of(activity: Activity, naming: Naming, version: Id) -> Iterator[tuple[type, Values]]:
    """The slots of an activity, one for each group and period, and its further teachers."""
    subject, title = subject_of(activity.subject)
    teachers = _teachers(activity, naming)
    for name in activity.groups:
        group = naming.of("group", name)
        if group is None:
            continue
        for period in activity.periods():
            place: Values = {
                "version_id": version, "group_id": group, "weekday": activity.weekday, "weeks": activity.weeks,
                "period": period,
            }  # fmt: skip
            yield TimetableSlot, place | {
                "subject": subject, "title": title, "teacher_id": teachers[0] if teachers else None,
                "room_id": naming.of("room", activity.room) if activity.room else None, "joint": activity.joint,
            }  # fmt: skip
            for person in teachers[1:]:
                yield SlotTeacher, place | {"person_id": person, "role": "co_teacher"}


def _teachers(activity: Activity, naming: Naming) -> list[Id]:
    found = [naming.of("teacher", name) for name in activity.teachers]
    return list(dict.fromkeys(one for one in found if one is not None))


def _weekly(activities: Sequence[Activity], naming: Naming, version: Id) -> Iterator[tuple[Values, int]]:
    """Weekly lessons of each group, lesson title and teacher, timed or not."""
    found: dict[tuple[Id, str, Id], tuple[Values, int]] = {}
    halves: dict[tuple[Id, str, Id], int] = {}
    for number, activity in enumerate(activities, start=1):
        if activity.why_not == "inactive":
            continue
        groups = [one for name in activity.groups if (one := naming.of("group", name)) is not None]
        for group in groups:
            for person in _teachers(activity, naming) or [NOBODY]:
                key = (group, lesson_title(activity.subject), person)
                # A lesson of odd or of even weeks is half a lesson a week; halves are added before rounding up.
                halves[key] = halves.get(key, 0) + activity.length * (2 if activity.weeks == "every" else 1)
                row: Values = {
                    "version_id": version, "group_id": group, "title": key[1], "person_id": person,
                    "subject": subject_of(activity.subject)[0], "weekly_lessons": 0, "joint": activity.joint,
                }  # fmt: skip
                found.setdefault(key, (row, number))
    for key, (row, number) in found.items():
        yield row | {"weekly_lessons": -(-halves[key] // 2)}, number


def _misfits(change: Change) -> Iterator[Problem]:
    """Values that a field cannot hold, such as a name that is too long."""
    if change.action in ("same", "removed"):
        return
    for name, spec in specs_of(change.record).items():
        value = change.values.get(name)
        reason = None if isinstance(value, NewId) else problem_with(spec, value, grown_codes=False)
        if reason:
            shown = str(value)[:40] if value is not None else ""
            yield Problem(
                name, reason,
                {"sheet": change.sheet, "row": change.row or None, "zh": spec.zh, "en": spec.en, "low": spec.low,
                 "high": spec.high, "codes": spec.codes, "value": shown},
            )  # fmt: skip


def as_agreed(plan: WeekPlan) -> WeekPlan:
    """The same plan with its warnings taken as meant."""
    return replace(plan, plan=replace(plan.plan, warnings=()))

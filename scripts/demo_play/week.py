"""The week's lessons of an invented campus: who teaches which class what, spread over days, free of clashes.

Every day is a bipartite graph of classes and teachers; colouring its edges with as many colours as a day has
periods gives a timetable without a clash, and by Koenig's theorem it exists whenever nobody has more lessons
in a day than the day has periods.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

WEEKDAYS = 5
PERIODS = 6
# Lessons a week by subject: 30 fill a week of six periods a day.
WEEKLY = {
    "chinese": 8, "maths": 5, "pe": 4, "english": 2, "science": 2, "music": 2, "art": 2, "morals": 2, "it": 1,
    "labour": 1, "other": 1,
}  # fmt: skip
# What a homeroom teacher gives to the own class.
HOMEROOM = ("chinese", "morals", "labour", "other")


@dataclass(frozen=True)
class Taught:
    """One lesson of a week: a class, a subject, a teacher; `weekday` 0 where any day will do."""

    group_id: str
    subject: str
    teacher_id: str
    weekday: int = 0


@dataclass(frozen=True)
class Timed:
    """A lesson with its place in the week, both counted from 1."""

    lesson: Taught
    weekday: int
    period: int


def lessons_of_week(
    groups: Sequence[tuple[str, str]], pool: Sequence[str], visiting: Mapping[str, Sequence[str]],
    visit_days: Sequence[int],
) -> list[Taught]:  # fmt: skip
    """Who teaches what. groups: (group, homeroom teacher); pool: the other teachers.

    visiting: teacher from another campus → groups to whom he gives music, a lesson on each of the visit days.
    """
    guests = {group: teacher for teacher, theirs in visiting.items() for group in theirs}
    own = [subject for subject in HOMEROOM for _ in range(WEEKLY[subject])]
    made = [Taught(group, subject, lead) for group, lead in groups for subject in own]
    load: Counter[str] = Counter()
    for subject, teachers in _specialists(pool, len(groups)).items():
        for group, _ in groups:
            if subject == "music" and group in guests:
                made += [Taught(group, subject, guests[group], day) for day in visit_days[: WEEKLY[subject]]]
                continue
            teacher = min(teachers, key=lambda each: (load[each], each))
            load[teacher] += WEEKLY[subject]
            made += [Taught(group, subject, teacher)] * WEEKLY[subject]
    return made


def _specialists(pool: Sequence[str], groups: int) -> dict[str, list[str]]:
    """Subject → its teachers, in proportion to its lessons; where teachers are few, one gives several subjects."""
    subjects = sorted(WEEKLY.keys() - set(HOMEROOM), key=lambda each: (-WEEKLY[each], each))
    total = sum(WEEKLY[each] for each in subjects) * groups
    found: dict[str, list[str]] = {}
    done = 0.0
    for subject in subjects:
        share = WEEKLY[subject] * groups / total * len(pool)
        first, last = int(done), max(int(done) + 1, round(done + share))
        found[subject] = [pool[n % len(pool)] for n in range(first, last)]
        done += share
    return found


def timetable(lessons: Sequence[Taught], away: Mapping[str, Collection[int]], random: Random) -> list[Timed]:
    """A place for every lesson without a clash. away: teacher → weekdays on which he is at another campus.

    Raises ValueError when some day would need more periods than it has.
    """
    days = _days(lessons, away, random)
    return [
        Timed(lesson, weekday, period)
        for weekday, todays in enumerate(days, start=1)
        for lesson, period in zip(todays, _coloured(todays), strict=True)
    ]


def _days(lessons: Sequence[Taught], away: Mapping[str, Collection[int]], random: Random) -> list[list[Taught]]:
    """The lessons of each weekday: as many for each class as there are periods, no teacher with more, mixed."""
    days: list[list[Taught]] = [[] for _ in range(WEEKDAYS)]
    busy: Counter[tuple[int, str]] = Counter()
    same: Counter[tuple[int, str, str]] = Counter()
    order = sorted(lessons, key=lambda each: (not each.weekday, each.group_id, random.random()))
    for lesson in order:
        free = [
            day
            for day in range(1, WEEKDAYS + 1)
            if lesson.weekday in (0, day) and (lesson.weekday or day not in away.get(lesson.teacher_id, ()))
            and busy[day, lesson.group_id] < PERIODS and busy[day, lesson.teacher_id] < PERIODS
        ]  # fmt: skip
        if not free:
            raise ValueError(f"no day left for {lesson}")
        day = min(
            free,
            key=lambda each: (
                same[each, lesson.group_id, lesson.subject], busy[each, lesson.group_id], busy[each, lesson.teacher_id]
            ),
        )  # fmt: skip
        days[day - 1].append(lesson)
        busy[day, lesson.group_id] += 1
        busy[day, lesson.teacher_id] += 1
        same[day, lesson.group_id, lesson.subject] += 1
    return days


def _coloured(lessons: Sequence[Taught]) -> list[int]:
    """A period for each lesson of one day: where class and teacher have no common free one, a chain is turned over."""
    at: dict[str, dict[int, int]] = defaultdict(dict)  # class or teacher → period → lesson
    periods = [0] * len(lessons)

    def place(n: int, period: int) -> None:
        periods[n] = period
        at[lessons[n].group_id][period] = n
        at[lessons[n].teacher_id][period] = n

    for n, lesson in enumerate(lessons):
        group, teacher = at[lesson.group_id], at[lesson.teacher_id]
        mine, theirs = _free(group), _free(teacher)
        common = sorted(mine & theirs)
        if common:
            place(n, common[0])
            continue
        a, b = min(mine), min(theirs)
        chain = _chain(lessons, at, lesson.teacher_id, a, b)
        for each in chain:
            del at[lessons[each].group_id][periods[each]], at[lessons[each].teacher_id][periods[each]]
        for each in chain:
            place(each, b if periods[each] == a else a)
        place(n, a)
    return periods


def _free(taken: Iterable[int]) -> set[int]:
    return set(range(1, PERIODS + 1)) - set(taken)


def _chain(lessons: Sequence[Taught], at: Mapping[str, dict[int, int]], start: str, a: int, b: int) -> list[int]:
    """The lessons met by going from a teacher along period a, then b, then a …: never back to the class."""
    chain: list[int] = []
    here, period = start, a
    while period in at[here]:
        n = at[here][period]
        chain.append(n)
        here = lessons[n].group_id if here == lessons[n].teacher_id else lessons[n].teacher_id
        period = b if period == a else a
    return chain

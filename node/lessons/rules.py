"""Pure decisions about closing days and about what one date changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from shared.errors import Problem
from shared.lessons.held import EVERYBODY, Closing
from shared.lessons.rules import Lesson
from shared.records import LessonException, LessonOverride, Room
from shared.records.declare import specs_of
from shared.roles import Held, may_do

TAUGHT_DAYS = frozenset({"school_day", "make_up"})
# The field a problem names that is not about one field.
WHOLE_LESSON = "lesson"
TIMED_EXCEPTIONS = frozenset({"late", "left_early"})
# What each kind of change must say, and nothing else of these.
NEEDED = {
    "cover": ("new_teacher_id",), "cancel": (), "room": ("new_room_id",), "move": ("new_date", "new_period"),
    "swap": ("new_date", "new_period"),
}  # fmt: skip


@dataclass(frozen=True)
class LessonLimits:
    """How far back open days are listed, in days; a setting of the school."""

    open_days_back: int = 28


@dataclass(frozen=True)
class Asker:
    """Who asks, and what the role table allows at this campus: own day, the campus's day, changes."""

    person_id: str
    closes: bool
    office: bool
    plans: bool


def asker_of(person_id: str, held: Iterable[Held], campus: str) -> Asker:
    """What a person with these roles may do with the lessons of a campus."""
    roles = tuple(held)
    return Asker(
        person_id,
        may_do("lesson.close", roles, campus),
        may_do("lesson.close_campus", roles, campus),
        may_do("timetable.change", roles, campus),
    )


def monday_of(day: date) -> date:
    """The Monday of a date's week."""
    return day - timedelta(days=day.weekday())


def own_lessons(lessons: Iterable[Lesson], person_id: str, campus: str | None = None) -> list[Lesson]:
    """The lessons a person stands for, after all changes; at one campus, or at all."""
    return [
        each
        for each in lessons
        if each.state == "planned" and person_id in each.teachers and campus in (None, each.campus)
    ]


def day_refusal(kind: str | None, day: date, today: date) -> str | None:
    """Why no lessons of this date can be closed or noted, or None. Late is allowed, early is not."""
    if day > today:
        return "future_date"
    if kind is None:
        return "day_not_in_calendar"
    return None if kind in TAUGHT_DAYS else "not_a_school_day"


def close_refusal(asker: Asker, person_id: str) -> str | None:
    """Why this person may not close the day of `person_id` ("*": the campus's), or None.

    A teacher closes the own day; the campus's, and somebody else's, is the office's.
    """
    if person_id == EVERYBODY:
        return None if asker.office else "not_the_office_of_lessons"
    if person_id != asker.person_id and not asker.office:
        return "not_your_lessons"
    return None if asker.closes or asker.office else "not_allowed"


def is_closed(closed: Collection[Closing], campus: str, day: str, person_id: str) -> bool:
    """True when a person's day, or the whole campus's, is closed."""
    return (campus, day, person_id) in closed or (campus, day, EVERYBODY) in closed


def open_days(lessons: Iterable[Lesson], closed: Collection[Closing], person_id: str, before: str) -> list[str]:
    """Dates before a date on which somebody had lessons that nobody has closed, the oldest first."""
    return sorted(
        {
            each.date
            for each in own_lessons(lessons, person_id)
            if each.date < before and not is_closed(closed, each.campus, each.date, person_id)
        }
    )


def open_people(lessons: Iterable[Lesson], closed: Collection[Closing]) -> dict[str, dict[str, int]]:
    """Date → teacher → lessons that nobody has closed."""
    found: dict[str, dict[str, int]] = {}
    for each in lessons:
        for who in each.teachers if each.state == "planned" else ():
            if not is_closed(closed, each.campus, each.date, who):
                people = found.setdefault(each.date, {})
                people[who] = people.get(who, 0) + 1
    return dict(sorted(found.items()))


def exception_refusal(asker: Asker, person_id: str, stands: LessonException | None) -> str | None:
    """Why this person may not note how a lesson of `person_id` went, or None.

    What somebody else entered about a teacher is not his to change.
    """
    if person_id == asker.person_id:
        foreign = stands is not None and stands.entered_by not in ("", person_id)
        return "entered_by_another" if foreign else None if asker.closes or asker.office else "not_allowed"
    return None if asker.office else "not_your_lessons"


def exception_problems(kind: str, minutes: int) -> list[Problem]:
    """Late and left early need their minutes, the others have none."""
    if kind in TIMED_EXCEPTIONS and minutes == 0:
        return [about(LessonException, "minutes", "minutes_missing")]
    if kind not in TIMED_EXCEPTIONS and minutes != 0:
        return [about(LessonException, "minutes", "minutes_not_for_this_exception")]
    return []


def about(record: type, name: str, reason: str) -> Problem:
    """A problem of a field, called as its record declares it."""
    spec = specs_of(record)[name]
    return Problem(name, reason, {"zh": spec.zh, "en": spec.en})


def _about_lesson(reason: str, date: str, period: int) -> Problem:
    return Problem(WHOLE_LESSON, reason, {"zh": "课", "en": "The lesson", "date": date, "period": period})


def change_problems(change: LessonOverride, lesson: Lesson | None) -> list[Problem]:
    """What is wrong with a change of a lesson (None: there is no such lesson), before any clash is looked at."""
    if lesson is None or lesson.state == "moved":
        return [_about_lesson("lesson_not_there", change.date, change.period)]
    given = {
        "new_teacher_id": change.new_teacher_id, "new_room_id": change.new_room_id, "new_date": change.new_date,
        "new_period": change.new_period,
    }  # fmt: skip
    needed = NEEDED[change.kind]
    problems = [about(LessonOverride, name, "missing") for name in needed if given[name] in (None, "")]
    foreign = [name for name, value in given.items() if name not in needed and value is not None]
    problems += [about(LessonOverride, name, "not_for_this_change") for name in foreign]
    if problems:
        return problems
    return _same_as_now(change, lesson)


def _same_as_now(change: LessonOverride, lesson: Lesson) -> list[Problem]:
    if lesson.state == "cancelled":
        return [_about_lesson("lesson_cancelled", lesson.date, lesson.period)]
    if change.kind == "cover" and change.new_teacher_id in lesson.teachers:
        return [about(LessonOverride, "new_teacher_id", "teaches_it_already")]
    if change.kind == "room" and change.new_room_id == lesson.room_id:
        return [about(LessonOverride, "new_room_id", "room_is_that")]
    moves = change.kind in ("move", "swap")
    if moves and (change.new_date, change.new_period) == (lesson.date, lesson.period):
        return [about(LessonOverride, "new_period", "time_is_that")]
    return []


def swap_problems(lesson: Lesson, partner: Lesson) -> list[Problem]:
    """A swap names where both lessons were planned: one that has moved already is put back first. So a form sent
    twice is refused instead of written twice."""
    moved = (each for each in (lesson, partner) if each.moved_from)
    return [_about_lesson("lesson_moved_already", each.date, each.period) for each in moved]


def out_of_use(room: Room | None, day: str) -> bool:
    """Whether a room that is known is not in use on a date (half-open span)."""
    return room is not None and not ((room.begin or "") <= day and (room.end is None or day < room.end))


def withdraw_refusal(change: LessonOverride, asker: Asker) -> str | None:
    """Why a change cannot be withdrawn by this person, or None."""
    if not asker.plans:
        return "not_allowed"
    return "change_withdrawn" if change.withdrawn_at else None

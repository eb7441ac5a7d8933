"""One week as a class, a teacher or a room sees it: pure selection and layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.lessons.rules import Lesson

KINDS = ("group", "teacher", "room")
FRIDAY = 5


@dataclass(frozen=True)
class Entry:
    """A lesson as one view shows it. tone: lesson, change or gone (see `shared.web.grid`).

    mark: "" for as timetabled, else cancelled, moved, moved_in, covered, uncovered, cover (given), room, room_left.
    """

    lesson: Lesson
    tone: str
    mark: str


def seen_by(lessons: Iterable[Lesson], kind: str, id_: str) -> list[Entry]:
    """The lessons of a view in their order, those it has lost to a change too."""
    return [_entry(each, kind, id_) for each in lessons if _belongs(each, kind, id_)]


def _belongs(lesson: Lesson, kind: str, id_: str) -> bool:
    if kind == "group":
        return lesson.group_id == id_
    if kind == "room":
        return id_ in (lesson.room_id, lesson.planned_room_id)
    if lesson.state == "planned":
        return id_ in lesson.teachers or id_ in lesson.planned_teachers
    return id_ in lesson.teachers


def _entry(lesson: Lesson, kind: str, id_: str) -> Entry:
    gone = _lost(lesson, kind, id_)
    if gone:
        return Entry(lesson, "gone", gone)
    mark = ""
    if not lesson.teachers and lesson.planned_teachers:
        mark = "uncovered"
    elif lesson.moved_from:
        mark = "moved_in"
    elif lesson.teachers != lesson.planned_teachers:
        mark = "cover" if kind == "teacher" and id_ not in lesson.planned_teachers else "covered"
    elif lesson.room_id != lesson.planned_room_id:
        mark = "room"
    return Entry(lesson, "change" if mark else "lesson", mark)


def _lost(lesson: Lesson, kind: str, id_: str) -> str:
    if lesson.state != "planned":
        return lesson.state
    if kind == "teacher" and id_ not in lesson.teachers:
        return "covered"
    return "room_left" if kind == "room" and lesson.room_id != id_ else ""


def days_shown(monday: date, entries: Iterable[Entry], school_days: Iterable[str]) -> list[date]:
    """Monday to Friday, and of the weekend what is taught on."""
    wanted = {each.lesson.date for each in entries} | set(school_days)
    week = [monday + timedelta(days=n) for n in range(7)]
    return [day for day in week if day.isoweekday() <= FRIDAY or day.isoformat() in wanted]


def periods_shown(entries: Sequence[Entry], bells: Iterable[int]) -> list[int]:
    """The periods that are rung or taught, in order."""
    return sorted({*bells, *(each.lesson.period for each in entries)})


def times_of(entries: Iterable[Entry]) -> tuple[str, str] | None:
    """Begin and end where all entries of a period agree, else None: two campuses ring different bells."""
    found = {(each.lesson.begin, each.lesson.end) for each in entries if each.lesson.begin}
    return found.pop() if len(found) == 1 else None

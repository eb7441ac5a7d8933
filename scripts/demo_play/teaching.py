"""A day's lessons at one campus, through its node's HTTP API: covers in the morning, "as timetabled" at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from scripts.demo_play.data import Invented
from scripts.demo_play.fortnight import staff_days, works_at
from scripts.demo_play.recording import Phones, closed
from scripts.demo_play.telling import Bar

MORNING_PERIODS = 4
_COVERING = frozenset({"teacher", "homeroom_teacher", "supply_teacher", "middle_leader"})
Lesson = Mapping[str, Any]


@dataclass
class Lessons:
    """Who sees to the lessons of one campus: its clerk, with the covers given so far by each teacher."""

    campus: str
    consortium: Invented
    phones: Phones
    bar: Bar
    covers: Counter[str] = field(default_factory=Counter)
    closed_days: int = 0

    def cover(self, day: date) -> None:
        """Every lesson of somebody on leave gets a teacher who is free, those who covered least first."""
        if closed(self.campus, day):
            return
        clerk = self.phones.of(self.consortium.who("clerk", self.campus).login)
        shown = clerk.json("GET", f"/api/v1/lessons?date={day}")
        lessons = [each for each in shown["lessons"] if each["date"] == day.isoformat() and each["state"] == "planned"]
        days = staff_days(self.consortium, self.campus, day)
        parts = {each.person_id: each.part for each in days if each.status != "present"}
        teachers = [each for each in self.consortium.staff if each.category in _COVERING]
        here = [each.person.id for each in teachers if works_at(each, self.campus, day) and each.person.id not in parts]
        changes = substitutes(lessons, self.campus, parts, here, self.covers)
        if changes:
            clerk.json("POST", "/api/v1/lesson-changes", {"changes": changes})

    def close(self, day: date) -> None:
        """One teacher closes the own day on the phone, the office the campus's day: as timetabled."""
        if closed(self.campus, day):
            return
        teacher = self.consortium.who("homeroom_teacher", self.campus)
        self.phones.of(teacher.login).json("PUT", f"/api/v1/lesson-days/{day}", {})
        clerk = self.phones.of(self.consortium.who("clerk", self.campus).login)
        clerk.json("PUT", f"/api/v1/lesson-days/{day}", {"whole": True})
        self.closed_days += 1
        self.bar.advance()


def substitutes(
    lessons: Sequence[Lesson], campus: str, away: Mapping[str, str], here: Sequence[str], covers: Counter[str]
) -> list[dict[str, Any]]:
    """The covers of one day as the API takes them; `covers` counts on.

    lessons: of all campuses on that day; away: person → part of the day (`full`, `am`, `pm`).
    """
    busy = {(teacher, each["period"]) for each in lessons for teacher in each["teachers"]}
    changes = []
    for each in lessons:
        if each["campus"] != campus:
            continue
        for teacher in missing(each, away):
            free = [person for person in here if (person, each["period"]) not in busy]
            if not free:
                continue
            chosen = min(free, key=lambda person: (covers[person], person))
            busy.add((chosen, each["period"]))
            covers[chosen] += 1
            changes.append(
                {"group_id": each["group_id"], "date": each["date"], "period": each["period"], "kind": "cover",
                 "teacher_id": teacher, "new_teacher_id": chosen, "reason": "leave"}
            )  # fmt: skip
    return changes


def missing(lesson: Lesson, away: Mapping[str, str]) -> Iterable[str]:
    """The teachers of a lesson who are away at its time of day."""
    parts: Collection[str] = ("full", "am") if lesson["period"] <= MORNING_PERIODS else ("full", "pm")
    return [teacher for teacher in lesson["teachers"] if away.get(teacher) in parts]

"""Lessons not given without leave; a day absent without leave counts as so many lessons."""

from __future__ import annotations

from decimal import Decimal

from hub.appraisal.facts.rows import DayFact, Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, branch
from shared.validation import canonical_decimal

PARAMS = (Param("rate"), Param("lessons_per_day"))


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """`rate` a lesson: those recorded, or for a whole day absent without leave the day's lessons."""
    found = []
    for day in person.days:
        lessons = _lessons(indicator, day)
        if day.state == "counted" and lessons:
            data = {"lessons": canonical_decimal(lessons), "status": day.status, "part": day.part}
            found.append(Node("absent", -lessons * indicator.number("rate"), data=data, source=day.source))
    return branch(indicator.code, found, data={"times": str(len(found))})


def _lessons(indicator: Indicator, day: DayFact) -> Decimal:
    if day.status != "absent_without_leave" or day.absent_lessons:
        return Decimal(day.absent_lessons)
    whole = indicator.number("lessons_per_day")
    return whole if day.part == "full" else whole / 2

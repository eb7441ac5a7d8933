"""Days of leave of some kinds: the first are free, each further day costs; a part day is half a day."""

from __future__ import annotations

from decimal import Decimal

from hub.appraisal.exact import ZERO
from hub.appraisal.facts.rows import DayFact, Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, branch
from shared.validation import canonical_decimal

PARAMS = (Param("statuses", "words:staff_day_status"), Param("free_days"), Param("rate"))

_HALF = Decimal("0.5")
_HALVES = {"full": ("am", "pm"), "am": ("am",), "pm": ("pm",)}


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """Rows in order of date use up the free days, then cost `rate` a day.

    A date counts at most one day: two campuses that both record it record one absence.
    """
    left, taken, found = indicator.number("free_days"), ZERO, []
    halves: set[tuple[str, str]] = set()
    for day in _leave(indicator, person):
        days = _days(day, halves)
        free = min(left, days)
        left, taken = left - free, taken + days
        data = {"days": canonical_decimal(days), "free": canonical_decimal(free), "status": day.status}
        points = -(days - free) * indicator.number("rate")
        found.append(Node("leave", points, data=data, source=day.source))
    return branch(indicator.code, found, data={"days": canonical_decimal(taken)})


def _leave(indicator: Indicator, person: PersonFacts) -> list[DayFact]:
    statuses = indicator.words("statuses")
    found = [day for day in person.days if day.state == "counted" and day.status in statuses]
    return sorted(found, key=lambda day: (day.source.date, day.source.campus))


def _days(day: DayFact, halves: set[tuple[str, str]]) -> Decimal:
    """What this row adds, in days; `halves` holds the half days other rows already stand for."""
    new = {(day.source.date, half) for half in _HALVES.get(day.part, ("am", "pm"))} - halves
    halves |= new
    return _HALF * len(new)

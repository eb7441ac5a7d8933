"""Coming late and leaving early, by bands of minutes; every occurrence is a leaf."""

from __future__ import annotations

from decimal import Decimal

from hub.appraisal.facts.rows import DayFact, Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, branch

PARAMS = (Param("bands", "bands"), Param("beyond"))


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """Each time costs the rate of the band its minutes fall in, bounds included; beyond all, `beyond`."""
    found = [leaf for day in person.days if day.state == "counted" for leaf in _of_day(indicator, day)]
    return branch(indicator.code, found, data={"times": str(len(found))})


def _of_day(indicator: Indicator, day: DayFact) -> list[Node]:
    times = (("late", day.late_minutes), ("early", day.early_minutes))
    return [
        Node(code, -rate(indicator, minutes), data={"minutes": str(minutes)}, source=day.source)
        for code, minutes in times
        if minutes > 0
    ]


def rate(indicator: Indicator, minutes: int) -> Decimal:
    """The cost of one occurrence: whole band, never marginal."""
    for band in indicator.bands("bands"):
        if minutes <= band.up_to:
            return band.points
    return indicator.number("beyond")

"""Starting marks of attendance, given only where days were recorded at all.

No row is not "present": a person without any staff day is *missing*, one with gaps *incomplete*.
"""

from __future__ import annotations

from hub.appraisal.exact import ZERO
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, branch

PARAMS = (Param("points"),)


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """`points` if any day is recorded; else nothing, and said so."""
    counted = {day.source.date for day in person.days if day.state == "counted"}
    data = {
        "recorded_days": str(len(counted)),
        "school_days": str(person.school_days),
        "missing_days": str(len(person.missing_days)),
        "missing_first": person.missing_days[0] if person.missing_days else "",
        "missing_last": person.missing_days[-1] if person.missing_days else "",
    }
    unmatched = [
        Node("unmatched", ZERO, state="unmatched", source=day.source)
        for day in person.days
        if day.state != "counted"
    ]
    if not counted:
        return branch(indicator.code, [Node("missing", ZERO, state="missing", data=data), *unmatched])
    state = "incomplete" if person.missing_days else "scored"
    start = Node("start", indicator.number("points"), state=state, data=data)
    return branch(indicator.code, [start, *unmatched], data=data)

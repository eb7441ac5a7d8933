"""Professional ethics: full marks less what was entered; a veto takes the block and bars the top grade."""

from __future__ import annotations

from hub.appraisal.exact import ZERO
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, bounded, branch

PARAMS = (Param("points"),)


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """`points` less deductions, floor 0; any veto dated in the period makes it 0 for the whole period."""
    full = indicator.number("points")
    parts = [Node("start", full)]
    for event in person.ethics:
        if event.state != "counted":
            parts.append(Node(event.state, ZERO, state=event.state, source=event.source))
        elif event.kind != "veto":
            parts.append(Node("deduction", -event.points, source=event.source))
    parts = bounded(parts, ZERO, full)
    vetoes = [event for event in person.ethics if event.kind == "veto" and event.state == "counted"]
    for event in vetoes:
        left = sum((part.points for part in parts), ZERO)
        parts.append(Node("veto", -left, state="vetoed", source=event.source))
    return branch(indicator.code, parts, data={"bars_excellent": str(int(bool(vetoes)))})

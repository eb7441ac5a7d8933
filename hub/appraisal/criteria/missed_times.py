"""Times missed (research activities), each of which costs."""

from __future__ import annotations

from hub.appraisal.criteria.quantities import left_out
from hub.appraisal.exact import ZERO
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, bounded, branch
from shared.validation import canonical_decimal

PARAMS = (Param("kind", "word:evidence_kind"), Param("points"), Param("rate"))


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """`points` − `rate` × times missed, floor 0; no row means none was missed."""
    points, rate = indicator.number("points"), indicator.number("rate")
    found = [
        Node("missed", -rate * fact.quantity, data={"quantity": canonical_decimal(fact.quantity)},
             source=fact.source)
        for fact in person.of_kind(indicator.word("kind"))
    ]
    parts = bounded([Node("start", points), *found, *left_out(indicator, person)], ZERO, points)
    return branch(indicator.code, parts, data={"times": str(len(found))})

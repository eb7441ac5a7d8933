"""Signed items that simply add up, between two bounds: posts, line tasks, campus items."""

from __future__ import annotations

from hub.appraisal.criteria.quantities import left_out
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, bounded, branch
from shared.validation import canonical_decimal

PARAMS = (Param("kind", "word:evidence_kind"), Param("low"), Param("high"))


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """The sum of the rows' quantities; no row means nothing happened, which is 0 and not missing."""
    found = [
        Node("item", fact.quantity, data={"quantity": canonical_decimal(fact.quantity)}, source=fact.source)
        for fact in person.of_kind(indicator.word("kind"))
    ]
    parts = bounded(
        [*found, *left_out(indicator, person)], indicator.number("low"), indicator.number("high")
    )
    return branch(indicator.code, parts, data={"times": str(len(found))})

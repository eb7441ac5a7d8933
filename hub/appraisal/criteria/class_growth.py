"""Teaching results: points of own classes' shrunken growth (`hub.appraisal.results` makes them).

A row of evidence is one class's points on the scheme's own scale. Who has no tested class gets the mean of
the own category, and the page says so.
"""

from __future__ import annotations

from decimal import Decimal

from hub.appraisal.criteria.quantities import left_out
from hub.appraisal.exact import ONE, ZERO, quotient, split
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, bounded, branch
from shared.validation import canonical_decimal

PARAMS = (
    Param("kind", "word:evidence_kind"), Param("cap"), Param("grade_mean_points"), Param("shrink_pupils"),
    Param("points_per_percent"), Param("untested_otherwise"),
)


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """The mean over own classes, within 0 … cap; without one, the mean of the own category's tested people."""
    own = class_mean(indicator, person)
    if own is None:
        return branch(
            indicator.code, [_substitute(indicator, person, facts), *left_out(indicator, person)]
        )
    rows = person.of_kind(indicator.word("kind"))
    weights = [fact.quantity for fact in rows] if own else [ONE for _ in rows]
    found = [
        Node("growth", each, data={"quantity": canonical_decimal(fact.quantity)}, source=fact.source)
        for fact, each in zip(rows, split(own, weights), strict=True)
    ]
    parts = bounded([*found, *left_out(indicator, person)], ZERO, indicator.number("cap"))
    return branch(indicator.code, parts, data={"classes": str(len(rows))})


def class_mean(indicator: Indicator, person: PersonFacts) -> Decimal | None:
    """The mean of the own classes' points, before bounds; None without a tested class."""
    rows = person.of_kind(indicator.word("kind"))
    if not rows:
        return None
    return quotient(sum((fact.quantity for fact in rows), ZERO), Decimal(len(rows)))


def _substitute(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    category = person.categories[0]
    known = [class_mean(indicator, each) for each in facts.in_category(category)]
    tested = [min(max(mean, ZERO), indicator.number("cap")) for mean in known if mean is not None]
    data = {"category": category, "people": str(len(tested))}
    if not tested:
        return Node("substitute", indicator.number("untested_otherwise"), state="substituted", data=data)
    points = quotient(sum(tested, ZERO), Decimal(len(tested)))
    return Node("substitute", points, state="substituted", data=data)

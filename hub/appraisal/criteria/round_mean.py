"""The mean of rounds (inspections, class rounds, ratings), scaled to the indicator's marks."""

from __future__ import annotations

from decimal import Decimal

from hub.appraisal.criteria.quantities import left_out, nothing_known
from hub.appraisal.exact import ONE, ZERO, quotient, split
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, bounded, branch
from shared.validation import canonical_decimal

PARAMS = (Param("kind", "word:evidence_kind"), Param("out_of"), Param("points"))


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """mean ÷ `out_of` × `points`, within 0 … `points`; no round at all is missing."""
    rows = person.of_kind(indicator.word("kind"))
    if not rows:
        return branch(indicator.code, nothing_known(indicator, person))
    total = sum((fact.quantity for fact in rows), ZERO)
    count, points = Decimal(len(rows)), indicator.number("points")
    whole = quotient(total * points, count * indicator.number("out_of"))
    weights = [fact.quantity for fact in rows] if total else [ONE for _ in rows]
    found = [
        Node("round", each, data={"quantity": canonical_decimal(fact.quantity)}, source=fact.source)
        for fact, each in zip(rows, split(whole, weights), strict=True)
    ]
    data = {"rounds": str(len(rows)), "mean": canonical_decimal(quotient(total, count))}
    return branch(indicator.code, bounded([*found, *left_out(indicator, person)], ZERO, points), data=data)

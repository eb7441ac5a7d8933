"""A number that is due in the term (observed lessons): each one short costs."""

from __future__ import annotations

from hub.appraisal.criteria.quantities import left_out, nothing_known
from hub.appraisal.exact import ZERO
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, bounded, branch
from shared.validation import canonical_decimal

PARAMS = (Param("kind", "word:evidence_kind"), Param("required"), Param("points"), Param("rate"))


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """`points` − `rate` × each one short of `required`, floor 0; no row at all is missing, a row of 0 is zero.

    """
    rows = person.of_kind(indicator.word("kind"))
    if not rows:
        return branch(indicator.code, nothing_known(indicator, person))
    required, points, rate = (indicator.number(name) for name in ("required", "points", "rate"))
    done = sum((fact.quantity for fact in rows), ZERO)
    short = max(required - done, ZERO)
    data = {"done": canonical_decimal(done), "required": canonical_decimal(required)}
    parts = [Node("start", points)]
    if short:
        parts.append(Node("short", -rate * short, data={**data, "short": canonical_decimal(short)}))
    parts += [
        Node("counted", ZERO, data={"quantity": canonical_decimal(fact.quantity)}, source=fact.source)
        for fact in rows
    ]
    return branch(indicator.code, bounded([*parts, *left_out(indicator, person)], ZERO, points), data=data)

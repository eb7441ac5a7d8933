"""Workload: mean weekly lessons, weighted, against the standard load.

Kinds are disjoint: 16 lessons of which 4 itinerant are 12 `weekly_lessons` and 4
`weekly_lessons_itinerant`. Rows of several subjects and campuses add up.
"""

from __future__ import annotations

from decimal import Decimal

from hub.appraisal.exact import ONE, ZERO, quotient, split
from hub.appraisal.facts.rows import EvidenceFact, Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, bounded, branch
from shared.validation import canonical_decimal

PARAMS = (
    Param("standard_lessons"), Param("points_at_standard"), Param("cap"), Param("subject_weights", "table"),
    Param("other_subject_weight"), Param("multigrade_factor"), Param("itinerant_factor"),
    Param("cover_weight"), Param("weeks"),
)

_LESSONS = ("weekly_lessons", "weekly_lessons_itinerant", "weekly_lessons_multigrade")
KINDS = (*_LESSONS, "cover")


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """Σ lessons × subject weight × situation factor + covers ÷ weeks, ÷ standard × points, up to the cap."""
    rows = [fact for kind in KINDS for fact in person.of_kind(kind)]
    shown = [_left_out(fact) for kind in KINDS for fact in person.left_out(kind)]
    if not any(fact.kind in _LESSONS for fact in rows):
        return branch(indicator.code, [Node("missing", ZERO, state="missing"), *shown, *_uncounted(rows)])
    weeks = indicator.number("weeks")
    # Everything times `weeks`, so that covers ÷ weeks needs no quotient of its own.
    weights = [fact.quantity * _weight(indicator, fact, weeks) for fact in rows]
    weighted = sum(weights, ZERO)
    whole = quotient(
        weighted * indicator.number("points_at_standard"), weeks * indicator.number("standard_lessons")
    )
    points = split(whole, weights)
    found = [_leaf(indicator, fact, each) for fact, each in zip(rows, points, strict=True)]
    data = {"weekly_weighted": canonical_decimal(quotient(weighted, weeks))}
    return branch(indicator.code, bounded([*found, *shown], ZERO, indicator.number("cap")), data=data)


def _weight(indicator: Indicator, fact: EvidenceFact, weeks: Decimal) -> Decimal:
    return indicator.number("cover_weight") if fact.kind == "cover" else factor(indicator, fact) * weeks


def factor(indicator: Indicator, fact: EvidenceFact) -> Decimal:
    """What one lesson of this row counts: subject weight × situation factor."""
    subjects = indicator.table("subject_weights")
    weight = subjects.get(fact.subject or "", indicator.number("other_subject_weight"))
    if fact.kind == "weekly_lessons_itinerant":
        return weight * indicator.number("itinerant_factor")
    if fact.kind == "weekly_lessons_multigrade":
        return weight * indicator.number("multigrade_factor")
    return weight * ONE


def _leaf(indicator: Indicator, fact: EvidenceFact, points: Decimal) -> Node:
    data = {"kind": fact.kind, "quantity": canonical_decimal(fact.quantity), "subject": fact.subject or ""}
    if fact.kind == "cover":
        data["weeks"] = canonical_decimal(indicator.number("weeks"))
    else:
        data["factor"] = canonical_decimal(factor(indicator, fact))
    return Node("lessons", points, data=data, source=fact.source)


def _left_out(fact: EvidenceFact) -> Node:
    data = {"kind": fact.kind, "quantity": canonical_decimal(fact.quantity)}
    return Node(fact.state, ZERO, state=fact.state, data=data, source=fact.source)


def _uncounted(rows: list[EvidenceFact]) -> list[Node]:
    """Covers of somebody whose weekly lessons are missing: shown, not yet worth anything."""
    return [
        Node("waiting", ZERO, state="unmatched", data={"kind": fact.kind}, source=fact.source) for fact in rows
    ]

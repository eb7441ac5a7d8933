"""Rows of one evidence kind, as leaves that several criteria show in the same way."""

from __future__ import annotations

from hub.appraisal.exact import ZERO
from hub.appraisal.facts.rows import PersonFacts
from hub.appraisal.model import Indicator
from hub.appraisal.tree import Node
from shared.validation import canonical_decimal


def left_out(indicator: Indicator, person: PersonFacts) -> list[Node]:
    """Superseded and unmatched rows: shown with no points."""
    return [
        Node(fact.state, ZERO, state=fact.state, data={"quantity": canonical_decimal(fact.quantity)},
             source=fact.source)
        for fact in person.left_out(indicator.word("kind"))
    ]


def nothing_known(indicator: Indicator, person: PersonFacts) -> tuple[Node, ...]:
    """The children of an indicator for which no row came."""
    return (Node("missing", ZERO, state="missing"), *left_out(indicator, person))

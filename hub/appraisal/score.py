"""The score: a pure function of a scheme and facts. Nothing here knows a database, a clock or a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Any

from hub.appraisal.criteria import criterion_of
from hub.appraisal.exact import ZERO, exact_context, quotient, rounded_half_up
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Block, Composite, Indicator, Scheme
from hub.appraisal.tree import Node, bounded, branch, digest_of, document_of
from shared.validation import canonical_decimal


@dataclass(frozen=True)
class Scored:
    """One person's result: the tree of the composite that counts, and what the others would have given."""

    person: PersonFacts
    category: str
    composite: Composite
    tree: Node
    others: tuple[tuple[str, Decimal], ...]

    @property
    def bars_excellent(self) -> bool:
        """True when a veto bars the top grade, whatever the points."""
        return any(
            indicator.data.get("bars_excellent") == "1"
            for block in self.tree.children
            for indicator in block.children
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Codes of the indicators for which facts lack, wholly or in part."""
        return tuple(
            indicator.code
            for block in self.tree.children
            for indicator in block.children
            if indicator.state in ("missing", "incomplete")
        )


def score_all(scheme: Scheme, facts: Facts) -> tuple[Scored, ...]:
    """Everybody whose category the scheme knows, in order of id."""
    with localcontext(exact_context()):
        found = [score_person(scheme, person, facts) for person in facts.people]
    return tuple(each for each in found if each is not None)


def score_person(scheme: Scheme, person: PersonFacts, facts: Facts) -> Scored | None:
    """One person; None when no composite concerns any of the person's categories.

    Who falls under several composites gets the higher total; at a tie the one the scheme names later.
    """
    mine = [
        (composite, _category(composite, person))
        for composite in scheme.composites
        if set(composite.categories) & set(person.categories)
    ]
    if not mine:
        return None
    # A composite that is wholly part of another one of mine (personal, in homeroom) is no choice.
    mine = [
        (each, category)
        for each, category in mine
        if not any(set(each.blocks) < set(other.blocks) for other, _ in mine)
    ]
    trees = [(_total(scheme, each, category, person, facts), each, category) for each, category in mine]
    best = max(range(len(trees)), key=lambda index: (trees[index][0].points, index))
    tree, composite, category = trees[best]
    others = tuple((each.code, node.points) for node, each, _ in trees if each is not composite)
    return Scored(person, category, composite, tree, others)


def _category(composite: Composite, person: PersonFacts) -> str:
    return next(each for each in person.categories if each in composite.categories)


def _total(
    scheme: Scheme, composite: Composite, category: str, person: PersonFacts, facts: Facts
) -> Node:
    # The criteria look at the first category: it is the one this composite was chosen by.
    person = replace(person, categories=tuple(dict.fromkeys((category, *person.categories))))
    blocks = [_block(scheme.block(code), category, person, facts) for code in composite.blocks]
    parts = [*blocks, *_rescaled(scheme, composite, category, blocks)]
    exact = sum((part.points for part in parts), ZERO)
    rounding = rounded_half_up(exact, scheme.places) - exact
    data = {"exact": canonical_decimal(exact), "places": str(scheme.places)}
    parts.append(Node("rounding", rounding, data=data))
    return branch("total", parts, full=scheme.full, name=composite.name, name_en=composite.name_en,
                  text=composite.text, text_en=composite.text_en)


def _block(block: Block, category: str, person: PersonFacts, facts: Facts) -> Node:
    found = [_indicator(each, category, person, facts) for each in block.indicators]
    full = sum((each.full for each in block.indicators if category not in each.exempt), ZERO)
    state = {} if any(each.state != "exempt" for each in found) else {"state": "exempt"}
    return branch(
        block.code, bounded(found, block.floor, block.cap), name=block.name, name_en=block.name_en,
        full=full, **state,
    )


def _indicator(indicator: Indicator, category: str, person: PersonFacts, facts: Facts) -> Node:
    made = Node(indicator.code, ZERO, state="exempt")
    if category not in indicator.exempt:
        criterion = criterion_of(indicator.criterion)
        if criterion is None:
            raise KeyError(indicator.criterion)
        made = criterion.score(indicator, person, facts)
    return replace(
        made, name=indicator.name, name_en=indicator.name_en, text=indicator.text, text_en=indicator.text_en,
        full=indicator.full or None,
    )


def _rescaled(scheme: Scheme, composite: Composite, category: str, blocks: list[Node]) -> list[Node]:
    """Where indicators are exempt, the other blocks are scaled to full marks (signed items are not)."""
    used = [scheme.block(code) for code in composite.blocks]
    exempt = sum((i.full for block in used for i in block.indicators if category in i.exempt), ZERO)
    asked = scheme.full - exempt
    if not exempt or asked <= 0:
        return []
    points = sum(
        (node.points for node, block in zip(blocks, used, strict=True) if block.full), ZERO
    )
    data = {"exempt": canonical_decimal(exempt), "asked": canonical_decimal(asked)}
    return [Node("rescaled", quotient(points * exempt, asked), data=data)]


def result_document(scored: Scored) -> dict[str, Any]:
    """One person's line of the combined table, JSON-ready."""
    return {
        "composite": scored.composite.code,
        "composite_name": scored.composite.name,
        "composite_name_en": scored.composite.name_en,
        "others": {code: canonical_decimal(points) for code, points in scored.others},
        "bars_excellent": scored.bars_excellent,
        "missing": list(scored.missing),
        "state": scored.tree.state,
        "campuses": list(scored.person.campuses),
        "categories": list(scored.person.categories),
        "points": {
            node.code: {"points": canonical_decimal(node.points), "state": node.state}
            for node in scored.tree.children
        },
    }


def explanation_document(scored: Scored) -> dict[str, Any]:
    """The whole way down, JSON-ready."""
    return {
        "person": {"id": scored.person.person_id, "name": scored.person.name,
                   "staff_number": scored.person.staff_number},
        "result": result_document(scored),
        "tree": document_of(scored.tree),
    }


def digest_of_scores(scheme: Scheme, facts: Facts, scored: tuple[Scored, ...]) -> str:
    """SHA-256 over scheme, period and every explanation: no clock, run number or row order is in it."""
    period = {"term": facts.period.term, "begin": facts.period.begin, "end": facts.period.end}
    people = sorted((explanation_document(each) for each in scored), key=lambda each: each["person"]["id"])
    return digest_of({"scheme": scheme.digest, "period": period, "people": people})

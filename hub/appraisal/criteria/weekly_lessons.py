"""Workload: mean weekly lessons, weighted, against the standard load.

Kinds are disjoint: 16 lessons of which 4 itinerant are 12 `weekly_lessons` and 4
`weekly_lessons_itinerant`. Rows of several subjects and campuses add up. Where the home campus has a timetable,
the lessons held are counted and divided by its teaching weeks; elsewhere the weekly means are entered.
"""

from __future__ import annotations

from decimal import Decimal

from hub.appraisal.exact import ONE, ZERO, quotient, split
from hub.appraisal.facts.rows import (
    LESSON_KINDS,
    WORKLOAD_KINDS,
    EvidenceFact,
    Facts,
    LessonsFact,
    PersonFacts,
    Workload,
)
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node, bounded, branch
from shared.validation import canonical_decimal

PARAMS = (
    Param("standard_lessons"), Param("points_at_standard"), Param("cap"), Param("subject_weights", "table"),
    Param("other_subject_weight"), Param("multigrade_factor"), Param("itinerant_factor"),
    Param("cover_weight"), Param("weeks"),
)


def score(indicator: Indicator, person: PersonFacts, facts: Facts) -> Node:
    """Σ lessons × subject weight × situation factor + covers ÷ weeks, ÷ standard × points, up to the cap."""
    shown = [_left_out(fact) for kind in WORKLOAD_KINDS for fact in person.left_out(kind)]
    if person.workload is not None:
        return _held(indicator, person.workload, shown)
    rows = [fact for kind in WORKLOAD_KINDS for fact in person.of_kind(kind)]
    if not any(fact.kind in LESSON_KINDS for fact in rows):
        return branch(indicator.code, [Node("missing", ZERO, state="missing"), *shown, *_uncounted(rows)])
    weeks = indicator.number("weeks")
    # Everything times `weeks`, so that covers ÷ weeks needs no quotient of its own.
    weights = [fact.quantity * _weight(indicator, fact, weeks) for fact in rows]
    points, data = _points(indicator, weights, weeks)
    found = [_leaf(indicator, fact, each) for fact, each in zip(rows, points, strict=True)]
    return branch(indicator.code, bounded([*found, *shown], ZERO, indicator.number("cap")), data=data)


def _held(indicator: Indicator, workload: Workload, entered: list[Node]) -> Node:
    """From the lessons held. Days that nobody has closed give nothing yet, which is said and is not zero."""
    rows = [fact for fact in workload.held if fact.state == "counted"]
    shown = [_lessons_leaf(indicator, fact, ZERO, 0) for fact in workload.held if fact.state != "counted"]
    waiting = _waiting(workload, "incomplete" if rows and workload.weeks else "missing")
    if rows and not workload.weeks:
        return branch(indicator.code, [Node("missing", ZERO, state="missing"), *shown, *entered])
    if not rows:
        nothing = [] if waiting else [Node("no_lessons", ZERO, state="none")]
        return branch(indicator.code, [*waiting, *nothing, *shown, *entered])
    weeks, spread = Decimal(workload.weeks), indicator.number("weeks")
    # Everything times both numbers of weeks, so that nothing needs a quotient of its own.
    cover = indicator.number("cover_weight") * weeks
    weights = [fact.number * (cover if fact.kind == "cover" else factor(indicator, fact) * spread) for fact in rows]
    points, data = _points(indicator, weights, weeks * spread)
    found = [
        _lessons_leaf(indicator, fact, each, workload.weeks) for fact, each in zip(rows, points, strict=True)
    ]
    parts = bounded([*found, *waiting, *shown, *entered], ZERO, indicator.number("cap"))
    data |= {"held": str(sum(fact.number for fact in rows)), "trips": str(workload.trips)}
    return branch(indicator.code, parts, data=data)


def _points(
    indicator: Indicator, weights: list[Decimal], times: Decimal
) -> tuple[tuple[Decimal, ...], dict[str, str]]:
    """Each row's points before the cap, and the weekly weighted lessons. weights: lessons × `times`."""
    weighted = sum(weights, ZERO)
    whole = quotient(
        weighted * indicator.number("points_at_standard"), times * indicator.number("standard_lessons")
    )
    return split(whole, weights), {"weekly_weighted": canonical_decimal(quotient(weighted, times))}


def _waiting(workload: Workload, state: str) -> list[Node]:
    if not workload.open_lessons:
        return []
    days = workload.open_days
    data = {"open_days": str(len(days)), "open_lessons": str(workload.open_lessons), "first": days[0], "last": days[-1]}
    return [Node("open_days", ZERO, state=state, data=data)]


def _lessons_leaf(indicator: Indicator, fact: LessonsFact, points: Decimal, weeks: int) -> Node:
    data = {"kind": fact.kind, "held": str(fact.number), "subject": fact.subject}
    if fact.kind == "cover":
        data["weeks"] = canonical_decimal(indicator.number("weeks"))
    else:
        data |= {"factor": canonical_decimal(factor(indicator, fact)), "weeks": str(weeks)}
    if fact.changes:
        data["changes"] = " ".join(fact.changes)
    state = "scored" if fact.state == "counted" else fact.state
    return Node("held" if state == "scored" else state, points, state=state, data=data, source=fact.source)


def _weight(indicator: Indicator, fact: EvidenceFact, weeks: Decimal) -> Decimal:
    return indicator.number("cover_weight") if fact.kind == "cover" else factor(indicator, fact) * weeks


def factor(indicator: Indicator, fact: EvidenceFact | LessonsFact) -> Decimal:
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

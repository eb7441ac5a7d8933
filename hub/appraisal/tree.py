"""The explanation: a tree whose leaves add up to the total, each naming the row it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.appraisal.exact import ZERO
from shared.validation import canonical_decimal

# Worst first: a block's state is the worst of its parts.
STATES = (
    "missing", "incomplete", "vetoed", "substituted", "scored", "exempt", "superseded", "overruled", "unmatched",
    "none",
)
_INHERITED = ("missing", "incomplete", "vetoed", "substituted")


@dataclass(frozen=True)
class Source:
    """The row behind a leaf: where it is, who entered it, and which changeset brought it."""

    table: str
    key: str
    date: str
    campus: str
    entered_by: str = ""
    entered_by_name: str = ""
    changeset: str = ""
    note: str = ""


@dataclass(frozen=True)
class Node:
    """A number and what it is made of.

    state: scored; missing (no fact: neither full nor zero marks); incomplete (some facts lack); exempt
    (the scheme does not ask it of this category); substituted (a stand-in the scheme names); vetoed;
    superseded, overruled, unmatched (a row that is shown but does not count); none (nothing happened, nothing due).
    """

    code: str
    points: Decimal
    name: str = ""
    name_en: str = ""
    text: str = ""
    text_en: str = ""
    state: str = "scored"
    full: Decimal | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    source: Source | None = None
    children: tuple[Node, ...] = ()


def branch(code: str, children: Sequence[Node], **more: Any) -> Node:
    """A node worth the sum of its children, in the worst of their states unless one is given."""
    states = {child.state for child in children}
    worst = next((state for state in _INHERITED if state in states), "scored")
    points = sum((child.points for child in children), ZERO)
    return Node(code, points, **{"state": worst, **more}, children=tuple(children))


def bounded(children: Sequence[Node], low: Decimal, high: Decimal) -> list[Node]:
    """The children, and where their sum leaves [low, high] one more leaf that brings it back."""
    total = sum((child.points for child in children), ZERO)
    if total < low:
        return [*children, Node("floor", low - total, data={"limit": canonical_decimal(low)})]
    if total > high:
        return [*children, Node("cap", high - total, data={"limit": canonical_decimal(high)})]
    return list(children)


def leaves(node: Node) -> Iterator[Node]:
    """All nodes without children, in order."""
    if not node.children:
        yield node
    for child in node.children:
        yield from leaves(child)


def document_of(node: Node) -> dict[str, Any]:
    """A node as JSON-ready data: numbers as canonical text, empty fields left out."""
    found: dict[str, Any] = {"code": node.code, "points": canonical_decimal(node.points), "state": node.state}
    for name in ("name", "name_en", "text", "text_en"):
        if getattr(node, name):
            found[name] = getattr(node, name)
    if node.full is not None:
        found["full"] = canonical_decimal(node.full)
    if node.data:
        found["data"] = dict(node.data)
    if node.source is not None:
        found["source"] = {name: value for name, value in vars(node.source).items() if value}
    if node.children:
        found["children"] = [document_of(child) for child in node.children]
    return found


def canonical_json(value: object) -> str:
    """The one text of a value: keys sorted, no blanks, UTF-8 as it is, no float possible."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: object) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()

"""A text table of what happened to a person, as a school head would write it, made into facts.

    attendance   2025-09-03  present          late 4
    attendance   2025-09-08  personal_leave
    attendance   2025-09-09  personal_leave   am
    evidence     2025-09-30  weekly_lessons   12  maths
    ethics       2025-10-01  deduction        2
"""

from __future__ import annotations

from decimal import Decimal

from hub.appraisal.facts.rows import DayFact, EthicsFact, EvidenceFact, Facts, Period, PersonFacts
from hub.appraisal.model import Scheme
from hub.appraisal.scheme import example_document, parse_scheme
from hub.appraisal.score import Scored, score_all
from hub.appraisal.tree import Node, Source

PERIOD = Period("2025A", "2025-09-01", "2026-01-20")
PRESENT = "attendance 2025-09-01 present"


def example() -> Scheme:
    """The scheme that is shipped."""
    return parse_scheme(example_document())


def person(table: str, *, id_: str = "A-1-AA", categories: tuple[str, ...] = ("teacher",)) -> PersonFacts:
    """A person's facts from a text table."""
    days, evidence, ethics = [], [], []
    for number, line in enumerate(each for each in table.splitlines() if each.strip()):
        kind, date, *rest = line.split()
        source = Source(kind, f"A-{number}-{id_[-2:]}", date, "A", "A-9-ZZ", "办公室", f"N1/con/{number}")
        if kind == "attendance":
            days.append(_day(rest, source))
        elif kind == "evidence":
            evidence.append(_evidence(rest, source))
        else:
            ethics.append(EthicsFact(rest[0], Decimal(rest[1]), source))
    return PersonFacts(
        id_, "王老师", "0001", ("A",), categories, tuple(days), tuple(evidence), tuple(ethics),
        school_days=len(days), missing_days=(),
    )  # fmt: skip


def _day(rest: list[str], source: Source) -> DayFact:
    status, *more = rest
    minutes = {name: int(more[more.index(name) + 1]) for name in ("late", "early", "absent") if name in more}
    part = next((each for each in more if each in ("am", "pm")), "full")
    return DayFact(status, part, minutes.get("late", 0), minutes.get("early", 0), minutes.get("absent", 0), source)


def _evidence(rest: list[str], source: Source) -> EvidenceFact:
    kind, quantity, *subject = rest
    return EvidenceFact(kind, Decimal(quantity), subject[0] if subject else None, source)


def score_of(*people: PersonFacts) -> tuple[Scored, ...]:
    """Scores under the example scheme."""
    return score_all(example(), Facts(PERIOD, people))


def part(node: Node, code: str) -> Node:
    """The block or indicator of this code inside a tree."""
    found = [each for each in _all(node) if each.code == code and (each.name or not each.source)]
    return found[0]


def _all(node: Node) -> list[Node]:
    return [node, *(inner for child in node.children for inner in _all(child))]

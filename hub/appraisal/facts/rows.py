"""The shapes of facts, as the criteria take them: plain frozen data, no database behind it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.appraisal.tree import Source


@dataclass(frozen=True)
class Period:
    """Half-open: `end` is the first day that no longer counts."""

    term: str
    begin: str
    end: str


@dataclass(frozen=True)
class DayFact:
    """One person's day at one campus. state: counted, or unmatched (no membership on that date)."""

    status: str
    part: str
    late_minutes: int
    early_minutes: int
    absent_lessons: int
    source: Source
    state: str = "counted"


@dataclass(frozen=True)
class EvidenceFact:
    """One dated quantity. state: counted, superseded (a later row corrects it) or unmatched."""

    kind: str
    quantity: Decimal
    subject: str | None
    source: Source
    state: str = "counted"


@dataclass(frozen=True)
class EthicsFact:
    """One deduction or veto. state: counted or superseded."""

    kind: str
    points: Decimal
    source: Source
    state: str = "counted"


@dataclass(frozen=True)
class PersonFacts:
    """All that is known about one person in the period.

    campuses: of membership, the home campus first. categories: held on the last day in the period on which
    the person was a member of staff. missing_days: school days without a staff-day row, at any campus.
    """

    person_id: str
    name: str
    staff_number: str
    campuses: tuple[str, ...]
    categories: tuple[str, ...]
    days: tuple[DayFact, ...] = ()
    evidence: tuple[EvidenceFact, ...] = ()
    ethics: tuple[EthicsFact, ...] = ()
    school_days: int = 0
    missing_days: tuple[str, ...] = ()

    def of_kind(self, kind: str) -> tuple[EvidenceFact, ...]:
        """The evidence of one kind that counts."""
        return tuple(fact for fact in self.evidence if fact.kind == kind and fact.state == "counted")

    def left_out(self, kind: str) -> tuple[EvidenceFact, ...]:
        """The evidence of one kind that is shown but does not count."""
        return tuple(fact for fact in self.evidence if fact.kind == kind and fact.state != "counted")


@dataclass(frozen=True)
class Facts:
    """Everything a score is made from, persons in order of id."""

    period: Period
    people: tuple[PersonFacts, ...]

    def in_category(self, category: str) -> tuple[PersonFacts, ...]:
        """The people who hold this category."""
        return tuple(person for person in self.people if category in person.categories)

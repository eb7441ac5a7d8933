"""The shapes of facts, as the criteria take them: plain frozen data, no database behind it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.appraisal.tree import Source

LESSON_KINDS = ("weekly_lessons", "weekly_lessons_itinerant", "weekly_lessons_multigrade")
WORKLOAD_KINDS = (*LESSON_KINDS, "cover")


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
    """One dated quantity.

    state: counted, superseded (a later row corrects it), unmatched, or overruled (an entry about lessons of
    somebody whose lessons come from the rows of the timetable).
    """

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
class LessonsFact:
    """Lessons of one kind and subject that a person held on one day at one campus.

    kind: a `weekly_lessons…` kind or cover. changes: ids of the overrides that touched them. away: not at a home
    campus. source: the closed day that says they were held, its note the classes and periods. state: counted or
    unmatched.
    """

    kind: str
    number: int
    subject: str
    changes: tuple[str, ...]
    away: bool
    source: Source
    state: str = "counted"


@dataclass(frozen=True)
class Workload:
    """What the timetable's rows say of one person's lessons.

    weeks: the home campus's teaching weeks while the person was in post. open_days: dates on which the person
    has lessons that nobody has closed yet; open_lessons: how many.
    """

    held: tuple[LessonsFact, ...]
    weeks: int
    open_days: tuple[str, ...] = ()
    open_lessons: int = 0

    @property
    def trips(self) -> int:
        """Days with lessons held at a campus that is not home; one a day and campus."""
        return len({(each.source.date, each.source.campus) for each in self.held if each.away})


@dataclass(frozen=True)
class PersonFacts:
    """All that is known about one person in the period.

    campuses: of membership, the home campus first. categories: held on the last day in the period on which
    the person was a member of staff. missing_days: school days without a staff-day row, at any campus.
    workload: None where lessons are entered as evidence, because the home campus has no timetable.
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
    workload: Workload | None = None

    def of_kind(self, kind: str) -> tuple[EvidenceFact, ...]:
        """The evidence of one kind that counts."""
        return tuple(fact for fact in self.evidence if fact.kind == kind and fact.state == "counted")

    def left_out(self, kind: str) -> tuple[EvidenceFact, ...]:
        """The evidence of one kind that is shown but does not count."""
        return tuple(fact for fact in self.evidence if fact.kind == kind and fact.state != "counted")


@dataclass(frozen=True)
class Facts:
    """Everything a score is made from, persons in order of id.

    open_days: (campus, date) of each day with lessons of which nobody has said that they were held.
    """

    period: Period
    people: tuple[PersonFacts, ...]
    open_days: tuple[tuple[str, str], ...] = ()

    def in_category(self, category: str) -> tuple[PersonFacts, ...]:
        """The people who hold this category."""
        return tuple(person for person in self.people if category in person.categories)

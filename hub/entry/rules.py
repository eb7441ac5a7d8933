"""What may be entered: range, exactness and right of each kind of evidence. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.errors import Problem
from shared.records import StaffMembership


@dataclass(frozen=True)
class KindRule:
    """One kind of evidence: who may enter it, and the declared range of a single row (both ends included)."""

    action: str
    low: str
    high: str
    subject_needed: bool = False


# The ranges are those of the shipped scheme; a scheme caps the sum, this table the single row.
KINDS: Mapping[str, KindRule] = {
    "weekly_lessons": KindRule("evidence.enter", "0", "40", subject_needed=True),
    "weekly_lessons_itinerant": KindRule("evidence.enter", "0", "40", subject_needed=True),
    "weekly_lessons_multigrade": KindRule("evidence.enter", "0", "40", subject_needed=True),
    "cover": KindRule("evidence.enter", "0", "400"),
    "post": KindRule("evidence.enter", "0", "5"),
    "inspection_round": KindRule("evidence.enter", "0", "100"),
    "observed_lessons": KindRule("evidence.enter", "0", "200"),
    "research_missed": KindRule("evidence.enter", "0", "60"),
    "result_growth": KindRule("evidence.enter", "0", "30"),
    "line_task": KindRule("task.enter", "-5", "5"),
    "homeroom_line": KindRule("evidence.enter", "0", "10"),
    "assigned_work": KindRule("evidence.enter", "0", "10"),
    "campus_item": KindRule("campus_item.enter", "-3", "3"),
}
ETHICS_POINTS_MAX = "10"
PLACES_MAX = 4


@dataclass(frozen=True)
class Asker:
    """Who enters, when, and what that person may do: action, campus → allowed."""

    person_id: str
    today: str
    may: Callable[[str, str], bool]


def kinds_allowed(may: Callable[[str], bool]) -> list[str]:
    """The kinds somebody may enter at some campus, in the order of the table."""
    return [kind for kind, rule in KINDS.items() if may(rule.action)]


def evidence_problems(
    values: Mapping[str, Any], asker: Asker, memberships: Mapping[str, Sequence[StaffMembership]]
) -> Iterable[Problem]:
    """Everything wrong with a row of evidence, each problem naming a column."""
    rule = KINDS.get(str(values["kind"]))
    if rule is None or not asker.may(rule.action, str(values["campus"])):
        yield Problem("kind", "not_your_right")
    if rule is not None:
        yield from quantity_problems("quantity", str(values["quantity"]), rule.low, rule.high)
        if rule.subject_needed and not values.get("subject"):
            yield Problem("subject", "subject_needed")
    yield from place_problems(values, asker, memberships)


def ethics_problems(
    values: Mapping[str, Any], asker: Asker, memberships: Mapping[str, Sequence[StaffMembership]]
) -> Iterable[Problem]:
    """Everything wrong with an ethics event."""
    if not asker.may("ethics.enter", str(values["campus"])):
        yield Problem("kind", "not_your_right")
    yield from quantity_problems("points", str(values["points"]), "0", ETHICS_POINTS_MAX)
    if values["kind"] == "veto" and not values.get("note"):
        yield Problem("note", "veto_without_note")
    yield from place_problems(values, asker, memberships)


def quantity_problems(column: str, quantity: str, low: str, high: str) -> Iterable[Problem]:
    """Out of range, or more decimals than anybody measures."""
    number = Decimal(quantity)
    if not Decimal(low) <= number <= Decimal(high):
        yield Problem(column, "quantity_out_of_range", {"low": low, "high": high})
    elif -int(number.as_tuple().exponent) > PLACES_MAX:
        yield Problem(column, "too_exact", {"places": PLACES_MAX})


def place_problems(
    values: Mapping[str, Any], asker: Asker, memberships: Mapping[str, Sequence[StaffMembership]]
) -> Iterable[Problem]:
    """Wrong person, date or campus: a fact outside every membership would count nowhere."""
    person, campus, day = str(values["person_id"]), str(values["campus"]), str(values["date"])
    if person == asker.person_id:
        yield Problem("person_id", "about_oneself")
    if day > asker.today:
        yield Problem("date", "date_in_future")
    elif not any(belongs(one, campus, day) for one in memberships.get(person, ())):
        yield Problem("campus", "not_a_member")


def belongs(one: StaffMembership, campus: str, day: str) -> bool:
    """True when a membership holds at a campus on a day (begin included, end not)."""
    return one.campus == campus and one.begin <= day and (one.end is None or day < one.end)

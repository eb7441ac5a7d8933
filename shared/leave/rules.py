"""Pure decisions about leave: its length, the step that decides it, the state it is in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from shared.records import LeaveApproval, LeaveRequest
from shared.roles import EVERYWHERE, Held

# From the lowest to the highest; RECORDS, "approve leave".
STEPS = ("first", "campus", "consortium")
STEP_ROLES = {
    "first": frozenset({"grade_leader", "middle_leader"}),
    "campus": frozenset({"campus_head"}),
    "consortium": frozenset({"general_principal"}),
}
HALF = Decimal("0.5")


@dataclass(frozen=True)
class LeaveLimits:
    """Up to how many days each step decides by itself; settings of the school (RECORDS, "approve leave")."""

    first_days_max: int = 1
    campus_days_max: int = 3


@dataclass(frozen=True)
class Leave:
    """A request with everything said about it. state: asked, approved, refused or withdrawn.

    decided: the answer that holds, None while there is none; days: working days, in halves.
    """

    request: LeaveRequest
    days: Decimal
    step: str
    state: str
    decided: LeaveApproval | None


def leave_days(begin: str, end: str, begin_part: str, days_off: Collection[str]) -> Decimal:
    """Working days of a leave `[begin, end)`; half a first day counts half, and days off count nothing."""
    total = Decimal(0)
    for day in _dates(begin, end):
        if day not in days_off:
            total += HALF if day == begin and begin_part != "full" else 1
    return total


def _dates(begin: str, end: str) -> list[str]:
    first = date.fromisoformat(begin)
    return [(first + timedelta(days=n)).isoformat() for n in range((date.fromisoformat(end) - first).days)]


def step_needed(days: Decimal, limits: LeaveLimits) -> str:
    """The lowest step that may decide a leave of so many working days."""
    if days <= limits.first_days_max:
        return "first"
    return "campus" if days <= limits.campus_days_max else "consortium"


def leave_of(
    request: LeaveRequest, approvals: Iterable[LeaveApproval], days_off: Collection[str], limits: LeaveLimits
) -> Leave:
    """A request judged: the highest step that was high enough and has answered decides."""
    days = leave_days(request.begin, request.end, request.begin_part, days_off)
    needed = step_needed(days, limits)
    enough = STEPS[STEPS.index(needed) :]
    counted = [a for a in approvals if a.step in enough and _answers(a, request)]
    decided = max(counted, key=lambda each: STEPS.index(each.step), default=None)
    if request.withdrawn_at:
        return Leave(request, days, needed, "withdrawn", decided)
    return Leave(request, days, needed, decided.decision if decided else "asked", decided)


def _answers(approval: LeaveApproval, request: LeaveRequest) -> bool:
    about = (approval.request_id, approval.person_id) == (request.id, request.person_id)
    return about and approval.decided_by != request.person_id


def step_of(held: Iterable[Held], campus: str) -> str | None:
    """The highest step at which somebody with these roles answers at a campus, None for nobody."""
    here = {role for role, at in held if at in (EVERYWHERE, campus)}
    found = [step for step in STEPS if STEP_ROLES[step] & here]
    return found[-1] if found else None


def decision_refusal(leave: Leave, person_id: str, step: str | None) -> str | None:
    """Why this person, answering at this step, may not decide this leave; None when he may."""
    if person_id == leave.request.person_id:
        return "about_oneself"
    if step is None:
        return "not_allowed"
    if leave.request.withdrawn_at:
        return "leave_withdrawn"
    if STEPS.index(step) < STEPS.index(leave.step):
        return "step_too_low"
    if leave.decided is not None and STEPS.index(leave.decided.step) > STEPS.index(step):
        return "decided_above"
    return None


def part_away(leave: Leave, day: str) -> str | None:
    """"full", "am" or "pm" where an approved leave holds this date, else None."""
    request = leave.request
    if leave.state != "approved" or not request.begin <= day < request.end:
        return None
    return request.begin_part if day == request.begin else "full"


def away_on(leaves: Sequence[Leave], day: str) -> dict[str, Leave]:
    """Person → the approved leave that holds a date."""
    return {each.request.person_id: each for each in leaves if part_away(each, day)}


def is_away_at(leave: Leave, day: str, begin: str, *, noon: str = "12:00") -> bool:
    """True when an approved leave holds the lesson that begins at this clock time ("" counts as the whole day)."""
    part = part_away(leave, day)
    if part is None or part == "full" or not begin:
        return part is not None
    return (begin < noon) == (part == "am")

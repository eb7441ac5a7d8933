"""Pure decisions about asking for leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.errors import Problem
from shared.leave.rules import Leave, is_away_at
from shared.lessons.rules import Lesson
from shared.records import LeaveRequest


@dataclass(frozen=True)
class AskLimits:
    """How far back leave may be entered, and how long one request may be, in days; settings of the school."""

    back_days_max: int = 30
    length_days_max: int = 400


def request_problems(wish: LeaveRequest, own: Iterable[Leave], today: date, limits: AskLimits) -> list[Problem]:
    """What is wrong with a wish beyond what its fields can say. own: the person's other leaves."""
    begin, end = date.fromisoformat(wish.begin), date.fromisoformat(wish.end)
    if end <= begin:
        return [Problem("last", "end_before_begin", {"zh": "最后一天", "en": "Last day"})]
    problems: list[Problem] = []
    about: dict[str, str | int | None]
    if begin < today - timedelta(days=limits.back_days_max):
        about = {"zh": "第一天", "en": "First day", "days": limits.back_days_max}
        problems.append(Problem("begin", "too_far_back", about))
    if (end - begin).days > limits.length_days_max:
        about = {"zh": "请假", "en": "The leave", "days": limits.length_days_max}
        problems.append(Problem("last", "leave_too_long", about))
    live = (each for each in own if each.state in ("asked", "approved"))
    if any(_meet(each.request, wish) for each in live):
        problems.append(Problem("begin", "leave_overlaps", {"zh": "请假", "en": "The leave"}))
    return problems


def _meet(one: LeaveRequest, other: LeaveRequest) -> bool:
    if not (one.begin < other.end and other.begin < one.end):
        return False
    # A morning and an afternoon of one date stand side by side.
    halves = {one.begin_part, other.begin_part}
    single = all(date.fromisoformat(r.end) - date.fromisoformat(r.begin) == timedelta(days=1) for r in (one, other))
    return not (single and halves == {"am", "pm"})


def withdraw_refusal(leave: Leave, person_id: str, files_for_others: bool, today: date) -> str | None:
    """Why this leave can no longer be withdrawn by this person, or None. What has passed was taken."""
    if leave.request.person_id != person_id and not files_for_others:
        return "not_your_leave"
    if leave.request.withdrawn_at:
        return "leave_withdrawn"
    return "leave_over" if leave.request.end <= today.isoformat() else None


def lessons_to_cover(leave: Leave, lessons: Sequence[Lesson]) -> list[Lesson]:
    """The lessons the person would have held in an approved leave and still stands for, in order of time."""
    who = leave.request.person_id
    return [
        each
        for each in lessons
        if each.state == "planned" and who in each.teachers and is_away_at(leave, each.date, each.begin)
    ]

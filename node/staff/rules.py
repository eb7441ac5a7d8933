"""Pure decisions about staff days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.calendar import month_is_closed
from shared.errors import Problem
from shared.leave.rules import Leave, part_away
from shared.records import StaffDay

TEACHING_DAYS = frozenset({"school_day", "make_up", "exam"})


@dataclass(frozen=True)
class StaffDayLimits:
    """From this day of the next month on, a month is closed to the campus (a setting of the school)."""

    month_close_day: int = 10


def day_refusal(kind: str | None, day: date, today: date, limits: StaffDayLimits) -> str | None:
    """The reason why no staff day can be entered for this date, or None. kind None: not in the calendar."""
    if day > today:
        return "future_date"
    if kind is None:
        return "day_not_in_calendar"
    if kind not in TEACHING_DAYS:
        return "not_a_school_day"
    return "month_closed" if month_is_closed(day, today, limits.month_close_day) else None


def entry_problems(entry: StaffDay) -> list[Problem]:
    """What is wrong with an entry beyond what its fields can say.

    Minutes and missed lessons belong to somebody who was there for part of the day; a full day's leave has
    none of them.
    """
    worked = entry.status == "present" or entry.part != "full"
    counted = {
        "late_minutes": entry.late_minutes,
        "early_minutes": entry.early_minutes,
        "absent_lessons": entry.absent_lessons,
    }
    found = []
    if not worked:
        found += [Problem(name, "not_on_a_day_of_leave") for name, value in counted.items() if value]
    if entry.status == "present" and entry.part != "full":
        found.append(Problem("part", "present_is_the_whole_day"))
    return [Problem(f"{p.field}-{entry.person_id}", p.reason, p.data) for p in found]


def proposal(leave: Leave, day: str) -> tuple[str, str] | None:
    """(status, part) that an approved leave proposes for a date; None where it does not hold it.

    Marriage, maternity and bereavement are statutory; sick leave without proof is its own status.
    """
    part = part_away(leave, day)
    if part is None:
        return None
    kind = leave.request.kind
    if kind == "sick_leave":
        return ("sick_leave" if leave.request.with_proof else "sick_leave_no_note"), part
    return (kind if kind in ("personal_leave", "official_leave") else "statutory_leave"), part


def is_exception(entry: StaffDay) -> bool:
    """True for a day that is recorded and was not simply worked."""
    counted = entry.late_minutes or entry.early_minutes or entry.absent_lessons
    return entry.status != "present" or bool(counted)


def counts(entries: Iterable[StaffDay | None]) -> dict[str, int]:
    """How many are recorded present, present with something to note, on leave or absent, not recorded."""
    found = {"present": 0, "noted": 0, "away": 0, "not_recorded": 0}
    for entry in entries:
        if entry is None:
            found["not_recorded"] += 1
        elif entry.status != "present":
            found["away"] += 1
        else:
            found["noted" if is_exception(entry) else "present"] += 1
    return found

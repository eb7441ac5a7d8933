"""The autumn term of 2025: weekends, the real holidays and the real make-up days, for every campus alike."""

from __future__ import annotations

from datetime import date

from shared.calendar import Followed, ResolvedDay, known_holidays, resolve_term
from shared.records import CalendarDay

SCHOOL_YEAR = "2025"
TERM = "2025-1"
TERM_BEGIN = date(2025, 9, 1)
TERM_END = date(2026, 2, 1)  # half-open
SCHEDULE = "autumn"
TAUGHT = ("school_day", "make_up", "exam")

# Which weekday's lessons a make-up day has is each school's own choice; these are ours.
FOLLOWS = {
    date(2025, 9, 28): Followed(2),
    date(2025, 10, 11): Followed(3),
    date(2026, 1, 4): Followed(5),
}


def resolved_days() -> list[ResolvedDay]:
    """The term, day by day."""
    return resolve_term(TERM_BEGIN, TERM_END, known_holidays(), FOLLOWS)


def term_days(campus: str) -> list[CalendarDay]:
    """The whole term as one campus stores it."""
    return [_stored(campus, day) for day in resolved_days()]


def _stored(campus: str, day: ResolvedDay) -> CalendarDay:
    bells = f"{campus}-{SCHEDULE}" if day.kind in TAUGHT else None
    return CalendarDay(
        campus=campus, date=day.date.isoformat(), kind=day.kind, follows_weekday=day.follows_weekday,
        week=day.week, parity=day.parity, bell_schedule=bells, note=day.note,
    )


def school_days(begin: date, end: date) -> list[date]:
    """The dates on which there is school, from `begin` up to, not including, `end`."""
    return [day.date for day in resolved_days() if begin <= day.date < end and day.kind in TAUGHT]


def weekday_of(day: date) -> int:
    """The weekday (1 = Monday) whose lessons a date has: on a make-up day the one it stands in for."""
    return FOLLOWS[day].weekday if day in FOLLOWS else day.isoweekday()

"""From a term's dates to one resolved day per date: pure, so that what is stored can be recomputed.

A resolved day says what happens (school day, make-up day, holiday …), which weekday's lessons it follows
and in which odd or even week. It is stored per campus, so that later changes never shift history.
Intervals are half-open: `end` is the first day that no longer belongs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

SATURDAY = 6


@dataclass(frozen=True)
class Holidays:
    """Public holidays as the yearly notice of the State Council's office gives them.

    off: date → name; make_ups: weekend dates on which schools and offices work → name of the holiday;
    years: the years of which the notice is known.
    """

    off: Mapping[date, str]
    make_ups: Mapping[date, str]
    years: frozenset[int]


@dataclass(frozen=True)
class Followed:
    """What a make-up day stands in for: a weekday (1 = Monday) and, if the school says so, a week."""

    weekday: int
    week: int | None = None


@dataclass(frozen=True)
class Period:
    """A span of days that a school sets itself: exams, a closure, a vacation inside the term."""

    begin: date
    end: date
    kind: str
    note: str = ""


@dataclass(frozen=True)
class ResolvedDay:
    """One date of a term. `follows_weekday` is None when nobody is taught or nobody has chosen yet."""

    date: date
    kind: str
    follows_weekday: int | None
    week: int
    parity: str
    note: str


def holidays_from(documents: Iterable[str]) -> Holidays:
    """Holidays from JSON documents of the form of `shared/holidays/2025.json`.

    Raises ValueError or KeyError on any other form.
    """
    off: dict[date, str] = {}
    make_ups: dict[date, str] = {}
    years: set[int] = set()
    for document in documents:
        notice = json.loads(document)
        years.add(int(notice["year"]))
        for holiday in notice["holidays"]:
            name = str(holiday["name"])
            span = days_between(date.fromisoformat(holiday["begin"]), date.fromisoformat(holiday["end"]))
            off.update((day, name) for day in span)
            make_ups.update((date.fromisoformat(text), name) for text in holiday["make_ups"])
    return Holidays(off, make_ups, frozenset(years))


def known_holidays() -> Holidays:
    """The holidays that are shipped: one file a year under `shared/holidays/`."""
    folder = files("shared") / "holidays"
    documents = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    return holidays_from((folder / name).read_text(encoding="utf-8") for name in documents)


def days_between(begin: date, end: date) -> Iterator[date]:
    """The dates of a half-open interval, in order."""
    return (begin + timedelta(days=number) for number in range((end - begin).days))


def week_of(day: date, term_begin: date) -> int:
    """The week of term, 1 for the Monday-to-Sunday week in which the term begins."""
    first_monday = term_begin - timedelta(days=term_begin.weekday())
    return (day - first_monday).days // 7 + 1


def parity_of(week: int) -> str:
    """`odd` or `even` (单双周)."""
    return "odd" if week % 2 else "even"


def month_is_closed(day: date, today: date, close_day: int) -> bool:
    """True once the month after `day`'s has reached `close_day`."""
    return today >= (day.replace(day=1) + timedelta(days=32)).replace(day=close_day)


def undecided_make_ups(begin: date, end: date, holidays: Holidays, follows: Mapping[date, Followed]) -> list[date]:
    """Make-up days of a term for which the school has not yet said which weekday they follow."""
    return [day for day in days_between(begin, end) if day in holidays.make_ups and day not in follows]


def years_without_notice(begin: date, end: date, holidays: Holidays) -> list[int]:
    """Years a term touches whose holidays are not known: the school must then enter them itself."""
    years = {day.year for day in days_between(begin, end)}
    return sorted(years - holidays.years)


def resolve_term(
    begin: date,
    end: date,
    holidays: Holidays,
    follows: Mapping[date, Followed] | None = None,
    periods: Sequence[Period] = (),
) -> list[ResolvedDay]:
    """Every day of a term `[begin, end)` of one campus, resolved.

    follows: for each make-up day (调休) what it stands in for; the State Council's notice names the day
    only, the weekday is the school's choice. periods: the school's own spans; the last that holds a day
    wins over holiday and weekend, except that an exam leaves non-school days alone.
    """
    chosen = follows or {}
    return [_resolved(day, begin, holidays, chosen, periods) for day in days_between(begin, end)]


def _resolved(
    day: date,
    term_begin: date,
    holidays: Holidays,
    follows: Mapping[date, Followed],
    periods: Sequence[Period],
) -> ResolvedDay:
    week = week_of(day, term_begin)
    kind, weekday, note = _plain(day, holidays)
    if kind == "make_up" and day in follows:
        followed = follows[day]
        weekday, week_followed = followed.weekday, followed.week or week
    else:
        week_followed = week
    for period in periods:
        if not period.begin <= day < period.end:
            continue
        if period.kind in ("exam", "school_day"):
            if kind in ("school_day", "make_up", "exam"):
                kind, note = period.kind, period.note or note
        else:
            kind, weekday, note = period.kind, None, period.note or note
    return ResolvedDay(day, kind, weekday, week, parity_of(week_followed), note)


def _plain(day: date, holidays: Holidays) -> tuple[str, int | None, str]:
    """Kind, weekday followed and note by the public calendar alone."""
    if day in holidays.off:
        return "holiday", None, holidays.off[day]
    if day in holidays.make_ups:
        return "make_up", None, f"{holidays.make_ups[day]}调休"
    if day.isoweekday() >= SATURDAY:
        return "weekend", None, ""
    return "school_day", day.isoweekday(), ""

"""The calendar of a term: resolved from the public holidays and the school's choices, stored per campus."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from hub.office.holidays import holidays_with
from hub.office.rules import asked_for, calendar_changes, follows_of, periods_of
from hub.workbook.words import told
from shared.calendar import (
    Followed,
    Holidays,
    known_holidays,
    resolve_term,
    undecided_make_ups,
    week_of,
    years_without_notice,
)
from shared.errors import NotFound, Problem
from shared.records import CalendarDay, Campus, PublicHoliday, Term
from shared.schema import find, select
from shared.web import auth
from shared.web.app import language
from shared.web.db import db, replica, today
from sync.capture import write

PERIOD_ROWS = 3


def term_calendar() -> Any:
    """A term of one campus as weeks; posting resolves it anew and stores the days."""
    terms, campuses = select(db(), Term), select(db(), Campus)
    if not terms or not campuses:
        return render_template("office/calendar_empty.html")
    term = _chosen(terms, request.values.get("term"))
    campus = _campus(campuses, request.values.get("campus"))
    if request.method == "GET":
        return _page(term, campus, {}, ())
    auth.require("calendar.change", campus.code)
    begin, end = date.fromisoformat(term.begin), date.fromisoformat(term.end)
    holidays = _holidays()
    follows, problems = follows_of(request.form, undecided_make_ups(begin, end, holidays, {}))
    periods, more = periods_of(request.form, PERIOD_ROWS)
    if problems or more:
        return _page(term, campus, request.form, [*problems, *more]), 422
    resolved = resolve_term(begin, end, holidays, follows, periods)
    there = _days(campus.code)
    changes = calendar_changes(
        resolved, campus.code, there, overwrite=request.form.get("overwrite") == "1",
        asked=asked_for(follows, periods, there),
    )  # fmt: skip
    with write(replica(), db(), auth.author(campus.code)) as w:
        for change in changes:
            w.put(change.day)
    flash(_("已保存 %(count)s 天。", count=len(changes)), "ok")
    return redirect(url_for("office.term_calendar", term=term.code, campus=campus.code))


def _chosen(terms: list[Term], code: str | None) -> Term:
    if code:
        found = find(db(), Term, code)
        if found is None:
            raise NotFound(term=code)
        return found
    now = today().isoformat()
    current = [term for term in terms if term.begin <= now < term.end]
    return (current or sorted(terms, key=lambda term: term.begin))[-1]


def _campus(campuses: list[Campus], code: str | None) -> Campus:
    if code:
        found = find(db(), Campus, code)
        if found is None:
            raise NotFound(campus=code)
        return found
    return next((campus for campus in campuses if campus.main), campuses[0])


def _holidays() -> Holidays:
    """The shipped notices, with what the school imported or entered over them."""
    return holidays_with(known_holidays(), select(db(), PublicHoliday))


def _days(campus: str) -> dict[str, CalendarDay]:
    return {day.date: day for day in select(db(), CalendarDay, campus=campus)}


def _page(term: Term, campus: Campus, given: Any, problems: Iterable[Problem]) -> str:
    begin, end = date.fromisoformat(term.begin), date.fromisoformat(term.end)
    holidays = _holidays()
    there = {d: day for d, day in _days(campus.code).items() if term.begin <= d < term.end}
    make_ups = undecided_make_ups(begin, end, holidays, {})
    weeks: dict[int, list[CalendarDay | None]] = {}
    for day, stored in sorted(there.items()):
        when = date.fromisoformat(day)
        weeks.setdefault(week_of(when, begin), [None] * 7)[when.weekday()] = stored
    decided: dict[date, Followed | None] = {
        day: Followed(stored.follows_weekday) if stored and stored.follows_weekday else None
        for day in make_ups
        for stored in [there.get(day.isoformat())]
    }
    return render_template(
        "office/calendar.html", term=term, campus=campus, terms=select(db(), Term), campuses=select(db(), Campus),
        weeks=weeks, make_ups=decided, holidays=holidays, given=given, period_rows=range(PERIOD_ROWS),
        without_notice=years_without_notice(begin, end, holidays), days=there,
        problems=[told(problem, language()) for problem in problems],
    )  # fmt: skip

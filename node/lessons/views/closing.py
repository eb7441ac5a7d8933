"""Closing days "as timetabled", re-opening them, and the list of those that nobody has closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from node.db import campus
from node.lessons import rules, saving, store
from node.lessons.rules import LessonLimits
from node.lessons.views import visit
from shared.lessons.held import EVERYBODY
from shared.lessons.store import closed_between, lessons_between
from shared.web.auth import author, require, visitor
from shared.web.db import db, replica, today
from shared.web.target import safe_next

CLOSED_SHOWN = 20


def open_days(limits: LessonLimits) -> str:
    """My days that nobody has closed; for the office everybody's, and what was closed lately."""
    here, me = campus(), visitor().person_id
    require("lesson.close", here)
    begin = (today() - timedelta(days=limits.open_days_back)).isoformat()
    end = (today() + timedelta(days=1)).isoformat()
    lessons = lessons_between(db(), begin, end, campuses=[here])
    closed = closed_between(db(), begin, end)
    asker = visit.asker()
    people = rules.open_people(lessons, closed)
    mine = {day: rules.own_lessons((e for e in lessons if e.date == day), me) for day in people if me in people[day]}
    return render_template(
        "lessons/open_days.html",
        mine=mine,
        people=people if asker.office else {},
        lately=store.closed_since(db(), here, begin)[:CLOSED_SHOWN] if asker.office else [],
        names=visit.names(),
        today_text=today().isoformat(),
        everybody=EVERYBODY,
        days_back=limits.open_days_back,
    )


def close(date: str) -> Any:
    """Close one's own day; with `whole` the campus's."""
    require("lesson.close", campus())
    day = visit.asked_date(given=date).isoformat()
    person = EVERYBODY if request.form.get("whole") else request.form.get("person") or visitor().person_id
    made = saving.close_day(
        replica(), db(), author(campus()), visit.moment(), day=day, person_id=person, asker=visit.asker()
    )
    words = _("%(day)s 已按课表上完。", day=visit.day_words(day))
    flash(words if made else _("这一天已经结课。"), "ok")
    return redirect(safe_next(request.form.get("next")), 303)


def reopen(date: str) -> Any:
    """Take a closing back, with the reason."""
    require("lesson.close_campus", campus())
    day = visit.asked_date(given=date).isoformat()
    saving.reopen_day(
        replica(), db(), author(campus()), visit.moment(), day=day, person_id=request.form.get("person", ""),
        reason=request.form.get("reason", ""),
    )  # fmt: skip
    flash(_("%(day)s 已重新打开。", day=visit.day_words(day)), "ok")
    return redirect(url_for("lessons.open_days"), 303)

"""The front page of a node: my registers of today, and the campus for those who look after it."""

from __future__ import annotations

from flask import Blueprint, render_template

from node.db import campus
from node.today.rules import group_days, has_lessons, mine, totals
from node.today.store import day_of, groups_on, sessions_of, taken_on
from shared.bookings.store import Notices, booking_notices
from shared.clock import instant_text, local_time
from shared.roles import ANY_STAFF
from shared.web import auth
from shared.web.db import clock, db, open_findings, replica, today
from shared.web.store import campus_names
from sync.conflicts import count_open
from sync.replica import setting
from sync.status import backlog

ROUTES = {"today.page": ANY_STAFF}

ANSWER_IS_NEWS_MS = 7 * 24 * 3600 * 1000


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint(
        "today", __name__, template_folder="templates", static_folder="static", static_url_path="/static/today"
    )
    room.add_url_rule("/", "page", page)
    return room


def page() -> str:
    """Today, for the person who asks."""
    who, here, day = auth.visitor(), campus(), today().isoformat()
    calendar = day_of(db(), here, day)
    lessons = has_lessons(calendar.kind if calendar else None)
    time_of_day = f"{local_time(clock().now_ms()):%H:%M}"
    days = group_days(
        groups_on(db(), here, day), sessions_of(db(), here), taken_on(db(), here, day),
        time_of_day=time_of_day, lessons=lessons,
    )  # fmt: skip
    own = mine(days, who.person_id)
    takes = auth.may("register.take", here) or auth.may("register.correct", here)
    return render_template(
        "today/today.html",
        calendar=calendar,
        lessons=lessons,
        own=own,
        others=[each for each in days if each not in own] if takes or auth.may("campus_today.see", here) else [],
        campus_totals=totals(days) if auth.may("campus_today.see", here) else None,
        takes=takes,
        campus_name=campus_names(db()).get(here, here),
        conflicts=count_open(db(), replica())[0] + len(open_findings()) if auth.may("conflict.see", here) else 0,
        waits=backlog(db())[0],
        last_sync=setting(db(), "last_good_sync_ms"),
        rooms=room_notices(),
    )


def room_notices() -> Notices:
    """What the last week brought about rooms: answers to one's own wishes, and what others asked of this campus."""
    return booking_notices(
        db(), person_id=auth.visitor().person_id, campus=campus(), office=auth.may("room.decide", campus()),
        today=today().isoformat(), answered_since=instant_text(clock().now_ms() - ANSWER_IS_NEWS_MS),
    )  # fmt: skip

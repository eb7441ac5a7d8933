"""The front page of a node: my registers of today, and the campus for those who look after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template

from node.db import campus
from node.today.rules import Notice, closing_state, group_days, has_lessons, mine, my_lessons, notices_of, totals
from node.today.store import (
    campuses_of_person,
    covers_given,
    day_of,
    groups_on,
    names_of,
    sessions_of,
    taken_on,
)
from shared.bookings.store import Notices, booking_notices
from shared.clock import instant_text, local_time
from shared.ids import campus_of
from shared.leave.rules import decision_refusal, step_of
from shared.leave.store import leaves_between, leaves_of
from shared.lessons.store import closed_between, lessons_between
from shared.roles import ANY_STAFF
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db, open_findings, replica, today
from shared.web.known import halves
from shared.web.store import campus_names
from sync.conflicts import count_open
from sync.replica import setting
from sync.status import backlog, campuses_known_until

ROUTES = {"today.page": ANY_STAFF}

COVER_DAYS_AHEAD = 14
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
        notices=notices(),
        rooms=room_notices(),
        **own_day(time_of_day),
    )


def own_day(time_of_day: str) -> dict[str, Any]:
    """My lessons of today at all campuses, each half with the time up to which it is known."""
    me, here, day = auth.visitor().person_id, campus(), today().isoformat()
    tomorrow = (today() + timedelta(days=1)).isoformat()
    found = my_lessons(lessons_between(db(), day, tomorrow), me, time_of_day)
    campuses = [*campuses_of_person(db(), me, day), *(each.lesson.campus for each in found)]
    spoken = campus_names(db())
    ids = {id_ for each in found for id_ in (each.lesson.group_id, each.lesson.room_id or "", *each.lesson.teachers)}
    ids |= {who for each in found for who in each.lesson.planned_teachers}
    return {
        "my_lessons": found,
        "names": names_of(db(), ids) if found else {},
        "campus_words": spoken,
        "closing": closing_state(found, closed_between(db(), day, tomorrow), here, day, me) if found else "",
        "may_close": auth.may("lesson.close", here),
        "halves": halves(
            campuses, here=here, names=spoken, told=campuses_known_until(db()), now_ms=clock().now_ms(),
            lang=language(),
        ),
    }  # fmt: skip


def notices() -> list[Notice]:
    """What came in for me; another room's news is another list added here."""
    me, day = auth.visitor().person_id, today().isoformat()
    ahead = (today() + timedelta(days=COVER_DAYS_AHEAD)).isoformat()
    return notices_of(
        covers=covers_given(db(), me, day, ahead),
        leaves=leaves_of(db(), me),
        to_decide=_to_decide() if auth.may("leave.approve", campus()) else 0,
        today=day,
        answered_since=instant_text(clock().now_ms() - ANSWER_IS_NEWS_MS),
    )


def _to_decide() -> int:
    """How many leaves of this campus wait for my step."""
    who, begin = auth.visitor(), (today() - timedelta(days=31)).isoformat()
    waiting = leaves_between(db(), begin, "9999-12-31", campus=campus())
    return sum(
        each.state == "asked"
        and decision_refusal(each, who.person_id, step_of(who.roles, campus_of(each.request.id))) is None
        for each in waiting
    )


def room_notices() -> Notices:
    """What the last week brought about rooms: answers to one's own wishes, and what others asked of this campus."""
    return booking_notices(
        db(), person_id=auth.visitor().person_id, campus=campus(), office=auth.may("room.decide", campus()),
        today=today().isoformat(), answered_since=instant_text(clock().now_ms() - ANSWER_IS_NEWS_MS),
    )  # fmt: skip

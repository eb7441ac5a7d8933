"""The pages of lessons: the week, closing days, one lesson with its changes, the board of covers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from node.lessons.rules import LessonLimits
from node.lessons.views import changes, closing, covering, week
from shared.roles import ANY_STAFF

ROUTES = {
    "lessons.week": ANY_STAFF,
    "lessons.open_days": "lesson.close",
    "lessons.close": "lesson.close",
    "lessons.reopen": "lesson.close_campus",
    "lessons.lesson": ANY_STAFF,
    "lessons.note_exception": "lesson.close",
    "lessons.change": "timetable.change",
    "lessons.withdraw": "timetable.change",
    "lessons.cover": "timetable.change",
    "lessons.assign": "timetable.change",
}


def blueprint(limits: LessonLimits | None = None) -> Blueprint:
    """The room, with the numbers the school has set."""
    room = Blueprint(
        "lessons", __name__, template_folder="../templates", static_folder="../static",
        static_url_path="/static/lessons",
    )  # fmt: skip
    held = limits or LessonLimits()
    one = "/lessons/<group_id>/<date>/<int:period>"
    rules: tuple[tuple[str, str, str, Any], ...] = (
        ("GET", "/lessons", "week", week.page),
        ("GET", "/lessons/open-days", "open_days", lambda: closing.open_days(held)),
        ("POST", "/lessons/days/<date>/close", "close", closing.close),
        ("POST", "/lessons/days/<date>/reopen", "reopen", closing.reopen),
        ("GET", one, "lesson", changes.lesson),
        ("POST", one + "/exception", "note_exception", changes.note_exception),
        ("POST", one + "/change", "change", changes.change),
        ("POST", "/lessons/changes/<change_id>/withdraw", "withdraw", changes.withdraw),
        ("GET", "/lessons/cover", "cover", covering.page),
        ("POST", "/lessons/cover", "assign", covering.assign),
    )
    for method, path, endpoint, view in rules:
        room.add_url_rule(path, endpoint, view, methods=[method])
    return room

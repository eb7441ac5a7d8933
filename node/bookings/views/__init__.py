"""The pages of rooms: the grids and what goes out of them, asking for a room, one booking with its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from node.bookings.rules import BookingLimits
from node.bookings.views import asking, grids, series
from shared.roles import ANY_STAFF

ROUTES = {
    "bookings.day": ANY_STAFF,
    "bookings.room": ANY_STAFF,
    "bookings.week": ANY_STAFF,
    "bookings.export": ANY_STAFF,
    "bookings.mine": ANY_STAFF,
    "bookings.new": "room.book",
    "bookings.book": "room.book",
    "bookings.series": ANY_STAFF,
    "bookings.cancel": "room.book",
    "bookings.answer": "room.decide",
}


def blueprint(limits: BookingLimits | None = None) -> Blueprint:
    """The room, with the limits the school has set."""
    room = Blueprint(
        "bookings", __name__, template_folder="../templates", static_folder="../static",
        static_url_path="/static/bookings",
    )  # fmt: skip
    held = limits or BookingLimits()

    def book() -> Any:
        return asking.book(held)

    rules: tuple[tuple[str, str, Callable[..., Any], str], ...] = (
        ("GET", "/rooms", grids.day, "day"),
        ("GET", "/rooms/week", grids.week, "week"),
        ("GET", "/rooms/week.xlsx", grids.export, "export"),
        ("GET", "/rooms/<room_id>", grids.room, "room"),
        ("GET", "/bookings", series.mine, "mine"),
        ("GET", "/bookings/new", asking.new, "new"),
        ("POST", "/bookings/new", book, "book"),
        ("GET", "/bookings/<series_id>", series.page, "series"),
        ("POST", "/bookings/<series_id>/cancel", series.cancel, "cancel"),
        ("POST", "/bookings/<series_id>/<int:number>", series.answer, "answer"),
    )
    for method, path, view, endpoint in rules:
        room.add_url_rule(path, endpoint, view, methods=[method])
    return room

"""`/api/v1` for rooms: a day's occupation, booking, cancelling, answering; the same rules as the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from flask import Response, jsonify, request

from node.api.bodies import fields_of
from node.bookings import saving
from node.bookings.rules import BookingLimits
from node.bookings.saving import Asker, Outcome
from node.bookings.views.wording import now_at_school
from shared.bookings.answering import Word, decide
from shared.bookings.rules import Slot
from shared.bookings.store import Booked, alternatives_to, busy_between, rooms_of, series_occurrences
from shared.errors import InvalidInput, NotFound, Problem
from shared.lessons.store import bells_of
from shared.records import BookingOccurrence
from shared.roles import ACTIONS, ANY_STAFF
from shared.schema import values_of
from shared.web import auth
from shared.web.db import db, replica, today
from sync.capture import token_of
from sync.replica import setting
from sync.status import campuses_known_until, record_state

ROUTES = {
    "api.rooms": ANY_STAFF,
    "api.book": "room.book",
    "api.booking": ANY_STAFF,
    "api.cancel_booking": "room.book",
    "api.answer_booking": "room.decide",
}


def rules_of(limits: BookingLimits) -> tuple[tuple[str, str, Callable[..., Any], str], ...]:
    """(method, path, view, endpoint) of every route, with the limits of the pages."""

    def book() -> Any:
        return _book(limits)

    one = "/bookings/<series_id>"
    return (
        ("GET", "/rooms", rooms, "rooms"),
        ("POST", "/bookings", book, "book"),
        ("GET", one, booking, "booking"),
        ("POST", one + "/cancel", cancel, "cancel_booking"),
        ("PUT", one + "/<int:number>/answer", answer, "answer_booking"),
    )


def rooms() -> Response:
    """Rooms, the periods this campus rings, what occupies the rooms on a date, how far each campus is known."""
    here, day = setting(db(), "campus"), _asked_date()
    end = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    return jsonify(
        campus=here,
        date=day,
        rooms=[values_of(room) for room in rooms_of(db(), first=here)],
        periods=[{"period": n, "begin": b, "end": e} for n, (b, e) in bells_of(db(), here, day).items()],
        busy=[asdict(each) for each in busy_between(db(), day, end)],
        known_until=campuses_known_until(db()),
    )


def _asked_date() -> str:
    raw = request.args.get("date", "") or today().isoformat()
    try:
        found = date.fromisoformat(raw).isoformat()
    except ValueError:
        found = ""
    if found != raw:
        raise InvalidInput(Problem("date", "not_date", {"zh": "日期", "en": "date"}))
    return raw


def _book(limits: BookingLimits) -> Any:
    """201: booked or asked for (200 when it stood already); 409: no date could be had, with what is free instead."""
    campus = setting(db(), "campus")
    auth.require("room.book", campus)
    body = fields_of(request.get_json(), allowed=frozenset({*saving.ASKED, *saving.PLACED}))
    wish = saving.wish_from(body, booked_by=auth.visitor().person_id, campus=campus)
    outcome = saving.book(replica(), db(), auth.author(campus), wish, today=today(), limits=limits)
    status = 409 if not outcome.series_id else 200 if outcome.again else 201
    return jsonify(_outcome(outcome, wish.series.head_count)), status


def _outcome(outcome: Outcome, seats: int) -> dict[str, Any]:
    return {
        "series_id": outcome.series_id or None,
        "state": outcome.state,
        "again": outcome.again,
        "made": [{"number": number, **asdict(slot)} for number, slot in outcome.made],
        "taken": [
            {
                "number": each.number,
                **asdict(each.slot),
                "by": [asdict(one) for one in each.by],
                "free": _free(each.slot, seats),
            }
            for each in outcome.taken
        ],
        "skipped": [asdict(each) for each in outcome.skipped],
    }


def _free(wanted: Slot, seats: int) -> list[dict[str, str]]:
    now = (today().isoformat(), now_at_school())
    return [{"kind": each.kind, **asdict(each.slot)} for each in alternatives_to(db(), wanted, seats=seats, now=now)]


def booking(series_id: str) -> Response:
    """A booking with the state of each of its dates, and the token that an answer carries."""
    return jsonify(_shown(series_id))


def _shown(series_id: str) -> dict[str, Any]:
    known = series_occurrences(db(), series_id)
    if not known:
        raise NotFound("booking_not_found", series=series_id)
    return {"series": values_of(known[0].series), "occurrences": [_occurrence(each) for each in known]}


def _occurrence(booked: Booked) -> dict[str, Any]:
    key = (booked.occurrence.series_id, booked.occurrence.number)
    return {
        **values_of(booked.occurrence),
        "sync": record_state(db(), replica(), BookingOccurrence, key),
        "token": token_of(db(), replica(), BookingOccurrence, key),
    }


def cancel(series_id: str) -> Response:
    """`{number?}`: one date, or all that are still to come."""
    body = fields_of(request.get_json(), allowed=frozenset({"number"}))
    number, campus = body.get("number"), setting(db(), "campus")
    if number is not None and type(number) is not int:
        raise InvalidInput(Problem("number", "not_integer", {"zh": "序次", "en": "number"}))
    asker = Asker(auth.visitor().person_id, _decides_at())
    numbers = None if number is None else {number}
    done = saving.cancel(replica(), db(), auth.author(campus), series_id, numbers, asker, today=today())
    return jsonify({**_shown(series_id), "cancelled": done})


def _decides_at() -> frozenset[str]:
    return frozenset(at for role, at in auth.visitor().roles if role in ACTIONS["room.decide"])


def answer(series_id: str, number: int) -> Response:
    """`{state, answer_note?, token?}`: a person's answer at the deciding campus."""
    body = fields_of(request.get_json(), allowed=frozenset({"state", "answer_note", "token"}))
    texts = {name: body.get(name) or "" for name in ("state", "answer_note", "token")}
    wrong = [Problem(name, "not_text") for name, value in texts.items() if not isinstance(value, str)]
    if wrong:
        raise InvalidInput(*wrong)
    word = Word(texts["state"], texts["answer_note"], texts["token"] or None)
    campus = setting(db(), "campus")
    auth.require("room.decide", campus)
    decide(
        replica(), db(), auth.author(campus), (series_id, number), word, deciding=lambda _db: {campus}, today=today()
    )
    return jsonify(_shown(series_id))

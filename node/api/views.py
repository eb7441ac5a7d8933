"""The routes of `/api/v1`: each reads a body, calls a room, and answers with JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask_wtf.csrf import generate_csrf

from node.api import bodies, document
from node.api.history import views as history
from node.api.lessons import views as lessons
from node.api.rooms import views as rooms
from node.attendance import rules, saving
from node.attendance import store as registers
from node.attendance.rules import RegisterLimits
from node.attendance.saving import Permit, Place, Submission
from node.bookings.rules import BookingLimits
from node.staff import store as staff
from node.staff.rules import StaffDayLimits, counts
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem
from shared.records import Register
from shared.schema import values_of
from shared.web import auth, views
from shared.web.db import clock, db, replica, today
from shared.web.history.rules import HistoryLimits
from sync.replica import setting
from sync.status import record_state, sync_status

ROUTES = {
    "api.log_in": "public",
    "api.who": "any_staff",
    "api.log_out": "any_staff",
    "api.groups": "register.see",
    "api.roster": "register.see",
    "api.registers": "register.see",
    "api.register": "register.see",
    "api.take": "register.take",
    "api.correct": "register.correct",
    "api.staff_days": "staff_day.see",
    "api.enter_staff_days": "staff_day.enter",
    "api.sync": "any_staff",
    "api.openapi": "public",
    **lessons.ROUTES,
    **rooms.ROUTES,
    **history.ROUTES,
}

REGISTER = "/registers/<group_id>/<date>/<session>"


def blueprint(
    registers_open: RegisterLimits | None = None, staff_open: StaffDayLimits | None = None,
    bookings: BookingLimits | None = None, actions: HistoryLimits | None = None,
) -> Blueprint:  # fmt: skip
    """The API, with the same time limits as the pages."""
    room = Blueprint("api", __name__, url_prefix="/api/v1")
    limits, staff_limits = registers_open or RegisterLimits(), staff_open or StaffDayLimits()

    def register(group_id: str, date: str, session: str) -> Response:
        return _register(_place(group_id, date, session), limits)

    def take(group_id: str, date: str, session: str) -> Response:
        return _save(_place(group_id, date, session), bodies.register_body(request.get_json()), limits)

    def correct(group_id: str, date: str, session: str) -> Response:
        return _save(_place(group_id, date, session), bodies.corrections_body(request.get_json()), limits)

    def enter_staff_days(campus: str, date: str) -> Response:
        return _enter_staff_days(campus, date, staff_limits)

    rules_of: tuple[tuple[str, str, Callable[..., Any], str], ...] = (
        ("POST", "/session", log_in, "log_in"),
        ("GET", "/session", who, "who"),
        ("DELETE", "/session", log_out, "log_out"),
        ("GET", "/groups", groups, "groups"),
        ("GET", "/groups/<group_id>/roster", roster, "roster"),
        ("GET", "/registers", registers_taken, "registers"),
        ("GET", REGISTER, register, "register"),
        ("PUT", REGISTER, take, "take"),
        ("PUT", REGISTER + "/corrections", correct, "correct"),
        ("GET", "/staff-days", staff_days, "staff_days"),
        ("PUT", "/staff-days/<campus>/<date>", enter_staff_days, "enter_staff_days"),
        ("GET", "/sync", sync, "sync"),
        ("GET", "/openapi.json", openapi, "openapi"),
        *rooms.rules_of(bookings or BookingLimits()),
        *history.rules_of(actions or HistoryLimits()),
    )
    for method, path, view, endpoint in rules_of:
        room.add_url_rule(path, endpoint, view, methods=[method])
    lessons.add_to(room)
    return room


def log_in() -> Any:
    """Log in: `{login, password}` → who, and the CSRF token for writes."""
    if not request.is_json:
        raise InvalidInput(Problem("body", "not_an_object"), code="not_json")
    return views.login()


def who() -> Response:
    """Who is logged in, at which campus's node, on which date."""
    person = auth.visitor()
    return jsonify(
        person_id=person.person_id,
        name=person.name,
        login=person.login,
        roles=[{"role": role, "campus": campus} for role, campus in sorted(person.roles)],
        campus=setting(db(), "campus"),
        today=today().isoformat(),
        csrf_token=generate_csrf(),
    )


def log_out() -> Response:
    """End the session."""
    auth.end_session()
    return jsonify(logged_out=True)


def groups() -> Response:
    """The groups of this campus on a date, its sessions, and what the calendar says."""
    day, campus = _asked_date(), setting(db(), "campus")
    auth.require("register.see", campus)
    found = registers.calendar_day(db(), campus, day)
    here = registers.groups_on(db(), campus, day)
    kinds = dict.fromkeys(group.kind for group in here)
    return jsonify(
        campus=campus,
        date=day,
        day=values_of(found) if found else None,
        groups=[values_of(group) for group in here],
        sessions=[values_of(each) for kind in kinds for each in registers.sessions_of(db(), campus, kind)],
    )


def roster(group_id: str) -> Response:
    """The members of a group on a date, with the digest that a register freezes."""
    day, group = _asked_date(), registers.group_named(db(), group_id)
    if group is None:
        raise NotFound("group_not_found", group=group_id)
    if group.campus != setting(db(), "campus"):
        raise NotAllowed("group_of_another_campus", group=group_id)
    auth.require("register.see", group.campus)
    lines = registers.roster(db(), group_id, day)
    members = [
        {"person_id": line.person_id, "name": line.name, "initials": line.initials, "seat_number": line.number}
        for line in lines
    ]
    digest = rules.roster_digest(line.person_id for line in lines)
    return jsonify(group_id=group_id, date=day, roster_size=len(lines), roster_digest=digest, members=members)


def registers_taken() -> Response:
    """The registers taken at this campus on a date; what is not listed was not taken yet."""
    day, campus = _asked_date(), setting(db(), "campus")
    auth.require("register.see", campus)
    taken = [asdict(each) for each in registers.overview(db(), campus, day)]
    return jsonify(campus=campus, date=day, registers=taken)


def _register(place: Place, limits: RegisterLimits) -> Response:
    return jsonify(_shown(place, limits))


def _save(place: Place, said: Submission, limits: RegisterLimits) -> Response:
    person = auth.visitor()
    asker = rules.asker_of(person.person_id, person.roles, place.group)
    author = auth.author(place.group.campus)
    saved = saving.save_register(replica(), db(), author, place, said, Permit(asker, today(), limits))
    return jsonify({**_shown(place, limits), "changed": saved.changed})


def _shown(place: Place, limits: RegisterLimits) -> dict[str, Any]:
    """A register as the API shows it: header or none, every source's rows, what holds, what may be done."""
    sheet = registers.sheet(db(), place.group, place.date, place.session, dots=0)
    person = auth.visitor()
    asker = rules.asker_of(person.person_id, person.roles, place.group)
    now = saving.situation_of(place, sheet.header, today=today(), now_ms=clock().now_ms())
    lines = (*sheet.lines, *sheet.others)
    return {
        "group_id": place.group.id,
        "date": place.date,
        "session": place.session.code,
        "taken": sheet.header is not None,
        "header": values_of(sheet.header) if sheet.header else None,
        "roster_size": len(sheet.lines),
        "roster_digest": rules.roster_digest(line.person_id for line in sheet.lines),
        "exceptions": [
            {"person_id": line.person_id, "source": source, "mark": m.code, "minutes": m.minutes, "note": m.note}
            for line in lines
            for source, m in sorted(line.marks.items())
        ],
        "current": [
            {"person_id": line.person_id, "mark": line.current.code, "minutes": line.current.minutes}
            for line in lines
            if line.current.code != "present"
        ],
        "counts": rules.counts([line.current for line in sheet.lines]),
        "state": record_state(db(), replica(), Register, (place.group.id, place.date, place.session.code)),
        "may_not_take": rules.take_refusal(asker, now, limits),
        "may_not_correct": rules.correct_refusal(asker, now, limits),
        "token": saving.token_for(db(), replica(), sheet, "teacher").text(),
        "correction_token": saving.token_for(db(), replica(), sheet, "office").text(),
    }


def _place(group_id: str, day: str, session: str) -> Place:
    place = saving.place_of(db(), group_id, day, session, today=today())
    # The route's action was asked without a campus: a role held elsewhere opens no register here.
    auth.require("register.see", place.group.campus)
    return place


def staff_days() -> Response:
    """This campus's people of a date and what is recorded; entry null is "not recorded"."""
    return jsonify(_staff_days(setting(db(), "campus"), _asked_date()))


def _staff_days(campus: str, day: str) -> dict[str, Any]:
    auth.require("staff_day.see", campus)
    lines = staff.people(db(), campus, day)
    shown = staff.tokens(db(), replica(), lines)
    people = [
        {
            "person_id": line.person_id,
            "name": line.name,
            "category": line.category,
            "elsewhere": list(line.elsewhere),
            "entry": values_of(line.entry) if line.entry else None,
            "token": shown[line.person_id] or None,
        }
        for line in lines
    ]
    return {"campus": campus, "date": day, "people": people, "counts": counts(line.entry for line in lines)}


def _enter_staff_days(campus: str, day: str, limits: StaffDayLimits) -> Response:
    _date_of(day)
    auth.require("staff_day.enter", campus)
    staff.check_day(db(), campus, day, today(), limits)
    me = auth.visitor().person_id
    entries, tokens, others = bodies.staff_days_body(request.get_json(), day, campus, entered_by=me)
    author = auth.author(campus)
    saved = staff.save_entries(replica(), db(), author, entries, tokens)
    filled = staff.record_everyone_present(replica(), db(), author, campus, day) if others else 0
    return jsonify({**_staff_days(campus, day), "saved": saved, "filled": filled})


def sync() -> Response:
    """The state of sync (C14); refused changes by name and reason, without their values."""
    status = asdict(sync_status(db(), replica()))
    status["refusals"] = [
        {name: each[name] for name in ("version", "reason", "table", "instant")} for each in status["refusals"]
    ]
    return jsonify(status)


def openapi() -> Response:
    """This API as an OpenAPI 3.1 document."""
    return jsonify(document.openapi())


def _asked_date() -> str:
    raw = request.args.get("date", "")
    return _date_of(raw) if raw else today().isoformat()


def _date_of(raw: str) -> str:
    try:
        found = date.fromisoformat(raw)
    except ValueError as error:
        raise InvalidInput(Problem("date", "not_date", {"zh": "日期", "en": "date"})) from error
    if found.isoformat() != raw:
        raise InvalidInput(Problem("date", "not_date", {"zh": "日期", "en": "date"}))
    return raw

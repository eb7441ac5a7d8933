"""The page after a power cut, the page that asks for today's date, and the guard before registers."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from flask import Blueprint, current_app, g, jsonify, redirect, render_template, request, session, url_for

from node.db import campus, config, is_enrolled
from node.recovery.daywatch import DayState, DayWatch
from node.recovery.rules import clock_said
from node.recovery.store import last_register, newest_ms, recovery_due, recovery_seen
from shared.clock import instant_text, local_date
from shared.errors import InvalidInput, NodeNotReady, Problem
from shared.records import DateConfirmation
from shared.roles import ANY_STAFF, PUBLIC
from shared.validation import load
from shared.web import auth
from shared.web.db import clock, db, replica, today
from shared.web.qr import qr_svg
from shared.web.target import safe_next
from sync.capture import write
from sync.status import backlog

ROUTES = {
    "recovery.after_stop": PUBLIC,
    "recovery.seen": PUBLIC,
    "recovery.clock_page": ANY_STAFF,
    "recovery.confirm": ANY_STAFF,
    "recovery.phone": PUBLIC,
}


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint(
        "recovery", __name__, template_folder="templates", static_folder="static",
        static_url_path="/static/recovery",
    )  # fmt: skip
    room.add_url_rule("/recovery", "after_stop", after_stop)
    room.add_url_rule("/recovery/seen", "seen", seen, methods=["POST"])
    room.add_url_rule("/clock", "clock_page", clock_page)
    room.add_url_rule("/clock", "confirm", confirm, methods=["POST"])
    room.add_url_rule("/clock/phone", "phone", phone, methods=["POST"])
    return room


def watch() -> DayWatch:
    """The date watch of this node."""
    return cast(DayWatch, current_app.extensions["tongxin_daywatch"])


def day_state() -> DayState:
    """Whether today's date is believed, as far as this visitor's device can tell."""
    if "node_day_state" not in g:
        offset = session.get("phone_offset_ms")
        g.node_day_state = watch().state(newest_ms(db()), int(offset) if offset is not None else None)
    return cast(DayState, g.node_day_state)


def date_needs_confirmation() -> Any:
    """before_request of everything that opens a register: nothing while nobody has confirmed the date.

    Pages lead to the question; programs get NodeNotReady "date_unconfirmed".
    """
    if not auth.visitor().person_id or not day_state().must_confirm:
        return None
    if auth.wants_json() or request.method != "GET":
        raise NodeNotReady("date_unconfirmed", clock=instant_text(clock().now_ms()))
    return redirect(url_for("recovery.clock_page", next=request.full_path.rstrip("?")))


def recovery_gate() -> Any:
    """Shows the recovery page to whoever opens the node first after an unclean stop, once a browser."""
    opens_a_page = request.method == "GET" and not auth.wants_json() and request.endpoint is not None
    if not opens_a_page or request.blueprint == "recovery" or str(request.endpoint).endswith(".static"):
        return None
    if not is_enrolled() or session.get("recovery_seen") == replica().boot or not recovery_due(db()):
        return None
    return redirect(url_for("recovery.after_stop", next=request.full_path.rstrip("?")))


def after_stop() -> Any:
    """What was saved last, what waits, what time it is, and where phones find this node."""
    session["recovery_seen"] = replica().boot
    addresses = config().ports.addresses()
    return render_template(
        "recovery/after_stop.html",
        last=last_register(db()),
        waits=backlog(db()),
        day=day_state(),
        now=instant_text(clock().now_ms()),
        addresses=[(url, qr_svg(url)) for url in addresses],
        due=recovery_due(db()),
        next=safe_next(request.args.get("next")),
    )


def seen() -> Any:
    """Somebody has read it: nobody else is stopped by it."""
    recovery_seen(db())
    return redirect(safe_next(request.form.get("next")))


def clock_page() -> str:
    """Asks for today's date."""
    return _clock_page(problems=())


def _clock_page(problems: tuple[Problem, ...]) -> str:
    now_ms = clock().now_ms()
    offset = session.get("phone_offset_ms")
    newest = newest_ms(db())
    return render_template(
        "recovery/clock.html",
        day=day_state(),
        now=instant_text(now_ms),
        clock_date=local_date(now_ms),
        newest=instant_text(newest) if newest is not None else None,
        phone=instant_text(now_ms + int(offset)) if offset is not None else None,
        proposed=local_date(now_ms + int(offset)) if offset is not None else today(),
        next=safe_next(request.values.get("next")),
        problems=problems,
    )


def confirm() -> Any:
    """Writes a person's word on today's date, and goes by it from now on."""
    given = {"date": request.form.get("date", "")}
    try:
        day = date.fromisoformat(str(load(DateConfirmation, given, only=["date"])["date"]))
        newest = newest_ms(db())
        if newest is not None and day < local_date(newest):
            raise InvalidInput(Problem("date", "before_newest", {"zh": "日期", "en": "date"}))
    except InvalidInput as error:
        return _clock_page(error.problems), 422
    now_ms, who = clock().now_ms(), auth.visitor().person_id
    word = DateConfirmation(
        campus=campus(), date=day.isoformat(), confirmed_by=who, clock_said=clock_said(now_ms), boot=replica().boot
    )
    with write(replica(), db(), auth.author(campus())) as w:
        w.put(word)
    watch().confirm(day)
    return redirect(safe_next(request.form.get("next")))


def phone() -> Any:
    """Takes the time of the phone that shows a page: {"phone_ms": …} → {"must_confirm", "offset_ms"}."""
    given = request.get_json()
    phone_ms = given.get("phone_ms") if isinstance(given, dict) else None
    if type(phone_ms) is not int or not 0 <= phone_ms < 2**53:
        raise InvalidInput(Problem("phone_ms", "not_integer"))
    offset_ms = phone_ms - clock().now_ms()
    session["phone_offset_ms"] = offset_ms
    state = day_state()
    return jsonify(must_confirm=state.must_confirm, offset_ms=offset_ms)

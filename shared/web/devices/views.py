"""Remember this phone with a PIN, log in by PIN, and forget a phone again."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from shared.clock import instant_text
from shared.errors import NotAllowed, Problem
from shared.roles import ANY_STAFF, PUBLIC
from shared.web import auth
from shared.web.db import clock, db, replica, site, today
from shared.web.devices.rules import Device, DeviceLimits, is_known, known_until, label_of, problem_with_pin
from shared.web.devices.store import (
    add_device,
    begin_try,
    device_with,
    devices_of,
    forget_device,
    forgive_tries,
    term_end,
)
from shared.web.passwords import hash_password, password_fits
from shared.web.store import AccountRow, account_of
from shared.web.target import safe_next

ROUTES = {
    "devices.mine": ANY_STAFF,
    "devices.remember": ANY_STAFF,
    "devices.forget": ANY_STAFF,
    "devices.open_by_pin": PUBLIC,
}
TOKEN_LENGTH = 26
DAY_S = 24 * 3600


def blueprint() -> Blueprint:
    """The room of known phones."""
    room = Blueprint("devices", __name__, template_folder="templates")
    room.add_url_rule("/devices", "mine", mine)
    room.add_url_rule("/devices", "remember", remember, methods=["POST"])
    room.add_url_rule("/devices/<device_id>/forget", "forget", forget, methods=["POST"])
    room.add_url_rule("/pin", "open_by_pin", open_by_pin, methods=["POST"])
    return room


def cookie_name() -> str:
    """The cookie that names a known phone to this site."""
    return f"{site().config.cookie_name}_device"


def known_device() -> tuple[Device, AccountRow] | None:
    """The phone behind this request and its owner's account, if it may still be asked for its PIN."""
    device_id, _, token = request.cookies.get(cookie_name(), "").partition(".")
    device = device_with(db(), device_id) if token else None
    if device is None or not hmac.compare_digest(device.token_hash, _hashed(token)):
        return None
    account = account_of(db(), device.person_id)
    if account is None or account.revoked_at:
        return None
    return (device, account) if is_known(device, today(), auth.session_mark(account), DeviceLimits()) else None


def mine() -> Any:
    """My phones, and the form that makes this one known."""
    return _page(())


def _page(problems: tuple[Problem, ...]) -> str:
    known, limits = known_device(), DeviceLimits()
    devices = [each for each in devices_of(db(), auth.visitor().person_id) if today().isoformat() < each.until]
    return render_template(
        "devices/mine.html", problems=problems, devices=devices, this=known[0].id if known else "", limits=limits,
        until=known_until(today(), term_end(db(), today()), limits).isoformat(),
    )


def remember() -> Any:
    """Make this phone known until the term ends; asks for the password, since a session may be a borrowed one."""
    account = account_of(db(), auth.visitor().person_id)
    if account is None:
        raise NotAllowed("login_needed")
    problem = _password_problem(account) or problem_with_pin(
        request.form.get("pin", ""), request.form.get("again", ""), DeviceLimits()
    )
    if problem:
        return _page((problem,)), 422
    device_id, token = replica().randomness.text(10), replica().randomness.text(TOKEN_LENGTH)
    until = known_until(today(), term_end(db(), today()), DeviceLimits())
    now = instant_text(clock().now_ms())
    pin_hash = hash_password(request.form["pin"], site().config.password)
    add_device(
        db(),
        Device(
            device_id, account.person_id, _hashed(token), pin_hash, auth.session_mark(account),
            label_of(request.user_agent.string), now, until.isoformat(), now, 0,
        ),
    )  # fmt: skip
    flash(_("这台设备已记住，以后输入 PIN 就能登录。"), "ok")
    answer = redirect(url_for("devices.mine"))
    _set_cookie(answer, f"{device_id}.{token}", until)
    return answer


def _set_cookie(answer: Any, value: str, until: date) -> None:
    days = max(1, (until - today()).days)
    answer.set_cookie(
        cookie_name(), value, max_age=days * DAY_S, httponly=True, samesite="Lax", secure=site().config.cookie_secure
    )


def _password_problem(account: AccountRow) -> Problem | None:
    failures, now_ms, address = site().failed_logins, clock().monotonic_ms(), request.remote_addr or ""
    if wait_ms := failures.wait_ms(account.login, address, now_ms):
        raise NotAllowed("login_locked", wait_ms=wait_ms)
    if password_fits(request.form.get("password", ""), account.password_hash, site().config.password):
        return None
    failures.failed(account.login, address, now_ms)
    return Problem("password", "password_wrong")


def forget(device_id: str) -> Any:
    """Forget one of my phones: a lost one, or this one."""
    forget_device(db(), device_id, auth.visitor().person_id)
    flash(_("已不再记住这台设备。"), "ok")
    return redirect(url_for("devices.mine"))


def open_by_pin() -> Any:
    """Log in on a known phone; after too many wrong tries it is forgotten and the password is asked for."""
    known, target = known_device(), safe_next(request.form.get("next"))
    if known is None:
        return redirect(url_for("shell.login", next=target))
    device, account = known
    if not begin_try(db(), device.id, DeviceLimits().failures_max):
        return redirect(url_for("shell.login", next=target))
    if not password_fits(request.form.get("pin", ""), device.pin_hash, site().config.password):
        left = DeviceLimits().failures_max - device.failures - 1
        if left <= 0:
            forget_device(db(), device.id)
            flash(_("PIN 试错太多次，请用口令登录。"), "warn")
            return redirect(url_for("shell.login", next=target))
        return render_template("devices/pin.html", account=account, next=target, left=left), 401
    forgive_tries(db(), device.id, instant_text(clock().now_ms()))
    auth.begin_session(account)
    return redirect(target)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

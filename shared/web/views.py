"""The pages every site has: log in, log out, password, language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, session, url_for
from flask_wtf.csrf import generate_csrf

from shared.clock import instant_text
from shared.errors import InvalidInput, NotAllowed, Problem
from shared.records import Account
from shared.roles import ANY_STAFF, PUBLIC
from shared.text import tidied
from shared.web import auth
from shared.web.db import clock, db, replica, site
from shared.web.devices.views import known_device
from shared.web.passwords import hash_password, password_fits, problem_with_password
from shared.web.store import AccountRow, account_by_login, account_of
from shared.web.target import safe_next
from sync.capture import write

ROUTES = {
    "shell.login": PUBLIC,
    "shell.logout": PUBLIC,
    "shell.password": ANY_STAFF,
    "shell.language": PUBLIC,
}


def blueprint() -> Blueprint:
    """The shell: its pages, its templates and its static files."""
    room = Blueprint(
        "shell", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    room.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    room.add_url_rule("/logout", "logout", logout, methods=["POST"])
    room.add_url_rule("/password", "password", password, methods=["GET", "POST"])
    room.add_url_rule("/language", "language", language, methods=["POST"])
    return room


def login() -> Any:
    """Log in by form, or by JSON {"login", "password"} which answers with the CSRF token to send along."""
    if request.method == "GET":
        if auth.visitor().person_id:
            return redirect(safe_next(request.args.get("next")))
        return _login_page()
    given = request.get_json() if request.is_json else request.form
    if not isinstance(given, dict | type(request.form)):
        raise InvalidInput(Problem("login", "not_an_object"))
    name, secret = tidied(str(given.get("login", ""))), str(given.get("password", ""))
    try:
        account = _checked_account(name, secret)
    except NotAllowed as failed:
        if request.is_json:
            raise
        target = safe_next(request.form.get("next"))
        status = 429 if failed.code == "login_locked" else 401
        return render_template("shell/login.html", next=target, login=name, failed=failed), status
    auth.begin_session(account)
    if request.is_json:
        who = auth.visitor()
        return jsonify(
            person_id=who.person_id, name=who.name, must_change=who.must_change, csrf_token=generate_csrf()
        )
    return redirect(safe_next(request.form.get("next")))


def _login_page() -> str:
    """The PIN on a phone that is known, else name and password. A printed slip's QR names the log-in."""
    target, known = safe_next(request.args.get("next")), known_device()
    if known is not None and request.args.get("by") != "password":
        return render_template("devices/pin.html", account=known[1], next=target, left=None)
    return render_template("shell/login.html", next=target, login=request.args.get("login", "")[:40], failed=None)


def _checked_account(name: str, secret: str) -> AccountRow:
    failures, now_ms = site().failed_logins, clock().monotonic_ms()
    address = request.remote_addr or ""
    wait_ms = failures.wait_ms(name, address, now_ms)
    if wait_ms:
        raise NotAllowed("login_locked", wait_ms=wait_ms)
    account = account_by_login(db(), name)
    fits = password_fits(secret, account.password_hash if account else "", site().config.password)
    if account is None or account.revoked_at or not fits:
        failures.failed(name, address, now_ms)
        raise NotAllowed("login_wrong")
    if account.password_until and account.password_until <= instant_text(clock().now_ms()):
        raise NotAllowed("password_expired")
    failures.succeeded(name)
    return account


def logout() -> Any:
    """End this browser's session."""
    auth.end_session()
    return redirect(url_for("shell.login"))


def language() -> Any:
    """Switch between Chinese and English; the choice stays with the browser."""
    session["lang"] = "en" if request.form.get("lang") == "en" else "zh"
    session.permanent = True
    return redirect(safe_next(request.form.get("next")))


def password() -> Any:
    """Change one's own password; every other session of this person ends with it."""
    if request.method == "GET":
        return render_template("shell/password.html", problems=())
    account = account_of(db(), auth.visitor().person_id)
    if account is None:
        raise NotAllowed("login_needed")
    problem = _problem_with_change(account)
    if problem:
        return render_template("shell/password.html", problems=(problem,)), 422
    hashed = hash_password(request.form["new"], site().config.password)
    with write(replica(), db(), auth.author()) as w:
        w.update(Account, (account.person_id,), {"password_hash": hashed, "must_change": 0, "password_until": None})
    changed = account_of(db(), account.person_id)
    if changed is None:
        raise NotAllowed("login_needed")
    auth.begin_session(changed)
    return redirect("/")


def _problem_with_change(account: AccountRow) -> Problem | None:
    config, form = site().config, request.form
    failures, now_ms = site().failed_logins, clock().monotonic_ms()
    address = request.remote_addr or ""
    if wait_ms := failures.wait_ms(account.login, address, now_ms):
        raise NotAllowed("login_locked", wait_ms=wait_ms)
    if not password_fits(form.get("old", ""), account.password_hash, config.password):
        failures.failed(account.login, address, now_ms)
        return Problem("old", "password_wrong")
    return problem_with_password(
        form.get("new", ""), form.get("again", ""), login=account.login, length_min=config.password_length_min
    )

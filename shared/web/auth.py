"""Who is asking, and may they: every request passes `guard` before any view runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from flask import Flask, Response, current_app, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect

from shared.errors import NotAllowed
from shared.rights import OFFICE_ROLES
from shared.roles import ANY_STAFF, EVERYWHERE, MACHINE, PUBLIC, may_do
from shared.web.db import clock, db, site, today
from shared.web.store import AccountRow, account_of, campus_names, roles_of
from sync.change import Author

BROWSER_KEYS = ("lang", "phone_offset_ms", "recovery_seen")
_WITH_OLD_PASSWORD = frozenset({"shell.password", "shell.logout", "shell.language"})


@dataclass(frozen=True)
class Visitor:
    """The person behind a request; `person_id` is empty when nobody is logged in."""

    person_id: str = ""
    name: str = ""
    login: str = ""
    roles: frozenset[tuple[str, str]] = frozenset()
    campuses: tuple[str, ...] = ()
    must_change: bool = False

    def holds(self, role: str, campus: str | None = None) -> bool:
        """True when this role is held at a campus (anywhere, when none is named)."""
        return any(r == role and (campus is None or at in (EVERYWHERE, campus)) for r, at in self.roles)


def visitor() -> Visitor:
    """Who is asking. Looked up once a request: a revoked account is dead at its next click."""
    if "tongxin_visitor" not in g:
        g.tongxin_visitor = _visitor_of_session()
    return cast(Visitor, g.tongxin_visitor)


def _visitor_of_session() -> Visitor:
    person_id = str(session.get("person_id", ""))
    account = account_of(db(), person_id) if person_id else None
    if account is None or account.revoked_at or session.get("mark") != session_mark(account):
        return Visitor()
    idle_ms = clock().now_ms() - int(session.get("seen_ms", 0))
    # A clock set back by years gives a negative age: the session stays, nobody is thrown out by it (C6).
    if idle_ms > site().config.session_minutes * 60_000:
        return Visitor()
    return visitor_of(account)


def visitor_of(account: AccountRow) -> Visitor:
    """An account with the roles it holds today."""
    roles = roles_of(db(), account.person_id, today().isoformat())
    names = campus_names(db())
    everywhere = any(campus == EVERYWHERE for _, campus in roles)
    held = tuple(code for code in names if everywhere or any(campus == code for _, campus in roles))
    return Visitor(
        account.person_id, account.name, account.login, roles, held, must_change=account.must_change
    )


def session_mark(account: AccountRow) -> str:
    """Ties a session to the password it was opened with: a new password ends every older session."""
    text = f"{account.person_id}\0{account.password_hash}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def begin_session(account: AccountRow) -> None:
    """Log a person in on this browser."""
    _clear_session()
    session.permanent = True
    session.update(person_id=account.person_id, mark=session_mark(account), seen_ms=clock().now_ms())


def end_session() -> None:
    """Log out on this browser."""
    _clear_session()


def _clear_session() -> None:
    # What is about the browser and not about the person stays: its language, its clock, what it was shown.
    kept = {name: session[name] for name in BROWSER_KEYS if name in session}
    session.clear()
    session.update(kept)
    g.pop("tongxin_visitor", None)


def may(action: str, campus: str | None = None) -> bool:
    """True when the visitor may do this at a campus (anywhere, when none is named)."""
    if action in (PUBLIC, MACHINE):
        return True
    who = visitor()
    if not who.person_id:
        return False
    return action == ANY_STAFF or may_do(action, who.roles, campus)


def may_here(action: str) -> bool:
    """True when the visitor may do this on this site: at its campus, or anywhere when it serves them all."""
    here = site().campus
    return may(action, (here() or None) if here else None)


def require(action: str, campus: str | None = None) -> None:
    """Raise NotAllowed unless `may(action, campus)`."""
    if not may(action, campus):
        code = "login_needed" if not visitor().person_id else "not_allowed"
        raise NotAllowed(code, action=action, campus=campus)


def author(campus: str = "") -> Author:
    """The visitor as the author of a write; "office" rank with an office role at that campus."""
    who = visitor()
    office = any(role in OFFICE_ROLES and at in (EVERYWHERE, campus) for role, at in who.roles)
    return Author(who.person_id, rank="office" if office else "person")


def wants_json() -> bool:
    """True when the caller is a program: it gets the JSON error shape, not a page."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    accepts = request.accept_mimetypes
    return accepts["application/json"] > accepts["text/html"]


def guard() -> Response | None:
    """Run before every view: CSRF, log-in, password to be changed, the action of the route."""
    endpoint = request.endpoint
    if endpoint is None or endpoint.endswith(".static"):
        return None
    action = site().routes.get(endpoint)
    if action is None:
        raise NotAllowed("route_without_action", endpoint=endpoint)
    if action == MACHINE:
        return None
    _check_csrf(endpoint)
    if action == PUBLIC:
        return None
    if not visitor().person_id and not wants_json():
        return cast(Response, redirect(url_for("shell.login", next=_came_from())))
    if not may_here(action):
        raise NotAllowed("not_allowed" if visitor().person_id else "login_needed", action=action)
    if visitor().must_change and endpoint not in _WITH_OLD_PASSWORD:
        if wants_json():
            raise NotAllowed("password_must_change")
        return cast(Response, redirect(url_for("shell.password")))
    _keep_awake()
    return None


def _came_from() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def _check_csrf(endpoint: str) -> None:
    # Another origin's page cannot send JSON without asking first, and a log-in has no page to take a token from.
    if request.is_json and site().routes[endpoint] == PUBLIC:
        return
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        protection().protect()


def protection() -> CSRFProtect:
    """The CSRF check of this app."""
    return cast(CSRFProtect, current_app.extensions["csrf"])


def _keep_awake() -> None:
    # Written at most every minute, so that not every answer carries a cookie.
    now_ms = clock().now_ms()
    if abs(now_ms - int(session.get("seen_ms", 0))) > 60_000:
        session["seen_ms"] = now_ms


def endpoints_of(app: Flask) -> Iterable[str]:
    """Every endpoint of an app."""
    return {rule.endpoint for rule in app.url_map.iter_rules()}

"""The factory of both apps: one shell, and rooms listed by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import flask_babel
from flask import Blueprint, Flask, Response, current_app, g, jsonify, render_template, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from werkzeug.exceptions import HTTPException

from shared.codes import word_of
from shared.errors import InvalidInput, Problem, TongxinError
from shared.roles import ACTIONS, ANY_STAFF, MACHINE, PUBLIC, role_word
from shared.web import auth, db, views
from shared.web.config import SiteConfig
from shared.web.connections import Connections
from shared.web.devices import views as devices
from shared.web.lockout import FailedLogins
from shared.web.times import spoken_date, spoken_duration, spoken_instant
from shared.web.words import error_shape, message_of, problem_words, status_of
from sync.replica import Replica

# What a view sets in `g` when its answer is sealed bytes for a machine.
SEALED = "tongxin_sealed"

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"


@dataclass(frozen=True)
class MenuItem:
    """One entry of the menu: endpoint, Chinese and English label, shown to whoever may open it."""

    endpoint: str
    zh: str
    en: str


@dataclass(frozen=True)
class HeadChip:
    """The state of sync in the head bar. tone: ok, warn, bad, info or off; words are translated already."""

    tone: str
    words: str
    endpoint: str | None = None


class RouteTableWrong(Exception):
    """A route has no action, or the table names a route or an action that is not there."""


def make_app(
    name: str,
    *,
    replica: Replica,
    config: SiteConfig,
    rooms: Sequence[Blueprint],
    routes: Mapping[str, str],
    menu: Sequence[MenuItem] = (),
    head: Callable[[], HeadChip | None] | None = None,
    gates: Sequence[Callable[[], Any]] = (),
    day: Callable[[], date] | None = None,
    campus: Callable[[], str] | None = None,
) -> Flask:
    """An app of the given rooms inside the common shell.

    routes: endpoint → action; gates run before log-in is asked for (set-up); head gives the chip of the
    head bar; day gives the school's date where the clock alone is not believed; campus is where all of
    this site is, so that a role held elsewhere opens nothing here. Raises RouteTableWrong unless every
    route has an action and every action exists.
    """
    app = Flask(name, static_folder=None)
    _configure(app, config)
    all_routes = {**views.ROUTES, **devices.ROUTES, **routes}
    app.extensions["tongxin"] = db.Site(
        replica=replica, config=config, routes=all_routes, failed_logins=FailedLogins(config.lockout),
        connections=Connections(replica), menu=tuple(menu), head=head, day=day, campus=campus,
    )
    flask_babel.Babel(app, locale_selector=language, default_translation_directories=str(TRANSLATIONS))
    CSRFProtect(app)
    db.register(app)
    for gate in gates:
        app.before_request(gate)
    app.before_request(auth.guard)
    app.after_request(_harden)
    app.context_processor(_context)
    # A day in the phone's cache, and a new address with every start of the server: no stale script after an upgrade.
    app.url_defaults(lambda endpoint, values: _stamp_static(endpoint, values, replica.boot))
    _register_filters(app)
    _register_errors(app)
    app.register_blueprint(views.blueprint())
    app.register_blueprint(devices.blueprint())
    for room in rooms:
        app.register_blueprint(room)
    check_routes(app, all_routes)
    return app


def check_routes(app: Flask, routes: Mapping[str, str]) -> None:
    """Raise RouteTableWrong unless URL map and table name the same routes, and only declared actions."""
    there = {endpoint for endpoint in auth.endpoints_of(app) if not endpoint.endswith(".static")}
    known = {*ACTIONS, PUBLIC, MACHINE, ANY_STAFF}
    found = [f"{endpoint} has no action" for endpoint in sorted(there - set(routes))]
    found += [f"{endpoint} is in the table only" for endpoint in sorted(set(routes) - there)]
    found += [f"{endpoint}: no such action {action}" for endpoint, action in routes.items() if action not in known]
    if found:
        raise RouteTableWrong("; ".join(found))


def language() -> str:
    """"zh" unless the visitor chose English (on the page, or with ?lang=en)."""
    chosen = request.args.get("lang") or session.get("lang") or db.site().config.lang_default
    return "en" if chosen == "en" else "zh"


def _configure(app: Flask, config: SiteConfig) -> None:
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_NAME=config.cookie_name,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.cookie_secure,
        # The session's own age is judged by our clock; the browser may keep the cookie longer.
        PERMANENT_SESSION_LIFETIME=timedelta(days=400),
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=config.body_bytes_max,
        MAX_FORM_MEMORY_SIZE=config.body_bytes_max,
    )
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 24 * 3600
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}


def _stamp_static(endpoint: str, values: dict[str, Any], boot: str) -> None:
    if endpoint.endswith(".static"):
        values.setdefault("v", boot)


def _context() -> dict[str, Any]:
    site = db.site()
    lang = language()
    return {
        "lang": lang,
        "html_lang": "zh-Hans" if lang == "zh" else "en",
        "site_name": site.config.site_name,
        "visitor": auth.visitor(),
        "may": lambda action, campus=None: auth.may(action, campus) if campus else auth.may_here(action),
        "today": db.today(),
        "csrf_token": generate_csrf,
        "menu": _menu(lang),
        "undo_page": "history.page" if "history.page" in site.routes and request.blueprint != "history" else None,
        "head_chip": site.head,
        "message_of": lambda code: message_of(code, lang),
        "problem_words": lambda problem: problem_words(problem, lang),
        "word": lambda codes, code: word_of(codes, code, lang),
    }


def head_now() -> dict[str, str] | None:
    """The head bar's chip as it stands now, for a page that saved without being drawn again."""
    head = db.site().head
    chip = head() if head is not None else None
    return {"tone": chip.tone, "words": chip.words} if isinstance(chip, HeadChip) else None


def _menu(lang: str) -> list[tuple[str, str]]:
    if not auth.visitor().person_id:
        return []
    site = db.site()
    shown = [item for item in site.menu if auth.may_here(site.routes[item.endpoint])]
    return [(item.endpoint, item.zh if lang == "zh" else item.en) for item in shown]


def _register_filters(app: Flask) -> None:
    def when(instant: str | None) -> str:
        return spoken_instant(instant, db.clock().now_ms(), language()) if instant else "—"

    def day_words(day: date | str) -> str:
        value = date.fromisoformat(day) if isinstance(day, str) else day
        return spoken_date(value, language(), today=db.today())

    def duration(duration_ms: int) -> str:
        return spoken_duration(duration_ms, language())

    app.add_template_filter(when)
    app.add_template_filter(day_words)
    app.add_template_filter(duration)
    app.add_template_filter(lambda code: role_word(code, language()), "role_word")


def _register_errors(app: Flask) -> None:
    app.register_error_handler(TongxinError, error_answer)
    app.register_error_handler(CSRFError, lambda _: error_answer(TongxinError("csrf")))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(sqlite3.OperationalError, _database_error)
    app.register_error_handler(OverflowError, _out_of_bounds)
    app.register_error_handler(UnicodeEncodeError, _no_text)
    app.register_error_handler(Exception, _unexpected)


def error_answer(error: TongxinError) -> tuple[Response | str, int]:
    """A page for people, the one JSON shape for programs."""
    status = status_of(error)
    if auth.wants_json():
        return jsonify(error_shape(error)), status
    problems = getattr(error, "problems", ())
    message = message_of(error.code, language())
    page = render_template(
        "shell/error.html", error=error, message=message, problems=problems, status=status
    )
    return page, status


_HTTP_CODES = {400: "not_json", 404: "not_found", 405: "wrong_method", 413: "too_large", 415: "not_json"}


def _http_error(error: HTTPException) -> Any:
    if error.code is not None and error.code < 400:
        return error
    return error_answer(TongxinError(_HTTP_CODES.get(error.code or 500, "internal")))


def _database_error(error: sqlite3.OperationalError) -> Any:
    text = str(error)
    if "locked" in text or "busy" in text:
        return error_answer(TongxinError("database_busy"))
    if "full" in text:
        return error_answer(TongxinError("disk_full"))
    return _unexpected(error)


def _out_of_bounds(error: OverflowError) -> Any:
    # The first and the last day of the calendar have no neighbour, and a database holds no larger numbers.
    current_app.logger.warning("%s %s: %s", request.method, request.path, error)
    return error_answer(InvalidInput(Problem("date", "not_date", {"zh": "日期", "en": "date"})))


def _no_text(error: UnicodeEncodeError) -> Any:
    # Half of a pair of characters, as only JSON can spell it, is no text that a database or a hash takes.
    current_app.logger.warning("%s %s: %s", request.method, request.path, error)
    return error_answer(InvalidInput(Problem("body", "not_text", {"zh": "内容", "en": "content"})))


def _unexpected(error: Exception) -> Any:
    current_app.logger.error("%s %s", request.method, request.path, exc_info=error)
    return error_answer(TongxinError("internal"))


def _harden(response: Response) -> Response:
    if g.get(SEALED):
        return response  # no browser reads it, and every byte may go over a slow line
    response.headers.setdefault("Content-Security-Policy", CSP)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if not (request.endpoint or "").endswith("static"):
        # Pupils' names must not stay in the cache of a shared phone.
        response.headers.setdefault("Cache-Control", "no-store")
    return response

"""The set-up page: hub address and one-time code; and the gate that shows nothing else before."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from node.db import config, is_enrolled
from node.setup.rules import setup_problems, tidy_code, tidy_hub
from shared.errors import NodeNotReady, Problem, TongxinError
from shared.roles import PUBLIC
from shared.web import auth
from shared.web.app import error_answer
from shared.web.db import clock, site
from sync.errors import BadMessage, CodeRefused

ROUTES = {"setup.page": PUBLIC, "setup.enrol": PUBLIC}


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint("setup", __name__, template_folder="templates")
    room.add_url_rule("/setup", "page", page)
    room.add_url_rule("/setup", "enrol", enrol, methods=["POST"])
    return room


def enrolment_gate() -> Any:
    """Before log-in is asked for: an unenrolled node serves its set-up page and nothing else."""
    endpoint = request.endpoint or ""
    if is_enrolled() or endpoint in ROUTES or endpoint == "shell.language" or endpoint.endswith(".static"):
        return None
    if auth.wants_json() or request.method != "GET":
        return error_answer(NodeNotReady("not_enrolled"))
    return redirect(url_for("setup.page"))


def page() -> Any:
    """The form; an enrolled node shows its front page in place of it."""
    if is_enrolled():
        return redirect("/")
    return _form(config().hub_url, (), None)


def _form(hub: str, problems: tuple[Problem, ...], failed: TongxinError | None) -> str:
    return render_template("setup/setup.html", hub=hub, problems=problems, failed=failed)


def enrol() -> Any:
    """Enrols with the hub named; a wrong code counts as a failed log-in of this address."""
    if is_enrolled():
        raise NodeNotReady("already_enrolled")
    hub, code = tidy_hub(request.form.get("hub", "")), tidy_code(request.form.get("code", ""))
    problems = tuple(setup_problems(hub, code))
    if problems:
        return _form(hub, problems, None), 422
    failures, now_ms, address = site().failed_logins, clock().monotonic_ms(), request.remote_addr or ""
    if failures.wait_ms("set-up", address, now_ms):
        return _form(hub, (), TongxinError("login_locked")), 429
    door = config().ports.enrol
    if door is None:
        return _form(hub, (), TongxinError("hub_unreachable")), 503
    try:
        door(hub, code)
    except (CodeRefused, BadMessage) as error:
        failures.failed("set-up", address, now_ms)
        return _form(hub, (), error), 422
    except TongxinError as error:
        # A dead line is no guess: trying again must stay possible.
        return _form(hub, (), error), 422
    return redirect(url_for("shell.login"))

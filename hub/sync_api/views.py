"""POST /sync/v1/exchange, /compare and /enrol: sealed bytes handed to the engine, errors as status codes.

No log-in and no CSRF token: the bytes prove who sent them, and no cookie is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from sqlite_utils import Database

from hub.db import hub
from hub.sync_api.after_push import kept_apart
from hub.sync_api.policy import SchoolPolicy
from shared.bookings.answering import answer_unserved
from shared.errors import Advice, TongxinError
from shared.roles import MACHINE
from shared.web.app import SEALED
from shared.web.db import clock, db, replica
from shared.web.words import error_shape
from sync.comparison import serve_comparison
from sync.errors import BadMessage, CodeRefused, HubBusy, HubMovedOn, NotEnrolled, Revoked, UpgradeNeeded
from sync.exchange import serve_exchange
from sync.replica import Replica
from sync.steps.enrol import serve_enrol

ROUTES = {"sync_api.exchange": MACHINE, "sync_api.enrol": MACHINE, "sync_api.compare": MACHINE}

# An enrolment is one code, one key and one MAC.
ENROL_BYTES_MAX = 4096
_OCTETS = "application/octet-stream"
_STATUS: tuple[tuple[type[TongxinError], int], ...] = (
    (NotEnrolled, 401),
    (Revoked, 403),
    (CodeRefused, 403),
    (UpgradeNeeded, 426),
    (HubBusy, 503),
    (HubMovedOn, 409),
    (BadMessage, 400),
)


class MessageTooLarge(TongxinError):
    """More bytes than this door takes."""

    code = "too_large"
    advice = Advice.NEEDS_PERSON


class TooOften(TongxinError):
    """This address has tried too often; try again later."""

    code = "too_often"
    advice = Advice.RETRY_LATER


# What the hub does with what an exchange brought, in writes of its own; it goes out with the next answer.
AfterExchange = Callable[[Replica, Database], object]


def blueprint(after: AfterExchange) -> Blueprint:
    """The sync doors."""
    room = Blueprint("sync_api", __name__, url_prefix="/sync/v1")
    room.add_url_rule("/exchange", "exchange", lambda: exchange(after), methods=["POST"])
    room.add_url_rule("/compare", "compare", compare, methods=["POST"])
    room.add_url_rule("/enrol", "enrol", enrol, methods=["POST"])
    room.register_error_handler(TongxinError, refused)
    return room


def exchange(after: AfterExchange) -> Response:
    """One exchange: the node's sealed request, the hub's sealed answer; rooms of campuses without a node are
    answered for in it (C8)."""
    sealed = _body(replica().limits.message_bytes)
    answering = kept_apart(answer_unserved, current_app.logger)
    answer = serve_exchange(replica(), db(), SchoolPolicy(clock()), sealed, after=answering)
    setattr(g, SEALED, True)
    try:
        after(replica(), db())
    except Exception:
        # The node has its answer; what was left undone is found at the next exchange.
        current_app.logger.exception("after an exchange")
    return Response(answer, mimetype=_OCTETS)


def compare() -> Response:
    """One question about what both have, and its answer; nothing changes."""
    answer = serve_comparison(replica(), db(), _body(replica().limits.message_bytes))
    return Response(answer, mimetype=_OCTETS)


def enrol() -> Response:
    """An enrolment by one-time code, at most so many tries an address."""
    wait_ms = hub().enrol_rate.knock(request.remote_addr or "", clock().monotonic_ms())
    if wait_ms:
        raise TooOften(wait_ms=wait_ms)
    return Response(serve_enrol(replica(), db(), _body(ENROL_BYTES_MAX)), mimetype=_OCTETS)


def _body(bytes_max: int) -> bytes:
    """The request's bytes. Raises MessageTooLarge before reading more than is allowed."""
    if request.content_length is not None and request.content_length > bytes_max:
        raise MessageTooLarge(limit_bytes=bytes_max)
    request.max_content_length = bytes_max + 1
    body = request.stream.read(bytes_max + 1)
    if len(body) > bytes_max:
        raise MessageTooLarge(limit_bytes=bytes_max)
    return body


def refused(error: TongxinError) -> Response:
    """The one JSON error shape, with the kind and data that the node's transport rebuilds the error from."""
    shape: dict[str, Any] = error_shape(error)
    shape["error"] |= {"kind": type(error).code, "data": {name: str(value) for name, value in error.data.items()}}
    answer = jsonify(shape)
    answer.status_code = status_of(error)
    if isinstance(error, TooOften):
        answer.headers["Retry-After"] = str(-(-int(str(error.data["wait_ms"])) // 1000))
    return answer


def status_of(error: TongxinError) -> int:
    """The status code of an engine's error."""
    if isinstance(error, MessageTooLarge):
        return 413
    if isinstance(error, TooOften):
        return 429
    return next((status for cls, status in _STATUS if isinstance(error, cls)), 400)

"""`/api/v1` for actions: the latest, one with what it wrote and what its undo would do, and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify, request

from node.api.bodies import fields_of
from shared.errors import InvalidInput, Problem
from shared.roles import ANY_STAFF
from shared.schema import Value
from shared.web.db import db, replica
from shared.web.history.asking import NEWEST, actions_seen, seen_action, standing_of, take_back, undone_among
from shared.web.history.rules import HistoryLimits
from shared.web.history.views import asker, note_readings, teller
from sync.actions import Action, Bodies, Wrote
from sync.undo import Step, UndoRefused

ROUTES = {"api.actions": ANY_STAFF, "api.action": ANY_STAFF, "api.undo_action": ANY_STAFF}


def rules_of(limits: HistoryLimits) -> tuple[tuple[str, str, Callable[..., Any], str], ...]:
    """(method, path, view, endpoint) of every route, with the limits of the pages."""

    def listed() -> Response:
        return _listed(limits)

    def one(action_id: str) -> Response:
        return jsonify(_shown(seen_action(db(), asker(), action_id), limits))

    def undone(action_id: str) -> Response:
        return _undone(action_id, limits)

    path = "/actions/<action_id>"
    return (
        ("GET", "/actions", listed, "actions"),
        ("GET", path, one, "action"),
        ("POST", path + "/undo", undone, "undo_action"),
    )


def _listed(limits: HistoryLimits) -> Response:
    """The newest actions that the asker may see; `before` of an answer leads to the next page."""
    text = request.args.get("before", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidInput(Problem("before", "not_integer"))
    found = actions_seen(db(), asker(), before=int(text) if text else NEWEST, most=limits.actions_a_page)
    undone = undone_among(found)
    more = found[-1].numbers[-1] if len(found) == limits.actions_a_page else None
    return jsonify(actions=[{**_head(one), "undone": one.id in undone} for one in found], before=more)


def _head(one: Action) -> dict[str, Any]:
    return {
        "id": one.id, "person_id": one.person_id, "campus": one.campus, "instant": one.instant, "state": one.state,
        "rows": one.rows, "reason": one.reason, "undoes": one.undoes or None,
    }  # fmt: skip


def _shown(one: Action, limits: HistoryLimits) -> dict[str, Any]:
    bodies = Bodies(db(), replica().tables)
    rows = [row for n in one.numbers for row in bodies.wrote(n, limits.rows_shown)][: limits.rows_shown]
    note_readings(teller().lines(one, rows))
    standing = standing_of(replica(), db(), asker(), one, limits)
    steps = standing.plan.steps[: limits.rows_shown] if standing.plan else ()
    problems = teller().problems(standing.plan.obstacles) if standing.plan else ()
    undo = {
        "possible": standing.possible, "refusal": standing.refusal, "rows": [_row(one, step) for step in steps],
        "problems": [{"field": each.field, "reason": each.reason, **each.data} for each in problems],
    }  # fmt: skip
    return {**_head(one), "written": [_row(one, row) for row in rows], "undo": undo}


def _row(one: Action, row: Wrote | Step) -> dict[str, Any]:
    """A row with its values as they are stored; without them where they are not the asker's to see."""
    told = teller().shows(one, row)
    key = dict(zip(replica().tables[row.table].key, row.key, strict=True))
    values = {"before": _values(row.before), "after": _values(row.after)} if told else {"before": None, "after": None}
    return {"table": row.table, "key": key, "op": row.op, **values}


def _values(values: Mapping[str, Value]) -> dict[str, Value]:
    """As they are stored; whoever sees an action does not see a password's hash."""
    return {name: value for name, value in values.items() if name != "password_hash"}


def _undone(action_id: str, limits: HistoryLimits) -> Response:
    """`{reason}` takes the action back: what was written. 409 names every row that is in the way."""
    body = fields_of(request.get_json(), allowed=frozenset({"reason"}))
    reason = body.get("reason", "")
    if not isinstance(reason, str):
        raise InvalidInput(Problem("reason", "not_text"))
    try:
        plan = take_back(replica(), db(), asker(), action_id, reason, limits)
    except UndoRefused as refused:
        raise InvalidInput(*teller().problems(refused.obstacles), code=refused.code) from refused
    note_readings(teller().lines(plan.action, plan.steps[: limits.rows_shown]))
    return jsonify(undone=plan.action.id, rows=[_row(plan.action, step) for step in plan.steps[: limits.rows_shown]])

"""The routes of lessons and leave under `/api/v1`: the same rules and stores as their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date as Date
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from node.api.bodies import fields_of
from node.leave import store as leaves
from node.leave.rules import AskLimits
from node.lessons import rules, saving, store
from node.lessons.clashes import Clash
from node.lessons.rules import asker_of
from node.lessons.saving import Moment
from shared.clock import instant_text
from shared.errors import InvalidInput, Problem
from shared.ids import campus_of
from shared.leave.rules import Leave, LeaveLimits, step_of
from shared.leave.store import leaves_between, leaves_of
from shared.lessons.held import EVERYBODY
from shared.lessons.rules import Lesson
from shared.lessons.store import closed_between, exceptions_between, lessons_between
from shared.schema import values_of
from shared.web import auth
from shared.web.db import clock, db, replica, today
from sync.replica import setting
from sync.status import campuses_known_until

ROUTES = {
    "api.lessons": "any_staff",
    "api.close_lessons": "lesson.close",
    "api.reopen_lessons": "lesson.close_campus",
    "api.note_lesson": "lesson.close",
    "api.change_lessons": "timetable.change",
    "api.withdraw_change": "timetable.change",
    "api.leave": "any_staff",
    "api.ask_leave": "any_staff",
    "api.withdraw_leave": "any_staff",
    "api.decide_leave": "leave.approve",
}
CHANGES_MAX = 200
LESSON = "/lessons/<group_id>/<date>/<int:period>"


def add_to(room: Blueprint, limits: LeaveLimits | None = None, asking: AskLimits | None = None) -> None:
    """Hang these routes into the API, with the numbers the school has set."""
    held, ask_held = limits or LeaveLimits(), asking or AskLimits()
    rules_of: tuple[tuple[str, str, str, Any], ...] = (
        ("GET", "/lessons", "lessons", lessons),
        ("PUT", "/lesson-days/<date>", "close_lessons", close_lessons),
        ("DELETE", "/lesson-days/<date>", "reopen_lessons", reopen_lessons),
        ("PUT", LESSON + "/exceptions/<person_id>", "note_lesson", note_lesson),
        ("POST", "/lesson-changes", "change_lessons", change_lessons),
        ("POST", "/lesson-changes/<change_id>/withdraw", "withdraw_change", withdraw_change),
        ("GET", "/leave", "leave", lambda: leave(held)),
        ("POST", "/leave", "ask_leave", lambda: ask_leave(held, ask_held)),
        ("POST", "/leave/<leave_id>/withdraw", "withdraw_leave", lambda leave_id: withdraw_leave(leave_id, held)),
        ("PUT", "/leave/<leave_id>/answer", "decide_leave", lambda leave_id: decide_leave(leave_id, held)),
    )
    for method, path, endpoint, view in rules_of:
        room.add_url_rule(path, endpoint, view, methods=[method])


def _here() -> str:
    return setting(db(), "campus")


def _moment() -> Moment:
    return Moment(_here(), today(), instant_text(clock().now_ms()))


def _asker() -> rules.Asker:
    return asker_of(auth.visitor().person_id, auth.visitor().roles, _here())


def _date(raw: str, name: str = "date") -> Date:
    try:
        found = Date.fromisoformat(raw)
    except ValueError as error:
        raise InvalidInput(Problem(name, "not_date", {"zh": "日期", "en": "date"})) from error
    if found.isoformat() != raw:
        raise InvalidInput(Problem(name, "not_date", {"zh": "日期", "en": "date"}))
    return found


def _text(body: Mapping[str, Any], name: str, default: str = "") -> str:
    value = body.get(name, default)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(Problem(name, "not_text"))
    return value or default


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(Problem(name, "not_flag"))
    return value


def lessons() -> Response:
    """The lessons of the week of `date`, of one `group`, `teacher` or `room` or of all, with what was noted."""
    monday = rules.monday_of(_date(request.args.get("date") or today().isoformat()))
    begin, end = monday.isoformat(), (monday + timedelta(days=7)).isoformat()
    campus = request.args.get("campus")
    found = lessons_between(db(), begin, end, campuses=[campus] if campus else None)
    closed = closed_between(db(), begin, end)
    return jsonify(
        begin=begin,
        end=end,
        lessons=[lesson_shape(each) for each in found if _asked_for(each)],
        closed=[{"campus": at, "date": day, "person_id": who} for at, day, who in sorted(closed)],
        exceptions=[values_of(each) for each in exceptions_between(db(), begin, end)],
        known_until={**campuses_known_until(db()), _here(): instant_text(clock().now_ms())},
    )


def _asked_for(lesson: Lesson) -> bool:
    group, teacher, room = (request.args.get(name) for name in ("group", "teacher", "room"))
    return (
        (not group or lesson.group_id == group)
        and (not teacher or teacher in (*lesson.teachers, *lesson.planned_teachers))
        and (not room or room in (lesson.room_id, lesson.planned_room_id))
    )


def lesson_shape(lesson: Lesson) -> dict[str, Any]:
    """A lesson as JSON, its changes as their records."""
    shape = asdict(lesson)
    shape["changes"] = [values_of(each) for each in lesson.changes]
    return shape


def close_lessons(date: str) -> Response:
    """`{whole?}`: close one's own day, or the campus's."""
    body = fields_of(request.get_json(), allowed=frozenset({"whole"}))
    auth.require("lesson.close", _here())
    person = EVERYBODY if _flag(body, "whole") else auth.visitor().person_id
    made = saving.close_day(
        replica(), db(), auth.author(_here()), _moment(), day=_date(date).isoformat(), person_id=person,
        asker=_asker(),
    )  # fmt: skip
    return jsonify(campus=_here(), date=date, person_id=person, closed=True, changed=made)


def reopen_lessons(date: str) -> Response:
    """`{person_id, reason}`: take a closing back; "*" is the campus's."""
    body = fields_of(request.get_json(), allowed=frozenset({"person_id", "reason"}))
    auth.require("lesson.close_campus", _here())
    person = _text(body, "person_id", EVERYBODY)
    gone = saving.reopen_day(
        replica(), db(), auth.author(_here()), _moment(), day=_date(date).isoformat(), person_id=person,
        reason=_text(body, "reason"),
    )  # fmt: skip
    return jsonify(campus=_here(), date=date, person_id=person, closed=False, changed=gone)


def note_lesson(group_id: str, date: str, period: int, person_id: str) -> Response:
    """`{kind, minutes?, note?, token?}`: how one teacher's lesson went; an empty kind takes the note back."""
    body = fields_of(request.get_json(), allowed=frozenset({*saving.EXCEPTION, "token"}))
    place = saving.place_from(group_id, date, period)
    changed = saving.save_exception(
        replica(), db(), auth.author(_here()), _moment(), place, person_id, body, _text(body, "token"), _asker()
    )
    noted = store.exceptions_at(db(), *place).get(person_id)
    tokens = store.exception_tokens(db(), replica(), place, [person_id])
    return jsonify(exception=values_of(noted) if noted else None, token=tokens[person_id], changed=changed)


def change_lessons() -> Any:
    """`{changes: [{group_id, date, period, kind, …}], confirmed?}`: all are saved, or none.

    What stands against them is answered with 409 and `warnings`; with `confirmed` it is saved all the same.
    A swap names the other lesson by `new_date`, `new_period` and, of another class, `other_group`.
    """
    body = fields_of(request.get_json(), allowed=frozenset({"changes", "confirmed"}))
    auth.require("timetable.change", _here())
    drafts = saving.drafts_of(db(), _here(), [_wanted(index, row) for index, row in enumerate(_rows(body))])
    clashes, away = saving.warnings_of(db(), drafts)
    warned = _warnings(clashes, away, saving.closed_rooms(db(), drafts))
    if warned and not _flag(body, "confirmed"):
        return jsonify(saved=False, changes=[], warnings=warned), 409
    ids = saving.save_changes(replica(), db(), auth.author(_here()), drafts)
    made = [values_of(found) for id_ in ids if (found := store.change_named(db(), id_))]
    return jsonify(saved=True, changes=made, warnings=warned)


def _rows(body: Mapping[str, Any]) -> list[Any]:
    rows, name = body.get("changes"), "changes"
    if not isinstance(rows, list):
        raise InvalidInput(Problem(name, "missing" if rows is None else "not_a_list"))
    if len(rows) > CHANGES_MAX:
        raise InvalidInput(Problem(name, "too_long", {"high": CHANGES_MAX}))
    return rows


def _wanted(index: int, row: object) -> tuple[Any, str]:
    place = ("group_id", "date", "period")
    try:
        told = fields_of(row, allowed=frozenset({*place, *saving.CHANGE, "other_group"}))
        where = saving.place_from(*(told.get(name, "") for name in place))
        return saving.change_from(where, told), _text(told, "other_group")
    except InvalidInput as error:
        named = (Problem(f"changes.{index}.{each.field}", each.reason, each.data) for each in error.problems)
        raise InvalidInput(*named) from error


def _warnings(
    clashes: Sequence[Clash], away: Sequence[tuple[str, str]], closed: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [asdict(each) for each in clashes]
    found += [{"kind": "leave", "who": who, "date": day} for who, day in away]
    return found + [{"kind": "closed_room", "who": room, "date": day} for room, day in closed]


def withdraw_change(change_id: str) -> Response:
    """`{token?}`: take a change back; a swap with both its sides."""
    body = fields_of(request.get_json(), allowed=frozenset({"token"}))
    saving.withdraw_change(
        replica(), db(), auth.author(_here()), _moment(), change_id, _text(body, "token"), _asker()
    )
    found = store.change_named(db(), change_id)
    return jsonify(change=values_of(found) if found else None)


def leave(limits: LeaveLimits) -> Response:
    """My leave; with the right to answer or to file, the campus's of the last month and to come."""
    sees = auth.may("leave.approve", _here()) or auth.may("leave.file", _here())
    begin = (today() - timedelta(days=31)).isoformat()
    around = leaves_between(db(), begin, "9999-12-31", campus=_here(), limits=limits) if sees else []
    own = leaves_of(db(), auth.visitor().person_id, limits=limits)
    return jsonify(own=[_leave_shape(each) for each in own], campus=[_leave_shape(each) for each in around])


def _leave_shape(each: Leave) -> dict[str, Any]:
    return {
        "request": values_of(each.request),
        "days": str(each.days),
        "step": each.step,
        "state": each.state,
        "answer": values_of(each.decided) if each.decided else None,
    }


def ask_leave(limits: LeaveLimits, asking: AskLimits) -> Response:
    """`{kind, begin, end (or last), begin_part?, note?, with_proof?, person_id?}`: ask for leave."""
    body = fields_of(request.get_json(), allowed=frozenset({*leaves.WISH, "last", "person_id"}))
    person = _text(body, "person_id") or auth.visitor().person_id
    wish = leaves.wish_from(body)
    id_ = leaves.ask(
        replica(), db(), auth.author(_here()), wish, person_id=person, today=today(), limits=asking,
        may_file=lambda at: auth.may("leave.file", at),
    )  # fmt: skip
    return jsonify(_leave_shape(leaves.found(db(), id_, limits)))


def withdraw_leave(leave_id: str, limits: LeaveLimits) -> Response:
    """`{token?}`: take a wish back."""
    body = fields_of(request.get_json(), allowed=frozenset({"token"}))
    found = leaves.found(db(), leave_id, limits)
    leaves.withdraw(
        replica(), db(), auth.author(_here()), found, files=auth.may("leave.file", campus_of(leave_id)), today=today(),
        now=_moment().now, token=_text(body, "token"),
    )  # fmt: skip
    return jsonify(_leave_shape(leaves.found(db(), leave_id, limits)))


def decide_leave(leave_id: str, limits: LeaveLimits) -> Response:
    """`{decision, note?, token?}`: answer at one's step."""
    body = fields_of(request.get_json(), allowed=frozenset({"decision", "note", "token"}))
    found = leaves.found(db(), leave_id, limits)
    step = step_of(auth.visitor().roles, campus_of(leave_id))
    leaves.decide(
        replica(), db(), auth.author(_here()), found, step=step, raw=body, now=_moment().now,
        token=_text(body, "token"),
    )  # fmt: skip
    return jsonify(_leave_shape(leaves.found(db(), leave_id, limits)))

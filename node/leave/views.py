"""The pages of leave: asking, one's own, what waits for an answer, and one leave with its lessons."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from node.db import campus
from node.leave import store
from node.leave.rules import AskLimits, lessons_to_cover, withdraw_refusal
from shared.clock import instant_text
from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput, NotAllowed
from shared.ids import campus_of
from shared.leave.rules import Leave, LeaveLimits, decision_refusal, step_of
from shared.leave.store import leaves_between, leaves_of
from shared.lessons.store import lessons_between
from shared.roles import ANY_STAFF
from shared.web.app import language
from shared.web.auth import author, may, visitor
from shared.web.db import clock, db, replica, today
from shared.web.store import campus_names

ROUTES = {
    "leave.page": ANY_STAFF,
    "leave.ask": ANY_STAFF,
    "leave.detail": ANY_STAFF,
    "leave.withdraw": ANY_STAFF,
    "leave.decide": "leave.approve",
}


def blueprint(limits: LeaveLimits | None = None, asking: AskLimits | None = None) -> Blueprint:
    """The room, with the numbers the school has set."""
    room = Blueprint(
        "leave", __name__, template_folder="templates", static_folder="static", static_url_path="/static/leave"
    )
    held, ask_held = limits or LeaveLimits(), asking or AskLimits()
    room.add_url_rule("/leave", "page", lambda: page(held))
    room.add_url_rule("/leave", "ask", lambda: ask(held, ask_held), methods=["POST"])
    room.add_url_rule("/leave/<leave_id>", "detail", lambda leave_id: detail(leave_id, held))
    for name, action in (("withdraw", withdraw), ("decide", decide)):
        room.add_url_rule(f"/leave/<leave_id>/{name}", name, _bound(action, held), methods=["POST"])
    return room


def _bound(action: Any, limits: LeaveLimits) -> Any:
    return lambda leave_id: action(leave_id, limits)


def page(limits: LeaveLimits, error: InvalidInput | None = None) -> str:
    """Ask, what waits for my answer, and my own."""
    me, here = visitor().person_id, campus()
    own = leaves_of(db(), me, limits=limits)
    around = leaves_between(
        db(), (today() - timedelta(days=31)).isoformat(), "9999-12-31", campus=here, limits=limits
    ) if may("leave.approve", here) or may("leave.file", here) else []  # fmt: skip
    waiting = [each for each in around if each.state == "asked" and _may_decide(each)]
    return render_template(
        "leave/page.html",
        own=own,
        waiting=waiting,
        campus_leaves=[
            each
            for each in around
            if each.state in ("asked", "approved") and each.request.person_id != me and each not in waiting
        ],
        names=store.names(db(), {each.request.person_id for each in (*own, *around)}),
        people=store.people_here(db(), here, today().isoformat()) if may("leave.file", here) else [],
        kinds=_choices("leave_kind"),
        parts=_choices("day_part"),
        typed=request.form if error else {},
        problems=error.problems if error else (),
        last_day=last_day,
        me=me,
    )


def _choices(codes: str) -> list[tuple[str, str]]:
    return [(code, word_of(codes, code, language())) for code, _zh, _en in CODE_LISTS[codes]]


def last_day(leave: Leave) -> str:
    """The last day away, which people say instead of the first day back."""
    end = leave.request.end
    return (date.fromisoformat(end) - timedelta(days=1)).isoformat()


def _step(leave: Leave) -> str | None:
    return step_of(visitor().roles, campus_of(leave.request.id))


def _may_decide(leave: Leave) -> bool:
    return decision_refusal(leave, visitor().person_id, _step(leave)) is None


def ask(limits: LeaveLimits, asking: AskLimits) -> Any:
    """Ask for oneself; the clerk files what came on paper."""
    me = visitor().person_id
    person = request.form.get("person") or me
    try:
        wish = store.wish_from(request.form.to_dict())
        id_ = store.ask(
            replica(), db(), author(campus()), wish, person_id=person, today=today(), limits=asking,
            may_file=_may_file,
        )  # fmt: skip
    except InvalidInput as error:
        return page(limits, error), 422
    flash(_("已提交请假，等待审批。"), "ok")
    return redirect(url_for("leave.detail", leave_id=id_), 303)


def _may_file(at: str) -> bool:
    return may("leave.file", at)


def _seen(leave_id: str, limits: LeaveLimits) -> Leave:
    """A leave that this visitor may see: his own, or one of a campus where he answers or files."""
    leave = store.found(db(), leave_id, limits)
    at = campus_of(leave.request.id)
    if leave.request.person_id != visitor().person_id and not (may("leave.approve", at) or may("leave.file", at)):
        raise NotAllowed("not_your_leave")
    return leave


def detail(leave_id: str, limits: LeaveLimits, error: InvalidInput | None = None) -> str:
    """One leave: what was asked and said, and the lessons that need somebody."""
    leave = _seen(leave_id, limits)
    ask_token, answer_token = store.tokens(db(), replica(), leave, _step(leave))
    lessons = lessons_to_cover(leave, lessons_between(db(), leave.request.begin, leave.request.end))
    filer = may("leave.file", campus_of(leave.request.id))
    ids = {leave.request.person_id, leave.request.filed_by, leave.decided.decided_by if leave.decided else ""}
    return render_template(
        "leave/detail.html",
        leave=leave,
        last=last_day(leave),
        names=store.names(db(), ids),
        group_names=store.group_names(db(), {each.group_id for each in lessons}),
        campuses=campus_names(db()),
        here=campus(),
        by_date=_by_date(lessons),
        may_decide=_may_decide(leave),
        may_withdraw=withdraw_refusal(leave, visitor().person_id, filer, today()) is None,
        ask_token=ask_token,
        answer_token=answer_token,
        typed=request.form if error else {},
        problems=error.problems if error else (),
    )


def _by_date(lessons: list[Any]) -> list[tuple[str, str, list[Any]]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for each in lessons:
        found.setdefault((each.date, each.campus), []).append(each)
    return [(day, at, held) for (day, at), held in found.items()]


def withdraw(leave_id: str, limits: LeaveLimits) -> Any:
    """Take a wish back."""
    leave = _seen(leave_id, limits)
    store.withdraw(
        replica(), db(), author(campus()), leave, files=may("leave.file", campus_of(leave.request.id)), today=today(),
        now=instant_text(clock().now_ms()), token=request.form.get("token", ""),
    )  # fmt: skip
    flash(_("已撤回请假。"), "ok")
    return redirect(url_for("leave.page"), 303)


def decide(leave_id: str, limits: LeaveLimits) -> Any:
    """Say yes or no at one's step."""
    leave = _seen(leave_id, limits)
    try:
        store.decide(
            replica(), db(), author(campus()), leave, step=_step(leave), raw=request.form.to_dict(),
            now=instant_text(clock().now_ms()), token=request.form.get("token", ""),
        )  # fmt: skip
    except InvalidInput as error:
        return detail(leave_id, limits, error), 422
    flash(_("已答复。"), "ok")
    return redirect(url_for("leave.detail", leave_id=leave_id), 303)

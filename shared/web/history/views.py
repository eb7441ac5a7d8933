"""The room of latest actions, the same on node and hub: the list, one action, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from shared.clock import instant_ms, instant_text
from shared.errors import InvalidInput, NotAllowed, Problem
from shared.rights import Writer
from shared.schema import key_text
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db, replica, site_campus, today
from shared.web.history.asking import (
    NEWEST,
    Asker,
    Standing,
    actions_seen,
    seen_action,
    standing_of,
    take_back,
    undone_among,
)
from shared.web.history.rules import HistoryLimits, refusal
from shared.web.history.telling import Line, Teller, logged_tables
from shared.web.listing import ListCell, ListColumn, ListFilter, Listing, ListRow, asked_of, listing_of
from shared.web.readings.store import Reading, add_reading
from shared.web.times import spoken_instant
from shared.web.words import message_of
from sync.actions import Action, Bodies, in_conflict
from sync.change import LOCAL_OPERATOR
from sync.undo import UndoRefused

ROUTES = {"history.page": "any_staff", "history.action": "any_staff", "history.undo": "any_staff"}
TONES = {
    "received": "ok", "pending": "info", "conflict": "warn", "quarantined": "bad", "waiting": "warn", "undone": "off",
}  # fmt: skip


def blueprint(limits: HistoryLimits | None = None) -> Blueprint:
    """The room; limits are settings of the school."""
    room = Blueprint(
        "history", __name__, template_folder="templates", static_folder="static", static_url_path="/static/history"
    )
    held = limits or HistoryLimits()
    room.add_url_rule("/history", "page", lambda: page(held))
    room.add_url_rule("/history/<action_id>", "action", lambda action_id: action(action_id, held))
    room.add_url_rule("/history/<action_id>", "undo", lambda action_id: undo(action_id, held), methods=["POST"])
    return room


def asker() -> Asker:
    """The visitor as one who asks for actions."""
    who = auth.visitor()
    return Asker(Writer(who.person_id, who.roles, site_campus()), today().isoformat(), clock().now_ms())


def teller() -> Teller:
    """Says rows in the visitor's language."""
    return Teller(db(), replica().tables, asker().writer, language())


def page(limits: HistoryLimits) -> Any:
    """The newest actions, a page at a time: the log may hold hundreds of thousands."""
    number = request.args.get("before", "")
    before = int(number) if number.isascii() and number.isdigit() and len(number) < 16 else NEWEST
    found = actions_seen(db(), asker(), before=before, most=limits.actions_a_page)
    listing = _listing(found, limits, before)
    older = found[-1].numbers[-1] if len(found) == limits.actions_a_page else 0
    return render_template("history/page.html", listing=listing, older=older, newest=before == NEWEST, limits=limits)


def _listing(found: Sequence[Action], limits: HistoryLimits, before: int) -> Listing:
    words = state_words()
    columns = [
        ListColumn("at", _("时间"), sortable=False), ListColumn("what", _("内容"), sortable=False),
        ListColumn("who", _("谁"), sortable=False), ListColumn("state", _("状态"), sortable=False),
    ]  # fmt: skip
    filters = [ListFilter("state", _("状态"), tuple(words.items()))]
    if before != NEWEST:
        filters.append(ListFilter("before", _("时间"), ((str(before), _("更早的")),)))
    told = teller().written(found, most=limits.rows_listed, opened=limits.rows_opened)
    names = teller().names([each for one in found for each in (one.person_id, one.campus)])
    states = _states(found)
    rows = [_row(one, told[one.id], names, states[one.id], limits) for one in found]
    return listing_of(
        _("最近的操作"), columns, rows, asked_of(request.args, columns, filters), filters,
        rows_a_page=limits.actions_a_page,
    )  # fmt: skip


def _row(
    one: Action, lines: Sequence[Line], names: dict[str, str], state: str, limits: HistoryLimits
) -> ListRow:
    lang = language()
    when = spoken_instant(one.instant, clock().now_ms(), lang)
    what = "；".join(line_words(line) for line in lines) if lang == "zh" else "; ".join(map(line_words, lines))
    more = one.rows - len(lines)
    rest = ngettext("%(num)d 行", "%(num)d 行", one.rows) if not lines else _("等 %(n)s 行", n=one.rows) if more else ""
    about = _("撤回") if one.undoes else ""
    if one.reason:
        about = f"{about} {_('理由：%(reason)s', reason=one.reason)}".strip()
    place = names.get(one.campus, one.campus) or _("中心")
    cells = (
        ListCell(when, order=instant_ms(one.instant)), ListCell(f"{what} {rest}".strip(), about),
        ListCell(who_words(one.person_id, names), place), ListCell(state_words()[state], tone=TONES[state]),
    )  # fmt: skip
    href = url_for("history.action", action_id=one.id)
    who = asker()
    never = state == "undone" or refusal(one, {line.table for line in lines}, who.writer, who.now_ms, limits)
    return ListRow(cells, filters={"state": state, "before": "*"}, href=href, act=_("看") if never else _("撤回…"))


def line_words(line: Line) -> str:
    """One row of an action on one line."""
    fields = [
        f"{field.label} {field.before} → {field.after}" if line.op == "u" else f"{field.label} {field.after}"
        for field in line.fields[:3]
        if not line.hidden and (line.op == "u" or field.after)
    ]
    comma = "，" if language() == "zh" else ", "
    said = f"{op_words()[line.op]} {line.what} {line.title}"
    return f"{said}{'：' if language() == 'zh' else ': '}{comma.join(fields)}" if fields else said


def op_words() -> dict[str, str]:
    """What was done to a row."""
    return {"i": _("新增"), "u": _("修改"), "d": _("删除"), "k": _("保留")}


def state_words() -> dict[str, str]:
    """The states of an action (C14), and that it was taken back."""
    return {
        "pending": _("还没有传到主校区"), "received": _("主校区已收到"), "conflict": _("有冲突"),
        "quarantined": _("被退回"), "waiting": _("等前面的数据"), "undone": _("已撤回"),
    }  # fmt: skip


def who_words(person_id: str, names: dict[str, str]) -> str:
    """Whose action it is; the sqlite3 shell has no name of its own."""
    return _("数据库工具") if person_id == LOCAL_OPERATOR else names.get(person_id, person_id)


def _states(found: Sequence[Action]) -> dict[str, str]:
    undone, disputed = undone_among(found), in_conflict(db(), [n for one in found for n in one.numbers])

    def state(one: Action) -> str:
        if one.state in ("quarantined", "waiting"):
            return one.state
        return "undone" if one.id in undone else "conflict" if disputed & set(one.numbers) else one.state

    return {one.id: state(one) for one in found}


def action(action_id: str, limits: HistoryLimits) -> Any:
    """One action: what it wrote, whether it can be taken back, and the form that does it."""
    return _page(seen_action(db(), asker(), action_id), limits, ())


def _page(one: Action, limits: HistoryLimits, problems: Sequence[Problem]) -> str:
    standing, words = standing_of(replica(), db(), asker(), one, limits), teller()
    bodies = Bodies(db(), replica().tables)
    rows = [row for n in one.numbers for row in bodies.wrote(n, limits.rows_shown)][: limits.rows_shown]
    lines = words.lines(one, rows)
    note_readings(lines)
    names = words.names([one.person_id, one.campus])
    steps = standing.plan.steps[: limits.rows_shown] if standing.plan else ()
    return render_template(
        "history/action.html", one=one, lines=lines, who=who_words(one.person_id, names), possible=standing.possible,
        place=names.get(one.campus, one.campus) or _("中心"), why=why_not(standing), problems=problems, ops=op_words(),
        blocked=words.problems(standing.plan.obstacles) if standing.plan else (), back=words.lines(one, steps),
        state=_states([one])[one.id], states=state_words(), tones=TONES, form=request.form, limits=limits,
        more=one.rows - len(lines),
    )  # fmt: skip


def why_not(standing: Standing) -> str:
    """The sentence for what speaks against an undo before its rows are looked at; "" where nothing does."""
    return message_of(standing.refusal, language()) if standing.refusal else ""


def note_readings(lines: Sequence[Line]) -> None:
    """Note that the visitor read private values, as every other page that shows them does."""
    at = instant_text(clock().now_ms())
    for table, found in logged_tables(lines).items():
        key = key_text(found[0].key) if len(found) == 1 else ""
        add_reading(db(), Reading(at, auth.visitor().person_id, table, "history", len(found), key))


def undo(action_id: str, limits: HistoryLimits) -> Any:
    """Take the action back, or say what is in the way."""
    try:
        take_back(replica(), db(), asker(), action_id, request.form.get("reason", ""), limits)
    except UndoRefused:
        # The page says what is in the way now.
        return _page(seen_action(db(), asker(), action_id), limits, ()), 409
    except InvalidInput as refused:
        return _page(seen_action(db(), asker(), action_id), limits, refused.problems), 422
    except NotAllowed as refused:
        flash(message_of(refused.code, language()), "bad")
        return redirect(url_for("history.action", action_id=action_id), 303)
    flash(_("已撤回，会同步到各校区。撤回本身也在列表里，还可以再撤回。"), "ok")
    return redirect(url_for("history.page"), 303)

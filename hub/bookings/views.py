"""The hub's page of rooms it answers for: the one list, ticked and answered together, a refusal with its reason."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlite_utils import Database

from hub.bookings import listing
from shared.bookings.answering import Word, decide
from shared.bookings.store import booked_at
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem, Stale
from shared.ids import campus_of
from shared.records import BookingOccurrence
from shared.rights import Writer
from shared.web import auth
from shared.web.app import language
from shared.web.db import db, replica, today
from shared.web.listing import (
    Bulk,
    BulkDeed,
    ListColumn,
    ListFilter,
    ListRow,
    asked_of,
    cells_for_file,
    found_in,
    listing_of,
)
from shared.web.store import campus_names
from shared.web.workbook_writing import list_workbook
from sync.capture import token_of
from sync.status import campuses_served

ROUTES = {
    "bookings.page": "room.decide_for",
    "bookings.export": "room.decide_for",
    "bookings.answer": "room.decide_for",
}


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint("bookings", __name__, template_folder="templates")
    room.add_url_rule("/rooms", "page", page)
    room.add_url_rule("/rooms/shown.xlsx", "export", export)
    room.add_url_rule("/rooms/answer", "answer", answer, methods=["POST"])
    return room


def page() -> str:
    """What is asked of these rooms from today on, and what was said."""
    return _page(())


def _page(problems: tuple[Problem, ...]) -> str:
    columns, filters, rows = _listed()
    shown = listing_of(_("代答的教室预约"), columns, rows, asked_of(request.args, columns, filters), filters)
    deeds = (BulkDeed("confirmed", _("同意"), main=True), BulkDeed("rejected", _("不同意")))
    return render_template(
        "bookings/page.html", listing=shown, campuses=_unserved(), problems=problems,
        bulk=Bulk(url_for("bookings.answer") + shown.asked.query(page=shown.asked.page), deeds),
        note=request.form.get("answer_note", ""),
    )  # fmt: skip


def export() -> Any:
    """Exactly what the list shows, on all its pages, as a workbook."""
    columns, filters, rows = _listed()
    found = found_in(rows, columns, asked_of(request.args, columns, filters))
    data = list_workbook(_("代答的教室预约"), [column.title for column in columns], cells_for_file(found))
    return send_file(data, as_attachment=True, download_name=_("代答的教室预约") + ".xlsx")


def _unserved(at: Database | None = None) -> dict[str, str]:
    """Campus → name, of those without a live node: the hub answers for them."""
    served = campuses_served(at or db())
    return {code: name for code, name in campus_names(at or db()).items() if code not in served}


def _decided_here(at: Database) -> set[str]:
    return {code for code in _unserved(at) if _may_answer(code)}


def _may_answer(campus: str) -> bool:
    """As the hub would judge it: the office of that campus, or of all."""
    who = auth.visitor()
    return Writer(who.person_id, frozenset(who.roles), "").office(campus)


def _token(key: tuple[str, int]) -> str:
    return token_of(db(), replica(), BookingOccurrence, key) or ""


def _listed() -> tuple[list[ListColumn], list[ListFilter], list[ListRow]]:
    words = {
        "title": _("内容"), "room": _("教室"), "date": _("日期"), "time": _("时间"), "who": _("预约人"),
        "state": _("状态"), "campus": _("校区"), "rule": _("按规则答复"),
    }  # fmt: skip
    states = {"requested": _("待答复"), "confirmed": _("已定"), "rejected": _("未获准"), "cancelled": _("已取消")}
    campuses, day = _unserved(), today().isoformat()
    booked = booked_at(db(), campuses, day)
    rows = listing.rows(
        booked, words, states, language(), today=day, may_answer=_may_answer, token=_token,
        ticked={pick.rpartition("/")[0] for pick in request.form.getlist("pick")},
    )  # fmt: skip
    return listing.columns(words), listing.filters(words, states, campuses), rows


def answer() -> Any:
    """One word for everything ticked; what has changed meanwhile is told and left as it is."""
    state, note = request.form.get("do", ""), request.form.get("answer_note", "").strip()
    picks = [pick for pick in request.form.getlist("pick") if "/" in pick]
    left = done = 0
    for pick in picks:
        series, number, token = (*pick.split("/", 2), "")[:3]
        try:
            key = (series, int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0)
            by = auth.author(campus_of(series))
            decide(replica(), db(), by, key, Word(state, note, token), deciding=_decided_here, today=today())
            done += 1
        except InvalidInput as refused:
            return _page(refused.problems), 422
        except (NotAllowed, NotFound, Stale):
            left += 1
    if done:
        sent = ngettext("已答复 %(num)d 次，下次同步送到各校区。", "已答复 %(num)d 次，下次同步送到各校区。", done)
        flash(sent, "ok")
    if left:
        flash(
            ngettext(
                "%(num)d 次没有答复：已过期、已取消，或教室已被占用。",
                "%(num)d 次没有答复：已过期、已取消，或教室已被占用。", left,
            ), "warn",
        )  # fmt: skip
    if not picks:
        flash(_("没有选预约。"), "warn")
    return redirect(f"{url_for('bookings.page')}?{request.query_string.decode()}", 303)

"""Who read private data, when and how much of it: written at every reading, shown to those who answer for it."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from hub.office.pages import Page
from hub.office.store import readings
from shared.clock import instant_ms, instant_text
from shared.records import PersonPrivate, PupilPrivate
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db
from shared.web.listing import ListCell, ListColumn, ListRow, asked_of, listing_of
from shared.web.store import Reading, add_reading, names_of
from shared.web.times import spoken_instant

# The law asks for half a year at least; the file keeps them all, the page shows these.
SHOWN_MAX = 2000


def note_reading(page: Page, way: str, rows: int, key: str = "") -> None:
    """Note that the visitor read private data; other lists leave no trace. way: list, file or form."""
    if page.sheet.record not in (PersonPrivate, PupilPrivate) or not rows:
        return
    at = instant_text(clock().now_ms())
    add_reading(db(), Reading(at, auth.visitor().person_id, page.sheet.table, way, rows, key))


def log() -> Any:
    """The readings, newest first."""
    lang = language()
    ways = {"list": _("看列表"), "file": _("导出"), "form": _("看一个人"), "history": _("看改动")}
    tables = {"person_private": _("教职工隐私信息"), "pupil_private": _("学生隐私信息")}
    found = readings(db(), SHOWN_MAX)
    names = names_of(db(), {part for each in found for part in (each.person_id, *each.key.split("/"))}, lang=lang)
    columns = [
        ListColumn("at", _("时间")), ListColumn("who", _("谁")), ListColumn("what", _("内容")),
        ListColumn("way", _("方式")), ListColumn("rows", _("人数"), number=True), ListColumn("about", _("关于")),
    ]  # fmt: skip
    rows = [
        ListRow(
            (
                ListCell(spoken_instant(each.at, clock().now_ms(), lang), order=instant_ms(each.at)),
                ListCell(names.get(each.person_id, each.person_id)), ListCell(tables.get(each.what, each.what)),
                ListCell(ways.get(each.way, each.way)), ListCell(str(each.rows), order=each.rows),
                ListCell(names.get(each.key.split("/")[-1], "") if each.key else ""),
            ),
        )
        for each in found
    ]  # fmt: skip
    listing = listing_of(_("隐私信息查看记录"), columns, rows, asked_of(request.args, columns))
    return render_template("office/readings.html", listing=listing)

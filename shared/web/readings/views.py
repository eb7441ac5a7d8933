"""Noting a reading of private data, and the page of those who answer for it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from shared.clock import instant_ms, instant_text
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db, replica
from shared.web.listing import ListCell, ListColumn, ListRow, asked_of, listing_of
from shared.web.readings.store import Reading, add_reading, readings
from shared.web.store import names_of
from shared.web.times import spoken_instant
from shared.web.wording import table_words

ROUTES = {"readings.log": "reading.see"}
# The law asks for half a year at least; the file keeps them all, the page shows these.
SHOWN_MAX = 2000


def blueprint() -> Blueprint:
    """The room, the same on node and hub."""
    room = Blueprint("readings", __name__, template_folder="templates")
    room.add_url_rule("/readings", "log", log)
    return room


def note_reading(table: str, way: str, rows: int, key: str = "") -> None:
    """Note that the visitor read so many rows of a private table. way: list, file, form or conflict; key of one row."""
    if rows:
        at = instant_text(clock().now_ms())
        add_reading(db(), Reading(at, auth.visitor().person_id, table, way, rows, key))


def log() -> Any:
    """The readings, newest first."""
    lang = language()
    ways = {
        "list": _("看列表"), "file": _("导出"), "form": _("看一个人"), "history": _("看改动"), "conflict": _("看冲突"),
    }  # fmt: skip
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
                ListCell(names.get(each.person_id, each.person_id)), ListCell(_what(each.what, lang)),
                ListCell(ways.get(each.way, each.way)), ListCell(str(each.rows), order=each.rows),
                ListCell(names.get(each.key.split("/")[-1], "") if each.key else ""),
            ),
        )
        for each in found
    ]  # fmt: skip
    listing = listing_of(_("隐私信息查看记录"), columns, rows, asked_of(request.args, columns))
    return render_template("readings/log.html", listing=listing)


def _what(name: str, lang: str) -> str:
    table = replica().tables.get(name)
    return table_words(table, lang) if table else name

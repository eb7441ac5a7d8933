"""The lists: pupils with their classes, and the groups they belong to."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, send_file, url_for
from flask_babel import gettext as _

from node.db import campus
from node.pupils import listing, store
from shared.web.app import language
from shared.web.db import db, today
from shared.web.listing import ListColumn, ListFilter, ListRow, asked_of, cells_for_file, found_in, listing_of
from shared.web.store import campus_names
from shared.web.workbook_writing import list_workbook


def page() -> str:
    """The campus's pupils."""
    columns, filters, rows = _listed()
    shown = listing_of(_("学生"), columns, rows, asked_of(request.args, columns, filters), filters)
    return render_template("pupils/list.html", listing=shown, campus_name=campus_names(db()).get(campus(), campus()))


def export() -> Any:
    """Exactly what that list shows, on all its pages, as a workbook."""
    columns, filters, rows = _listed()
    found = found_in(rows, columns, asked_of(request.args, columns, filters))
    data = list_workbook(_("学生"), [column.title for column in columns], cells_for_file(found))
    return send_file(data, as_attachment=True, download_name=_("学生") + ".xlsx")


def _listed() -> tuple[list[ListColumn], list[ListFilter], list[ListRow]]:
    lines = store.lines(db(), campus(), today().isoformat())
    columns = [
        ListColumn("name", _("姓名")), ListColumn("class", _("班级")), ListColumn("number", _("序号"), number=True),
        ListColumn("sex", _("性别")), ListColumn("birth", _("出生日期")), ListColumn("others", _("其他小组")),
    ]  # fmt: skip
    filters = [listing.class_filter(lines, _("班级"), _("没有班级"))]
    rows = listing.pupil_rows(lines, language(), lambda id_: url_for("pupils.pupil", pupil_id=id_))
    return columns, filters, rows


def classes() -> str:
    """The campus's classes, dorm rooms, clubs and other groups."""
    found, lang = store.class_lines(db(), campus(), today().isoformat()), language()
    columns = [
        ListColumn("name", _("名称")), ListColumn("kind", _("类型")), ListColumn("homeroom", _("班主任")),
        ListColumn("members", _("人数"), number=True), ListColumn("begin", _("开始日期")),
    ]  # fmt: skip
    filters = [listing.kind_filter(_("类型"), lang)]
    rows = listing.class_rows(found, lang, lambda id_: url_for("pupils.page", group=id_))
    shown = listing_of(_("班级与小组"), columns, rows, asked_of(request.args, columns, filters), filters)
    return render_template("pupils/classes.html", listing=shown)

"""The import pages: upload, preview with every problem at once, commit of exactly that preview."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, send_file, url_for
from flask_babel import gettext as _

from hub.office.holidays import looks_like_holidays, plan_holidays
from hub.office.importing import main_campus, plan_import, with_password
from hub.office.sheets import office_sheets
from hub.workbook.history import keeping_hand_edits
from hub.workbook.planning import Plan
from hub.workbook.reading import read_workbook
from hub.workbook.template import download, workbook_of
from hub.workbook.uploads import forget_upload, keep_upload, upload_named
from hub.workbook.views import Commit, Preview, committed, uploaded, uploads_folder
from hub.workbook.words import told
from shared.errors import InvalidInput, Problem
from shared.records import PublicHoliday
from shared.schema import select
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db, replica, site
from shared.web.passwords import hash_password


def import_page() -> Any:
    """Where a workbook is chosen, and the template taken."""
    return render_template("office/import.html", sheets=office_sheets(), problems=())


def import_template() -> Any:
    """An empty workbook with every sheet."""
    data = workbook_of(office_sheets())
    return send_file(download(data), as_attachment=True, download_name=_("导入模板") + ".xlsx")


def import_preview() -> Any:
    """What an uploaded file would change; nothing is written."""
    data, _name = uploaded()
    try:
        plan = _plan(data)
    except InvalidInput as refused:
        return _chosen_again(refused.problems)
    name = keep_upload(uploads_folder(replica()), data, clock().now_ms())
    return _preview(name).page(plan)


def import_commit() -> Any:
    """Carry out what the preview showed: the whole file in one transaction, or nothing."""
    name = request.form.get("upload", "")
    data = upload_named(uploads_folder(replica()), name)
    if data is None:
        return _chosen_again([Problem("file", "preview_gone", {"zh": "预览", "en": "the preview"})])
    cost = site().config.password
    hashed = with_password(lambda password: hash_password(password, cost))

    folder = uploads_folder(replica())
    commit = Commit(
        lambda: _plan(data), lambda plan: main_campus(db(), plan.changes), lambda: forget_upload(folder, name),
        url_for("office.index"), hashed,
    )  # fmt: skip
    return committed(commit, _preview(name))


def _plan(data: bytes) -> Plan:
    if not data:
        raise InvalidInput(Problem("file", "no_file", {"zh": "文件", "en": "the file"}))
    if looks_like_holidays(data):
        auth.require("calendar.change")
        plan = plan_holidays(data, {row.date: row for row in select(db(), PublicHoliday)})
    else:
        plan = plan_import(db(), read_workbook(data), actor=auth.visitor().person_id, may=auth.may)
    return keeping_hand_edits(db(), plan)


def _chosen_again(problems: Any) -> tuple[str, int]:
    words = [told(problem, language()) for problem in problems]
    return render_template("office/import.html", sheets=office_sheets(), problems=words), 422


def _preview(name: str) -> Preview:
    return Preview(name, url_for("office.import_commit"), url_for("office.import_page"))

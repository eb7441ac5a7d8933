"""The import of everything from one workbook: template, preview, commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from hub.office.importing import main_campus, plan_import, with_password
from hub.office.sheets import office_sheets
from hub.workbook.planning import Plan
from hub.workbook.reading import read_workbook
from hub.workbook.template import download, workbook_of
from hub.workbook.uploads import forget_upload, keep_upload, upload_named
from hub.workbook.words import told
from hub.workbook.writing import carry_out
from shared.errors import InvalidInput, Problem
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db, replica, site
from shared.web.passwords import hash_password
from sync.capture import write

PROBLEMS_SHOWN = 300
CHANGES_SHOWN = 200


def import_page() -> Any:
    """Where a workbook is chosen, and the template taken."""
    return render_template("office/import.html", sheets=office_sheets(), problems=())


def import_template() -> Any:
    """An empty workbook with every sheet."""
    data = workbook_of(office_sheets())
    return send_file(download(data), as_attachment=True, download_name=_("导入模板") + ".xlsx")


def import_preview() -> Any:
    """What an uploaded workbook would change; nothing is written."""
    data = _uploaded()
    try:
        plan = _plan(data)
    except InvalidInput as refused:
        return _chosen_again(refused.problems)
    name = keep_upload(_folder(), data, clock().now_ms())
    return _preview(plan, name, ()), 422 if plan.problems else 200


def import_commit() -> Any:
    """Carry out what the preview showed: the whole workbook in one transaction, or nothing."""
    name = request.form.get("upload", "")
    data = upload_named(_folder(), name)
    if data is None:
        return _chosen_again([Problem("file", "preview_gone", {"zh": "预览", "en": "the preview"})])
    author = auth.author()
    with write(replica(), db(), author) as w:
        # Planned inside the transaction: what is checked is what is written.
        plan = _plan(data)
        agreed = not plan.problems and plan.digest == request.form.get("digest")
        if agreed:
            cost = site().config.password
            hashed = with_password(lambda password: hash_password(password, cost))
            carry_out(w, plan.to_write(), main_campus=main_campus(db(), plan.changes), prepare=hashed)
    if not agreed:
        moved = Problem("file", "changed_since_preview", {"zh": "数据", "en": "the data"})
        return _preview(plan, name, () if plan.problems else (moved,)), 422 if plan.problems else 409
    forget_upload(_folder(), name)
    flash(_("已导入 %(count)s 条。", count=len(plan.to_write())), "ok")
    return redirect(url_for("office.index"))


def _uploaded() -> bytes:
    file = request.files.get("file")
    return file.read() if file else b""


def _plan(data: bytes) -> Plan:
    if not data:
        raise InvalidInput(Problem("file", "no_file", {"zh": "文件", "en": "the file"}))
    return plan_import(db(), read_workbook(data), actor=auth.visitor().person_id, may=auth.may)


def _folder() -> Path:
    return replica().path.parent / "uploads"


def _chosen_again(problems: Any) -> tuple[str, int]:
    words = [told(problem, language()) for problem in problems]
    return render_template("office/import.html", sheets=office_sheets(), problems=words), 422


def _preview(plan: Plan, name: str, more: tuple[Problem, ...]) -> str:
    problems = [*more, *plan.problems]
    written = plan.to_write()
    return render_template(
        "workbook/preview.html", plan=plan, upload=name, counts=plan.counts(), written=written[:CHANGES_SHOWN],
        not_shown=max(0, len(written) - CHANGES_SHOWN), problem_count=len(plan.problems),
        problems=[told(problem, language()) for problem in problems[:PROBLEMS_SHOWN]],
        commit=url_for("office.import_commit"), back=url_for("office.import_page"),
    )  # fmt: skip

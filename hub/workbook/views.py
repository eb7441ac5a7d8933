"""The preview of a plan and its commit: the same pages for every room that takes files.

What the preview showed is what is written: the commit plans anew inside the transaction and compares digests.
Nothing is written before a person has waved the doubts through; hand edits stay unless they are ticked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, stream_with_context
from flask_babel import gettext as _
from markupsafe import escape

from hub.workbook.history import IMPORT_NOTE, kept_id, with_overwrites
from hub.workbook.planning import Plan
from hub.workbook.words import told
from hub.workbook.writing import Prepare, carried_out
from shared.errors import Problem, TongxinError
from shared.web import auth
from shared.web.app import language
from shared.web.db import db, replica
from sync.capture import write
from sync.replica import Replica

PROBLEMS_SHOWN = 300
CHANGES_SHOWN = 200
# From so many rows on the commit answers at once and says how far it is.
PROGRESS_FROM = 400
STEPS = 10
# The server sends a running answer on when so much has gathered: each step carries its own weight in blanks.
STEP_BYTES = 18_000
_HERE = "<!--steps-->"


@dataclass(frozen=True)
class Preview:
    """One upload on its way: its name, where its preview is committed and where one goes back to.

    hidden: what else the commit must send along. extra: a template that stands above the changes, with its values.
    """

    upload: str
    commit: str
    back: str
    hidden: Mapping[str, str] = field(default_factory=dict)
    extra: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def page(self, plan: Plan, more: tuple[Problem, ...] = ()) -> tuple[str, int]:
        """The preview as a page: 422 where something is wrong with the file, 409 with `more`, else 200."""
        lang = language()
        written = plan.to_write()
        kept = [
            (change, name, kept_id(index, name))
            for index, change in enumerate(plan.changes)
            for name in change.kept if name != "initials"
        ]  # fmt: skip
        page = render_template(
            "workbook/preview.html", plan=plan, preview=self, counts=plan.counts(), written=written[:CHANGES_SHOWN],
            not_shown=max(0, len(written) - CHANGES_SHOWN), problem_count=len(plan.problems), kept=kept,
            problems=[told(problem, lang) for problem in [*more, *plan.problems][:PROBLEMS_SHOWN]],
            doubts=[told(doubt, lang) for doubt in plan.warnings], **self.values,
        )  # fmt: skip
        return page, 422 if plan.problems else 409 if more else 200


def uploaded() -> tuple[bytes, str]:
    """The uploaded file's content and name; both empty where none was chosen."""
    file = request.files.get("file")
    if file is None:
        return b"", ""
    with closing(file):
        return file.read(), file.filename or ""


def uploads_folder(of: Replica) -> Path:
    """Where uploads wait between preview and commit."""
    return of.path.parent / "uploads"


@dataclass(frozen=True)
class Commit:
    """What a commit needs. planned: plan the upload anew; main_campus: who owns what names no campus.

    after: what is done once all is written. target: the page one then comes to. campus: the author's campus.
    """

    planned: Callable[[], Plan]
    main_campus: Callable[[Plan], str]
    after: Callable[[], None]
    target: str
    prepare: Prepare | None = None
    campus: str = ""


def committed(commit: Commit, preview: Preview) -> Any:
    """Write what the preview showed, in one transaction; else show the preview again with the reason.

    A long one is answered at once, with its progress, in plain HTML.
    """
    plan, refusal = _agreed(commit.planned())
    if refusal is not None:
        return preview.page(plan, refusal)
    if len(plan.to_write()) >= PROGRESS_FROM:
        return _streamed(commit, len(plan.to_write()))
    with write(replica(), db(), auth.author(commit.campus)) as w:
        # Planned again inside the transaction: what is checked is what is written.
        plan, refusal = _agreed(commit.planned())
        if refusal is None:
            w.note(IMPORT_NOTE)
            for _step in carried_out(w, plan.to_write(), commit.main_campus(plan), commit.prepare):
                pass
    if refusal is not None:
        return preview.page(plan, refusal)
    commit.after()
    flash(_("已导入 %(count)s 条。", count=len(plan.to_write())), "ok")
    return redirect(commit.target)


def _agreed(plan: Plan) -> tuple[Plan, tuple[Problem, ...] | None]:
    """The plan with the ticks of this post, and None; or the plan as it is and why it is not carried out."""
    if plan.problems:
        return plan, ()
    if plan.digest != request.form.get("digest"):
        return plan, (Problem("file", "changed_since_preview", {"zh": "数据", "en": "the data"}),)
    if plan.warnings and request.form.get("agreed") != "1":
        return plan, (Problem("file", "doubts_open", {"zh": "存疑之处", "en": "the doubts"}),)
    return with_overwrites(plan, request.form.getlist("over")), None


def _streamed(commit: Commit, total: int) -> Response:
    page = render_template("workbook/progress.html", total=total, here=_HERE)
    before, _middle, after = page.partition(_HERE)

    def steps() -> Iterator[str]:
        yield before + " " * STEP_BYTES
        try:
            yield from _written(commit, total)
            commit.after()
            words = _("已导入 %(count)s 条。", count=total)
            yield f'<p class="flash ok" role="status">{escape(words)}</p>'
        except (TongxinError, sqlite3.Error) as error:
            current_app.logger.error("import: %s", error)
            yield f'<p class="flash bad" role="alert">{escape(_("没有写入任何东西，请返回后再试。"))}</p>'
        yield f'<p><a class="btn main" href="{escape(commit.target)}">{escape(_("返回"))}</a></p>' + after

    return Response(stream_with_context(steps()), mimetype="text/html")


def _written(commit: Commit, total: int) -> Iterator[str]:
    every = max(1, total // STEPS)
    with write(replica(), db(), auth.author(commit.campus)) as w:
        plan, refusal = _agreed(commit.planned())
        if refusal is not None:
            raise TongxinError("changed_since_preview")
        w.note(IMPORT_NOTE)
        for number in carried_out(w, plan.to_write(), commit.main_campus(plan), commit.prepare):
            if number % every == 0:
                words = _("已写 %(done)s / %(total)s 条", done=number, total=total)
                yield f'<p class="num">{escape(words)}</p>' + " " * STEP_BYTES
        yield f"<p>{escape(_('正在封存…'))}</p>" + " " * STEP_BYTES

"""Pages of the appraisal: runs, the combined table, one page a person, comparison, the scheme itself."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from hub.appraisal import store
from hub.appraisal.completeness import by_campus
from hub.appraisal.export import block_names, run_workbook
from hub.appraisal.facts.catalogue import FACTS
from hub.appraisal.model import Scheme
from hub.appraisal.run import appraise
from hub.appraisal.table import View, arranged, block_columns, differences, points_text, total_text, visible
from shared.errors import InvalidInput, NotAllowed, Problem
from shared.records.appraisal import AppraisalRun
from shared.roles import ANY_STAFF
from shared.validation import canonical_decimal
from shared.web.app import language
from shared.web.auth import author, may, visitor
from shared.web.db import db, replica, today
from shared.web.wording import table_words
from sync.change import LOCAL_OPERATOR

SEE_ALL, SEE_CAMPUS, RUN = "appraisal.see_all", "appraisal.see_campus", "appraisal.run"
ROUTES = {
    "appraisal.index": ANY_STAFF,
    "appraisal.start": RUN,
    "appraisal.mine": ANY_STAFF,
    "appraisal.table": SEE_CAMPUS,
    "appraisal.sheet": SEE_CAMPUS,
    "appraisal.person": ANY_STAFF,
    "appraisal.compare": SEE_CAMPUS,
    "appraisal.scheme": ANY_STAFF,
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def blueprint() -> Blueprint:
    """The room's routes."""
    room = Blueprint(
        "appraisal", __name__, template_folder="templates", static_folder="static",
        static_url_path="/appraisal/static",
    )  # fmt: skip
    room.add_url_rule("/appraisal", "index", index)
    room.add_url_rule("/appraisal/run", "start", start, methods=["POST"])
    room.add_url_rule("/appraisal/mine", "mine", mine)
    room.add_url_rule("/appraisal/scheme/<code>/<int:version>", "scheme", scheme)
    room.add_url_rule("/appraisal/<run_id>", "table", table)
    room.add_url_rule("/appraisal/<run_id>/table.xlsx", "sheet", sheet)
    room.add_url_rule("/appraisal/<run_id>/compare/<other_id>", "compare", compare)
    room.add_url_rule("/appraisal/<run_id>/person/<person_id>", "person", person)
    room.add_app_template_filter(points_text)
    room.add_app_template_filter(total_text)
    return room


def index() -> str:
    """All runs, newest first, and the form that starts another."""
    found = store.runs(db())
    has_result = store.newest_run_with(db(), visitor().person_id)
    versions = store.scheme_versions(db())
    return render_template(
        "appraisal/runs.html", runs=found, terms=store.terms(db()), versions=versions,
        titles_en={(each.scheme, each.version): store.parsed(each).title_en for each in versions},
        names=_person_names(found), mine=has_result, default_end=today().isoformat(),
    )  # fmt: skip


def start() -> Any:
    """Run the appraisal now; the page of the new run follows."""
    code, _sep, version = request.form.get("scheme", "").partition("/")
    if version and not version.isdecimal():
        raise InvalidInput(Problem("scheme", "unknown_code", {"zh": "方案", "en": "scheme"}))
    run = appraise(
        replica(), db(), term=request.form.get("term", ""), author=author(), scheme=code or store.EXAMPLE,
        version=int(version) if version else None, begin=request.form.get("begin") or None,
        end=request.form.get("end") or None,
    )  # fmt: skip
    flash(_("第 %(n)s 次核算已完成。", n=run.number), "ok")
    goal = "appraisal.table" if may(SEE_CAMPUS) else "appraisal.index"
    return redirect(url_for(goal, run_id=run.id) if goal == "appraisal.table" else url_for(goal))


def mine() -> Any:
    """My own newest result."""
    run = store.newest_run_with(db(), visitor().person_id)
    if run is None:
        return render_template("appraisal/none.html")
    return redirect(url_for("appraisal.person", run_id=run.id, person_id=visitor().person_id))


def table(run_id: str) -> str:
    """The combined table of all campuses the visitor may see."""
    run = store.run_of(db(), run_id)
    lines = _visible_lines(run_id)
    view = _view()
    stored = store.scheme_version(db(), run.scheme, run.version)
    return render_template(
        "appraisal/table.html", run=run, view=view, lines=arranged(lines, view), all_lines=lines,
        columns=block_columns(lines, block_names(_scheme(run))), categories=sorted({x.result.category for x in lines}),
        campuses=store.campus_names(db()), missing=by_campus(json.loads(run.missing)), stored=stored,
        adopted=store.adoption_of(db(), run.scheme, run.version), others=_other_runs(run),
        title_en=_scheme(run).title_en,
    )  # fmt: skip


def sheet(run_id: str) -> Response:
    """The table as filtered and sorted on the page, as XLSX."""
    run = store.run_of(db(), run_id)
    content = run_workbook(db(), run, _visible_lines(run_id), _view())
    name = f"appraisal-{run.term}-{run.number}.xlsx"
    return Response(content, mimetype=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def person(run_id: str, person_id: str) -> str:
    """One person's result, every point open to its rows. Own results, or those the visitor may see."""
    run = store.run_of(db(), run_id)
    document = store.explanation_of(db(), run_id, person_id)
    own = person_id == visitor().person_id
    if not own:
        _require_sight(document["result"]["campuses"])
    return render_template(
        "appraisal/person.html", run=run, doc=document, own=own, cases=own or may(SEE_ALL),
        stored=store.scheme_version(db(), run.scheme, run.version), campuses=store.campus_names(db()),
        adopted=store.adoption_of(db(), run.scheme, run.version), opened=request.args.get("open", ""),
        missing=_concerning(json.loads(run.missing), document["result"]),
        composites={each.code: (each.name, each.name_en) for each in _scheme(run).composites},
        category=store.result_of(db(), run_id, person_id).category, table_called=_table_called,
        title_en=_scheme(run).title_en,
    )  # fmt: skip


def _table_called(name: str) -> str:
    """What a record is called, in the visitor's language; a table that later versions dropped keeps its name."""
    table = replica().tables.get(name)
    return table_words(table, language()) if table else name


def compare(run_id: str, other_id: str) -> str:
    """What differs between an earlier run and a later one."""
    run, other = store.run_of(db(), run_id), store.run_of(db(), other_id)
    found = differences(_visible_lines(other_id), _visible_lines(run_id))
    return render_template(
        "appraisal/compare.html", run=run, other=other, differences=found, names=block_names(_scheme(run))
    )


def scheme(code: str, version: int) -> str:
    """The scheme as people voted on it: sentences, numbers, the fifteen answers, the catalogue of facts."""
    stored = store.scheme_version(db(), code, version)
    return render_template(
        "appraisal/scheme.html", stored=stored, scheme=store.parsed(stored), facts=FACTS,
        adopted=store.adoption_of(db(), code, version), number=canonical_decimal,
    )  # fmt: skip


def _scheme(run: AppraisalRun) -> Scheme:
    return store.parsed(store.scheme_version(db(), run.scheme, run.version))


def _visible_lines(run_id: str) -> list[store.ResultLine]:
    lines = store.result_lines(db(), run_id)
    if may(SEE_ALL):
        return visible(lines, None)
    return visible(lines, [code for code in store.campus_names(db()) if may(SEE_CAMPUS, code)])


def _require_sight(campuses: list[str]) -> None:
    if not may(SEE_ALL) and not any(may(SEE_CAMPUS, campus) for campus in campuses):
        raise NotAllowed(action=SEE_CAMPUS)


def _view() -> View:
    asked = request.args
    return View(
        asked.get("campus", ""), asked.get("category", ""), asked.get("q", "").strip(),
        asked.get("sort", "total"), asked.get("order", "down") != "up",
    )  # fmt: skip


def _other_runs(run: AppraisalRun) -> list[AppraisalRun]:
    return [each for each in store.runs(db()) if each.term == run.term and each.id != run.id]


def _person_names(found: list[AppraisalRun]) -> dict[str, str]:
    known = store.person_names(db(), sorted({run.made_by for run in found}))
    return {LOCAL_OPERATOR: _("本机命令或夜间任务"), **known}


def _concerning(missing: list[dict[str, Any]], result: dict[str, Any]) -> list[dict[str, Any]]:
    """Of what a run lacks, the entries that can concern this person; own facts are in the blocks."""
    return [
        each for each in missing
        if each["kind"] in ("conflicts", "quarantined", "waiting")
        or (each["kind"] in ("campus", "owing", "lesson_days") and each["campus"] in result["campuses"])
        or set(each.get("campuses", ())) & set(result["campuses"])
    ]  # fmt: skip

"""The entry page: one form, the list of what has been entered, corrections, and loading from XLSX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from hub.entry.listing import entry_columns, entry_filters, entry_rows
from hub.entry.rules import ETHICS_POINTS_MAX, KINDS, Asker, kinds_allowed
from hub.entry.sheets import ethics_sheet, evidence_sheet, memberships_in
from hub.entry.store import Shown, entries
from hub.workbook.known import known_in
from hub.workbook.naming import names_in, typed_row
from hub.workbook.planning import Change, Plan, place, plan_sheet, read_form, read_rows
from hub.workbook.reading import read_workbook
from hub.workbook.sheets import Sheet, sheet_in
from hub.workbook.template import download, workbook_of
from hub.workbook.uploads import forget_upload, keep_upload, upload_named
from hub.workbook.views import Commit, Preview, committed, uploaded, uploads_folder
from hub.workbook.words import told
from hub.workbook.writing import carry_out
from shared.errors import InvalidInput, NotFound, Problem, Stale
from shared.records import EthicsEvent, Evidence
from shared.schema import Value, find, select
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db, replica, today
from shared.web.listing import ListColumn, ListFilter, ListRow, asked_of, cells_for_file, found_in, listing_of
from shared.web.workbook_writing import list_workbook
from sync.capture import write

ROUTES = {
    "entry.index": "evidence.enter",
    "entry.enter": "evidence.enter",
    "entry.correct": "evidence.enter",
    "entry.export": "evidence.enter",
    "entry.import_template": "evidence.enter",
    "entry.import_preview": "evidence.enter",
    "entry.import_commit": "evidence.enter",
}
_CLASSES: Mapping[str, type] = {"evidence": Evidence, "ethics": EthicsEvent}


def blueprint() -> Blueprint:
    """The entry room."""
    room = Blueprint("entry", __name__, url_prefix="/entry", template_folder="templates")
    room.add_url_rule("/", "index", index)
    room.add_url_rule("/<what>", "enter", enter, methods=["GET", "POST"])
    room.add_url_rule("/<what>/correct/<id_>", "correct", correct, methods=["GET", "POST"])
    room.add_url_rule("/<what>/shown.xlsx", "export", export)
    room.add_url_rule("/import/template.xlsx", "import_template", import_template)
    room.add_url_rule("/import/preview", "import_preview", import_preview, methods=["POST"])
    room.add_url_rule("/import/commit", "import_commit", import_commit, methods=["POST"])
    return room


def index() -> Any:
    """To the form for evidence."""
    return redirect(url_for("entry.enter", what="evidence"))


def enter(what: str) -> Any:
    """The form for one row and the rows that are there; posting adds a row."""
    sheet = _sheet(what)
    if request.method == "GET":
        return _page(what, sheet, {"date": today().isoformat(), **request.args.to_dict()}, ())
    changes, problems = _read(sheet, None)
    if problems:
        return _page(what, sheet, request.form, problems), 422
    _write(changes)
    flash(_("已登记。"), "ok")
    kept: dict[str, Any] = {name: request.form.get(name, "") for name in ("kind", "date", "campus")}
    return redirect(url_for("entry.enter", what=what, **kept))


def correct(what: str, id_: str) -> Any:
    """A correction: a new row that names the one it replaces; the old one stays in the record."""
    sheet = _sheet(what)
    old: Any = find(db(), sheet.record, id_)
    if old is None:
        raise NotFound(table=sheet.table, key=id_)
    if select(db(), sheet.record, replaces_id=id_):
        raise Stale(table=sheet.table, key=id_)
    if request.method == "GET":
        typed = typed_row(sheet, old, names_in(db()))
        given = {name: "" if value is None else str(value) for name, value in typed.items()}
        return _page(what, sheet, given, (), correcting=old)
    changes, problems = _read(sheet, old)
    if problems:
        return _page(what, sheet, request.form, problems, correcting=old), 422
    _write(changes)
    flash(_("已更正，原记录保留。"), "ok")
    return redirect(url_for("entry.enter", what=what))


def _sheet(what: str) -> Sheet:
    """The sheet for "evidence" or "ethics". Raises NotFound; NotAllowed without the right to enter ethics."""
    if what not in _CLASSES:
        raise NotFound(page=what)
    asker = Asker(auth.visitor().person_id, today().isoformat(), auth.may)
    if what == "ethics":
        auth.require("ethics.enter")
        return ethics_sheet(asker, memberships_in(db()))
    return evidence_sheet(asker, memberships_in(db()))


def _read(sheet: Sheet, old: Any) -> tuple[list[Change], list[Problem]]:
    names = {c.name for c in sheet.columns}
    posted = {name: value for name, value in request.form.items() if name in names}
    row = read_form(sheet, {**dict.fromkeys(names, ""), **posted}, known_in(db()))
    there: list[Any] = select(db(), sheet.record)
    others = [record for record in there if old is None or record.id != old.id]
    found = list(plan_sheet(sheet, [row], others))
    problems = [one for one in found if isinstance(one, Problem)]
    changes = [one for one in found if isinstance(one, Change)]
    if changes and changes[0].action != "new":
        problems.append(place(sheet, 0, sheet.columns[0], "already_there", None))
    if old is not None:
        if not auth.may(_action(sheet, old), old.campus):
            problems.append(place(sheet, 0, sheet.columns[0], "not_your_right", None))
        for change in changes:
            change.values["replaces_id"] = old.id
    return changes, problems


def _action(sheet: Sheet, record: Any) -> str:
    return "ethics.enter" if sheet.record is EthicsEvent else KINDS[record.kind].action


def _write(changes: list[Change]) -> None:
    campus = str(changes[0].values["campus"]) if changes else ""
    with write(replica(), db(), auth.author(campus)) as w:
        carry_out(w, changes, main_campus=campus, prepare=_signed)


def _signed(_change: Change, values: dict[str, Value]) -> dict[str, Value]:
    return values | {"entered_by": auth.visitor().person_id}


def _page(what: str, sheet: Sheet, given: Mapping[str, str], problems: Any, correcting: Any = None) -> str:
    columns, filters, rows = _listed(what, sheet)
    listing = listing_of(_title(sheet), columns, rows, asked_of(request.args, columns, filters), filters)
    return render_template(
        "entry/page.html", what=what, sheet=sheet, given=given, correcting=correcting, names=names_in(db()),
        listing=listing, kinds=kinds_allowed(auth.may), rules=KINDS, points_max=ETHICS_POINTS_MAX,
        problems=[(p.field, told(p, language())) for p in problems],
    )  # fmt: skip


def export(what: str) -> Any:
    """The entries as the list shows them, on all its pages."""
    sheet = _sheet(what)
    columns, filters, rows = _listed(what, sheet)
    shown = found_in(rows, columns, asked_of(request.args, columns, filters))
    data = list_workbook(_title(sheet), [column.title for column in columns], cells_for_file(shown))
    return send_file(data, as_attachment=True, download_name=f"{_title(sheet)}.xlsx")


def _title(sheet: Sheet) -> str:
    return sheet.title if language() == "zh" else sheet.title_en


def _listed(what: str, sheet: Sheet) -> tuple[list[ListColumn], list[ListFilter], list[ListRow]]:
    names, lang, may_correct = names_in(db()), language(), _may_correct(sheet)

    def act(record: Any) -> tuple[str, str]:
        return (_("更正"), url_for("entry.correct", what=what, id_=record.id)) if may_correct(record) else ("", "")

    def corrected(count: int) -> str:
        return str(_("已更正 %(count)s 次", count=count))

    shown = [one for one in entries(db(), _CLASSES[what]) if _may_see(one)]
    rows = entry_rows(sheet, shown, names, lang, act, corrected)
    return entry_columns(sheet, lang), entry_filters(sheet, names, lang), rows


def _may_see(shown: Shown) -> bool:
    return auth.may("evidence.enter", shown.record.campus)


def _may_correct(sheet: Sheet) -> Any:
    mine = auth.visitor().person_id
    return lambda record: record.person_id != mine and auth.may(_action(sheet, record), record.campus)


def _sheets() -> list[Sheet]:
    return [_sheet("evidence"), *([_sheet("ethics")] if auth.may("ethics.enter") else [])]


def import_template() -> Any:
    """An empty workbook with the sheets that the visitor may load."""
    name = _("考核事实模板") + ".xlsx"
    return send_file(download(workbook_of(_sheets())), as_attachment=True, download_name=name)


def import_preview() -> Any:
    """What an uploaded workbook would add or correct; nothing is written."""
    data, _name = uploaded()
    try:
        plan = _plan(data)
    except InvalidInput as refused:
        return _page("evidence", _sheet("evidence"), {}, refused.problems), 422
    name = keep_upload(uploads_folder(replica()), data, clock().now_ms())
    return _preview(name).page(plan)


def import_commit() -> Any:
    """Carry out what the preview showed: the whole workbook in one transaction, or nothing."""
    name = request.form.get("upload", "")
    data = upload_named(uploads_folder(replica()), name)
    if data is None:
        gone = Problem("file", "preview_gone", {"zh": "预览", "en": "the preview"})
        return _page("evidence", _sheet("evidence"), {}, [gone]), 422
    folder, target = uploads_folder(replica()), url_for("entry.enter", what="evidence")
    commit = Commit(lambda: _plan(data), lambda _plan: "", lambda: forget_upload(folder, name), target, _signed)
    return committed(commit, _preview(name))


def _plan(data: bytes) -> Plan:
    if not data:
        raise InvalidInput(Problem("file", "no_file", {"zh": "文件", "en": "the file"}))
    workbook = read_workbook(data)
    found: list[Change | Problem] = []
    sheets = [(sheet, rows) for sheet in _sheets() if (rows := sheet_in(workbook, sheet)) is not None]
    if not sheets:
        found.append(Problem("file", "no_sheet_known", {}))
    for sheet, rows in sheets:
        read, problems = read_rows(sheet, rows, known_in(db()))
        found += [*problems, *plan_sheet(sheet, read, select(db(), sheet.record))]
    changes = tuple(one for one in found if isinstance(one, Change))
    return Plan(changes, tuple(one for one in found if isinstance(one, Problem)))


def _preview(name: str) -> Preview:
    return Preview(name, url_for("entry.import_commit"), url_for("entry.enter", what="evidence"))

"""Lists with search, and forms made from the record declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from hub.office.importing import main_campus
from hub.office.listing import columns_of_list, filters_of_list, rows_of_list, title_of
from hub.office.pages import Page, columns_shown, key_columns, pages
from hub.office.pupils import plan_pupils, roll_of
from hub.office.rules import edited, matching, taken_by_another
from hub.office.store import Line, lines_of
from hub.workbook.known import Known, known_in, with_everywhere
from hub.workbook.naming import Names, names_in
from hub.workbook.planning import Change, Doubt, Holders, Row, Values, place, plan_sheet, read_form
from hub.workbook.template import download, workbook_of
from hub.workbook.words import told
from hub.workbook.writing import carry_out
from shared.clock import instant_text
from shared.errors import NotAllowed, NotFound, Problem
from shared.records import Account, AccountRole, GroupMember, PersonPrivate, Pupil, PupilPrivate, RosterGroup
from shared.records.declare import declaration_of
from shared.schema import Value, key_parts, select, table_of
from shared.web import auth
from shared.web.accounts.touching import require_account
from shared.web.app import language
from shared.web.db import clock, db, replica, site
from shared.web.listing import ListColumn, ListFilter, ListRow, asked_of, cells_for_file, found_in, listing_of
from shared.web.passwords import hash_password
from shared.web.readings.views import note_reading
from shared.web.workbook_writing import list_workbook
from sync.capture import token_of, write


def page_of(slug: str) -> Page:
    """The page with this slug. Raises NotFound, or NotAllowed when the visitor may not see it."""
    page = pages().get(slug)
    if page is None:
        raise NotFound(page=slug)
    auth.require(page.see)
    return page


def index() -> Any:
    """All lists with their sizes, and the way to the import and the calendar."""
    shown = [(page, len(select(db(), page.sheet.record))) for page in pages().values() if auth.may(page.see)]
    return render_template("office/index.html", pages=shown)


def rows(slug: str) -> Any:
    """One list: searched, filtered, sorted, in pages."""
    page = page_of(slug)
    columns, filters, found = _listed(page)
    asked = asked_of(request.args, columns, filters)
    listing = listing_of(title_of(page, language()), columns, found, asked, filters)
    _note(page, "list", len(listing.rows))
    return render_template("office/rows.html", page=page, listing=listing)


def _note(page: Page, way: str, rows: int, key: str = "") -> None:
    """Note a reading of private data; other lists leave no trace."""
    if page.sheet.record in (PersonPrivate, PupilPrivate):
        note_reading(page.sheet.table, way, rows, key)


def export_shown(slug: str) -> Any:
    """Exactly what the list shows, on all its pages, as a workbook."""
    page = page_of(slug)
    columns, filters, found = _listed(page)
    shown = found_in(found, columns, asked_of(request.args, columns, filters))
    title = title_of(page, language())
    _note(page, "file", len(shown))
    data = list_workbook(title, [column.title for column in columns], cells_for_file(shown))
    return send_file(data, as_attachment=True, download_name=f"{title}.xlsx")


def _listed(page: Page) -> tuple[list[ListColumn], list[ListFilter], list[ListRow]]:
    names, lang = names_in(db()), language()
    columns, states = columns_of_list(page, lang), {}
    if page.sheet.record is Account:
        states = _account_states()
        columns.append(ListColumn("state", _("状态")))

    def act(line: Line) -> tuple[str, str]:
        allowed = auth.may(page.change, line.campus) if line.campus else auth.may(page.change)
        return (_("修改"), url_for("office.edit", slug=page.slug, key=line.key)) if allowed else ("", "")

    seen = [line for line in lines_of(db(), page, names, lang) if _may_see(page, line)]
    found = rows_of_list(page, seen, act=act, names=names, states=states)
    return columns, filters_of_list(page, names, lang), found


def _may_see(page: Page, line: Line) -> bool:
    """Private data is read campus by campus; other lists are seen whole."""
    return not declaration_of(page.sheet.record).private or line.campus is None or auth.may(page.see, line.campus)


def _account_states() -> dict[str, tuple[str, str]]:
    found = {}
    for one in select(db(), Account):
        if one.revoked_at:
            found[one.person_id] = (_("已停用"), "off")
        elif not one.password_hash:
            found[one.person_id] = (_("未设口令"), "warn")
        else:
            found[one.person_id] = (_("待改口令"), "info") if one.must_change else (_("可用"), "ok")
    return found


def export(slug: str) -> Any:
    """The list as a workbook that the import reads again."""
    page = page_of(slug)
    lines = [line for line in lines_of(db(), page, names_in(db()), language()) if _may_see(page, line)]
    lines = matching(lines, request.args.get("q", "").strip(), request.args.get("campus", ""))
    _note(page, "file", len(lines))
    data = workbook_of([page.sheet], {page.sheet.table: [line.typed for line in lines]})
    return send_file(download(data), as_attachment=True, download_name=f"{page.sheet.title}.xlsx")


def new(slug: str) -> Any:
    """The form for a new row."""
    page = page_of(slug)
    auth.require(page.change)
    if request.method == "GET":
        return _form(page, None, dict(request.args.items()), ())
    known = _known(page)
    row = read_form(page.sheet, _posted(page, new=True), known)
    changes, problems = _planned(page, row)
    problems += _forbidden(page, row.values)
    problems = _still_open(problems)
    if problems:
        return _form(page, None, request.form, problems), 422
    if page.sheet.record is Account:
        require_account("i", {"person_id": str(row.values.get("person_id"))})
    with write(replica(), db(), auth.author(str(row.values.get("campus") or ""))) as w:
        carry_out(w, changes, main_campus=main_campus(db(), ()), prepare=_with_password)
    flash(_("已保存。"), "ok")
    return redirect(url_for("office.rows", slug=slug))


def _planned(page: Page, row: Row) -> tuple[list[Change], list[Problem]]:
    if page.sheet.record is Pupil:
        groups = select(db(), RosterGroup)
        classes = frozenset(g.id for g in groups if g.kind == "class")
        roll = roll_of(select(db(), Pupil), select(db(), GroupMember), classes)
        found = list(plan_pupils(page.sheet, [row], roll, {g.id: g.begin for g in groups}))
    else:
        found = list(plan_sheet(page.sheet, [row], select(db(), page.sheet.record)))
    problems = [one for one in found if isinstance(one, Problem)]
    changes = [one for one in found if isinstance(one, Change)]
    if changes and changes[0].action != "new":
        first = page.sheet.columns[0]
        problems.append(place(page.sheet, 0, first, "already_there", None))
    return changes, problems


def edit(slug: str, key: str) -> Any:
    """The form for an existing row. Only what the person changed is written, with the token of the page."""
    page = page_of(slug)
    line = _line(page, key)
    auth.require(page.change, line.campus)
    if not _may_see(page, line):
        raise NotAllowed(action=page.see, campus=line.campus)
    if request.method == "GET":
        _note(page, "form", 1, key)
        return _form(page, line, _as_form(line.typed), ())
    posted = _posted(page, new=False)
    row = read_form(page.form, {**_kept(page, line), **posted}, _known(page))
    problems = [*row.problems, *_still_open(row.doubts), *_forbidden(page, row.values)]
    if not problems and taken_by_another(page.form, row.values, key, select(db(), page.sheet.record)):
        problems.append(place(page.form, 0, page.form.columns[0], "already_there", None))
    if not problems:
        records: list[object] = select(db(), page.sheet.record)
        others = [one for one in records if one != line.record]
        clashes = Holders(page.form, others).clash(row, tuple(row.get(name) for name in page.form.identity))
        problems += [place(page.form, 0, column, "taken", row.get(column.name)) for column in clashes]
    if problems:
        return _form(page, line, request.form, problems), 422
    changes = _changes(page, row, line)
    if page.sheet.record is Account:
        require_account("u", {"person_id": line.key, **changes})
    if changes:
        with write(replica(), db(), auth.author(line.campus or "")) as w:
            parts = key_parts(table_of(page.sheet.record), line.key)
            w.update(page.sheet.record, parts, changes, request.form.get("token") or None)
    flash(_("已保存。") if changes else _("没有改动。"), "ok")
    return redirect(url_for("office.rows", slug=slug))


def _still_open(problems: Sequence[Problem]) -> list[Problem]:
    """The problems without the doubts, once the person has said that it is meant so."""
    return [one for one in problems if not (isinstance(one, Doubt) and request.form.get("agreed") == "1")]


def _changes(page: Page, row: Row, line: Line) -> dict[str, Value]:
    fields = {c.name for c in table_of(page.sheet.record).columns}
    typed: dict[str, Value] = {n: v for n, v in row.values.items() if isinstance(v, str | int | None)}
    own = {n: v for n, v in typed.items() if n not in key_columns(page.sheet)}
    changes = edited(request.form, own)
    if page.form.derive and "name" in changes:
        changes |= page.form.derive(dict(row.values))
    password = changes.pop("password", None)
    if password:
        changes |= _hashed(str(password))
    return {name: value for name, value in changes.items() if name in fields}


def _hashed(password: str) -> dict[str, Value]:
    return {"password_hash": hash_password(password, site().config.password), "must_change": 1}


def _with_password(change: Change, values: dict[str, Value]) -> dict[str, Value]:
    password = change.extra.get("password")
    return values | _hashed(str(password)) if change.record is Account and password else values


def revoke(person_id: str) -> Any:
    """Stop an account: it is dead here at its next click, on a node at that node's next sync."""
    require_account("u", {"person_id": person_id, "revoked_at": None})
    if person_id == auth.visitor().person_id:
        raise NotAllowed("not_allowed", reason="about_oneself")
    with write(replica(), db(), auth.author()) as w:
        w.update(Account, (person_id,), {"revoked_at": instant_text(clock().now_ms())})
    flash(_("账号已停用。各校区在下一次同步后生效。"), "ok")
    return redirect(url_for("office.rows", slug="accounts"))


def _known(page: Page) -> Known:
    known = known_in(db())
    return with_everywhere(known) if page.sheet.record is AccountRole else known


def _forbidden(page: Page, values: Values) -> list[Problem]:
    """Problems of right that only the content shows: another campus, a role for oneself."""
    campus = values.get("campus")
    if isinstance(campus, str) and campus != "*" and not auth.may(page.change, campus):
        raise NotAllowed(action=page.change, campus=campus)
    if page.sheet.record is AccountRole and values.get("person_id") == auth.visitor().person_id:
        return [Problem("person_id", "about_oneself", {"zh": "工号", "en": "staff number"})]
    return []


def _posted(page: Page, *, new: bool) -> dict[str, str]:
    names = {c.name for c in columns_shown(page, new=new)}
    return {name: value for name, value in request.form.items() if name in names}


def _kept(page: Page, line: Line) -> dict[str, str]:
    """An existing row's key columns, as its form would send them: they cannot be edited."""
    keys = key_columns(page.sheet)
    return {
        n: str(v) for n, v in _as_form(line.typed).items() if n in keys and n in {c.name for c in page.form.columns}
    }


def _line(page: Page, key: str) -> Line:
    try:
        parts = key_parts(table_of(page.sheet.record), key)
    except ValueError as error:
        raise NotFound(table=page.sheet.table, key=key) from error
    found = lines_of(db(), page, names_in(db()), language(), parts)
    if not found:
        raise NotFound(table=page.sheet.table, key=key)
    return found[0]


def _as_form(typed: Mapping[str, Value]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in typed.items()}


def _form(page: Page, line: Line | None, given: Mapping[str, str], problems: Any) -> str:
    names: Names = names_in(db())
    keys = key_columns(page.sheet) if line else frozenset()
    token = request.form.get("token") or ""
    if line and not token:
        parts = key_parts(table_of(page.sheet.record), line.key)
        token = token_of(db(), replica(), page.sheet.record, parts) or ""
    return render_template(
        "office/form.html", page=page, line=line, given=given, keys=keys, names=names, token=token,
        columns=columns_shown(page, new=line is None), shown=_shown(line),
        problems=[(p.field, told(p, language())) for p in problems],
        doubts=any(isinstance(problem, Doubt) for problem in problems),
    )  # fmt: skip


def _shown(line: Line | None) -> dict[str, str]:
    """What the page showed when it was first opened, also after a refused post."""
    posted = {n[6:]: v for n, v in request.form.items() if n.startswith("shown.")}
    return posted or (_as_form(line.typed) if line else {})

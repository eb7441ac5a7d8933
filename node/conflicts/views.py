"""The inbox of disagreements, one card a field, and the decision on each."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from node.conflicts.rules import chosen_values, may_settle, owner_campus, sides
from node.db import campus
from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem
from shared.records.declare import Kind, Rule
from shared.schema import Table, Value
from shared.web import auth
from shared.web.app import language
from shared.web.db import db, replica
from shared.web.store import names_of
from shared.web.wording import column_words, ids_in, row_title, spec_of, table_words, value_words
from sync.capture import write
from sync.conflicts import Conflict, Shown, conflict_of, open_conflicts, resolve

ROUTES = {
    "conflicts.inbox": "conflict.see",
    "conflicts.card": "conflict.see",
    "conflicts.settle": "conflict.resolve",
}
NOTE_LENGTH_MAX = 200


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint(
        "conflicts", __name__, template_folder="templates", static_folder="static",
        static_url_path="/static/conflicts",
    )  # fmt: skip
    room.add_url_rule("/conflicts", "inbox", inbox)
    room.add_url_rule("/conflicts/<conflict_id>", "card", card)
    room.add_url_rule("/conflicts/<conflict_id>", "settle", settle, methods=["POST"])
    return room


def inbox() -> str:
    """Everything open that this person may settle, and how much else there is."""
    shown, others = [], 0
    for conflict in open_conflicts(db(), replica()):
        table = replica().tables[conflict.table]
        if table.declaration.rule is Rule.QUIET:
            continue
        if _may_settle(table, conflict):
            shown.append(_view(conflict))
        else:
            others += 1
    return render_template("conflicts/inbox.html", conflicts=shown, others=others)


def card(conflict_id: str) -> Any:
    """One disagreement with its form."""
    return render_template("conflicts/card.html", **_card(_allowed(conflict_id)), problems=(), form={})


def settle(conflict_id: str) -> Any:
    """Takes one side, the other, or a third value, with a reason; a write like any other (C5)."""
    try:
        conflict = _allowed(conflict_id)
    except NotFound:
        flash(_("这一处已经有人处理了。"), "info")
        return redirect(url_for("conflicts.inbox"))
    table = replica().tables[conflict.table]
    note = request.form.get("note", "").strip()
    try:
        if len(note) > NOTE_LENGTH_MAX:
            about: dict[str, str | int | None] = {"zh": "说明", "en": "note", "high": NOTE_LENGTH_MAX}
            raise InvalidInput(Problem("note", "too_long", about))
        _check_unmoved(conflict)
        values = chosen_values(table, conflict, request.form)
    except InvalidInput as error:
        page = render_template(
            "conflicts/card.html", **_card(conflict), problems=error.problems, form=request.form
        )
        return page, 422
    with write(replica(), db(), auth.author(owner_campus(table, conflict, campus()))) as w:
        resolve(w, conflict, values, note)
    flash(_("已按您的决定保存，会同步到各校区。"), "ok")
    return redirect(url_for("conflicts.inbox"))


def _check_unmoved(conflict: Conflict) -> None:
    """A decision counts for the values that were on the page: a head that came since is looked at first."""
    if request.form.get("seen") != _seen(conflict):
        raise InvalidInput(Problem("seen", "moved", {"zh": "页面", "en": "page"}))


def _seen(conflict: Conflict) -> str:
    return ".".join(str(head.version) for head in sorted(conflict.heads, key=lambda head: head.version))


def _allowed(conflict_id: str) -> Conflict:
    conflict = conflict_of(db(), replica(), conflict_id)
    if not _may_settle(replica().tables[conflict.table], conflict):
        raise NotAllowed(conflict=conflict_id)
    return conflict


def _may_settle(table: Table, conflict: Conflict) -> bool:
    who = auth.visitor()
    return may_settle(table, conflict, who.roles, person_id=who.person_id, node_campus=campus())


def _view(conflict: Conflict) -> dict[str, Any]:
    table, lang = replica().tables[conflict.table], language()
    rows = [head.values for head in conflict.heads] + ([conflict.base.values] if conflict.base else [])
    people = {head.person_id for head in conflict.heads} | {head.campus for head in conflict.heads}
    people |= {conflict.base.person_id, conflict.base.campus} if conflict.base else set()
    names = names_of(db(), ids_in(table, conflict.key, rows) | people, campus=campus(), lang=lang)

    def said(shown: Shown) -> dict[str, Any]:
        return {
            "version": shown.version,
            "who": names.get(shown.person_id, shown.person_id) or _("（不知道是谁）"),
            "campus": names.get(shown.campus, shown.campus) or _("中心"),
            "instant": shown.instant,
            "winner": shown.winner,
            "lines": _lines(table, conflict, shown, names, lang),
        }

    return {
        "conflict": conflict,
        "what": table_words(table, lang),
        "title": row_title(table, conflict.key, names, lang),
        "fields": "、".join(column_words(table, name, lang) for name in conflict.columns)
        if conflict.kind == "edit"
        else _("删除还是保留"),
        "base": said(conflict.base) if conflict.base else None,
        "sides": [(side, said(head)) for side, head in sides(conflict, node=replica().node)],
    }


def _lines(table: Table, conflict: Conflict, shown: Shown, names: dict[str, str], lang: str) -> list[tuple[str, str]]:
    if conflict.kind == "delete":
        return [("", _("保留") if shown.values.get("keep") else _("删除"))]
    every = [head.values for head in conflict.heads] + ([conflict.base.values] if conflict.base else [])
    # Of a group of fields, those on which all agree are left out: the eye goes to what differs.
    differing = [name for name in conflict.columns if len({row.get(name) for row in every}) > 1]
    return [
        (column_words(table, name, lang), value_words(spec_of(table, name), shown.values.get(name), names, lang))
        for name in differing or conflict.columns
    ]


def _card(conflict: Conflict) -> dict[str, Any]:
    table, lang = replica().tables[conflict.table], language()
    winner = next((head for head in conflict.heads if head.winner), conflict.heads[0])
    controls = []
    if conflict.kind == "edit":
        controls = [_control(table, name, winner.values.get(name), lang) for name in conflict.columns]
    return {"view": _view(conflict), "controls": controls, "seen": _seen(conflict), "note_length_max": NOTE_LENGTH_MAX}


def _control(table: Table, name: str, value: Value, lang: str) -> dict[str, Any]:
    """One input of the third answer, of the kind the field was declared with."""
    spec = spec_of(table, name)
    kind = spec.kind if spec else Kind.TEXT
    choices = []
    if spec and spec.kind is Kind.CODE and spec.codes:
        choices = [(code, word_of(spec.codes, code, lang)) for code, _zh, _en in CODE_LISTS[spec.codes]]
    if kind is Kind.FLAG:
        choices = [("1", _("是")), ("0", _("否"))]
    return {
        "name": f"own_{name}",
        "label": column_words(table, name, lang),
        "type": {Kind.DATE: "date", Kind.TIME: "time", Kind.INTEGER: "number"}.get(kind, "text"),
        "choices": choices,
        "value": "" if value is None else str(value),
        "low": spec.low if spec else None,
        "high": spec.high if spec else None,
        "may_be_empty": bool(spec and spec.null),
    }

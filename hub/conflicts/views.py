"""The inbox of disagreements at the hub, and the decision on each; a write like any other (C5)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from hub.conflicts.rules import chosen_values, may_settle, seen
from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem
from shared.records.declare import Kind, Rule
from shared.schema import Table, Value
from shared.web import auth
from shared.web.app import language
from shared.web.db import db, replica
from shared.web.store import campus_names, names_of
from shared.web.wording import column_words, ids_in, row_title, spec_of, table_words, value_words
from sync.capture import write
from sync.conflicts import Conflict, Shown, conflict_of, open_conflicts, resolve

ROUTES = {
    "conflicts.index": "conflict.see",
    "conflicts.card": "conflict.see",
    "conflicts.settle": "conflict.resolve",
}
NOTE_LENGTH_MAX = 200
SHOWN_MAX = 100


def blueprint() -> Blueprint:
    """The conflicts room."""
    room = Blueprint("conflicts", __name__, url_prefix="/conflicts", template_folder="templates")
    room.add_url_rule("/", "index", index)
    room.add_url_rule("/<conflict_id>", "card", card)
    room.add_url_rule("/<conflict_id>", "settle", settle, methods=["POST"])
    return room


def index() -> str:
    """Everything open that this person may settle, and how much else there is."""
    found = [c for c in open_conflicts(db(), replica()) if _table(c).declaration.rule is not Rule.QUIET]
    mine = [conflict for conflict in found if _may_settle(conflict)]
    views = [_view(conflict) for conflict in mine[:SHOWN_MAX]]
    return render_template("conflicts/index.html", views=views, total=len(mine), others=len(found) - len(mine))


def card(conflict_id: str) -> Any:
    """One disagreement with its form."""
    conflict = _open(conflict_id)
    return redirect(url_for("conflicts.index")) if conflict is None else _page(conflict, (), {})


def settle(conflict_id: str) -> Any:
    """Take one value, another, or a third, with a reason."""
    conflict = _open(conflict_id)
    if conflict is None:
        return redirect(url_for("conflicts.index"))
    note = request.form.get("note", "").strip()
    try:
        if len(note) > NOTE_LENGTH_MAX:
            raise InvalidInput(Problem("note", "too_long", {"zh": "说明", "en": "note", "high": NOTE_LENGTH_MAX}))
        values = chosen_values(_table(conflict), conflict, request.form)
    except InvalidInput as refused:
        return _page(conflict, refused.problems, request.form), 422
    with write(replica(), db(), auth.author(_table(conflict).owner_of(conflict.key) or "")) as w:
        resolve(w, conflict, values, note)
    flash(_("已按您的决定保存，会同步到各校区。"), "ok")
    return redirect(url_for("conflicts.index"))


def _open(conflict_id: str) -> Conflict | None:
    """The conflict, or None when somebody has settled it meanwhile. Raises NotAllowed."""
    try:
        conflict = conflict_of(db(), replica(), conflict_id)
    except NotFound:
        flash(_("这一处已经有人处理了。"), "info")
        return None
    if not _may_settle(conflict):
        raise NotAllowed(conflict=conflict_id)
    return conflict


def _table(conflict: Conflict) -> Table:
    return replica().tables[conflict.table]


def _may_settle(conflict: Conflict) -> bool:
    who = auth.visitor()
    return may_settle(_table(conflict), conflict, who.roles, who.person_id)


def _page(conflict: Conflict, problems: Any, form: Any) -> str:
    table, lang = _table(conflict), language()
    winner = next((head for head in conflict.heads if head.winner), conflict.heads[0])
    own = conflict.columns if conflict.kind == "edit" else ()
    return render_template(
        "conflicts/card.html", view=_view(conflict), problems=problems, form=form, seen=seen(conflict),
        note_length_max=NOTE_LENGTH_MAX, controls=[_control(table, n, winner.values.get(n), lang) for n in own],
    )  # fmt: skip


def _view(conflict: Conflict) -> dict[str, Any]:
    table, lang = _table(conflict), language()
    shown = [*conflict.heads, *([conflict.base] if conflict.base else [])]
    ids = ids_in(table, conflict.key, [each.values for each in shown])
    ids |= {each.person_id for each in shown}
    names = names_of(db(), ids, campus=table.owner_of(conflict.key) or "", lang=lang)
    places = campus_names(db())

    def said(one: Shown) -> dict[str, Any]:
        return {
            "version": one.version, "who": names.get(one.person_id, one.person_id) or _("（不知道是谁）"),
            "campus": places.get(one.campus, one.campus) or _("中心"), "instant": one.instant, "winner": one.winner,
            "here": one.node == replica().node, "lines": _lines(table, conflict, one, names, lang),
        }  # fmt: skip

    return {
        "id": conflict.id, "review": conflict.review, "what": table_words(table, lang),
        "title": row_title(table, conflict.key, names, lang),
        "fields": [column_words(table, n, lang) for n in conflict.columns if conflict.kind == "edit"],
        "base": said(conflict.base) if conflict.base else None, "heads": [said(head) for head in conflict.heads],
    }  # fmt: skip


def _lines(table: Table, conflict: Conflict, one: Shown, names: dict[str, str], lang: str) -> list[tuple[str, str]]:
    if conflict.kind == "delete":
        return [("", _("保留") if one.values.get("keep") else _("删除"))]
    return [
        (column_words(table, name, lang), value_words(spec_of(table, name), one.values.get(name), names, lang))
        for name in conflict.columns
    ]


def _control(table: Table, name: str, value: Value, lang: str) -> dict[str, Any]:
    """One input of the third answer, of the kind the field was declared with."""
    spec = spec_of(table, name)
    kind = spec.kind if spec else Kind.TEXT
    choices = []
    if spec and spec.codes:
        choices = [(code, word_of(spec.codes, code, lang)) for code, _zh, _en in CODE_LISTS[spec.codes]]
    if kind is Kind.FLAG:
        choices = [("1", _("是")), ("0", _("否"))]
    return {
        "name": f"own_{name}", "label": column_words(table, name, lang), "choices": choices,
        "type": {Kind.DATE: "date", Kind.TIME: "time", Kind.INTEGER: "number"}.get(kind, "text"),
        "value": "" if value is None else str(value), "high": spec.high if spec else None,
        "low": spec.low if spec else None, "may_be_empty": bool(spec and spec.null),
    }  # fmt: skip

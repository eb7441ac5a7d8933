"""The inbox, one card a disagreement, and the decision on each: a write like any other (C5)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput, NotAllowed, NotFound
from shared.records.declare import Kind
from shared.schema import Table, Value
from shared.web import auth
from shared.web.app import language
from shared.web.conflicts.deciding import lines_of, may_see, may_settle, note_shown, open_fields, table_of_row
from shared.web.conflicts.domain import views as domain
from shared.web.conflicts.rules import (
    NOTE_LENGTH_MAX,
    checked_note,
    chosen_values,
    decided_elsewhere,
    seen,
)
from shared.web.conflicts.several import views as several
from shared.web.db import db, replica, site_campus
from shared.web.store import names_of
from shared.web.wording import column_words, ids_in, is_secret, row_title, spec_of, table_words
from sync.capture import write
from sync.conflicts import Conflict, Shown, conflict_of, resolve

ROUTES = {
    "conflicts.inbox": "conflict.see",
    "conflicts.card": "conflict.see",
    "conflicts.settle": "conflict.resolve",
    **domain.ROUTES,
    **several.ROUTES,
}
SHOWN_MAX = 100


def blueprint() -> Blueprint:
    """The room, the same on a node and at the hub: where it stands follows from the site."""
    room = Blueprint(
        "conflicts", __name__, template_folder="templates", static_folder="static",
        static_url_path="/static/conflicts",
    )  # fmt: skip
    room.add_url_rule("/conflicts", "inbox", inbox, strict_slashes=False)
    room.add_url_rule("/conflicts/<conflict_id>", "card", card)
    room.add_url_rule("/conflicts/<conflict_id>", "settle", settle, methods=["POST"])
    domain.add_rules(room)
    several.add_rules(room)
    return room


def inbox() -> str:
    """Everything open that this person may settle, and how much else there is."""
    found = open_fields()
    mine = [conflict for conflict in found if may_see(conflict)]
    listed = domain.listed()
    note_shown(mine[:SHOWN_MAX])
    return render_template(
        "conflicts/inbox.html", views=[_view(conflict) for conflict in mine[:SHOWN_MAX]], total=len(mine),
        findings=listed.shown, others=len(found) - len(mine) + listed.others, whole_term=listed.whole_term,
        at_hub=not site_campus(), several=sum(may_settle(conflict) for conflict in mine) > 1,
    )  # fmt: skip


def card(conflict_id: str) -> Any:
    """One disagreement with its form."""
    conflict = _open(conflict_id)
    return redirect(url_for("conflicts.inbox")) if conflict is None else _page(conflict, (), {})


def settle(conflict_id: str) -> Any:
    """Take one value, another, or a third, with a reason."""
    conflict = _open(conflict_id)
    if conflict is None:
        return redirect(url_for("conflicts.inbox"))
    if not may_settle(conflict):
        raise NotAllowed(conflict=conflict_id)
    try:
        note = checked_note(request.form)
        values = chosen_values(table_of_row(conflict), conflict, request.form)
    except InvalidInput as refused:
        return _page(conflict, refused.problems, request.form), 422
    with write(replica(), db(), auth.author(table_of_row(conflict).owner_of(conflict.key) or site_campus())) as w:
        resolve(w, conflict, values, note)
    flash(_("已按您的决定保存，会同步到各校区。"), "ok")
    return redirect(url_for("conflicts.inbox"))


def _open(conflict_id: str) -> Conflict | None:
    """The conflict, or None when somebody has settled it meanwhile. Raises NotAllowed, NotFound."""
    try:
        conflict = conflict_of(db(), replica(), conflict_id)
    except NotFound as error:
        if error.code != "conflict_settled":
            raise
        flash(_("这一处已经有人处理了。"), "info")
        return None
    if not may_see(conflict):
        raise NotAllowed(conflict=conflict_id)
    return conflict


def _page(conflict: Conflict, problems: Any, form: Any) -> str:
    table, lang = table_of_row(conflict), language()
    note_shown([conflict])
    winner = next((head for head in conflict.heads if head.winner), conflict.heads[0])
    settles = may_settle(conflict)
    own = conflict.columns if conflict.kind == "edit" and settles and not any(map(is_secret, conflict.columns)) else ()
    return render_template(
        "conflicts/card.html", view=_view(conflict), problems=problems, form=form, seen=seen(conflict),
        note_length_max=NOTE_LENGTH_MAX, at_hub=not site_campus(),
        controls=[_control(table, name, winner.values.get(name), lang) for name in own],
    )  # fmt: skip


def _view(conflict: Conflict) -> dict[str, Any]:
    table, lang = table_of_row(conflict), language()
    shown = [*conflict.heads, *([conflict.base] if conflict.base else [])]
    ids = ids_in(table, conflict.key, [each.values for each in shown])
    ids |= {each.person_id for each in shown} | {each.campus for each in shown}
    ids |= {table.owner_of(conflict.key) or ""}
    names = names_of(db(), ids, campus=table.owner_of(conflict.key) or site_campus(), lang=lang)

    def said(one: Shown) -> dict[str, Any]:
        return {
            "version": one.version, "who": names.get(one.person_id, one.person_id), "winner": one.winner,
            "campus": names.get(one.campus, one.campus), "instant": one.instant,
            "here": one.node == replica().node,
            "lines": lines_of(conflict, one, names, lang, kept=(_("保留"), _("删除"))),
        }  # fmt: skip

    edited = conflict.columns if conflict.kind == "edit" else ()
    elsewhere = decided_elsewhere(table, conflict, site_campus())
    return {
        "id": conflict.id, "review": conflict.review, "what": table_words(table, lang),
        "title": row_title(table, conflict.key, names, lang),
        "fields": [column_words(table, name, lang) for name in edited],
        "decider": names.get(elsewhere, elsewhere),
        "base": said(conflict.base) if conflict.base else None, "heads": [said(head) for head in conflict.heads],
    }  # fmt: skip


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
        "name": f"own_{name}", "label": column_words(table, name, lang), "choices": choices,
        "type": {Kind.DATE: "date", Kind.TIME: "time", Kind.INTEGER: "number"}.get(kind, "text"),
        "value": "" if value is None else str(value), "low": spec.low if spec else None,
        "high": spec.high if spec else None, "may_be_empty": bool(spec and spec.null),
    }  # fmt: skip

"""The pages: whom it is about, which records and why, once more with the name typed, and the proof."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from hub.erasing import store
from hub.erasing.rules import NOTE_LENGTH_MAX, order_words, problems_with, said_by
from hub.erasing.store import Held, Someone
from shared.errors import NotAllowed, Problem
from shared.ids import campus_of
from shared.web import auth
from shared.web.app import language
from shared.web.db import clock, db, replica
from shared.web.listing import ListCell, ListColumn, ListFilter, ListRow, asked_of, listing_of
from shared.web.store import campus_names, names_of
from shared.web.times import spoken_instant
from shared.web.wording import table_words
from sync.steps.erase import erasures

ROUTES = {
    "erasing.people": "record.erase",
    "erasing.person": "record.erase",
    "erasing.done": "record.erase",
}


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint("erasing", __name__, url_prefix="/erasing", template_folder="templates")
    room.add_url_rule("/", "people", people)
    room.add_url_rule("/done", "done", done)
    room.add_url_rule("/of/<person_id>", "person", person, methods=["GET", "POST"])
    return room


def people() -> str:
    """Everybody in the one list; whoever is meant is opened."""
    names = campus_names(db())
    columns = [ListColumn("name", _("姓名")), ListColumn("kind", _("身份")), ListColumn("campus", _("校区"))]
    kinds = (("pupil", _("学生")), ("staff", _("教职工")))
    filters = [
        ListFilter("kind", _("身份"), kinds),
        ListFilter("campus", _("校区"), tuple(names.items()) if len(names) > 1 else ()),
    ]  # fmt: skip
    rows = []
    for one in store.people(db()):
        kind, campus = "pupil" if one.pupil else "staff", campus_of(one.id)
        cells = (
            ListCell(one.name, one.id, order=f"{one.initials} {one.name}"), ListCell(dict(kinds)[kind]),
            ListCell(names.get(campus, campus)),
        )  # fmt: skip
        href = url_for("erasing.person", person_id=one.id)
        rows.append(ListRow(cells, one.initials, {"kind": kind, "campus": campus}, href))
    filters = [one for one in filters if one.choices]
    listing = listing_of(_("依法删除"), columns, rows, asked_of(request.args, columns, filters), filters)
    return render_template("erasing/people.html", listing=listing)


def person(person_id: str) -> Any:
    """What is held about one person. A first post asks once more, a second erases."""
    someone = store.person_named(db(), replica(), person_id)
    if person_id == auth.visitor().person_id:
        raise NotAllowed("about_oneself")
    held = store.records_about(db(), replica(), person_id)
    if request.method == "GET":
        return _page(someone, held, [], (), asking=False)
    chosen, note = request.form.getlist("record"), request.form.get("note", "").strip()
    typed = request.form.get("name", "").strip() if request.form.get("step") == "confirm" else None
    problems = problems_with(chosen, {one.id for one in held}, note=note, typed_name=typed, name=someone.name)
    if problems:
        return _page(someone, held, chosen, tuple(problems), asking=typed is not None), 422
    wanted = [one for one in held if one.id in chosen]
    wanted += store.cards_along(db(), replica(), wanted)
    if typed is None:
        return _page(someone, held, [one.id for one in wanted], (), asking=True)
    by = order_words(auth.visitor().person_id, note)
    store.erase_records(db(), replica(), wanted, by=by)
    return redirect(url_for("erasing.done", just=len(wanted)), 303)


def _page(
    someone: Someone, held: list[Held], chosen: list[str], problems: tuple[Problem, ...], *, asking: bool
) -> str:
    """chosen: the records that are ticked, and those that go along with them."""
    lang = language()
    shown = [(one.id, table_words(one.table, lang), " · ".join(map(str, one.key)), one.id in chosen) for one in held]
    return render_template(
        "erasing/person.html", someone=someone, held=shown, problems=problems, asking=asking,
        note=request.form.get("note", ""), note_length_max=NOTE_LENGTH_MAX, first=request.method == "GET",
    )  # fmt: skip


def done() -> str:
    """Every erasure of the log with its proof, the newest first."""
    lang = language()
    found = list(erasures(db()))
    names = names_of(db(), {said_by(one.by)[0] for one in found}, lang=lang)
    columns = [
        ListColumn("seq", _("中心序号"), number=True), ListColumn("what", _("内容")), ListColumn("key", _("编号")),
        ListColumn("at", _("时间")), ListColumn("who", _("谁")), ListColumn("why", _("依据和原因")),
        ListColumn("proof", _("凭据"), sortable=False),
    ]  # fmt: skip
    rows = []
    for one in found:
        who, why = said_by(one.by)
        table = replica().tables.get(one.table)
        cells = (
            ListCell(str(one.hub_seq), order=one.hub_seq),
            ListCell(table_words(table, lang) if table else one.table), ListCell(one.key),
            ListCell(spoken_instant(one.instant, clock().now_ms(), lang), order=one.instant),
            ListCell(names.get(who, who)), ListCell(why), ListCell(one.log_hash),
        )  # fmt: skip
        rows.append(ListRow(cells))
    listing = listing_of(_("删除凭据"), columns, rows, asked_of(request.args, columns))
    return render_template("erasing/done.html", listing=listing, just=request.args.get("just", "")[:4])

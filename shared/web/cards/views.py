"""The pages of cards: the list of orders, the form of a new one, one order with its way and its withdrawal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlite_utils import Database

from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem
from shared.ids import campus_of
from shared.records import CardDelivery, CardOrder, Pupil
from shared.schema import find
from shared.web import auth
from shared.web.app import language
from shared.web.cards import store
from shared.web.cards.rules import FIELDS_OF_PURPOSE, CardLimits, home_of, is_over, state_of
from shared.web.db import db, replica, site_campus, today
from shared.web.listing import ListCell, ListColumn, ListFilter, ListRow, asked_of, listing_of
from shared.web.readings.views import note_reading
from shared.web.store import campus_names, names_of
from sync.capture import token_of
from sync.replica import Replica

ROUTES = {
    "cards.orders": "card.order",
    "cards.new": "card.order",
    "cards.order": "card.order",
    "cards.withdraw": "card.order",
}
REASON_LENGTH_MAX = 120
TONES = {
    "waiting": "info", "sent": "info", "received": "ok", "ending": "warn", "erased": "off", "erased_there": "off",
    "cancelled": "off",
}  # fmt: skip
Deliver = Callable[[Replica, Database], object]


def blueprint(deliver: Deliver | None = None) -> Blueprint:
    """The room. deliver: what the hub does at once with what was written; a node leaves it to the next sync."""
    room = Blueprint("cards", __name__, template_folder="templates")

    def new(pupil_id: str) -> Any:
        return _new(pupil_id, deliver)

    def withdraw(order_id: str) -> Any:
        return _withdraw(order_id, deliver)

    room.add_url_rule("/cards", "orders", orders)
    room.add_url_rule("/cards/new/<pupil_id>", "new", new, methods=["GET", "POST"])
    room.add_url_rule("/cards/<order_id>", "order", order)
    room.add_url_rule("/cards/<order_id>/withdraw", "withdraw", withdraw, methods=["POST"])
    return room


def state_words(state: str) -> str:
    """How far a card is, in words."""
    words: dict[str, str] = {
        "waiting": _("等主校区转送"), "sent": _("已送出，对方还没有同步"), "received": _("对方已收到"),
        "ending": _("已撤回，等主校区删除"), "erased": _("已删除，对方还没有同步"),
        "erased_there": _("已删除，对方已收到"), "cancelled": _("没有送出就结束了"),
    }  # fmt: skip
    return words[state]


def orders() -> str:
    """Every order that is held here and that the visitor may manage."""
    lang, names, done = language(), campus_names(db()), store.deliveries(db())
    known = store.hosts_known_until(db(), replica())
    mine = [one for one in store.orders(db()) if auth.may("card.order", home_of(one))]
    people = names_of(db(), {one.pupil_id for one in mine}, lang=lang)
    columns = [
        ListColumn("pupil", _("学生")), ListColumn("purpose", _("名片用途")), ListColumn("host", _("对方校区")),
        ListColumn("begin", _("开始日期")), ListColumn("end", _("结束")), ListColumn("state", _("状态")),
    ]  # fmt: skip
    choices = tuple((code, state_words(code)) for code in TONES)
    filters = [ListFilter("state", _("状态"), choices)]
    rows = []
    for one in mine:
        state = state_of(one, done.get(one.id), known.get(one.host_campus), today())
        cells = (
            ListCell(people.get(one.pupil_id, one.pupil_id)), ListCell(word_of("card_purpose", one.purpose, lang)),
            ListCell(names.get(one.host_campus, one.host_campus)), ListCell(one.begin), ListCell(one.end or ""),
            ListCell(state_words(state), tone=TONES[state]),
        )  # fmt: skip
        rows.append(ListRow(cells, filters={"state": state}, href=url_for("cards.order", order_id=one.id)))
    listing = listing_of(_("名片签发"), columns, rows, asked_of(request.args, columns, filters), filters)
    return render_template("cards/orders.html", listing=listing)


def _pupil(pupil_id: str) -> Pupil:
    """The pupil, of a campus whose cards the visitor orders. Raises NotFound, NotAllowed."""
    found = find(db(), Pupil, pupil_id)
    if found is None or (site_campus() and campus_of(pupil_id) != site_campus()):
        raise NotFound(pupil=pupil_id)
    auth.require("card.order", campus_of(pupil_id))
    return found


def _new(pupil_id: str, deliver: Deliver | None) -> Any:
    pupil = _pupil(pupil_id)
    if request.method == "GET":
        return _form(pupil, ())
    who = auth.visitor().person_id
    try:
        values = store.order_from(db(), replica(), pupil_id, request.form, by=who, today=today())
    except InvalidInput as refused:
        return _form(pupil, refused.problems), 422
    order_id = store.write_order(replica(), db(), auth.author(campus_of(pupil_id)), values)
    if deliver is not None:
        deliver(replica(), db())
    flash(_("已签发。") if deliver else _("已签发，下次同步后由主校区转送。"), "ok")
    return redirect(url_for("cards.order", order_id=order_id), 303)


def _form(pupil: Pupil, problems: tuple[Problem, ...]) -> str:
    lang = language()
    hosts = {code: name for code, name in campus_names(db()).items() if code != campus_of(pupil.id)}
    purposes = [(code, word_of("card_purpose", code, lang)) for code, _zh, _en in CODE_LISTS["card_purpose"]]
    return render_template(
        "cards/new.html", pupil=pupil, hosts=hosts, purposes=purposes, problems=problems, given=request.form,
        lead_days=CardLimits().lead_days,
        needs=[(words, [field_words(name) for name in FIELDS_OF_PURPOSE[code]]) for code, words in purposes],
    )  # fmt: skip


def field_words(name: str) -> str:
    """A field of a card in words."""
    words: dict[str, str] = {
        "class_name": _("班级"), "guardian": _("监护人"), "guardian_phone": _("监护人电话"),
        "may_collect": _("可接人"), "health_warning": _("健康提示"),
    }  # fmt: skip
    return words[name]


def _order(order_id: str) -> CardOrder:
    found = find(db(), CardOrder, order_id)
    if found is None:
        raise NotFound(card=order_id)
    if not auth.may("card.order", home_of(found)):
        raise NotAllowed(action="card.order", campus=home_of(found))
    return found


def order(order_id: str) -> str:
    """One order: what it says, how far the card is, and the proof once it was erased."""
    return _page(_order(order_id), ())


def _page(one: CardOrder, problems: tuple[Problem, ...]) -> str:
    note_reading("card_order", "form", 1, one.pupil_id)
    delivery = find(db(), CardDelivery, one.id)
    known = store.hosts_known_until(db(), replica()).get(one.host_campus)
    names = names_of(db(), {one.pupil_id, one.ordered_by, one.withdrawn_by, one.host_campus}, lang=language())
    state = state_of(one, delivery, known, today())
    return render_template(
        "cards/order.html", order=one, delivery=delivery, names=names, state=state, state_words=state_words(state),
        tone=TONES[state], problems=problems, token=token_of(db(), replica(), CardOrder, (one.id,)) or "",
        open=not is_over(one, today()), fields=[field_words(name) for name in FIELDS_OF_PURPOSE.get(one.purpose, ())],
        reason_length_max=REASON_LENGTH_MAX,
    )  # fmt: skip


def _withdraw(order_id: str, deliver: Deliver | None) -> Any:
    one = _order(order_id)
    reason = request.form.get("reason", "").strip()
    about: dict[str, str | int | None] = {"zh": "撤回原因", "en": "Reason", "high": REASON_LENGTH_MAX}
    if not reason or len(reason) > REASON_LENGTH_MAX:
        return _page(one, (Problem("reason", "too_long" if reason else "missing", about),)), 422
    if not is_over(one, today()):
        author = auth.author(home_of(one))
        store.write_withdrawal(
            replica(), db(), author, one.id, reason=reason, token=request.form.get("token") or None
        )
    if deliver is not None:
        deliver(replica(), db())
    flash(_("已撤回，名片已删除。") if deliver else _("已撤回，下次同步后由主校区在对方校区删除。"), "ok")
    return redirect(url_for("cards.order", order_id=one.id), 303)

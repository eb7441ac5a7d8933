"""Pupils of other campuses who board, visit or ride here: their cards, for the work that needs them."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask_babel import gettext as _

from node.db import campus
from node.pupils import listing
from shared.codes import CODE_LISTS
from shared.errors import NotFound
from shared.ids import campus_of
from shared.records import GuestCard
from shared.web import auth
from shared.web.app import language
from shared.web.cards.rules import fields_seen
from shared.web.cards.store import guest_cards
from shared.web.cards.views import field_words
from shared.web.db import db, today
from shared.web.listing import ListColumn, ListFilter, asked_of, listing_of
from shared.web.readings.views import note_reading
from shared.web.store import campus_names


def guests() -> str:
    """The cards of today and of the days to come; that the list was read is noted."""
    cards, lang, names = _cards(), language(), campus_names(db())
    columns = [
        ListColumn("name", _("姓名")), ListColumn("class", _("班级")), ListColumn("home", _("来自")),
        ListColumn("purpose", _("名片用途")), ListColumn("state", _("状态")), ListColumn("end", _("到（不含）")),
    ]  # fmt: skip
    purposes = tuple((code, zh if lang == "zh" else en) for code, zh, en in CODE_LISTS["card_purpose"])
    filters = [ListFilter("purpose", _("名片用途"), purposes)]
    rows = listing.guest_rows(
        cards, lang, today=today().isoformat(), soon=_("将到"), here=_("在校"),
        home=lambda pupil: names.get(campus_of(pupil), campus_of(pupil)),
        page=lambda order: url_for("pupils.guest", order_id=order),
    )  # fmt: skip
    shown = listing_of(_("来访学生"), columns, rows, asked_of(request.args, columns, filters), filters)
    note_reading("guest_card", "list", len(shown.rows))
    return render_template("pupils/guests.html", listing=shown)


def _cards() -> list[GuestCard]:
    return guest_cards(db(), campus(), today().isoformat())


def guest(order_id: str) -> str:
    """One card: the fields that the visitor's work needs. What has ended or was withdrawn is not found."""
    card = next((one for one in _cards() if one.order_id == order_id), None)
    if card is None:
        raise NotFound(card=order_id)
    note_reading("guest_card", "form", 1, card.pupil_id)
    seen = fields_seen(auth.visitor().roles, campus())
    fields = [(name, field_words(name), getattr(card, name)) for name in _ORDER if name in seen]
    home = campus_of(card.pupil_id)
    return render_template(
        "pupils/guest.html", card=card, home=campus_names(db()).get(home, home),
        fields=[each for each in fields if each[2]],
    )  # fmt: skip


_ORDER = ("class_name", "health_warning", "guardian", "guardian_phone", "may_collect")

"""Several disagreements of one kind settled by one word: the office's value, the later, this site's or the others'."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from shared.clock import instant_ms, local_time
from shared.errors import InvalidInput, NotFound, Problem
from shared.web import auth
from shared.web.app import language
from shared.web.conflicts.deciding import lines_of, may_settle, note_shown, open_fields, table_of_row
from shared.web.conflicts.rules import (
    BY_OFFICE,
    LATER,
    NOTE_LENGTH_MAX,
    OURS,
    THEIRS,
    checked_note,
    head_meant,
    seen,
)
from shared.web.conflicts.several import listing
from shared.web.conflicts.several.listing import Card, Told
from shared.web.db import db, replica, site_campus
from shared.web.listing import Bulk, BulkDeed, asked_of, listing_of
from shared.web.store import campus_names, names_of
from shared.web.wording import column_words, ids_in, row_title, table_words
from sync.capture import write
from sync.conflicts import Conflict, Shown, conflict_of, resolve

ROUTES = {"conflicts.several": "conflict.see", "conflicts.settle_several": "conflict.resolve"}


def add_rules(room: Blueprint) -> None:
    """The addresses, beside the inbox."""
    room.add_url_rule("/conflicts/several", "several", several)
    room.add_url_rule("/conflicts/several", "settle_several", settle_several, methods=["POST"])


def several() -> str:
    """Every disagreement about a field that the visitor may settle; boxes to tick within one kind."""
    return _page(())


def _page(problems: tuple[Problem, ...]) -> str:
    cards = _cards([each for each in open_fields() if may_settle(each)])
    words = {
        "row": _("记录"), "base": _("原来是"), "ours": _("主校区填的") if not site_campus() else _("本机"),
        "theirs": _("校区填的") if not site_campus() else _("别处"), "newest": _("最后改于"), "kind": _("哪一种"),
        "campus": _("校区"), "act": _("去决定"), "winner": _("（目前采用）"), "or": _("；"),
    }  # fmt: skip
    hrefs = {card.conflict.id: url_for("conflicts.card", conflict_id=card.conflict.id) for card in cards}
    columns, filters = listing.columns(words), listing.filters(cards, words, campus_names(db()))
    asked = asked_of(request.args, columns, filters)
    one_kind = bool(asked.filters.get("kind")) or len({card.kind for card in cards}) == 1
    rows = listing.rows(cards, words, hrefs)
    if not one_kind or not auth.may("conflict.resolve"):
        rows = [replace(row, pick="") for row in rows]
    shown = listing_of(_("成批处理冲突"), columns, rows, asked, filters)
    on_page = {row.href for row in shown.rows}
    note_shown(card.conflict for card in cards if hrefs[card.conflict.id] in on_page)
    return render_template(
        "conflicts/several.html", listing=shown,
        bulk=Bulk(url_for("conflicts.settle_several") + asked.query(page=asked.page), _deeds()), one_kind=one_kind,
        problems=problems, note=request.form.get("note", ""), note_length_max=NOTE_LENGTH_MAX,
    )  # fmt: skip


def _deeds() -> tuple[BulkDeed, ...]:
    ours, theirs = (_("都以本机的为准"), _("都以别处的为准"))
    if not site_campus():
        ours, theirs = (_("都以主校区的为准"), _("都以校区的为准"))
    return (
        BulkDeed(BY_OFFICE, _("都以教务填的为准")), BulkDeed(LATER, _("都以后改的为准")), BulkDeed(OURS, ours),
        BulkDeed(THEIRS, theirs),
    )  # fmt: skip


def settle_several() -> Any:
    """One resolution a conflict, naming the heads that the list showed; what moved since, or fits not, is left."""
    way = request.form.get("do", "")
    try:
        note = checked_note(request.form)
        if way not in (BY_OFFICE, LATER, OURS, THEIRS):
            raise InvalidInput(Problem("do", "missing", {"zh": "您的决定", "en": "Your decision"}))
    except InvalidInput as refused:
        return _page(refused.problems), 422
    picks = request.form.getlist("pick")
    done = sum(_settle(*listing.picked(pick), way=way, note=note) for pick in picks)
    left = len(picks) - done
    if done:
        flash(ngettext("%(num)d 处已定，会同步到各校区。", "%(num)d 处已定，会同步到各校区。", done), "ok")
    if left:
        words = ngettext("%(num)d 处留着：内容刚变过，或看不出是哪一个，请逐个决定。",
                         "%(num)d 处留着：内容刚变过，或看不出是哪一个，请逐个决定。", left)  # fmt: skip
        flash(words, "warn")
    if not picks:
        flash(_("没有选冲突。"), "warn")
    return redirect(f"{url_for('conflicts.several')}?{request.query_string.decode()}", 303)


def _settle(id_: str, shown: str, *, way: str, note: str) -> bool:
    """False where somebody settled it meanwhile, it is not the visitor's, it moved, or no one value is meant."""
    try:
        conflict = conflict_of(db(), replica(), id_)
        head = head_meant(conflict, way, replica().node)
        if head is None or seen(conflict) != shown or not may_settle(conflict):
            return False
        owner = table_of_row(conflict).owner_of(conflict.key)
        with write(replica(), db(), auth.author(owner or site_campus())) as w:
            resolve(w, conflict, dict(head.values), note)
    except (NotFound, InvalidInput):
        return False
    return True


def _cards(conflicts: list[Conflict]) -> list[Card]:
    """All in words; names are looked up once a campus, sessions being called differently at each."""
    lang = language()
    at: dict[str, list[Conflict]] = defaultdict(list)
    for each in conflicts:
        at[table_of_row(each).owner_of(each.key) or ""].append(each)
    names: dict[str, dict[str, str]] = {}
    for campus, those in at.items():
        ids: set[str] = set()
        for each in those:
            values = [each.base, *each.heads] if each.base else list(each.heads)
            ids |= ids_in(table_of_row(each), each.key, [one.values for one in values])
            ids |= {one.person_id for one in values} | {one.campus for one in values}
        names[campus] = names_of(db(), ids, campus=campus or site_campus(), lang=lang)
    return [_card(each, names[table_of_row(each).owner_of(each.key) or ""], lang) for each in conflicts]


def _card(conflict: Conflict, names: dict[str, str], lang: str) -> Card:
    table = table_of_row(conflict)
    fields = [column_words(table, name, lang) for name in (conflict.columns if conflict.kind == "edit" else ())]
    what = _("、").join(fields) or _("删除还是保留")
    return Card(
        conflict, listing.kind_of(conflict), f"{table_words(table, lang)} · {what}",
        table.owner_of(conflict.key) or "", row_title(table, conflict.key, names, lang),
        _told(conflict, conflict.base, names, lang) if conflict.base else None,
        tuple(_told(conflict, head, names, lang) for head in conflict.heads),
    )  # fmt: skip


def _told(conflict: Conflict, one: Shown, names: dict[str, str], lang: str) -> Told:
    lines = lines_of(conflict, one, names, lang, kept=(_("保留"), _("删除")))
    moment = f"{local_time(instant_ms(one.instant)):%Y-%m-%d %H:%M}"
    who = f"{names.get(one.person_id, one.person_id)} {names.get(one.campus, one.campus) or _('中心')} {moment}".strip()
    words = lines[0][1] if len(lines) == 1 else " · ".join(f"{label} {value}" for label, value in lines)
    return Told(words, who, moment, one.winner, one.node == replica().node)

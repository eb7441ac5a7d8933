"""One booking with the state of each of its dates; cancelling and answering; the list of one's own."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from node.bookings import rules, saving
from node.bookings.saving import Asker
from node.bookings.views.asking import SHOWN_MAX, shown_alternatives, shown_taken, skipped_words
from node.bookings.views.wording import Words, day_words, now_at_school, reason_words, state_word, words_for
from node.db import campus
from shared.bookings.answering import Word, decide
from shared.bookings.rules import answer_refusal
from shared.bookings.store import Booked, booked_by, series_occurrences, waiting_or_ruled
from shared.codes import word_of
from shared.errors import InvalidInput, NotFound, Problem
from shared.ids import campus_of
from shared.records import BookingOccurrence, Room
from shared.roles import ACTIONS
from shared.schema import find
from shared.web.app import language
from shared.web.auth import author, may, visitor
from shared.web.db import clock, db, replica, today
from shared.web.store import names_of
from sync.capture import token_of


def asker() -> Asker:
    """The visitor as somebody who may cancel or answer."""
    places = frozenset(at for role, at in visitor().roles if role in ACTIONS["room.decide"])
    return Asker(visitor().person_id, places)


def page(series_id: str) -> Any:
    """Every date of a booking: its state, the answer and its reason, what is free instead."""
    return _page(_known(series_id))


def _known(series_id: str) -> list[Booked]:
    known = series_occurrences(db(), series_id)
    if not known:
        raise NotFound("booking_not_found", series=series_id)
    return known


def _page(known: list[Booked], problems: Any = ()) -> str:
    series, owner = known[0].series, campus_of(known[0].series.id)
    fallen = saving.fallen_out(db(), known, now=(today().isoformat(), now_at_school()))
    words = words_for([one for each in fallen.taken for one in each.by])
    room = find(db(), Room, series.room_id)
    names = names_of(db(), {series.booked_by, series.group_id or ""})
    waits = any(each.live and each.occurrence.state == "requested" for each in known)
    return render_template(
        "bookings/series.html",
        series=series,
        room=room,
        room_name=known[0].room_name,
        small=words.small(room) if room else "",
        owner=words.decider(owner),
        booker=names.get(series.booked_by, series.booked_by),
        booked_from=words.campus(series.campus),
        group=names.get(series.group_id or "", ""),
        purpose=word_of("booking_purpose", series.purpose, language()),
        repeat=word_of("booking_repeat", series.repeat, language()),
        waits=words.whom(owner) if waits and owner != campus() else "",
        lines=[_line(each, words) for each in known],
        still=sum(rules.cancel_refusal(each, visitor().person_id, office=asker().office_of(each),
                                       today=today().isoformat()) is None for each in known),
        taken=[shown_taken(each, words, series.head_count) for each in fallen.taken[:SHOWN_MAX]],
        skipped=[skipped_words(each) for each in fallen.skipped],
        problems=problems,
        may_book=may("room.book", campus()),
    )  # fmt: skip


def _line(booked: Booked, words: Words) -> dict[str, Any]:
    held, day = booked.occurrence, today().isoformat()
    tone, state = state_word(booked, words)
    rejected = held.state == "rejected" and not held.cancelled_at and held.date >= day
    decides = may("room.decide", campus())
    answers = [
        code
        for code in ("confirmed", "rejected")
        if decides and answer_refusal(held, code, deciding={campus()}, today=day) is None
    ]
    key = (held.series_id, held.number)
    return {
        "booked": booked,
        "number": held.number,
        "day": day_words(held.date),
        "date": held.date,
        "time": f"{held.begin}–{held.end}",
        "tone": tone,
        "state": state,
        "why": reason_words(booked),
        "may_cancel": rules.cancel_refusal(
            booked, visitor().person_id, office=asker().office_of(booked), today=day
        ) is None,
        "answers": answers,
        "token": (token_of(db(), replica(), BookingOccurrence, key) or "") if answers else "",
        "instead": shown_alternatives(booked.slot, words, booked.series.head_count) if rejected else [],
    }  # fmt: skip


def cancel(series_id: str) -> Any:
    """Cancel one date, or all that are still to come."""
    raw = request.form.get("number", "")
    if raw and not (raw.isascii() and raw.isdigit() and len(raw) < 4):
        raise InvalidInput(Problem("number", "not_integer", {"zh": "序次", "en": "number"}))
    numbers = {int(raw)} if raw else None
    done = saving.cancel(replica(), db(), author(campus()), series_id, numbers, asker(), today=today())
    flash(ngettext("已取消 %(num)d 次。", "已取消 %(num)d 次。", done) if done else _("没有可取消的。"), "ok")
    return redirect(url_for("bookings.series", series_id=series_id), 303)


def answer(series_id: str, number: int) -> Any:
    """A person's answer at the deciding campus."""
    form = request.form
    word = Word(form.get("state", ""), form.get("answer_note", ""), form.get("token") or None)
    try:
        decide(
            replica(), db(), author(campus()), (series_id, number), word, deciding=lambda _db: {campus()}, today=today()
        )
    except InvalidInput as error:
        return _page(_known(series_id), error.problems), 422
    flash(_("已答复，下次同步送到对方校区。"), "ok")
    return redirect(url_for("bookings.series", series_id=series_id), 303)


def mine() -> Any:
    """One's own bookings from today on; for whoever decides, also what other campuses asked for here."""
    words, day = words_for(()), today().isoformat()
    office = may("room.decide", campus())
    asked = [each for each in waiting_or_ruled(db(), day) if each.campus == campus()] if office else []
    return render_template(
        "bookings/mine.html",
        own=[_line(each, words) for each in booked_by(db(), visitor().person_id, day)],
        asked=[_line(each, words) for each in asked],
        office=office,
        now=clock().now_ms(),
    )

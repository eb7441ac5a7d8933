"""Asking for a room: the form that "+" opens filled in, and what comes of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from node.bookings import saving
from node.bookings.rules import BookingLimits
from node.bookings.saving import Outcome, Taken
from node.bookings.views.wording import Words, asked_date, day_words, now_at_school, words_for
from node.db import campus
from shared.bookings.rules import Alternative, Slot
from shared.bookings.store import alternatives_to, groups_of, rooms_of, spans_of, title_of
from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput
from shared.ids import campus_of
from shared.web.app import language
from shared.web.auth import author, require, visitor
from shared.web.db import db, replica, today

WEEKS_AHEAD = 16
# Of a long series the first few taken dates are answered with what else is free.
SHOWN_MAX = 6


def new() -> Any:
    """The form, filled in from the cell it was opened from."""
    require("room.book", campus())
    asked_date(request.args.get("date", ""))
    return _form(dict(request.args.items()))


def book(limits: BookingLimits) -> Any:
    """Book, or show the form again with what is wrong or what is free instead."""
    require("room.book", campus())
    typed = {name: value for name, value in request.form.items() if name != "csrf_token"}
    instead = typed.pop("instead", "")
    if instead:
        typed |= dict(zip(saving.PLACED, instead.split("|"), strict=False))
    try:
        wish = saving.wish_from(typed, booked_by=visitor().person_id, campus=campus())
        outcome = saving.book(replica(), db(), author(campus()), wish, today=today(), limits=limits)
    except InvalidInput as error:
        return _form(typed, problems=error.problems), 422
    if not outcome.series_id:
        return _form(typed, taken=outcome.taken, skipped=outcome.skipped), 409
    _tell(outcome)
    return redirect(url_for("bookings.series", series_id=outcome.series_id), 303)


def _tell(outcome: Outcome) -> None:
    number = len(outcome.made)
    if outcome.again:
        flash(_("这个预约已经记下，没有重复。"), "info")
    elif outcome.state == "confirmed":
        flash(ngettext("已定 %(num)d 次。", "已定 %(num)d 次。", number), "ok")
    else:
        words = words_for(())
        code = campus_of(outcome.series_id)
        asked = ngettext("已提出 %(num)d 次申请。", "已提出 %(num)d 次申请。", number)
        flash(f"{asked} {words.whom(code)}", "warn")
    if outcome.taken:
        flash(ngettext("%(num)d 次没有订上，见下面。", "%(num)d 次没有订上，见下面。", len(outcome.taken)), "warn")


def _form(typed: dict[str, str], *, problems: Any = (), taken: Any = (), skipped: Any = ()) -> str:
    rooms, words = rooms_of(db(), first=campus()), words_for([one for each in taken for one in each.by])
    chosen = next((room for room in rooms if room.id == typed.get("room_id")), None)
    day = typed.get("date") or today().isoformat()
    owner = chosen.campus if chosen else campus()
    return render_template(
        "bookings/form.html",
        typed={"date": day, **typed},
        problems=problems,
        rooms=rooms,
        chosen=chosen,
        small=words.small(chosen) if chosen else "",
        foreign=words.whom(owner) if owner != campus() else "",
        campuses=words.campuses,
        spans=spans_of(db(), owner, day) if _is_date(day) else [],
        groups=groups_of(db(), campus(), today().isoformat()),
        purposes=_choices("booking_purpose"),
        repeats=_choices("booking_repeat"),
        until_high=(today() + timedelta(weeks=WEEKS_AHEAD)).isoformat(),
        taken=[shown_taken(each, words, _seats(typed)) for each in taken[:SHOWN_MAX]],
        more_taken=max(0, len(taken) - SHOWN_MAX),
        skipped=[skipped_words(each) for each in skipped],
        here=campus(),
    )


def _choices(codes: str) -> list[tuple[str, str]]:
    return [(code, word_of(codes, code, language())) for code, _zh, _en in CODE_LISTS[codes]]


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _seats(typed: dict[str, str]) -> int:
    raw = typed.get("head_count", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 5 else 0


def shown_taken(taken: Taken, words: Words, seats: int) -> dict[str, Any]:
    """A date that cannot be had: when, who has it, and what is free instead."""
    why = "、".join(
        f"{title_of(one, language())} · {words.names.get(one.who, one.who)} {one.begin}–{one.end}" for one in taken.by
    )
    return {
        "day": day_words(taken.slot.date),
        "time": f"{taken.slot.begin}–{taken.slot.end}",
        "why": why or _("教室停用"),
        "instead": shown_alternatives(taken.slot, words, seats),
    }


def shown_alternatives(wanted: Slot, words: Words, seats: int) -> list[dict[str, str]]:
    """What is free instead of a slot, in words, with the value its button sends."""
    now = (today().isoformat(), now_at_school())
    names = {room.id: room for room in rooms_of(db())}
    shown = []
    for each in alternatives_to(db(), wanted, seats=seats, now=now):
        slot, room = each.slot, names[each.slot.room_id]
        place = room.name if room.campus == campus() else f"{words.campus(room.campus)} {room.name}"
        shown.append(
            {
                "value": "|".join((slot.room_id, slot.date, slot.begin, slot.end)),
                "words": _alternative_words(each, place),
                "room_id": slot.room_id, "date": slot.date, "begin": slot.begin, "end": slot.end,
            }
        )  # fmt: skip
    return shown


def _alternative_words(each: Alternative, place: str) -> str:
    time = f"{each.slot.begin}–{each.slot.end}"
    if each.kind == "other_time":
        return str(_("同一天 %(time)s", time=time))
    if each.kind == "other_day":
        return f"{day_words(each.slot.date)} {time}"
    return f"{place} {time}"


def skipped_words(skipped: Any) -> str:
    """A date of a series on which there is no school, by name."""
    why = skipped.note or word_of("day_kind", skipped.day_kind, language()) or _("校历里没有这一天")
    return f"{day_words(skipped.date)}（{why}）"

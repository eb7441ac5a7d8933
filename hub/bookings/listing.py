"""What was asked of the rooms the hub answers for, in the one shape of lists. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from shared.bookings.rules import RULE, answer_refusal
from shared.bookings.store import Booked
from shared.codes import word_of
from shared.web.listing import ListCell, ListColumn, ListFilter, ListRow

COLUMNS = ("title", "room", "date", "time", "who", "state")
_TONES = {"requested": "warn", "confirmed": "ok", "rejected": "bad", "cancelled": "off"}


def columns(words: Mapping[str, str]) -> list[ListColumn]:
    """The columns. words: name → heading in the visitor's language."""
    return [ListColumn(name, words[name]) for name in COLUMNS]


def filters(words: Mapping[str, str], states: Mapping[str, str], campuses: Mapping[str, str]) -> list[ListFilter]:
    """By state, and by campus where there are several."""
    found = [ListFilter("state", words["state"], tuple(states.items()))]
    return [*found, ListFilter("campus", words["campus"], tuple(campuses.items()))] if len(campuses) > 1 else found


def rows(
    booked: Sequence[Booked], words: Mapping[str, str], states: Mapping[str, str], lang: str, *, today: str,
    may_answer: Callable[[str], bool], token: Callable[[tuple[str, int]], str], ticked: Collection[str],
) -> list[ListRow]:  # fmt: skip
    """A row an occurrence; a box where a person may still answer, with the token of what the page shows. words["rule"]:
    who answered by the rule."""
    found = [_row(each, words, states, lang, today=today, may_answer=may_answer, token=token) for each in booked]
    # What a row says now is what is ticked again, whatever the former page showed.
    return [replace(row, picked=bool(row.pick) and row.pick.rpartition("/")[0] in ticked) for row in found]


def _row(
    booked: Booked, words: Mapping[str, str], states: Mapping[str, str], lang: str, *, today: str,
    may_answer: Callable[[str], bool], token: Callable[[tuple[str, int]], str],
) -> ListRow:  # fmt: skip
    held = booked.occurrence
    state = "cancelled" if held.cancelled_at else held.state
    because = word_of("booking_reason", held.reason, lang) if held.reason != "none" else ""
    by = words["rule"] if held.decided_by == RULE else booked.decider_name
    open_ = [code for code in ("confirmed", "rejected")
             if answer_refusal(held, code, deciding={booked.campus}, today=today) is None]  # fmt: skip
    cells = (
        ListCell(booked.series.title, word_of("booking_purpose", booked.series.purpose, lang)),
        ListCell(booked.room_name), ListCell(held.date), ListCell(f"{held.begin}–{held.end}"),
        ListCell(booked.booker_name),
        ListCell(states[state], " · ".join(part for part in (because, held.answer_note, by) if part), _TONES[state]),
    )  # fmt: skip
    key = (held.series_id, held.number)
    pick = f"{held.series_id}/{held.number}/{token(key)}" if open_ and may_answer(booked.campus) else ""
    return ListRow(cells, filters={"state": state, "campus": booked.campus}, pick=pick)

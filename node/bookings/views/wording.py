"""The words that several pages of rooms need: names, days, states, how long a campus has not synced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from node.db import campus
from shared.bookings.rules import RULE, Busy
from shared.bookings.store import Booked
from shared.clock import local_time
from shared.codes import word_of
from shared.errors import InvalidInput, Problem
from shared.ids import campus_of
from shared.records import Room
from shared.web.app import language
from shared.web.auth import may
from shared.web.db import clock, db, today
from shared.web.store import campus_names, names_of
from shared.web.times import spoken_date, spoken_instant
from sync.status import campuses_known_until, campuses_served


@dataclass(frozen=True)
class Words:
    """Names by id, campuses by code, up to when each campus is known, which have a node, and whether the reader
    may book."""

    names: Mapping[str, str]
    campuses: Mapping[str, str]
    known: Mapping[str, str]
    served: Collection[str]
    may_book: bool

    def campus(self, code: str) -> str:
        """The name of a campus, or its code."""
        return self.campuses.get(code, code)

    def small(self, room: Room) -> str:
        """What stands under a room's name: its seats and who decides."""
        own = room.campus == campus()
        decides = _("本校区决定") if own else _("%(campus)s决定", campus=self.campus(room.campus))
        if not self.answers_itself(room.campus):
            decides = _("由总校代答")
        return f"{_('%(n)s 座', n=room.seats)} · {decides}" if room.seats else decides

    def decider(self, code: str) -> str:
        """Who decides about a campus's rooms: the campus, or the hub where it has no node that could (C8)."""
        return self.campus(code) if self.answers_itself(code) else f"{self.campus(code)} · {_('由总校代答')}"

    def answers_itself(self, code: str) -> bool:
        """Whether a campus has a node that answers, as far as the hub last said."""
        return code == campus() or code in self.served

    def whom(self, code: str) -> str:
        """For whose answer one waits, and how far away it is."""
        return f"{self.waits(code)} · {self.known_words(code)}"

    def known_words(self, code: str) -> str:
        """How far away a campus's answer is: since when it has not synced, or that another answers for it."""
        if not self.answers_itself(code):
            return str(_("%(campus)s没有登记的电脑，由总校代答", campus=self.campus(code)))
        last = self.known.get(code)
        if last is None:
            return str(_("%(campus)s还没有同步过", campus=self.campus(code)))
        when = spoken_instant(last, clock().now_ms(), language())
        return str(_("%(campus)s %(when)s 后没有同步", campus=self.campus(code), when=when))

    def waits(self, code: str) -> str:
        """The word of a tentative booking: whose answer it waits for."""
        if not self.answers_itself(code):
            return str(_("待总校代答"))
        return str(_("待%(campus)s答复", campus=_("本校区") if code == campus() else self.campus(code)))


def words_for(busy: Iterable[Busy]) -> Words:
    """The words of a page that shows these occupations."""
    ids = {each for one in busy for each in (one.who, one.group_id) if each}
    return Words(
        names_of(db(), ids), campus_names(db()), campuses_known_until(db()), campuses_served(db()),
        may("room.book", campus()),
    )  # fmt: skip


def state_word(booked: Booked, words: Words) -> tuple[str, str]:
    """(tone, word) of an occurrence's state."""
    held = booked.occurrence
    if held.cancelled_at:
        return "off", _("已取消")
    if held.state == "requested":
        return "warn", words.waits(campus_of(booked.series.id))
    return ("ok", _("已定")) if held.state == "confirmed" else ("bad", _("未获准"))


def reason_words(booked: Booked) -> str:
    """Why it was answered so, and by whom."""
    held = booked.occurrence
    why = word_of("booking_reason", held.reason, language()) if held.reason != "none" else ""
    who = _("按规则答复") if held.decided_by == RULE else booked.decider_name
    return " · ".join(part for part in (why, held.answer_note, who) if part)


def day_words(day: str) -> str:
    """A date as it is read out."""
    return spoken_date(date.fromisoformat(day), language(), today=today())


def now_at_school() -> str:
    """The clock time now, "HH:MM"."""
    return f"{local_time(clock().now_ms()):%H:%M}"


def asked_date(raw: str) -> date:
    """The date of an address, today where there is none. Raises InvalidInput."""
    try:
        return date.fromisoformat(raw) if raw else today()
    except ValueError as error:
        raise InvalidInput(Problem("date", "not_date", {"zh": "日期", "en": "Date"})) from error

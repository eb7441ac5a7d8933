"""Writing bookings: asking for a room, cancelling. The form and the API call the same.

Whether a room is free is asked inside the transaction that books it: of two people at once, one is told so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlite_utils import Database

from node.bookings.answering import answer_requests
from node.bookings.rules import BookingLimits, Wish, cancel_refusal, wish_problems
from shared.bookings.rules import DAYS_APART, Busy, Skipped, Slot, dates_of, in_the_way
from shared.bookings.store import Booked, busy_on, calendar_of, in_use, same_wish, series_occurrences
from shared.clock import instant_text
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem
from shared.ids import campus_of
from shared.records import BookingOccurrence, BookingSeries, Room, RosterGroup
from shared.schema import Value, find, record_of
from shared.validation import load
from sync.capture import Writing, write
from sync.change import Author
from sync.replica import Replica, setting

ASKED = ("room_id", "purpose", "title", "group_id", "head_count", "repeat", "until", "note")
PLACED = ("room_id", "date", "begin", "end")


@dataclass(frozen=True)
class Taken:
    """A date that cannot be had: what stands there, or nothing when the room is not in use on it."""

    number: int
    slot: Slot
    by: tuple[Busy, ...]


@dataclass(frozen=True)
class Outcome:
    """What asking for a room came to.

    series_id: "" when no date could be had; state: "confirmed" or "requested"; made: what was booked, by its
    place in the pattern, so that what fell out can be told from the rows there are; again: the very same wish stood
    already (a second tap, a lost reply) and nothing was written.
    """

    series_id: str
    state: str
    made: tuple[tuple[int, Slot], ...] = ()
    taken: tuple[Taken, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    again: bool = False


def wish_from(raw: Mapping[str, object], *, booked_by: str, campus: str) -> Wish:
    """A wish from raw input (the fields of `ASKED` and `PLACED`). Raises InvalidInput with every problem at once."""
    given = {name: value for name, value in raw.items() if value not in ("", None)}
    unknown = [Problem(name, "unknown_field") for name in raw if name not in (*ASKED, *PLACED)]
    problems: list[Problem] = list(unknown)
    values: dict[str, Value] = {}
    for record, names in ((BookingSeries, ASKED), (BookingOccurrence, PLACED)):
        try:
            values |= load(record, {k: v for k, v in given.items() if k in names}, only=names)
        except InvalidInput as error:
            problems += [each for each in error.problems if each.field not in {p.field for p in problems}]
    if problems:
        raise InvalidInput(*problems)
    series = record_of(
        BookingSeries, {**{n: values[n] for n in ASKED}, "id": "", "campus": campus, "booked_by": booked_by}
    )
    if series.repeat == "once":
        series = dataclasses.replace(series, until=None)
    return Wish(series, Slot(*(str(values[name]) for name in PLACED)))


def book(
    replica: Replica, db: Database, author: Author, wish: Wish, *, today: date, limits: BookingLimits
) -> Outcome:
    """Ask for a room: confirmed at once where this campus decides, tentative elsewhere (C8).

    Free dates are booked and taken ones told (skip and book). Raises NotFound for an unknown room,
    InvalidInput for a wish that nobody could fulfil.
    """
    room = find(db, Room, wish.slot.room_id)
    if room is None:
        raise NotFound("room_not_found", room=wish.slot.room_id)
    problems = wish_problems(wish, room, today, limits)
    if wish.series.group_id and find(db, RosterGroup, wish.series.group_id) is None:
        problems.append(Problem("group_id", "not_found", {"zh": "班级", "en": "group"}))
    if problems:
        raise InvalidInput(*problems)
    decides = campus_of(room.id) == setting(db, "campus")
    if decides:
        # Whoever asked before is answered before.
        answer_requests(replica, db)
    with write(replica, db, author) as w:
        standing = same_wish(w.db, wish.series, wish.slot)
        if standing is not None:
            return _again(w.db, standing)
        outcome = _possible(w.db, wish, room, decides=decides)
        return _written(w, wish, outcome, room) if outcome.made else outcome


def _possible(db: Database, wish: Wish, room: Room, *, decides: bool) -> Outcome:
    """Which dates can be had, nothing written. A request of somebody else's stands in the way only where no
    rule will choose between the two: at the deciding campus itself."""
    series, first = wish.series, wish.slot
    last = (date.fromisoformat(series.until or first.date) + timedelta(days=1)).isoformat()
    calendar = calendar_of(db, campus_of(room.id), first.date, last)
    dates = dates_of(first.date, series.repeat, series.until, calendar)
    states = ("lesson", "confirmed", "requested") if decides else ("lesson", "confirmed")
    busy = busy_on(db, {day for _, day in dates.held}, rooms={room.id})
    made: list[tuple[int, Slot]] = []
    taken: list[Taken] = []
    for number, day in dates.held:
        slot = dataclasses.replace(first, date=day)
        by = tuple(in_the_way(slot, busy, states=states))
        if by or not in_use(room, day):
            taken.append(Taken(number, slot, by))
        else:
            made.append((number, slot))
    return Outcome("", "confirmed" if decides else "requested", tuple(made), tuple(taken), dates.skipped)


def _written(w: Writing, wish: Wish, outcome: Outcome, room: Room) -> Outcome:
    series = dataclasses.replace(wish.series, id=w.mint(campus_of(room.id)))
    answered = {}
    if outcome.state == "confirmed":
        answered = {"decided_by": w.author.person_id, "decided_at": instant_text(w.replica.clock.now_ms())}
    rows = [
        BookingOccurrence(
            series_id=series.id, number=number, room_id=slot.room_id, date=slot.date, begin=slot.begin,
            end=slot.end, state=outcome.state, **answered,
        )
        for number, slot in outcome.made
    ]  # fmt: skip
    w.insert(series, *rows)
    return dataclasses.replace(outcome, series_id=series.id)


def _again(db: Database, series_id: str) -> Outcome:
    stands = [each for each in series_occurrences(db, series_id) if each.live]
    made = tuple((each.occurrence.number, each.slot) for each in stands)
    return Outcome(series_id, stands[0].occurrence.state if stands else "requested", made, again=True)


@dataclass(frozen=True)
class Fallen:
    """The dates of a series' pattern that have no occurrence: still to come and taken, or without school."""

    taken: tuple[Taken, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def fallen_out(db: Database, known: Sequence[Booked], *, now: tuple[str, str]) -> Fallen:
    """What fell out of a series when it was booked, as things stand today; nothing of it is stored.

    A date whose obstacle has gone since is told with nothing in its way. now: (date, time).
    """
    series = known[0].series
    apart = DAYS_APART.get(series.repeat)
    if apart is None or series.until is None:
        return Fallen()
    begun = date.fromisoformat(known[0].occurrence.date) - timedelta(days=apart * (known[0].occurrence.number - 1))
    last = (date.fromisoformat(series.until) + timedelta(days=1)).isoformat()
    calendar = calendar_of(db, campus_of(series.id), begun.isoformat(), last)
    dates = dates_of(begun.isoformat(), series.repeat, series.until, calendar)
    there = {each.occurrence.number for each in known}
    slots = [
        (number, dataclasses.replace(known[0].slot, date=day))
        for number, day in dates.held
        if number not in there and (day, known[0].slot.begin) >= now
    ]
    busy = busy_on(db, {slot.date for _, slot in slots}, rooms={series.room_id})
    taken = tuple(Taken(number, slot, tuple(in_the_way(slot, busy))) for number, slot in slots)
    return Fallen(taken, tuple(each for each in dates.skipped if each.number not in there))


@dataclass(frozen=True)
class Asker:
    """Who cancels or answers: the person, and the campuses at which he decides about rooms ("*": all)."""

    person_id: str
    decides_at: frozenset[str]

    def office_of(self, booked: Booked) -> bool:
        """Whether he speaks for the campus that booked or for the one that decides."""
        return bool(self.decides_at & {"*", booked.campus, booked.series.campus})


def cancel(
    replica: Replica, db: Database, author: Author, series_id: str, numbers: Collection[int] | None, asker: Asker, *,
    today: date,
) -> int:  # fmt: skip
    """Cancel some occurrences, or (numbers None) all that are still to come; how many that were.

    What is cancelled already stays so and counts as nothing. Raises NotFound, NotAllowed.
    """
    with write(replica, db, author) as w:
        known = _occurrences(w.db, series_id, numbers)
        found = {each.occurrence.number: _cancel_refusal(each, asker, today) for each in known}
        refused = [reason for reason in found.values() if reason not in (None, "booking_gone", "booking_over")]
        single = numbers is not None and "booking_over" in found.values()
        if refused or single:
            raise NotAllowed(refused[0] if refused and refused[0] else "booking_over", series=series_id)
        gone = {"cancelled_by": asker.person_id, "cancelled_at": instant_text(replica.clock.now_ms())}
        numbers_now = [number for number, reason in found.items() if reason is None]
        for number in numbers_now:
            w.update(BookingOccurrence, (series_id, number), gone)
    return len(numbers_now)


def _cancel_refusal(booked: Booked, asker: Asker, today: date) -> str | None:
    return cancel_refusal(booked, asker.person_id, office=asker.office_of(booked), today=today.isoformat())


def _occurrences(db: Database, series_id: str, numbers: Collection[int] | None) -> list[Booked]:
    known = series_occurrences(db, series_id)
    wanted = [each for each in known if numbers is None or each.occurrence.number in numbers]
    if not wanted:
        raise NotFound("booking_not_found", series=series_id)
    return wanted

"""Pure decisions about rooms: what overlaps, who gets a room (C8), what else is free, which dates a series has.

Times are local clock minutes "HH:MM" and half-open, since campuses ring different bells; text of this form
sorts as time does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.codes import CODE_LISTS
from shared.ids import campus_of
from shared.records import BookingOccurrence, CalendarDay

TEACHING_DAYS = frozenset({"school_day", "make_up", "exam"})
DAYS_APART = {"weekly": 7, "fortnightly": 14}
# The program that answers by the rule, as `decided_by` and the author of its changesets name it.
RULE = "rule"


@dataclass(frozen=True)
class Busy:
    """One occupation of a room, half-open clock time.

    kind: "lesson" or "booking"; key: "group/date/period" or "series/number"; who: teacher or booker;
    state: "lesson", "confirmed" or "requested" (tentative); subject: a lesson's, where it has no title; name: a
    lesson's, by where it was planned, which tells two apart that were moved to one place.
    """

    room_id: str
    date: str
    begin: str
    end: str
    kind: str
    key: str
    who: str
    state: str
    title: str
    series_id: str = ""
    group_id: str = ""
    subject: str = ""
    name: str = ""


@dataclass(frozen=True)
class Slot:
    """A room at a time: what somebody wants."""

    room_id: str
    date: str
    begin: str
    end: str


@dataclass(frozen=True)
class Request:
    """A tentative occurrence as its deciding campus sees it. stamp_ms: effective stamp of its changeset (C6)."""

    series_id: str
    number: int
    slot: Slot
    purpose: str
    stamp_ms: int

    @property
    def key(self) -> str:
        """As `Busy.key` names it."""
        return f"{self.series_id}/{self.number}"


@dataclass(frozen=True)
class Answer:
    """What the rule says to one request. reason: a code of `booking_reason`; because: the key of what stands there."""

    series_id: str
    number: int
    state: str
    reason: str
    because: str = ""


@dataclass(frozen=True)
class RoomFacts:
    """What the choice of another room needs."""

    room_id: str
    kind: str
    seats: int


@dataclass(frozen=True)
class Alternative:
    """A free slot. kind: "other_time" (same room and day), "other_day" (same room and time), "other_room"."""

    kind: str
    slot: Slot


@dataclass(frozen=True)
class Skipped:
    """A date of a series on which there is no school; day_kind "" where the calendar has no word on it."""

    number: int
    date: str
    day_kind: str
    note: str


@dataclass(frozen=True)
class Dates:
    """A series in dates: (number, date) of those that are meant, and those that fall out, by name."""

    held: tuple[tuple[int, str], ...]
    skipped: tuple[Skipped, ...] = ()


def overlap(begin: str, end: str, other_begin: str, other_end: str) -> bool:
    """Whether two half-open spans of one day share a minute; one that ends as the other begins does not."""
    return begin < other_end and other_begin < end


def occupies(busy: Busy, slot: Slot) -> bool:
    """Whether an occupation stands in the way of a slot."""
    same = busy.room_id == slot.room_id and busy.date == slot.date
    return same and overlap(busy.begin, busy.end, slot.begin, slot.end)


def in_the_way(slot: Slot, busy: Iterable[Busy], *, states: Collection[str] = ("lesson", "confirmed")) -> list[Busy]:
    """What occupies a slot and will not give way to it."""
    return [each for each in busy if each.state in states and occupies(each, slot)]


def priority_class(purpose: str) -> int:
    """0 comes first: the order of the code list `booking_purpose`; an unknown purpose comes last (C8)."""
    order = [code for code, _, _ in CODE_LISTS["booking_purpose"]]
    return order.index(purpose) if purpose in order else len(order)


def answer(
    requests: Iterable[Request], taken: Iterable[Busy], *, closed: Collection[tuple[str, str]] = frozenset()
) -> list[Answer]:
    """The deciding campus's answers (C8): priority class, then effective stamp, then id.

    taken: lessons and confirmed bookings, which are never bumped; others are passed over. closed: (room,
    date) pairs on which a room is not in use. The order of the arguments changes nothing.
    """
    standing: dict[tuple[str, str], list[tuple[Busy | None, Request | None]]] = {}
    for each in taken:
        if each.state in ("lesson", "confirmed"):
            standing.setdefault((each.room_id, each.date), []).append((each, None))
    found = []
    for request in sorted(requests, key=_turn):
        place = (request.slot.room_id, request.slot.date)
        there = standing.setdefault(place, [])
        said = _closed(request) if place in closed else _answer_one(request, there)
        if said.state == "confirmed":
            there.append((None, request))
        found.append(said)
    return found


def answer_refusal(held: BookingOccurrence, state: str, *, deciding: Collection[str], today: str) -> str | None:
    """The reason why a person cannot give this answer, or None (C8). deciding: the campuses decided about here."""
    if campus_of(held.series_id) not in deciding:
        return "room_of_another_campus"
    if held.date < today:
        return "booking_over"
    if held.cancelled_at:
        return "booking_gone"
    return "answered_so_already" if held.state == state else None


def _turn(request: Request) -> tuple[int, int, str, int]:
    return priority_class(request.purpose), request.stamp_ms, request.series_id, request.number


def _closed(request: Request) -> Answer:
    return Answer(request.series_id, request.number, "rejected", "closed")


def _answer_one(request: Request, there: Iterable[tuple[Busy | None, Request | None]]) -> Answer:
    """The plainest obstacle is the one that is named: a lesson, a booking that stands, then a rival."""
    slot = request.slot
    found: list[tuple[int, str, str]] = []
    for busy, rival in there:
        if busy is not None and occupies(busy, slot) and busy.key != request.key:
            found.append((0, busy.key, "lesson") if busy.kind == "lesson" else (1, busy.key, "booked"))
        elif rival is not None and overlap(rival.slot.begin, rival.slot.end, slot.begin, slot.end):
            sooner = priority_class(rival.purpose) < priority_class(request.purpose)
            found.append((2, rival.key, "priority") if sooner else (3, rival.key, "earlier"))
    if not found:
        return Answer(request.series_id, request.number, "confirmed", "none")
    _rank, because, reason = min(found)
    return Answer(request.series_id, request.number, "rejected", reason, because)


def windows(wanted: Slot, bells: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The runs of as many periods as the wanted slot touches: (begin, end), in order of time."""
    rung = sorted(bells)
    length = max(1, sum(overlap(wanted.begin, wanted.end, begin, end) for begin, end in rung))
    return [(rung[i][0], rung[i + length - 1][1]) for i in range(len(rung) - length + 1)]


def alternatives(
    wanted: Slot, busy: Sequence[Busy], rooms: Sequence[RoomFacts], bells: Mapping[str, Sequence[tuple[str, str]]], *,
    seats: int = 0, closed: Collection[tuple[str, str]] = frozenset(), now: tuple[str, str] = ("", ""), each: int = 3,
) -> list[Alternative]:  # fmt: skip
    """Free slots instead of one that is taken, at most so many of each kind (see `Alternative`).

    bells: date → its periods at the room's campus, for the wanted date and the others to be offered; seats:
    how many people come; now: (date, time) before which nothing is offered. Also what is only requested
    counts as taken here: nobody is sent from one queue into another.
    """
    here = next((room for room in rooms if room.room_id == wanted.room_id), None)
    times = [Slot(wanted.room_id, wanted.date, *span) for span in windows(wanted, bells.get(wanted.date, ()))]
    times = [slot for slot in times if not overlap(slot.begin, slot.end, wanted.begin, wanted.end)]
    times.sort(key=lambda slot: (abs(_minutes(slot.begin) - _minutes(wanted.begin)), slot.begin))
    days = [Slot(wanted.room_id, day, wanted.begin, wanted.end) for day in sorted(bells) if day != wanted.date]
    like = [room for room in rooms if here and room.kind == here.kind and room.room_id != wanted.room_id]
    fitting = sorted((room for room in like if room.seats >= seats), key=lambda room: room.seats)
    others = [Slot(room.room_id, wanted.date, wanted.begin, wanted.end) for room in fitting]
    found = []
    for kind, slots in (("other_time", times), ("other_day", days), ("other_room", others)):
        free = [
            slot
            for slot in slots
            if (slot.date, slot.begin) >= now
            and (slot.room_id, slot.date) not in closed
            and not any(occupies(one, slot) for one in busy)
        ]
        found += [Alternative(kind, slot) for slot in free[:each]]
    return found


def _minutes(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def dates_of(first: str, repeat: str, until: str | None, days: Mapping[str, CalendarDay], *, most: int = 60) -> Dates:
    """The dates of a series, `until` included; what falls on a day without school is skipped and named.

    A make-up day counts by its own date: a Monday series takes no Sunday because that follows Monday's
    lessons. A single booking is not asked for a school day: rooms are wanted at weekends as well.
    """
    apart = DAYS_APART.get(repeat)
    if apart is None or until is None:
        return Dates(((1, first),))
    held: list[tuple[int, str]] = []
    skipped: list[Skipped] = []
    day, number = date.fromisoformat(first), 1
    while day.isoformat() <= until and number <= most:
        text = day.isoformat()
        known = days.get(text)
        if known is not None and known.kind in TEACHING_DAYS:
            held.append((number, text))
        else:
            skipped.append(Skipped(number, text, known.kind if known else "", known.note if known else ""))
        day, number = day + timedelta(days=apart), number + 1
    return Dates(tuple(held), tuple(skipped))

"""Pure decisions about booking: what is wrong with a wish, who may cancel and answer, what stands in a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shared.bookings.rules import DAYS_APART, Busy, Slot, overlap
from shared.bookings.store import Booked, in_use
from shared.errors import Problem
from shared.records import BookingSeries, Room

# Where a campus has no bells for a date, its rooms are shown by the hour.
HOURS = tuple((f"{hour:02}:00", f"{hour + 1:02}:00") for hour in range(8, 18))


@dataclass(frozen=True)
class BookingLimits:
    """How far ahead a room can be booked, and how many dates one series may have (settings of the school)."""

    days_ahead: int = 220
    dates_max: int = 40


@dataclass(frozen=True)
class Wish:
    """What somebody asks for: the series (its id still empty) and its first slot."""

    series: BookingSeries
    slot: Slot


@dataclass(frozen=True)
class Column:
    """A column of the grid: a period with its clock time; number None for an hour of a day without bells."""

    number: int | None
    begin: str
    end: str


def wish_problems(wish: Wish, room: Room, today: date, limits: BookingLimits) -> list[Problem]:
    """What is wrong with a wish beyond what its fields can say, whoever else wants the room."""
    series, slot = wish.series, wish.slot
    ahead = (date.fromisoformat(slot.date) - today).days
    found = []
    if slot.end <= slot.begin:
        found.append(Problem("end", "end_before_begin", {"zh": "结束", "en": "end"}))
    if ahead < 0:
        found.append(Problem("date", "past_date", {"zh": "日期", "en": "date"}))
    if ahead > limits.days_ahead:
        found.append(Problem("date", "too_far_ahead", {"zh": "日期", "en": "date", "high": limits.days_ahead}))
    if not in_use(room, slot.date):
        found.append(Problem("room_id", "room_closed", {"zh": "教室", "en": "room"}))
    if room.seats and series.head_count > room.seats:
        found.append(Problem("head_count", "too_many_people", {"zh": "人数", "en": "head count", "high": room.seats}))
    return [*found, *_pattern_problems(series, slot, limits)]


def _pattern_problems(series: BookingSeries, slot: Slot, limits: BookingLimits) -> list[Problem]:
    named: dict[str, str | int | None] = {"zh": "重复到", "en": "until"}
    if series.repeat not in DAYS_APART:
        return []
    if series.until is None:
        return [Problem("until", "missing", named)]
    if series.until < slot.date:
        return [Problem("until", "end_before_begin", named)]
    days = (date.fromisoformat(series.until) - date.fromisoformat(slot.date)).days
    if days // DAYS_APART[series.repeat] >= limits.dates_max:
        return [Problem("until", "too_many_dates", {**named, "high": limits.dates_max})]
    return []


def cancel_refusal(booked: Booked, person_id: str, *, office: bool, today: str) -> str | None:
    """The reason why somebody may not cancel an occurrence, or None.

    office: whether he decides about rooms at the campus that booked or at the one that decides.
    """
    if not office and booked.series.booked_by != person_id:
        return "not_your_booking"
    if booked.occurrence.date < today:
        return "booking_over"
    return None if booked.live else "booking_gone"


def columns_of(bells: Mapping[int, tuple[str, str]]) -> list[Column]:
    """The columns of a day: its periods in order of time, or hours where no bell is known."""
    if not bells:
        return [Column(None, *hour) for hour in HOURS]
    return [Column(number, *span) for number, span in sorted(bells.items(), key=lambda item: (item[1], item[0]))]


def within(busy: Iterable[Busy], column: Column) -> list[Busy]:
    """What occupies any minute of a column, in order of time."""
    found = [each for each in busy if overlap(each.begin, each.end, column.begin, column.end)]
    return sorted(found, key=lambda each: (each.begin, each.key))


def outside(busy: Iterable[Busy], columns: Sequence[Column]) -> list[Busy]:
    """What touches none of the columns and would not be seen without a place of its own."""
    return [each for each in busy if not any(overlap(each.begin, each.end, c.begin, c.end) for c in columns)]


def clashing(busy: Sequence[Busy]) -> set[str]:
    """The keys of what stands firm and shares a room and a minute with something else that stands firm."""
    places: dict[tuple[str, str], list[Busy]] = {}
    for each in busy:
        if each.state != "requested":
            places.setdefault((each.room_id, each.date), []).append(each)
    return {
        key
        for there in places.values()
        for i, one in enumerate(there)
        for other in there[i + 1 :]
        if overlap(one.begin, one.end, other.begin, other.end)
        for key in (one.key, other.key)
    }


def fitting(own: Sequence[Column], shown: Sequence[Column]) -> list[Column]:
    """The columns of a day under the headings of another: its own time for a period, else the heading's."""
    times = {column.number: column for column in own}
    return [times[c.number] if c.number is not None and c.number in times else c for c in shown]

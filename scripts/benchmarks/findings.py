"""The validators over a term of both campuses: every lesson, and two thousand bookings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta

from scripts.benchmarks.world import World
from scripts.demo_play.term import TERM_BEGIN, TERM_END
from shared.clock import Clock
from shared.findings.store import findings_between
from shared.records import BookingOccurrence, BookingSeries
from sync.capture import write
from sync.change import Author
from sync.replica import connect

BOOKINGS, ROOMS = 2000, 30


def bookings() -> Iterator[object]:
    """Confirmed bookings of both campuses' rooms, hour by hour and day by day; now and then two of one room."""
    days = itertools.cycle(range((TERM_END - TERM_BEGIN).days))
    for number, day in zip(range(BOOKINGS), days, strict=False):
        campus = "AB"[number % 2]
        id_, room = f"{campus}-{800_000 + number}-AA", f"{campus}-{700_000 + number % ROOMS}-AA"
        yield BookingSeries(id=id_, room_id=room, campus=campus, booked_by="", title="实验")
        yield BookingOccurrence(
            series_id=id_, number=1, room_id=room, date=(TERM_BEGIN + timedelta(days=day)).isoformat(),
            begin=f"{8 + number % 8:02}:00", end=f"{8 + number % 8:02}:45", state="confirmed",
        )  # fmt: skip


def findings_s(world: World, clock: Clock) -> tuple[float, int]:
    """(seconds to check a term, how much it finds). `fill_year` has filled the hub with lessons and covers."""
    with connect(world.hub.replica) as db:
        with write(world.hub.replica, db, Author(world.consortium.who("clerk", "A").person.id)) as w:
            w.insert(*bookings())
        begun = clock.monotonic_ms()
        found = findings_between(db, world.hub.replica, TERM_BEGIN.isoformat(), TERM_END.isoformat())
        return (clock.monotonic_ms() - begun) / 1000, len(found)

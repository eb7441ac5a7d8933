"""The week grid of rooms at the real size: sixty rooms, a lesson of every class in every period, bookings between."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from scripts.benchmarks.bars import percentile
from scripts.benchmarks.world import World
from scripts.demo_play.session import Session
from shared.clock import Clock
from shared.records import (
    BellPeriod,
    BookingOccurrence,
    BookingSeries,
    Room,
    TimetableSlot,
    TimetableVersion,
)
from sync.capture import Author, write
from sync.replica import connect

ROOMS = 60
ROUNDS = 60
PERIODS = tuple((f"{hour:02}:00", f"{hour:02}:40") for hour in (8, 9, 10, 11, 13, 14, 15, 16))
WEEKDAYS = range(1, 6)
MONDAY = "2025-09-15"
# Every third room is free of lessons in this and later periods, and is booked there.
BOOKED_FROM = 7


def furnish(world: World) -> None:
    """Rooms, bells, a timetable and bookings on the main campus's node."""
    clerk = world.consortium.who("clerk", "A").person.id
    with connect(world.node.replica) as db, write(world.node.replica, db, Author(clerk, rank="office")) as w:
        for record in premises(world, clerk):
            w.put(record)


def premises(world: World, clerk: str) -> Iterator[object]:
    """Everything that `furnish` writes."""
    classes = [group for group in world.consortium.groups if group.campus == "A" and group.kind == "class"]
    rooms = [f"A-{9000 + n}-BB" for n in range(ROOMS)]
    for n, room in enumerate(rooms):
        yield Room(id=room, campus="A", name=f"教室{n + 1:02}", seats=50, position=n)
    for n, (begin, end) in enumerate(PERIODS, 1):
        yield BellPeriod(schedule="A", period=n, name=f"第{n}节", begin=begin, end=end)
    yield TimetableVersion(id="A-9900-BB", campus="A", name="课表", begin="2025-09-01", status="published")
    for weekday, period in itertools.product(WEEKDAYS, range(1, BOOKED_FROM)):
        for place, group in enumerate(classes):
            yield TimetableSlot(
                version_id="A-9900-BB", group_id=group.id, weekday=weekday, weeks="every", period=period,
                subject="maths", teacher_id=group.homeroom_id, room_id=rooms[place % ROOMS],
            )  # fmt: skip
    for n, room in enumerate(rooms[::3]):
        series = f"A-{9500 + n}-BB"
        yield BookingSeries(id=series, room_id=room, campus="A", booked_by=clerk, title=f"活动{n}")
        for number, (begin, end) in enumerate(PERIODS[BOOKED_FROM - 1 :], 1):
            yield BookingOccurrence(
                series_id=series, number=number, room_id=room, date=MONDAY, begin=begin, end=end, state="confirmed",
                decided_by=clerk,
            )  # fmt: skip


def room_grid(clerk: Session, clock: Clock) -> dict[str, float]:
    """p95 of opening the grid of all rooms on one day."""
    took: list[float] = []
    for _ in range(ROUNDS):
        begun = clock.monotonic_ms()
        text = clerk.page(f"/rooms?date={MONDAY}").text
        took.append(clock.monotonic_ms() - begun)
        if text.count("item firm") < ROOMS // 3 or text.count("item lesson") < ROOMS:
            raise AssertionError("a grid without lessons and bookings measures nothing")
    return {"room_grid_p95_ms": percentile(took, 0.95)}

"""UniTime's demo college: every meeting of two sessions is asked for, answered by the rule, and found again (C8)."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from node.bookings.answering import answer_requests
from node.bookings.rules import clashing
from shared.bookings.rules import Slot, in_the_way
from shared.bookings.store import busy_between, busy_on
from shared.records import BookingOccurrence, BookingSeries, Room
from tests.support.shared_data import shared_file
from tests.support.world import CLERK_A, TEACHER_B, World, assert_same_tables, make_world

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

SEED = "unitime/1"
ASKED = 1_000
MEETINGS = 6_862


@dataclass(frozen=True)
class Meeting:
    """A line of meeting.csv: minutes since midnight, as the file's five-minute periods and offsets say."""

    event: str
    room: str
    day: str
    begin: int
    end: int

    @property
    def slot(self) -> Slot:
        """As the product names it."""
        return Slot(f"A-{self.room}-x", self.day, clock(self.begin), clock(self.end))


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@pytest.fixture(scope="module")
def meetings() -> list[Meeting]:
    with shared_file("data/unitime-rooms-and-meetings/meeting.csv").open(encoding="utf-8-sig", newline="") as file:
        return [
            Meeting(
                row["event_id"], row["location_perm_id"], row["meeting_date"][:10],
                5 * int(row["start_period"]) + int(row["start_offset"] or 0),
                5 * int(row["stop_period"]) + int(row["stop_offset"] or 0),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def wishes(meetings: list[Meeting]) -> list[object]:
    """A series an event, an occurrence a meeting."""
    made: list[object] = []
    numbers: dict[str, int] = {}
    for each in meetings:
        number = numbers[each.event] = numbers.get(each.event, 0) + 1
        slot, series = each.slot, f"A-9{each.event}-x"
        if number == 1:
            made.append(
                BookingSeries(id=series, room_id=slot.room_id, campus="B", booked_by="B-2-x", title=each.event)
            )
        place = {"room_id": slot.room_id, "date": slot.date, "begin": slot.begin, "end": slot.end}
        made.append(BookingOccurrence(series_id=series, number=number, **place))
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, meetings: list[Meeting]) -> Iterator[World]:
    """Campus B asks for every meeting offline; campus A, whose rooms they are, answers after the sync."""
    made = make_world(Path(tmp_path_factory.mktemp("unitime")), seed=SEED)
    with made["A"].write(CLERK_A) as w:
        w.insert(*(Room(id=f"A-{room}-x", campus="A", name=room) for room in sorted({each.room for each in meetings})))
    made.settle()
    with made["B"].write(TEACHER_B) as w:
        w.insert(*wishes(meetings))
    made.sync("B")
    made.sync("A")
    assert answer_requests(made["A"].replica, made["A"].db)
    made.settle()
    yield made
    made.close()


def test_every_meeting_is_confirmed_and_none_clashes(world: World) -> None:
    """The file has no two meetings in one room at one time: half-open, some end as the next begins."""
    assert_same_tables(world)
    for site in world.sites():
        assert site.rows("SELECT state, count(*) FROM booking_occurrence GROUP BY state") == [("confirmed", MEETINGS)]
    busy = busy_between(world["B"].db, "2007-01-01", "2011-01-01")
    assert len(busy) == MEETINGS and clashing(busy) == set()


def test_a_thousand_questions_whether_a_room_is_free_agree_with_a_plain_search(
    world: World, meetings: list[Meeting]
) -> None:
    """Seeded: rooms and days of the file, begins on five minutes, ten minutes to three hours long."""
    chance = Random(SEED)
    rooms, days = sorted({each.room for each in meetings}), sorted({each.day for each in meetings})
    answers = {True: 0, False: 0}
    for _ in range(ASKED):
        begin = 5 * chance.randint(7 * 12, 22 * 12)
        asked = Meeting("", chance.choice(rooms), chance.choice(days), begin, begin + 5 * chance.randint(2, 36))
        plain = not any(
            each.room == asked.room and each.day == asked.day and each.begin < asked.end and asked.begin < each.end
            for each in meetings
        )
        there = busy_on(world["A"].db, {asked.day}, rooms={asked.slot.room_id})
        assert (not in_the_way(asked.slot, there)) is plain, asked
        answers[plain] += 1
    assert min(answers.values()) > ASKED // 10, answers


def test_a_meeting_asked_for_once_more_is_refused_by_the_rule(world: World, meetings: list[Meeting]) -> None:
    """What stands is never bumped, however urgent the second wish (C8)."""
    chance = Random(SEED)
    chosen = chance.sample(meetings, 50)
    with world["B"].write(TEACHER_B) as w:
        for number, each in enumerate(chosen, 1):
            slot = each.slot
            w.insert(
                BookingSeries(
                    id=f"A-8{number}-x", room_id=slot.room_id, campus="B", booked_by="B-2-x", title="x",
                    purpose="teaching",
                ),
                BookingOccurrence(
                    series_id=f"A-8{number}-x", number=1, room_id=slot.room_id, date=slot.date, begin=slot.begin,
                    end=slot.end,
                ),
            )  # fmt: skip
    world.sync("B")
    world.sync("A")
    assert answer_requests(world["A"].replica, world["A"].db)
    found = world["A"].rows(
        "SELECT state, reason, count(*) FROM booking_occurrence WHERE series_id LIKE 'A-8%-x' AND number = 1"
        " AND series_id IN (SELECT id FROM booking_series WHERE title = 'x') GROUP BY 1, 2"
    )
    assert found == [("rejected", "booked", 50)]

"""Rooms wanted on both sides of a cut line: any order of syncs ends in one state without a double booking (C3, C8)."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import permutations

import pytest

from node.bookings.answering import answer_requests
from node.bookings.rules import BookingLimits
from node.bookings.saving import Outcome, book, wish_from
from scripts.commands.site import exchange_and_answer
from shared.records import BookingOccurrence, Room
from sync.change import Author
from tests.support.world import CLERK_A, CLERK_B, World, assert_same_tables, make_world

DAY = "2026-09-02"
LAB, MUSIC = "A-71-x", "B-73-x"
ROWS = (
    "SELECT s.booked_by, o.state, o.reason, o.decided_by FROM booking_occurrence o"
    " JOIN booking_series s ON s.id = o.series_id ORDER BY 1, s.title"
)
FIRM = "SELECT room_id, begin, end FROM booking_occurrence WHERE state = 'confirmed' ORDER BY 1, 2"


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    with opened(tmp_path) as made:
        yield made


@contextmanager
def opened(folder) -> Iterator[World]:
    world = make_world(folder, ("A", "B", "C"))
    with world["A"].write(CLERK_A) as w:
        w.insert(Room(id=LAB, campus="A", name="科学实验室", kind="science_lab", seats=48))
    with world["B"].write(CLERK_B) as w:
        w.insert(Room(id=MUSIC, campus="B", name="音乐教室", kind="music_room", seats=40))
    world.settle()
    try:
        yield world
    finally:
        world.close()


def sync(world: World, name: str) -> None:
    """One run of a node as the command makes it: exchange, answer, and once more if it answered."""
    world.wait_ms(1_000)
    assert exchange_and_answer(world[name].replica, world[name].db, world.port).done


def ask(
    world: World, at: str, *, room: str = LAB, begin: str = "10:20", end: str = "11:00", purpose: str = "other",
    title: str = "事",
) -> Outcome:  # fmt: skip
    """A teacher of a campus asks for a room on his own node, a second after whatever happened before."""
    world.wait_ms(1_000)
    who = f"{at}-2-x"
    raw = {"room_id": room, "date": DAY, "begin": begin, "end": end, "title": title, "purpose": purpose}
    wish = wish_from(raw, booked_by=who, campus=at)
    node = world[at]
    return book(node.replica, node.db, Author(who), wish, today=date(2026, 9, 1), limits=BookingLimits())


def settled(world: World, order: tuple[str, ...] = ("A", "B", "C")) -> list[tuple[object, ...]]:
    for _ in range(3):
        for name in order:
            sync(world, name)
    assert_same_tables(world)
    return world.hub.rows(ROWS)


@pytest.mark.parametrize("order", list(permutations("ABC")), ids="".join)
def test_the_deciding_campus_s_own_booking_stands_whoever_syncs_first(tmp_path, order):
    """C8: a booking made at the room's own campus is confirmed at once and never bumped by rule."""
    with opened(tmp_path) as world:
        ask(world, "B", purpose="teaching")
        ask(world, "A")
        ask(world, "C", purpose="exam")
        assert settled(world, order) == [
            ("A-2-x", "confirmed", "none", "A-2-x"),
            ("B-2-x", "rejected", "booked", "rule"),
            ("C-2-x", "rejected", "booked", "rule"),
        ]


@pytest.mark.parametrize("order", list(permutations("BC")), ids="".join)
def test_of_two_requests_that_come_together_the_rule_chooses_whoever_synced_first(world, order):
    ask(world, "B", purpose="meeting")
    ask(world, "C", purpose="exam")
    for name in order:
        sync(world, name)
    assert settled(world) == [("B-2-x", "rejected", "priority", "rule"), ("C-2-x", "confirmed", "none", "rule")]


@pytest.mark.parametrize("order", list(permutations("BC")), ids="".join)
def test_of_one_purpose_whoever_asked_first_has_the_room(world, order):
    """C6: the stamp of the request, not the order in which lines came back, decides."""
    ask(world, "C")
    ask(world, "B")
    for name in order:
        sync(world, name)
    assert settled(world) == [("B-2-x", "rejected", "earlier", "rule"), ("C-2-x", "confirmed", "none", "rule")]


def test_an_answer_goes_out_in_the_run_that_brought_the_request(world):
    """Two syncs, one of each side, and a third to fetch: nobody waits for another night."""
    ask(world, "B")
    sync(world, "B")
    sync(world, "A")
    assert world.hub.rows(ROWS) == [("B-2-x", "confirmed", "none", "rule")]
    sync(world, "B")
    assert world["B"].rows(ROWS) == [("B-2-x", "confirmed", "none", "rule")]


def test_what_was_answered_is_never_taken_back_by_a_later_and_more_urgent_wish(world):
    ask(world, "B")
    sync(world, "B")
    sync(world, "A")
    ask(world, "C", purpose="teaching")
    assert settled(world) == [("B-2-x", "confirmed", "none", "rule"), ("C-2-x", "rejected", "booked", "rule")]


def test_a_request_cancelled_before_the_answer_holds_nobody_up(world):
    ask(world, "B", purpose="teaching")
    with world["B"].write(Author("B-2-x")) as w:
        ((series,),) = w.db.conn.execute("SELECT id FROM booking_series").fetchall()
        w.update(BookingOccurrence, (series, 1), {"cancelled_by": "B-2-x", "cancelled_at": "x"})
    ask(world, "C")
    assert settled(world) == [("B-2-x", "requested", "none", ""), ("C-2-x", "confirmed", "none", "rule")]


def test_answering_twice_writes_nothing(world):
    ask(world, "B")
    sync(world, "B")
    sync(world, "A")
    count = world["A"].value("SELECT count(*) FROM _changeset")
    assert not answer_requests(world["A"].replica, world["A"].db)
    assert world["A"].value("SELECT count(*) FROM _changeset") == count


def test_only_the_deciding_campus_answers(world):
    """C8: another campus's node, and the hub, leave the request as it is."""
    ask(world, "B")
    sync(world, "B")
    sync(world, "C")
    assert world["C"].rows(ROWS) == [("B-2-x", "requested", "none", "")]
    assert world.hub.rows(ROWS) == [("B-2-x", "requested", "none", "")]


@pytest.mark.parametrize("seed", range(8))
def test_a_busy_week_with_a_bad_line_ends_the_same_everywhere_without_a_clash(tmp_path, seed):
    """Seeded: three campuses, two rooms, random wishes and syncs; no booking is lost, nobody shares a room."""
    chance = random.Random(f"rooms/{seed}")
    with opened(tmp_path) as world:
        made = 0
        for number in range(40):
            if chance.random() < 0.3:
                sync(world, chance.choice("ABC"))
            else:
                hour = chance.randint(8, 14)
                outcome = ask(
                    world, chance.choice("ABC"), room=chance.choice((LAB, MUSIC)), begin=f"{hour:02}:00",
                    end=f"{hour + chance.randint(1, 2):02}:30", purpose=chance.choice(("teaching", "meeting", "other")),
                    title=f"第{number}次",
                )  # fmt: skip
                made += len(outcome.made)
        rows = settled(world, tuple(chance.sample("ABC", 3)))
        assert len(rows) == made > 0
        assert {state for _who, state, _why, _by in rows} <= {"confirmed", "rejected"}
        firm = world.hub.rows(FIRM)
        for (room, _begin, end), (other, begin, _end) in zip(firm, firm[1:], strict=False):
            assert room != other or str(end) <= str(begin), firm


def test_a_run_whose_bytes_are_spent_is_not_called_done_while_answers_wait(world):
    """C14: what was answered after the exchange is not at the hub yet."""
    ask(world, "B")
    sync(world, "B")
    node = world["A"]
    report = exchange_and_answer(node.replica, node.db, world.port, budget_bytes=1)
    assert not report.done and node.rows(ROWS) == [("B-2-x", "confirmed", "none", "rule")]
    assert world.hub.rows(ROWS) == [("B-2-x", "requested", "none", "")]
    sync(world, "A")
    assert world.hub.rows(ROWS) == [("B-2-x", "confirmed", "none", "rule")]

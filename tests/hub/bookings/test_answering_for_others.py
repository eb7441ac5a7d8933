"""Rooms of a campus without a node: the hub answers by the same rule, in the exchange that brings the request (C8)."""

import random
from collections.abc import Iterator
from datetime import date
from itertools import permutations

import pytest

from node.bookings.rules import BookingLimits
from node.bookings.saving import Outcome, book, wish_from
from scripts.commands.site import exchange_and_answer
from shared.bookings.answering import Word, answer_by_rule, answer_unserved, decide
from shared.errors import NotAllowed, Stale
from shared.records import BookingOccurrence, BookingSeries, Campus, Room
from sync.change import Author
from sync.steps.enrol import revoke
from tests.support.world import OFFICE, World, add_node, assert_same_tables, make_world

DAY, TODAY = "2026-09-02", date(2026, 9, 1)
HALL, LAB = "Q-71-x", "B-72-x"
STATES = (
    "SELECT s.title, o.state, o.reason, o.decided_by FROM booking_occurrence o"
    " JOIN booking_series s ON s.id = o.series_id ORDER BY 1"
)


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    """Nodes A and B; campus Q has a room and nobody to answer for it."""
    made = make_world(tmp_path, ("A", "B"))
    made.port.after = answer_unserved
    with made.hub.write(OFFICE) as w:
        w.insert(Campus(code="Q", school_code="9" * 10, name="前山教学点", position=9))
        w.insert(Room(id=HALL, campus="Q", name="活动室", kind="hall", seats=60))
        w.insert(Room(id=LAB, campus="B", name="实验室", kind="science_lab", seats=40))
    made.settle()
    yield made
    made.close()


def sync(world: World, *names: str) -> None:
    """A run of each node as the command makes it."""
    for name in names:
        world.wait_ms(1_000)
        assert exchange_and_answer(world[name].replica, world[name].db, world.port).done


def ask(world: World, at: str, title: str, **more: str) -> Outcome:
    """Somebody of a campus asks on his own node."""
    world.wait_ms(1_000)
    raw = {"room_id": HALL, "date": DAY, "begin": "10:20", "end": "11:00", "purpose": "other", "title": title, **more}
    wish = wish_from(raw, booked_by=f"{at}-2-x", campus=at)
    node = world[at]
    return book(node.replica, node.db, Author(f"{at}-2-x"), wish, today=TODAY, limits=BookingLimits())


def test_the_answer_comes_with_the_very_exchange_that_brings_the_request(world):
    ask(world, "A", "甲")
    trips = exchange_and_answer(world["A"].replica, world["A"].db, world.port).round_trips
    assert trips == 1 and world["A"].rows(STATES) == [("甲", "confirmed", "none", "rule")]
    sync(world, "B")
    assert_same_tables(world)


@pytest.mark.parametrize("order", list(permutations("AB")), ids="".join)
def test_whoever_synced_first_keeps_the_room_for_good(world, order):
    """C8: a confirmed booking is never bumped; who was not known yet yields."""
    first, second = order
    ask(world, first, "先到", purpose="other")
    sync(world, first)
    ask(world, second, "后到", purpose="exam")
    sync(world, second, first, second)
    assert world.hub.rows(STATES) == [("先到", "confirmed", "none", "rule"), ("后到", "rejected", "booked", "rule")]
    assert_same_tables(world)


def test_a_campus_with_a_node_answers_for_itself(world):
    """The hub keeps its hands off: who decides is never two."""
    ask(world, "A", "甲", room_id=LAB)
    sync(world, "A")
    assert world.hub.rows(STATES) == [("甲", "requested", "none", "")]
    sync(world, "B")
    assert world.hub.rows(STATES) == [("甲", "confirmed", "none", "rule")]


def test_when_the_last_node_of_a_campus_is_revoked_the_hub_takes_over(world):
    ask(world, "A", "甲", room_id=LAB)
    sync(world, "A")
    revoke(world.hub.db, world.hub.replica, world["B"].replica.node)
    sync(world, "A")
    assert world["A"].rows(STATES) == [("甲", "confirmed", "none", "rule")]


def test_from_the_moment_a_node_is_enrolled_the_decision_is_the_node_s(tmp_path, world):
    """What was confirmed stays; what is asked from now on waits for the campus."""
    ask(world, "A", "早")
    sync(world, "A")
    node = add_node(world, tmp_path, "Q")
    # B has not heard yet that the room is taken.
    ask(world, "B", "晚", purpose="exam")
    sync(world, "B")
    assert ("晚", "requested", "none", "") in world.hub.rows(STATES)
    sync(world, "Q")
    assert world.hub.rows(STATES) == [("早", "confirmed", "none", "rule"), ("晚", "rejected", "booked", "rule")]
    origins = "SELECT DISTINCT node FROM _changeset JOIN _origin USING (o) WHERE person_id = 'rule' ORDER BY n"
    assert world.hub.rows(origins) == [(world.hub.replica.node,), (node.replica.node,)]


def test_who_decides_is_asked_again_inside_the_transaction(world):
    """A node that is enrolled while the hub works out for whom it answers is not answered over."""
    ask(world, "A", "甲")
    world.port.after = None
    sync(world, "A")
    deciding = iter([{"Q"}, set()])
    assert answer_by_rule(world.hub.replica, world.hub.db, lambda at: next(deciding)) is False
    assert world.hub.rows(STATES) == [("甲", "requested", "none", "")]


def test_a_run_that_was_cut_off_is_not_answered_before_it_is_whole(world):
    """The rule is to see all who asked: half a push is no push."""
    ask(world, "A", "甲")
    ask(world, "A", "乙", begin="12:00", end="12:30")
    world["A"].limit(frame_rows=1, frame_bytes=1)
    exchange_and_answer(world["A"].replica, world["A"].db, world.port, budget_bytes=1)
    assert {state for _t, state, _r, _b in world.hub.rows(STATES)} <= {"requested"}
    sync(world, "A")
    assert {state for _t, state, _r, _b in world.hub.rows(STATES)} == {"confirmed"}


def test_a_hub_put_back_waits_until_every_node_has_given_back(world):
    """C11: what it had confirmed before may be among what it lost."""
    copy = world.hub.backup_bytes()
    ask(world, "B", "旧")
    sync(world, "B")
    assert world["B"].rows(STATES) == [("旧", "confirmed", "none", "rule")]
    world.hub.restore(copy)
    ask(world, "A", "新", purpose="exam")
    sync(world, "A")
    assert world.hub.rows(STATES) == [("新", "requested", "none", "")]
    sync(world, "B", "A", "B")
    assert world.hub.rows(STATES) == [("新", "rejected", "booked", "rule"), ("旧", "confirmed", "none", "rule")]
    assert_same_tables(world)


def test_a_person_at_the_hub_answers_by_hand_for_such_rooms_only(world):
    world.port.after = None
    ask(world, "A", "甲")
    ask(world, "A", "乙", room_id=LAB)
    sync(world, "A")
    (theirs,), (ours,) = world.hub.rows("SELECT id FROM booking_series ORDER BY room_id")
    hub, said = world.hub, Word("rejected", "要刷墙")
    with pytest.raises(NotAllowed) as refused:
        decide(hub.replica, hub.db, OFFICE, (str(theirs), 1), said, deciding=lambda _db: {"Q"}, today=TODAY)
    assert refused.value.code == "room_of_another_campus"
    decide(hub.replica, hub.db, OFFICE, (str(ours), 1), said, deciding=lambda _db: {"Q"}, today=TODAY)
    assert ("甲", "rejected", "office", OFFICE.person_id) in hub.rows(STATES)


def test_by_hand_too_nothing_is_put_over_what_stands(world):
    ask(world, "A", "甲")
    sync(world, "A")
    with world["B"].write(Author("B-2-x")) as w:
        w.insert(BookingSeries(id=w.mint("Q"), room_id=HALL, campus="B", booked_by="B-2-x", title="乙"))
        ((series,),) = w.db.conn.execute("SELECT id FROM booking_series WHERE title = '乙'").fetchall()
        w.insert(
            BookingOccurrence(series_id=series, number=1, room_id=HALL, date=DAY, begin="10:00", end="10:30")
        )
    world.port.after = None
    world.sync("B")
    with pytest.raises(Stale):
        said = Word("confirmed", "")
        decide(world.hub.replica, world.hub.db, OFFICE, (series, 1), said, deciding=lambda _db: {"Q"}, today=TODAY)


@pytest.mark.parametrize("seed", range(6))
def test_a_busy_week_ends_the_same_everywhere_and_nobody_waits(world, seed):
    """Seeded: random wishes for both rooms and syncs in any order; all answered, nobody shares a room."""
    chance = random.Random(f"unserved/{seed}")
    for number in range(30):
        if chance.random() < 0.35:
            sync(world, chance.choice("AB"))
        else:
            hour = chance.randint(8, 13)
            ask(
                world, chance.choice("AB"), f"{number}", room_id=chance.choice((HALL, HALL, LAB)),
                begin=f"{hour:02}:00", end=f"{hour + chance.randint(1, 2):02}:30",
                purpose=chance.choice(("teaching", "meeting", "other")),
            )  # fmt: skip
    sync(world, *chance.sample("AB", 2), *"ABAB")
    assert_same_tables(world)
    assert {state for _t, state, _r, _b in world.hub.rows(STATES)} <= {"confirmed", "rejected"}
    firm = world.hub.rows("SELECT room_id, begin, end FROM booking_occurrence WHERE state = 'confirmed' ORDER BY 1, 2")
    assert all(one[0] != other[0] or str(one[2]) <= str(other[1]) for one, other in zip(firm, firm[1:], strict=False))

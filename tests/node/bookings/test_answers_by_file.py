"""The deciding campus answers a room request that came on a stick, and its answer goes back the same way (C8)."""

from node.bookings.answering import answer_requests
from sync.by_file import load_bundle
from tests.node.bookings.test_answers_converge import ROWS, ask, world
from tests.support.world import World, assert_same_tables
from tests.sync.by_stick import answer, load, request, settle_by_stick

__all__ = ["world"]


def carry(world: World, name: str) -> bool:
    """There and back; True when the node wrote something to what came."""
    node = world[name]
    loaded = load(world.hub, request(node).file)
    file = answer(world, node, re=loaded.id).file
    wrote = load_bundle(node.replica, node.db, file, after=answer_requests).wrote
    # The process may have died between loading and answering: loading again answers what is left.
    assert load_bundle(node.replica, node.db, file, after=answer_requests).wrote is False
    return wrote


def test_a_request_by_stick_is_answered_by_the_rule_when_it_is_loaded(world: World) -> None:
    ask(world, "B")
    assert carry(world, "B") is False
    assert world["B"].rows(ROWS) == [("B-2-x", "requested", "none", "")]
    assert carry(world, "A") is True
    assert world["A"].rows(ROWS) == [("B-2-x", "confirmed", "none", "rule")]
    assert carry(world, "A") is False
    assert carry(world, "B") is False
    assert world["B"].rows(ROWS) == [("B-2-x", "confirmed", "none", "rule")]
    settle_by_stick(world)
    assert_same_tables(world)

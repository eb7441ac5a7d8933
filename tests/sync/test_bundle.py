"""The exchange by file: two campuses and a hub that only sticks connect (C9 to C11, C14)."""

from __future__ import annotations

from shared.records.places import CalendarDay
from sync.by_file import load_bundle, make_answer, make_request, note_made
from sync.status import sync_status
from tests.support.world import CLERK_A, DAY_A, RolesInTables, World, assert_same_tables


def test_a_stick_there_and_back_is_a_sync(world: World) -> None:
    """C14: synced is said with the answer, of the time at which the request was made."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    request = make_request(node.replica, node.db)
    note_made(node.replica, node.db, request)
    made_at = sync_status(node.db, node.replica)
    loaded = load_bundle(world.hub.replica, world.hub.db, request.file, policy=RolesInTables())
    answer = make_answer(world.hub.replica, world.hub.db, node.replica.node, re=loaded.id)
    world.wait_ms(86_400_000)
    taken = load_bundle(node.replica, node.db, answer.file)
    assert (taken.synced, sync_status(node.db, node.replica).backlog_changesets) == (True, 0)
    assert sync_status(node.db, node.replica).last_good_sync != made_at.last_good_sync
    world.settle()
    assert_same_tables(world)

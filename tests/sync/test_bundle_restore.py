"""A hub that was put back from an old copy gets back over sticks what it has lost (C6, C11)."""

from __future__ import annotations

import pytest

from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from sync.errors import BadMessage, BundleRefused
from sync.pruning import prune
from sync.replica import set_setting, setting
from sync.status import campus_boards, sync_status
from tests.support.world import CLERK_A, CLERK_B, DAY_A, DAY_B, GROUP_A, OFFICE, World, assert_same_tables, sync_state
from tests.sync.by_stick import answer, load, request, settle_by_stick, there_and_back
from tests.sync.test_exchange import busy_day

STICKS_MAX = 12


def lose(world: World) -> None:
    """Everybody writes and syncs after the backup; the hub's disk dies, the backup is put in place."""
    settle_by_stick(world)
    backup = world.hub.backup_bytes()
    busy_day(world)
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, ("B", "2026-09-01"), {"note": "refused once"})
    settle_by_stick(world)
    world.hub.restore(backup)


def sticks_until_synced(world: World, name: str) -> int:
    """How many sticks it takes until a node is in sync again."""
    for number in range(1, STICKS_MAX):
        world.wait_ms(1_000)
        if there_and_back(world, name).synced:
            return number
    raise AssertionError("never in sync again")


def test_what_the_nodes_hold_comes_back_by_stick(world: World) -> None:
    """With the old receipts and verdicts, and nothing twice."""
    lose(world)
    receipts = world["A"].rows("SELECT hex(hash), received_at FROM _changeset WHERE scope = 'con' ORDER BY 1")
    with world["B"].write(CLERK_B) as w:
        w.update(CalendarDay, DAY_B, {"note": "not sent yet"})
    assert [sticks_until_synced(world, name) for name in ("A", "B")] <= [4, 4]
    settle_by_stick(world)
    assert_same_tables(world)
    known = set(world.hub.rows("SELECT hex(hash), received_at FROM _changeset WHERE scope = 'con'"))
    assert set(receipts) <= known
    assert not any(board.owes for board in campus_boards(world.hub.db, world.hub.replica))
    [refused] = sync_status(world["A"].db, world["A"].replica).refusals
    assert refused.values["note"] == "refused once"


def test_tiny_bundles_give_back_bit_by_bit(world: World) -> None:
    """Bounded; what the hub has taken is not given again."""
    for site in world.sites():
        site.limit(frame_rows=2, frame_bytes=300, bundle_frames=2)
    for _ in range(2):
        for name in world.nodes:
            sticks_until_synced(world, name)
    backup = world.hub.backup_bytes()
    with world["A"].write(CLERK_A) as w:
        w.insert(*(Pupil(id=w.mint("A"), name=f"n{number}") for number in range(9)))
        w.update(CalendarDay, DAY_A, {"note": "x"})
    for name in world.nodes:
        sticks_until_synced(world, name)
    world.hub.restore(backup)
    for name in world.nodes:
        sticks_until_synced(world, name)
    for site in world.sites():
        site.limit(bundle_frames=400)
    settle_by_stick(world, 4)
    assert_same_tables(world)


def test_a_lost_stick_gives_nothing_away(world: World) -> None:
    """C11: given is what the hub says it has, not what was written to a stick."""
    lose(world)
    node = world["A"]
    loaded = load(world.hub, request(node).file)
    assert loaded.restored
    assert load(node, answer(world, node, re=loaded.id).file).restored
    for _ in range(3):
        request(node)  # nobody ever brings it to the hub
    given = node.value("SELECT count(*) FROM _signed_top WHERE given = ?", setting(world.hub.db, "epoch"))
    assert given == 0
    for name in ("A", "B"):
        sticks_until_synced(world, name)
    settle_by_stick(world)
    assert_same_tables(world)


def test_what_is_older_than_what_is_known_is_refused(world: World) -> None:
    """An answer of the former epoch, and one of the new epoch to another bundle than the last."""
    lose(world)
    node = world["A"]
    first = request(node)
    former = load(world.hub, first.file)
    places = answer(world, node, re=former.id)
    request(node)
    before = sync_state(node)
    for file in (places.file, answer(world, node).file):
        with pytest.raises(BundleRefused, match="bundle_other_log"):
            load(node, file)
    assert sync_state(node) == before
    sticks_until_synced(world, "A")
    before = sync_state(node)
    load(node, places.file)
    assert sync_state(node) == before
    assert load(world.hub, first.file).again


def test_sticks_and_the_line_may_share_the_giving_back(world: World) -> None:
    lose(world)
    node = world["A"]
    loaded = load(world.hub, request(node).file)
    load(node, answer(world, node, re=loaded.id).file)
    given = request(node)
    assert world.sync("A").done
    load(world.hub, given.file)
    sticks_until_synced(world, "B")
    with node.write(CLERK_A) as w:
        w.update(RosterGroup, GROUP_A, {"name": "after"})
    settle_by_stick(world)
    assert_same_tables(world)


def test_a_hub_put_back_twice_is_given_all_of_it(world: World) -> None:
    lose(world)
    backup = world.hub.backup_bytes()
    loaded = load(world.hub, request(world["A"]).file)
    load(world["A"], answer(world, world["A"], re=loaded.id).file)
    load(world.hub, request(world["A"]).file)
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, GROUP_A, {"name": "lost with the second disk"})
    world.hub.restore(backup)
    for name in ("A", "B"):
        sticks_until_synced(world, name)
    settle_by_stick(world)
    assert_same_tables(world)


def test_what_no_node_holds_any_more_is_named_by_stick_too(world: World) -> None:
    """C13: a hub put back from before its verified backup; nothing of the stick is applied, a newer copy mends it."""
    settle_by_stick(world)
    old = world.hub.backup_bytes()
    busy_day(world)
    settle_by_stick(world)
    newer = world.hub.backup_bytes()
    set_setting(world.hub.db, "covered_hub_seq", str(world.hub.value("SELECT max(hub_seq) FROM _entry")))
    settle_by_stick(world)
    for name in ("A", "B"):
        world[name].limit(prune_after_ms=0)
        assert prune(world[name].replica, world[name].db).changesets > 0
    world.hub.restore(old)
    before = world.hub.value("SELECT count(*) FROM _entry")
    with pytest.raises(BadMessage, match="body_pruned"):
        sticks_until_synced(world, "A")
    assert world.hub.value("SELECT count(*) FROM _entry") == before
    world.hub.restore(newer)
    for name in ("A", "B"):
        sticks_until_synced(world, name)
    settle_by_stick(world)
    assert_same_tables(world)

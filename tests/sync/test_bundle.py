"""The exchange by file: two campuses and a hub that only sticks connect (C9 to C11, C14)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from sync.by_file import unanswered
from sync.errors import BundleRefused, NotEnrolled, Revoked, SyncError
from sync.exchange import run_exchange
from sync.replica import Limits, setting
from sync.status import campus_boards, record_state, sync_status
from sync.steps.enrol import revoke
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    GROUP_A,
    OFFICE,
    World,
    assert_same_tables,
    make_world,
    new_site,
    sync_state,
)
from tests.sync.by_stick import Drawer, answer, load, request, settle_by_stick, there_and_back
from tests.sync.test_exchange import busy_day

TINY = Limits(frame_rows=2, frame_bytes=200)


def note_at_a(world: World, note: str) -> None:
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": note})


def test_a_stick_there_and_back_is_a_sync(world: World) -> None:
    """C14: synced is said with the answer, of the time at which the request was made."""
    node = world["A"]
    note_at_a(world, "x")
    asked_ms = node.clock.now_ms()
    made = request(node)
    assert record_state(node.db, node.replica, CalendarDay, DAY_A) == "pending"
    loaded = load(world.hub, made.file)
    assert (loaded.report.changesets_up, loaded.report.rows_up, loaded.synced) == (1, 1, False)
    back = answer(world, node, re=loaded.id)
    world.wait_ms(86_400_000)
    taken = load(node, back.file)
    assert (taken.synced, taken.again, taken.label.receipts) == (True, False, 1)
    assert record_state(node.db, node.replica, CalendarDay, DAY_A) == "received"
    assert setting(node.db, "last_good_sync_ms") == str(asked_ms)
    settle_by_stick(world)
    assert_same_tables(world)


@pytest.mark.parametrize("limits", [Limits(), TINY], ids=["one frame", "tiny frames"])
def test_campuses_that_never_had_a_line_agree(tmp_path: Path, limits: Limits) -> None:
    """DESIGN §4: the same frames in a file; also when there are many of them."""
    world = make_world(tmp_path, limits=limits)
    busy_day(world)
    settle_by_stick(world, 4)
    assert_same_tables(world)
    assert sync_status(world["A"].db, world["A"].replica).open_conflicts > 0
    world.close()


@pytest.mark.parametrize("seed", range(12), ids=lambda seed: f"seed_{seed}")
def test_sticks_in_any_order_twice_lost_and_beside_the_line_lead_to_the_same_state(tmp_path: Path, seed: int) -> None:
    """C3, C11: whatever is carried when, what has its receipt stands, and all are equal in the end."""
    chance = random.Random(seed)
    world = make_world(tmp_path, seed=seed, limits=chance.choice((Limits(), TINY)))
    drawer = Drawer(chance)
    writers = ((world["A"], CLERK_A, "A"), (world["B"], CLERK_B, "B"), (world.hub, OFFICE, "A"))
    for step in range(60):
        world.wait_ms(chance.randrange(1, 3_600_000))
        node = world[chance.choice("AB")]
        deed = chance.choices(("write", "ask", "answer", "load", "line"), (4, 3, 2, 6, 1))[0]
        if deed == "write":
            site, author, campus = chance.choice(writers)
            with site.write(author) as w:
                w.update(RosterGroup, (f"{campus}-21-x",), {"name": f"{site.name} {step}"})
                w.insert(Pupil(id=w.mint(campus), name=f"{step}"))
        elif deed == "ask":
            drawer.put(world.hub, request(node).file)
        elif deed == "answer":
            drawer.put(node, answer(world, node).file)
        elif deed == "line" and chance.random() < 0.5:
            world.sync(node.name)
        elif deed == "load" and drawer.sticks:
            site, file = drawer.any()
            try:
                loaded = load(site, file)
            except BundleRefused as error:
                assert error.code == "bundle_gap"
                continue
            if site is world.hub and chance.random() < 0.7:
                writer = next(n for n in world.nodes.values() if n.replica.node == loaded.label.writer)
                drawer.put(writer, answer(world, writer, re=loaded.id).file)
    settle_by_stick(world, 4)
    assert_same_tables(world)
    names = [row[0] for row in world.hub.rows("SELECT hex(hash) FROM _changeset")]
    assert len(names) == len(set(names))
    world.close()


def test_a_node_that_asks_again_before_the_answer_says_all_again(world: World) -> None:
    """C11: no cursor moves when a bundle is made; the hub stores what it has not, and gives one receipt each."""
    note_at_a(world, "one")
    first = request(world["A"])
    note_at_a(world, "two")
    second = request(world["A"])
    assert (first.label.changesets, second.label.changesets) == (1, 2)
    assert load(world.hub, second.file).report.changesets_up == 2
    loaded = load(world.hub, first.file)
    assert (loaded.again, loaded.report.changesets_up) == (False, 0)
    taken = load(world["A"], answer(world, world["A"], re=loaded.id).file)
    assert taken.synced and taken.label.re == first.id
    assert unanswered(world["A"].db, world["A"].replica.node) is None
    settle_by_stick(world)
    assert_same_tables(world)


def test_an_answer_without_the_receipts_is_not_called_synced(world: World) -> None:
    """C14: the hub's bundle was made before the request reached it."""
    note_at_a(world, "x")
    early = answer(world, world["A"])
    made = request(world["A"])
    taken = load(world["A"], early.file)
    assert not taken.synced
    status = sync_status(world["A"].db, world["A"].replica)
    hub = setting(world["A"].db, "hub_node")
    waiting = unanswered(world["A"].db, hub)
    assert status.backlog_changesets == 1 and waiting is not None and waiting.id == made.id


def test_what_was_sent_by_file_and_then_online_waits_for_no_answer(world: World) -> None:
    """C14: the page must not say "not answered yet" of what has its receipts."""
    note_at_a(world, "x")
    request(world["A"])
    assert world.sync("A").done
    assert unanswered(world["A"].db, setting(world["A"].db, "hub_node")) is None


def test_a_bundle_loaded_again_does_nothing_and_says_so(world: World) -> None:
    note_at_a(world, "x")
    made = request(world["A"])
    loaded = load(world.hub, made.file)
    back = answer(world, world["A"], re=loaded.id)
    load(world["A"], back.file)
    for site, file in ((world.hub, made.file), (world["A"], back.file)):
        before = sync_state(site)
        assert load(site, file).again
        assert sync_state(site) == before


def test_an_answer_that_goes_on_from_one_that_never_came_is_a_gap(world: World) -> None:
    """C11: said in words, nothing applied; with the earlier one it fits."""
    node = world["A"]
    backup = node.backup_bytes()
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, GROUP_A, {"name": "first"})
    first = answer(world, node)
    load(node, first.file)
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, GROUP_A, {"name": "second"})
    loaded = load(world.hub, request(node).file)
    second = answer(world, node, re=loaded.id)
    node.restore(backup)
    before = sync_state(node)
    with pytest.raises(BundleRefused) as caught:
        load(node, second.file)
    assert (caught.value.code, sync_state(node)) == ("bundle_gap", before)
    load(node, first.file)
    load(node, second.file)
    assert node.value("SELECT name FROM roster_group WHERE id = 'A-21-x'") == "second"


def test_a_node_put_back_to_an_old_copy_gets_its_own_work_back_by_stick(world: World) -> None:
    """C10: the first answer tells it that it lacks some of its own; it asks for it and takes it back."""
    node = world["A"]
    backup = node.backup_bytes()
    note_at_a(world, "after the backup")
    there_and_back(world, "A")
    node.restore(backup)
    with pytest.raises(BundleRefused) as caught:
        load(node, answer(world, node).file)
    assert caught.value.code in ("bundle_gap", "bundle_other_copy")
    with node.write(CLERK_A) as w:
        w.update(RosterGroup, GROUP_A, {"name": "written meanwhile"})
    there_and_back(world, "A")
    settle_by_stick(world)
    assert node.value("SELECT note FROM calendar_day WHERE campus = 'A'") == "after the backup"
    assert_same_tables(world)


def test_refusals_come_back_with_the_answer(world: World) -> None:
    """C9: also of what was pushed into a scope that the node does not hold."""
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, ("B", "2026-09-01"), {"note": "not ours"})
        w.insert(Pupil(id="B-77-x", name="not ours either"))
    loaded = load(world.hub, request(world["A"]).file)
    assert loaded.report.refused == 2
    taken = load(world["A"], answer(world, world["A"], re=loaded.id).file)
    assert taken.synced
    refused = {(r.table, r.reason) for r in sync_status(world["A"].db, world["A"].replica).refusals}
    assert refused == {("calendar_day", "foreign_owner"), ("pupil", "foreign_scope")}
    settle_by_stick(world)
    assert_same_tables(world)


def test_the_board_knows_a_campus_up_to_when_its_bundle_was_made(world: World) -> None:
    """C14: not up to when it was loaded; and an older one afterwards says nothing about today."""
    node = world["A"]
    older = request(node)
    world.wait_ms(3_600_000)
    newer = request(node)
    world.wait_ms(7 * 86_400_000)
    load(world.hub, newer.file)
    [board] = [each for each in campus_boards(world.hub.db, world.hub.replica) if each.campus == "A"]
    load(world.hub, older.file)
    [after] = [each for each in campus_boards(world.hub.db, world.hub.replica) if each.campus == "A"]
    assert after == board
    [known] = world.hub.rows("SELECT last_sync, last_contact, clock_offset_ms FROM _node WHERE campus = 'A'")
    assert known[0] == known[1] == newer.label.made_ms
    assert abs(int(str(known[2]))) < 5_000


@pytest.mark.parametrize("offset_ms", [70 * 365 * 86_400_000, -56 * 365 * 86_400_000], ids=["2096", "1970"])
def test_a_wrong_clock_claims_no_more_than_what_the_node_had_heard(world: World, offset_ms: int) -> None:
    """C6: wall time is a claim. The last contact online is left, and what the cursors prove: the hub's receipts."""
    node = world["A"]
    node.reopen()  # a correction holds within one opening only
    node.clock.set_wall(node.clock.now_ms() + offset_ms)
    contact = world.hub.rows("SELECT last_contact FROM _node WHERE campus = 'A'")
    world.wait_ms(86_400_000)
    load(world.hub, request(node).file)
    assert world.hub.rows("SELECT last_sync FROM _node WHERE campus = 'A'") == contact
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, GROUP_A, {"name": "heard"})
    load(node, answer(world, node).file)
    world.wait_ms(86_400_000)
    load(world.hub, request(node).file)
    receipt = world.hub.rows("SELECT max(received_at) FROM _entry")
    assert world.hub.rows("SELECT last_sync FROM _node WHERE campus = 'A'") == receipt


def test_an_old_answer_takes_nothing_back_that_was_heard_since(world: World) -> None:
    """C9: a revoked node stays revoked, and how far campuses are known does not go back."""
    node = world["A"]
    old = answer(world, node)
    world.wait_ms(86_400_000)
    world.sync("B")
    revoke(world.hub.db, world.hub.replica, world["B"].replica.node)
    world.sync("A")
    known, seen = setting(node.db, "campuses_known"), setting(node.db, "hub_seen_ms")
    load(node, old.file)
    assert (setting(node.db, "campuses_known"), setting(node.db, "hub_seen_ms")) == (known, seen)
    assert node.value("SELECT revoked_at IS NOT NULL FROM _node WHERE campus = 'B' AND role = 'node'") == 1


def test_a_bundle_of_a_revoked_or_unknown_computer_is_refused(world: World, tmp_path: Path) -> None:
    made = request(world["A"])
    world.hub.db.conn.execute("DELETE FROM _node WHERE campus = 'B'")
    with pytest.raises(NotEnrolled, match="bundle_stranger"):
        load(world.hub, request(world["B"]).file)
    revoke(world.hub.db, world.hub.replica, world["A"].replica.node)
    before = sync_state(world.hub)
    with pytest.raises(Revoked, match="bundle_revoked"):
        load(world.hub, made.file)
    assert sync_state(world.hub) == before
    lone = new_site(tmp_path, "lone")
    with pytest.raises(NotEnrolled):
        request(lone)
    with pytest.raises(NotEnrolled):
        load(lone, made.file)
    lone.db.close()


def test_a_bundle_that_may_not_hold_everything_is_followed_by_the_rest(world: World) -> None:
    """DESIGN §4: bounded; the cursor goes as far as what was stored, and the next bundle goes on."""
    for site in world.sites():
        site.limit(frame_rows=2, frame_bytes=200, bundle_frames=2)
    busy_day(world)
    made = request(world["A"])
    assert not made.label.complete
    rounds = 0
    while not there_and_back(world, "A").synced:
        rounds += 1
        assert rounds < 30
    assert rounds > 1
    for site in world.sites():
        site.limit(bundle_frames=400)
    settle_by_stick(world, 4)
    assert_same_tables(world)


def test_a_bundle_made_before_an_exchange_and_loaded_after_it_says_nothing_new(world: World) -> None:
    note_at_a(world, "x")
    made = request(world["A"])
    world.sync("A")
    before = world.hub.rows("SELECT hub_seq, n FROM _entry ORDER BY hub_seq")
    loaded = load(world.hub, made.file)
    assert (loaded.again, loaded.report.changesets_up) == (False, 0)
    assert world.hub.rows("SELECT hub_seq, n FROM _entry ORDER BY hub_seq") == before
    assert run_exchange(world["A"].replica, world["A"].db, world.port).done
    load(world["A"], answer(world, world["A"], re=loaded.id).file)
    world.settle()
    assert_same_tables(world)


def test_the_wrong_side_takes_no_bundle(world: World) -> None:
    """Swapped between campuses, or back to where it came from."""
    made = request(world["A"])
    back = answer(world, world["A"])
    wrong = (
        (world["A"], made.file, "bundle_own"), (world.hub, back.file, "bundle_own"),
        (world["B"], made.file, "bundle_not_for_us"), (world["B"], back.file, "bundle_not_for_us"),
    )  # fmt: skip
    for site, file, code in wrong:
        before = sync_state(site)
        with pytest.raises(SyncError, match=code):
            load(site, file)
        assert sync_state(site) == before

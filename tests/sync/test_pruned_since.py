"""What goes on at a node that has let go of bodies: conflicts, undo, verify, comparison, bundles (C3, C10, C13)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.records import CalendarDay
from sync.comparison import run_comparison, serve_comparison
from sync.conflicts import open_conflicts
from sync.rebuild import rebuild_hub
from sync.snapshot import make_snapshots
from sync.undo import UndoRefused, undo
from sync.verify import verify
from tests.support.world import CLERK_A, DAY_A, OFFICE, Site, World, assert_same_tables
from tests.sync.by_stick import there_and_back
from tests.sync.test_pruning import bodies, pruned


@dataclass
class Door:
    """The hub's door for comparisons."""

    hub: Site

    def compare(self, sealed: bytes) -> bytes:
        return serve_comparison(self.hub.replica, self.hub.db, sealed)


def noted(site: Site, note: str) -> str:
    """Somebody changes the note of campus A's first day; the action."""
    with site.write(OFFICE if site.name == "hub" else CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": note})
    return str(site.value(
        "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o) ORDER BY n DESC LIMIT 1"
    ))  # fmt: skip


@pytest.fixture
def node(world: World) -> Site:
    """Node A, which has pruned all there was, and written one edit more."""
    node = world["A"]
    noted(node, "first")
    world.sync("A")
    assert pruned(world, node).changesets > 0
    return node


def refusals(site: Site, action: str) -> set[str]:
    with pytest.raises(UndoRefused) as refused:
        undo(site.replica, site.db, action, CLERK_A, "", lambda _: None)
    return {each.reason for each in refused.value.obstacles}


def test_edits_that_meet_over_a_pruned_row_are_rebuilt_from_its_base(world: World, node: Site) -> None:
    """C3, C13: the set-wise meeting lays the base down first."""
    noted(node, "here")
    noted(world.hub, "there")
    world.settle()
    assert len(open_conflicts(node.db, node.replica)) == 1
    assert_same_tables(world)
    assert verify(node.replica, node.db) == []


def test_an_edit_that_comes_in_over_a_pruned_row_is_rebuilt_from_its_base(world: World, node: Site) -> None:
    noted(world.hub, "there")
    world.sync("A")
    assert verify(node.replica, node.db) == []


def test_an_action_whose_body_went_is_not_taken_back(world: World, node: Site) -> None:
    """Precise point 6, C13: what it replaced nobody knows here any more; the hub still does."""
    [action] = node.rows(
        "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o) WHERE parts IS NULL AND node = ?"
        " AND state = 'applied' ORDER BY n DESC LIMIT 1", node.replica.node,
    )
    assert refusals(node, str(action[0])) == {"undo_body_missing"}
    assert verify(node.replica, node.db) == []


def test_an_edit_upon_a_pruned_value_is_not_taken_back(world: World, node: Site) -> None:
    assert refusals(node, noted(node, "second")) == {"undo_base_unknown"}


def test_a_body_taken_away_by_hand_is_named(world: World) -> None:
    """C10: without a signed floor nothing that is accepted lacks its body."""
    site = world["A"]
    noted(site, "first")
    world.sync("A")
    site.db.conn.execute("UPDATE _changeset SET parts = NULL WHERE n = (SELECT max(n) FROM _changeset)")
    assert "body_missing" in {each.kind for each in verify(site.replica, site.db)}


def test_a_body_taken_away_beside_those_that_were_pruned_is_named(world: World, node: Site) -> None:
    """C10: the node has signed of which bodies it let go, and of no other."""
    noted(node, "second")
    noted(node, "third")
    assert verify(node.replica, node.db) == []
    assert bodies(node) >= 2
    node.db.conn.execute(
        "UPDATE _changeset SET parts = NULL WHERE n = (SELECT max(n) - 1 FROM _changeset WHERE parts IS NOT NULL)"
    )
    assert "floor_changed" in {each.kind for each in verify(node.replica, node.db)}


def test_a_pruned_node_and_the_hub_compare_alike(world: World, node: Site) -> None:
    """C3: comparing needs no bodies."""
    noted(node, "second")
    found = run_comparison(node.replica, node.db, Door(world.hub))
    assert (found.differences, found.complete) == ([], True)


def test_a_stick_brings_entries_also_where_the_line_would_bring_a_snapshot(world: World, node: Site) -> None:
    """C13: slices belong to a conversation."""
    world.hub.limit(snapshot_log_percent=10**9)
    noted(world.hub, "there")
    pruned(world, node)
    make_snapshots(world.hub.replica, world.hub.db)
    other = world["B"]
    assert there_and_back(world, "B").synced
    assert other.value("SELECT count(*) FROM _snapshot") == 0
    assert verify(other.replica, other.db) == []


def test_a_hub_is_rebuilt_from_its_log_without_its_snapshots(world: World, node: Site, tmp_path: Path) -> None:
    """DESIGN 5: they are made anew after the next backup."""
    make_snapshots(world.hub.replica, world.hub.db)
    made = rebuild_hub(
        world.hub.replica.path, tmp_path / "anew.db", records=tuple(t.record for t in world.hub.tables().values()),
        clock=world.hub.clock, randomness=world.hub.replica.randomness,
    )  # fmt: skip
    assert (made.findings, made.differences) == ([], [])

"""Node and hub lay fingerprints of ranges beside each other, down to the row and field that differ (C3, C14)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from shared.schema import key_text
from sync.capture import token_of
from sync.comparison import CompareLimits, Comparison, run_comparison, serve_comparison
from sync.errors import BadMessage, HubMovedOn, NotEnrolled, Revoked
from sync.status import sync_status
from sync.steps.compare import Question, question_head
from sync.steps.enrol import revoke
from sync.steps.erase import erase
from sync.tables import drop_triggers, install_triggers
from sync.wire import pack
from tests.support.world import CLERK_A, CLERK_B, DAY_A, GROUP_A, OFFICE, PUPIL_A, Site, World, new_site, sync_state
from tests.sync.forging import sealed_by

LITTLE = CompareLimits(ranges=20, ways=2, leaf_rows=2, range_rows=5, answer_rows=7, rounds=60)


@dataclass
class Door:
    """The hub's door for comparisons: implements ComparePort."""

    hub: Site
    limits: CompareLimits | None = None

    def compare(self, sealed: bytes) -> bytes:
        """See `sync.comparison.ComparePort`."""
        return serve_comparison(self.hub.replica, self.hub.db, sealed, limits=self.limits)


def compared(world: World, name: str = "A", limits: CompareLimits | None = None) -> Comparison:
    """A comparison of a node with the hub."""
    return run_comparison(world[name].replica, world[name].db, Door(world.hub), limits=limits)


def pupils(world: World, count: int) -> None:
    """So many more pupils of campus A, in sync."""
    with world["A"].write(CLERK_A) as w:
        w.insert(*(Pupil(id=w.mint("A"), name=f"娃{i}") for i in range(count)))
    world.settle()


def untriggered(site: Site, sql: str) -> None:
    """A change that nobody's changeset tells of."""
    drop_triggers(site.db)
    assert site.db.conn.execute(sql).rowcount > 0
    install_triggers(site.db, site.replica.tables)


def test_two_that_are_in_sync_need_one_round_trip_and_find_nothing(world: World) -> None:
    pupils(world, 300)
    found = compared(world)
    assert (found.differences, found.rounds, found.complete, found.unlike) == ([], 1, True, [])
    assert found.rows > 300
    assert found.bytes_up + found.bytes_down < 12_000


@pytest.mark.parametrize("limits", [CompareLimits(), LITTLE])
def test_a_cell_is_found_among_many_and_named_with_both_values(world: World, limits: CompareLimits) -> None:
    pupils(world, 300)
    untriggered(world["A"], "UPDATE pupil SET name = '别人' WHERE name = '娃217'")
    found = compared(world, limits=limits)
    [difference] = found.differences
    assert (difference.kind, difference.table, difference.field) == ("value", "pupil", "name")
    assert (difference.here, difference.there) == ("别人", "娃217")
    assert found.complete and found.rounds > 1
    assert compared(world, "B").differences == []


@pytest.mark.parametrize("limits", [CompareLimits(), LITTLE])
@pytest.mark.parametrize("side", ["only_here", "only_there"])
def test_rows_that_one_side_lacks_are_named_all(world: World, side: str, limits: CompareLimits) -> None:
    """Also when there is nothing left on one side to cut the range by."""
    pupils(world, 90)
    site = world["A"] if side == "only_there" else world.hub
    untriggered(site, "DELETE FROM pupil WHERE name LIKE '娃%'")
    found = compared(world, limits=limits)
    assert len({difference.key for difference in found.differences}) == len(found.differences) == 90
    assert {(difference.kind, difference.table) for difference in found.differences} == {(side, "pupil")}
    assert found.complete


def test_more_differences_than_are_named_are_said_to_be_more(world: World) -> None:
    pupils(world, 90)
    untriggered(world.hub, "UPDATE pupil SET name = 'x'")
    found = compared(world, limits=CompareLimits(differences=10))
    assert (len(found.differences), found.complete) == (10, False)


def test_what_either_side_has_written_since_is_left_out(world: World) -> None:
    """What is compared is what both have had: nobody has to stand still for it."""
    pupils(world, 20)
    with world["A"].write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "here alone"})
        w.insert(Pupil(id=w.mint("A"), name="new here"))
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, GROUP_A, {"name": "there alone"})
        w.insert(CalendarDay(campus="A", date="2026-10-01", kind="exam"))
    with world["B"].write(CLERK_B) as w:
        w.update(CalendarDay, ("B", "2026-09-01"), {"note": "B"})
    world.sync("B")
    world.hub.db.conn.execute("UPDATE calendar_day SET note = 'shell' WHERE campus = 'A' AND date = '2026-09-01'")
    found = compared(world)
    assert (found.differences, found.complete) == ([], True)
    assert found.apart == 6
    untriggered(world["A"], "UPDATE pupil SET name = 'wrong' WHERE name = '娃7'")
    assert [difference.here for difference in compared(world).differences] == ["wrong"]


def test_conflicts_tombstones_and_erased_rows_compare_equal_and_a_lost_head_does_not(world: World) -> None:
    token = token_of(world["A"].db, world["A"].replica, RosterGroup, GROUP_A)
    for site, author in ((world["A"], CLERK_A), (world.hub, OFFICE)):
        with site.write(author) as w:
            w.update(RosterGroup, GROUP_A, {"name": site.name}, token)
    with world["A"].write(CLERK_A) as w:
        w.delete(CalendarDay, DAY_A)
    world.settle()
    erase(world.hub.db, world.hub.replica, Pupil, PUPIL_A, by="law")
    assert compared(world).differences == []
    world.settle()
    assert sync_status(world["A"].db, world["A"].replica).open_conflicts == 1
    assert compared(world).differences == []
    untriggered(world["A"], "DELETE FROM _head WHERE t = 'roster_group'")
    [difference] = compared(world).differences
    assert (difference.kind, difference.table, difference.key) == ("heads", "roster_group", (key_text(GROUP_A),))


def test_a_comparison_changes_nothing_on_either_side(world: World) -> None:
    before = [sync_state(site) for site in world.sites()]
    compared(world)
    assert [sync_state(site) for site in world.sites()] == before


def test_a_node_far_behind_is_asked_to_sync_first(world: World) -> None:
    with world.hub.write(OFFICE) as w:
        w.insert(*(CalendarDay(campus="A", date=f"20{y}-01-{d:02}", kind="exam") for y in range(30, 34)
                   for d in range(1, 21)))
    strict = Door(world.hub, CompareLimits(apart_rows=50))
    with pytest.raises(HubMovedOn):
        run_comparison(world["A"].replica, world["A"].db, strict)
    world.settle()
    assert run_comparison(world["A"].replica, world["A"].db, strict).differences == []


def test_strangers_and_revoked_nodes_learn_nothing(world: World, tmp_path) -> None:
    """C9: the door is the exchange's: a box of an enrolled node, or nothing."""
    stranger = new_site(tmp_path, "C")
    with pytest.raises(NotEnrolled):
        run_comparison(stranger.replica, stranger.db, Door(world.hub))
    stranger.db.close()
    revoke(world.hub.db, world.hub.replica, world["A"].replica.node)
    with pytest.raises(Revoked):
        compared(world)


@pytest.mark.parametrize(
    "wanted",
    [
        ["B", "pupil", "r", [], None], ["hub", "appraisal_run", "r", [], None], ["A", "calendar_day", "r", [], None],
        ["A", "pupil", "x", [], None], ["A", "pupil", "r", ["a", "b"], None], ["A", "pupil", "r", [[]], None], 7,
        ["A", "pupil", "r", [2**70], None], ["A", "pupil", "r", [], [-(2**70)]], ["A", "pupil", "h", [7], None],
    ],
)  # fmt: skip
def test_nobody_asks_for_another_campus_s_rows(world: World, wanted: object) -> None:
    """C8, C9: prints and rows are of the asker's own scopes; anything malformed is refused whole."""
    node = world["A"]
    for name in ("prints", "rows"):
        head = {**question_head(node.replica, node.db, set(), Question()), name: [wanted]}
        with pytest.raises(BadMessage):
            Door(world.hub).compare(sealed_by(node, pack(head, (), node.replica.limits)))



def test_rows_of_a_table_that_nobody_has_are_refused(world: World) -> None:
    """Of a print of it the answer says that nothing can be said (C12)."""
    node = world["A"]
    head = {**question_head(node.replica, node.db, set(), Question()), "rows": [["A", "nobody_s", "r", [], None]]}
    with pytest.raises(BadMessage):
        Door(world.hub).compare(sealed_by(node, pack(head, (), node.replica.limits)))

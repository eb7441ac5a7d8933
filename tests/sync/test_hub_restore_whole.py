"""After a hub came back from an old copy: every body it can have, and no half of an action (C9, C11)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.records.people import AccountRole
from shared.records.places import CalendarDay
from shared.records.pupils import Pupil
from sync.keys import unseal
from sync.log import read_changeset
from sync.replica import setting
from sync.status import RestOfAction, refusals, rest_of_actions
from sync.steps.hello import ask, peer_keys
from sync.steps.release import release
from sync.verify import verify
from sync.wire import unpack
from tests.support.world import (
    CLERK_A,
    DAY_A,
    DAY_B,
    OFFICE,
    PUPIL_A,
    Site,
    World,
    assert_same_tables,
    clone_of,
    make_world,
)  # fmt: skip
from tests.sync.forging import push, request_of
from tests.sync.test_hub_restore import lose_answer
from tests.sync.test_whole_actions import part, states

ROLE = ("A-1-x", "clerk", "A")
HOLES = "SELECT count(*) FROM _changeset WHERE state = 'hole'"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two nodes of campus A, one of B."""
    made = make_world(tmp_path, ("A", "A2", "B"))
    yield made
    made.close()


def head_of(world: World, node: Site, answer: bytes) -> dict[str, object]:
    """The head of an answer."""
    key = peer_keys(node.db)[setting(node.db, "hub_node")]
    return unpack(unseal(node.replica.seed, key, answer), node.replica.limits)[0]


def all_well(world: World) -> None:
    """Everybody agrees and every log proves itself."""
    world.settle()
    assert_same_tables(world)
    assert [finding for site in world.sites() for finding in verify(site.replica, site.db)] == []


def hole_after_its_writer(world: World) -> None:
    """The hub takes a refused changeset back as a hole when its writer, who still has it, has come over before."""
    node, backup = world["A"], world.hub.backup_bytes()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "ours"})
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_B, {"note": "not ours"})
    lose_answer(world, "A")
    world.sync("B")
    world.hub.restore(backup)
    node.limit(frame_rows=1, frame_bytes=1)
    lose_answer(world, "A", 1)
    assert setting(node.db, "epoch") == setting(world.hub.db, "epoch"), "the writer has come over"
    world.sync("B")
    assert world.hub.value(HOLES) == 1


def test_a_hole_taken_back_after_its_writer_came_over_is_filled(world: World) -> None:
    """C9: the writer learns the verdict and does not push again; the hub asks for the values in the same answer."""
    hole_after_its_writer(world)
    assert world.sync("A").done
    assert world.hub.value(HOLES) == 0
    [refused] = refusals(world.hub.db, world.hub.replica)
    assert (refused.reason, refused.values["note"]) == ("foreign_owner", "not ours")
    all_well(world)


def test_an_exchange_with_nothing_to_say_says_nothing_of_holes(world: World) -> None:
    """C13: as small as ever; and a node is asked for its own holes only."""
    hole_after_its_writer(world)
    told = {
        name: head_of(world, world[name], world.port.exchange(request_of(world[name], [], []))) for name in ("A", "B")
    }
    assert ("wanted" in told["B"], len(told["A"]["wanted"])) == (False, 1)  # type: ignore[arg-type]  # a list
    world.settle()
    request = request_of(world["A"], [], [])
    assert "wanted" not in head_of(world, world["A"], world.port.exchange(request))
    [plan] = world.hub.rows(
        "EXPLAIN QUERY PLAN SELECT n FROM _changeset WHERE state <> 'applied' AND state = 'hole' AND parts IS NULL"
    )
    assert "_changeset_state" in str(plan)


@pytest.mark.parametrize("lost", range(3))
def test_a_lost_answer_on_the_way_fills_the_hole_once(world: World, lost: int) -> None:
    """C11."""
    hole_after_its_writer(world)
    if lost < 2:
        lose_answer(world, "A", lost)
    all_well(world)
    assert world.hub.value(HOLES) == 0


def test_an_older_node_passes_over_the_question(world: World) -> None:
    """C12: unknown members of a head are ignored; its hole stays one and stops nobody."""
    hole_after_its_writer(world)
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "later"})
    head = ask(node.replica, node.db)
    assert "gives" not in head
    answer = head_of(world, node, world.port.exchange(request_of(node, [], [])))
    assert answer["wanted"] and answer["epoch"] == setting(node.db, "epoch")
    assert world.hub.value(HOLES) == 1


def a_hole_of_its_own(world: World, folder: Path) -> Site:
    """Node A as an old copy, which got only a hole of what it once wrote; its former self, which has the body."""
    node, backup, before = world["A"], world.hub.backup_bytes(), world["A"].backup_bytes()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "refused, later released"})
    with world.hub.write(OFFICE) as w:
        w.delete(AccountRole, ROLE)
    world.sync("A")
    world.sync("B")
    former = clone_of(node, folder / "former.db")
    world.hub.restore(backup)
    node.restore(before)
    for name in ("A", "B", "A"):
        world.sync(name)
    assert node.value(HOLES) == 1
    return former


def test_a_release_brings_the_body_to_a_node_that_has_a_hole_of_its_own(world: World, tmp_path: Path) -> None:
    """C9, C10: the file was put back from a copy; what its former self wrote comes in for it as for everybody."""
    former = a_hole_of_its_own(world, tmp_path)
    here, world.nodes["A"] = world["A"], former
    world.sync("A")
    assert world.hub.value(HOLES) == 0
    world.nodes["A"] = here
    world.sync("A")
    [refused] = refusals(world.hub.db, world.hub.replica)
    release(world.hub.db, world.hub.replica, refused.version, by="two people")
    all_well(world)
    for site in world.sites():
        assert site.value("SELECT note FROM calendar_day WHERE campus = 'A'") == "refused, later released"
    former.db.close()


def action_of_two_scopes(world: World, day: tuple[str, str] = DAY_A) -> None:
    """One save of node A that everybody must learn of, and one half of which only campus A does."""
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, day, {"note": "for all"})
        w.update(Pupil, PUPIL_A, {"name": "只在本校"})


def both_went_in(world: World) -> bool:
    """Whether the hub shows both halves."""
    days = [note for (note,) in world.hub.rows("SELECT note FROM calendar_day ORDER BY campus")]
    return "for all" in days and world.hub.value("SELECT name FROM pupil WHERE id = 'A-11-x'") == "只在本校"


def test_a_part_that_was_accepted_with_another_is_let_in_with_it_again(world: World) -> None:
    """C9, C11: the writer never had the receipts; the hub's word for one half names the other by its hash."""
    backup = world.hub.backup_bytes()
    action_of_two_scopes(world)
    lose_answer(world, "A")
    world.sync("B")
    world.hub.restore(backup)
    with world.hub.write(OFFICE) as w:
        w.delete(AccountRole, ROLE)
    world.sync("B")
    assert not both_went_in(world)
    world.sync("A")
    assert both_went_in(world)
    assert world.hub.value("SELECT count(*) FROM _entry WHERE verdict = 'refused' OR kind = 'release'") == 0
    assert (refusals(world.hub.db, world.hub.replica), rest_of_actions(world.hub.db)) == ([], {})
    all_well(world)


@pytest.mark.parametrize("order", [("A", "B"), ("B", "A"), ("A2", "B"), ("B", "A2")], ids="-".join)
def test_a_part_that_was_released_with_another_is_let_in_with_it_again(world: World, order: tuple[str, str]) -> None:
    """C9, C11: only one scope's release is left; it names the other half, and the log says again who decided."""
    backup = world.hub.backup_bytes()
    action_of_two_scopes(world, DAY_B)
    world.sync("A")
    world.sync("A2")
    version = refusals(world.hub.db, world.hub.replica)[0].version
    assert len(release(world.hub.db, world.hub.replica, version, by="two people")) == 2
    world.sync("B")
    world.hub.restore(backup)
    for name in order:
        world.sync(name)
    world.sync("A")
    assert both_went_in(world)
    who = world.hub.rows("SELECT json_extract(reason_data, '$.by') FROM _entry WHERE kind = 'release'")
    assert who == [("two people",), ("two people",)]
    assert (refusals(world.hub.db, world.hub.replica), rest_of_actions(world.hub.db)) == ([], {})
    all_well(world)


def test_a_part_that_is_released_before_the_other_is_back_lets_only_itself_in(world: World) -> None:
    """C9: the page says so before and after; what people have not seen is never let in by itself."""
    backup = world.hub.backup_bytes()
    action_of_two_scopes(world, DAY_B)
    lose_answer(world, "A")
    world.sync("B")
    world.hub.restore(backup)
    world.sync("B")
    fill_by_hand(world)
    [version] = {refusal.version for refusal in refusals(world.hub.db, world.hub.replica)}
    assert rest_of_actions(world.hub.db) == {version: RestOfAction(0, 0, 1)}
    assert release(world.hub.db, world.hub.replica, version, by="two people") == [version]
    with world.hub.write(OFFICE) as w:
        w.delete(AccountRole, ROLE)
    world.sync("A")
    [other] = rest_of_actions(world.hub.db).items()
    assert other[1] == RestOfAction(1, 0, 0)
    release(world.hub.db, world.hub.replica, other[0], by="two people")
    assert both_went_in(world) and rest_of_actions(world.hub.db) == {}
    all_well(world)


def fill_by_hand(world: World) -> None:
    """The hub gets the body of one half from its node, which is cut off before it sends the other."""
    node = world["A"]
    n = int(str(node.value("SELECT n FROM _changeset WHERE hub_seq IS NULL AND scope = 'con'")))
    stored = read_changeset(node.db, n)
    gives = {"to": setting(world.hub.db, "epoch"), "b": [[stored.origin, "con", stored.hash.hex(), 1]]}
    epoch = setting(world.hub.db, "epoch")
    world.port.exchange(request_of(node, [], stored.parts or (), gives=gives, epoch=epoch, cursors={}))


def test_another_part_in_the_place_of_the_accepted_one_is_judged(world: World) -> None:
    """C10: the node swaps its half after the restore. Its name and its action are the same, its hash is not."""
    node = world["A"]
    common, own, swapped = part(node, "con"), part(node, "A"), part(node, "A", person_id="A-9-x")
    assert (swapped.origin, swapped.seq) == (own.origin, own.seq)
    backup = world.hub.backup_bytes()
    push(world, node, [common], [own])
    assert states(world, common, own) == ["applied", "applied"]
    world.sync("B")
    world.hub.restore(backup)
    world.sync("B")
    world.sync("A")
    assert states(world, common) == ["applied"]
    push(world, node, [swapped])
    assert states(world, swapped) == ["quarantined"]
    assert [refusal.reason for refusal in refusals(world.hub.db, world.hub.replica)] == ["unknown_author"]
    assert rest_of_actions(world.hub.db) == {f"{swapped.origin}/A/{swapped.seq}": RestOfAction(1, 0, 0)}
    push(world, node, [own])
    assert states(world, common, own, swapped) == ["applied", "applied", "quarantined"]


def test_a_receipt_names_the_parts_that_went_in_with_it(world: World) -> None:
    """Whole hashes; nothing where there is one part, and nothing of a part that was refused."""
    action_of_two_scopes(world)
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "alone"})
    world.settle()
    numbers = [int(str(n)) for (n,) in world.hub.rows("SELECT max(n) - 2 + value FROM _changeset, json_each('[0,1,2]')"
                                                      " GROUP BY value")]  # fmt: skip
    one, two, _ = (read_changeset(world.hub.db, n).hash.hex() for n in numbers)
    said = world.hub.rows("SELECT reason_data FROM _entry ORDER BY hub_seq DESC LIMIT 3")
    assert [data for (data,) in reversed(said)] == [f'{{"with": "{two}"}}', f'{{"with": "{one}"}}', "{}"]

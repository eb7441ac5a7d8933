"""How far a node knows the other campuses: the hub says it, and nobody claims more than the hub knows."""

from pathlib import Path

import pytest

from shared.clock import instant_ms
from shared.records.pupils import RosterGroup
from sync.errors import BadMessage
from sync.replica import Limits
from sync.status import campuses_known_until
from sync.steps.hello import learn_campuses
from tests.support.world import CLERK_B, GROUP_B, Site, World, make_world


def known(site: Site) -> dict[str, int]:
    """Campus → milliseconds up to which a node knows it."""
    return {campus: instant_ms(told) for campus, told in campuses_known_until(site.db).items()}


def test_a_campus_is_known_up_to_its_own_last_sync_and_no_further(world: World) -> None:
    world.sync("B")
    with world["B"].write(CLERK_B) as w:
        w.update(RosterGroup, GROUP_B, {"name": "not sent yet"})
    sent = world.hub.clock.now_ms()
    world.wait_ms(3_600_000)
    world.sync("A")
    assert known(world["A"])["B"] < sent < world.hub.clock.now_ms()
    world.sync("B")
    world.wait_ms(3_600_000)
    before = known(world["A"])["B"]
    world.sync("A")
    assert before < sent < known(world["A"])["B"]


def test_without_anything_written_a_campus_is_still_known_up_to_its_sync(world: World) -> None:
    world.settle()
    before = known(world["A"])["B"]
    world.wait_ms(3_600_000)
    world.sync("B")
    world.sync("A")
    assert known(world["A"])["B"] >= before + 3_600_000


def test_a_sync_that_did_not_bring_everything_claims_nothing_new(tmp_path: Path) -> None:
    world = make_world(tmp_path, limits=Limits(frame_rows=1))
    world.settle()
    before = known(world["A"])
    world.wait_ms(3_600_000)
    for number in range(4):
        with world["B"].write(CLERK_B) as w:
            w.update(RosterGroup, GROUP_B, {"name": f"{number}"})
    world.sync("B")
    world.sync("A", budget_bytes=1_200)
    assert known(world["A"]) == before


@pytest.mark.parametrize("told", [[], {"B": "yesterday"}, {"B": -1}, {"B": 10**30}])
def test_what_is_no_time_is_refused(world: World, told: object) -> None:
    with pytest.raises(BadMessage):
        learn_campuses(world["A"].db, {"known": told})
    learn_campuses(world["A"].db, {})

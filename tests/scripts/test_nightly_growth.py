"""At night the hub backs itself up, and the nodes let go of what its backup covers (C13)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.benchmarks.world import World, make_world
from scripts.commands.backing import COPIES_KEPT, ENDING, back_up_site
from scripts.commands.site import Site
from scripts.demo_play.data import SMALL
from scripts.nightly import job as nightly
from scripts.nightly.due import DAY_MS
from scripts.nightly.work import prune_tonight
from shared.ids import SystemRandomness
from sync.age import new_key
from sync.replica import connect
from tests.scripts.test_nightly_sync import Clock, hub_job


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A hub with one enrolled node, on a clock that moves only when somebody waits."""
    return make_world(tmp_path, SMALL, clock=Clock(), randomness=SystemRandomness())


def test_the_hub_s_night_covers_its_log_and_a_node_s_night_prunes(world: World, tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    public = new_key()[1]
    settings = world.hub.folder.change(backup_to=str(tmp_path / "away"), backup_elsewhere=1, backup_recipient=public)
    world.exchange()
    clock = world.hub.replica.clock
    assert isinstance(clock, Clock)
    assert settings.backup_elsewhere == 1
    assert nightly.run_job(hub_job(world, wait_ms=0, clock=clock)) == 0
    entry = json.loads(world.hub.folder.runs.read_text("utf-8"))
    assert entry["covered"] > 0 and (tmp_path / "away" / entry["backup"]).is_file()
    clock.at_ms += 2 * DAY_MS
    world.exchange()
    node = Site(world.node.folder, replace(world.node.settings, prune_after_days=1), world.node.replica)
    assert prune_tonight(node)["pruned"] == 0, "what may still be undone stays, whatever the settings say"
    clock.at_ms += 14 * DAY_MS
    world.exchange()
    done = prune_tonight(node)
    assert isinstance(done["pruned"], int) and done["pruned"] > 0
    with connect(node.replica) as db:
        [left] = db.conn.execute("SELECT count(*) FROM _changeset WHERE parts IS NOT NULL").fetchone()
    assert prune_tonight(replace(node, settings=replace(node.settings, prune_after_days=0))) == {}
    assert left < done["pruned"]


def test_a_backup_never_removes_itself_for_copies_of_a_clock_years_ahead(world: World, tmp_path: Path) -> None:
    """C6, C13: what is called covered must lie there, whatever the names of older copies say."""
    away = tmp_path / "away"
    away.mkdir()
    hub = world.hub
    for day in range(COPIES_KEPT + 1):
        (away / f"{hub.replica.node}-2099-01-{day + 1:02}T000000000Z{ENDING}").touch()
    settings = hub.folder.change(backup_elsewhere=1, backup_recipient=new_key()[1])
    path, _ = back_up_site(Site(hub.folder, settings, hub.replica), away)
    assert path.is_file()
    assert len(list(away.iterdir())) == COPIES_KEPT

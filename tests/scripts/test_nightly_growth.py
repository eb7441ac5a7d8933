"""At night the hub backs itself up, and the nodes let go of what its backup covers (C13)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.benchmarks.world import World, make_world
from scripts.commands.backing import COPIES_KEPT, ENDING, back_up_site
from scripts.commands.site import Site, one_at_a_time
from scripts.demo_play.data import SMALL
from scripts.nightly import job as nightly
from scripts.nightly.due import DAY_MS
from scripts.nightly.record import last_done_ms
from scripts.nightly.work import prune_tonight
from shared.ids import SystemRandomness
from sync.age import new_key
from sync.backup import HALF
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


@pytest.mark.parametrize(
    ("target", "outcome"), [("nowhere", "backup_folder_missing"), ("file", "backup_folder_missing"),
                            ("same", "backup_same_disk")],
)  # fmt: skip
def test_a_backup_that_fails_stops_no_appraisal_and_is_told(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, outcome: str
) -> None:
    """C13, DESIGN 6: a stick that nobody put in. The scores are there, the run is owed, a person is asked for."""
    (tmp_path / "same").mkdir()
    (tmp_path / "file").touch()
    public = new_key()[1]
    world.hub.folder.change(backup_to=str(tmp_path / target), backup_recipient=public)
    world.exchange()
    clock = world.hub.replica.clock
    assert isinstance(clock, Clock)
    assert nightly.run_job(hub_job(world, wait_ms=0, clock=clock)) == 77
    entry = json.loads(world.hub.folder.runs.read_text("utf-8"))
    assert (entry["outcome"], entry["people"], len(entry["digest"])) == (outcome, 28, 64)
    assert entry["message"] in capsys.readouterr().err
    assert last_done_ms(world.hub.folder.runs, "hub") is None
    (tmp_path / "away").mkdir()
    world.hub.folder.change(backup_to=str(tmp_path / "away"), backup_elsewhere=1)
    assert nightly.run_job(hub_job(world, wait_ms=0, clock=clock)) == 0
    assert len(list((tmp_path / "away").iterdir())) == 1


def test_a_backup_that_another_process_is_making_is_for_later_and_for_nobody(world: World, tmp_path: Path) -> None:
    """C13: nobody is sent to the hub for a backup that a colleague has just begun by hand."""
    world.hub.folder.change(backup_to=str(tmp_path), backup_recipient=new_key()[1], backup_elsewhere=1)
    world.exchange()
    clock = world.hub.replica.clock
    assert isinstance(clock, Clock)
    with one_at_a_time(world.hub.folder, "backup", 0):
        assert nightly.run_job(hub_job(world, wait_ms=0, clock=clock)) == 75
    entry = json.loads(world.hub.folder.runs.read_text("utf-8"))
    assert (entry["outcome"], entry["people"]) == ("run_under_way", 28)
    assert last_done_ms(world.hub.folder.runs, "hub") is None


def test_halves_of_killed_backups_go_with_the_next(world: World, tmp_path: Path) -> None:
    """And only this hub's: another school's folder may be the same stick."""
    away, hub = tmp_path / "away", world.hub
    away.mkdir()
    half, foreign = (away / f"{node}-2026-09-01T000000000Z{ENDING}{HALF}" for node in (hub.replica.node, "H2222222"))
    half.touch()
    foreign.touch()
    settings = hub.folder.change(backup_elsewhere=1, backup_recipient=new_key()[1])
    path, _ = back_up_site(Site(hub.folder, settings, hub.replica), away)
    assert set(away.iterdir()) == {path, foreign}


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

"""The stick for the backups is full: the night appraises all the same, and says in words what is missing (C13)."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.benchmarks.world import make_world
from scripts.demo_play.data import SMALL
from scripts.nightly import job as nightly
from shared.ids import SystemRandomness
from sync.age import new_key
from sync.replica import connect, setting
from tests.crash.test_full_disk import fill_up, small_disk
from tests.scripts.test_nightly_sync import Clock, hub_job

__all__ = ["small_disk"]


def test_a_full_stick_stops_no_appraisal_covers_nothing_and_keeps_no_half(small_disk: Path, tmp_path: Path) -> None:
    """C13: once there is room the next run makes it good."""
    world = make_world(tmp_path, SMALL, clock=Clock(), randomness=SystemRandomness())
    clock = world.hub.replica.clock
    assert isinstance(clock, Clock)
    world.hub.folder.change(backup_to=str(small_disk), backup_recipient=new_key()[1])
    world.exchange()
    filler = fill_up(small_disk, 8192)
    assert nightly.run_job(hub_job(world, wait_ms=0, clock=clock)) == 77
    entry = json.loads(world.hub.folder.runs.read_text("utf-8"))
    assert (entry["outcome"], entry["people"]) == ("backup_failed", 28)
    assert "No space left" in entry["message"]
    assert list(small_disk.iterdir()) == [filler]
    with connect(world.hub.replica) as db:
        assert setting(db, "covered_hub_seq", "0") == "0"
    filler.unlink()
    assert nightly.run_job(hub_job(world, wait_ms=0, clock=clock)) == 0
    with connect(world.hub.replica) as db:
        assert int(setting(db, "covered_hub_seq")) > 0

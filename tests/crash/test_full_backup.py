"""The stick for the backups is full: the night appraises all the same, and says in words what is missing (C13)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scripts.benchmarks.world import make_world
from scripts.demo_play.data import SMALL
from scripts.nightly import job as nightly
from shared.ids import SystemRandomness
from sync.age import new_key
from sync.replica import connect, setting
from tests.crash.test_full_disk import fill_up, small_disk
from tests.scripts.test_cli import CAMPUSES, TERM, tongxin
from tests.scripts.test_nightly_sync import Clock, hub_job

__all__ = ["small_disk"]


def test_a_full_stick_stops_no_appraisal_covers_nothing_and_keeps_no_half(
    small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
    by_hand = ["hub", "backup", "--data", world.hub.folder.path, small_disk, "--lang", "en"]
    assert tongxin(*by_hand) == 77
    assert "No space left" in capsys.readouterr().err
    assert list(small_disk.iterdir()) == [filler]
    with connect(world.hub.replica) as db:
        assert setting(db, "covered_hub_seq", "0") == "0"
    filler.unlink()
    assert nightly.run_job(hub_job(world, wait_ms=0, clock=clock)) == 0
    with connect(world.hub.replica) as db:
        assert int(setting(db, "covered_hub_seq")) > 0


@pytest.mark.parametrize("leave", [8192, 50_000, 300_000, 700_000])
def test_a_restore_onto_a_full_disk_names_the_disk_and_not_the_key(
    small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], leave: int
) -> None:
    """C11: who is told that the key is wrong throws the key away. Nothing half is put in place."""
    assert tongxin("hub", "init", "--data", tmp_path / "hub", *CAMPUSES, *TERM, "--lang", "en") == 0
    secret = re.search(r"AGE-SECRET-KEY-\w+", capsys.readouterr().out)
    assert secret
    (tmp_path / "key").write_text(secret[0])
    (tmp_path / "away").mkdir()
    assert tongxin("hub", "backup", "--data", tmp_path / "hub", tmp_path / "away", "--elsewhere") == 0
    [file] = (tmp_path / "away").iterdir()
    filler = fill_up(small_disk, leave)
    restore = ["hub", "restore", "--data", small_disk / "again", file, "--key-file", tmp_path / "key", "--lang", "en"]
    assert tongxin(*restore) == 77
    assert "has room" in capsys.readouterr().err
    assert not (small_disk / "again" / "hub.db").exists()
    filler.unlink()
    assert tongxin(*restore) == 0
    assert tongxin("sync", "verify", "--data", small_disk / "again") == 0

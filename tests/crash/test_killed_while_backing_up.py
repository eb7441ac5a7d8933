"""SIGKILL in the middle of a backup: nothing is called covered, and nothing unencrypted is left for long (C13)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sync.age import new_key
from sync.backup import HALF, UNENCRYPTED, back_up
from sync.replica import setting
from tests.support.world import World, make_world


def test_what_a_killed_backup_left_unencrypted_goes_with_the_next(tmp_path: Path) -> None:
    """C13: and only what it left; a person's own folder beside it stays."""
    world = make_world(tmp_path)
    try:
        _killed_and_made_again(world, tmp_path / "b.tongxin")
    finally:
        world.close()


def _killed_and_made_again(world: World, file: Path) -> None:
    hub = world.hub
    own = hub.replica.path.parent / "backup-of-last-year"
    own.mkdir()
    command = [sys.executable, "-m", "tests.crash.backup_process", str(hub.replica.path), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.kill()
    assert len(list(hub.replica.path.parent.glob(f"{UNENCRYPTED}*"))) == 1, "it was killed in the middle"
    assert file.with_name(file.name + HALF).exists() and not file.exists()
    assert setting(hub.db, "covered_hub_seq", "0") == "0"
    manifest = back_up(hub.replica, hub.db, {}, file, new_key()[1], now_ms=0)
    assert setting(hub.db, "covered_hub_seq") == str(manifest.hub_seq)
    assert list(hub.replica.path.parent.glob(f"{UNENCRYPTED}*")) == []
    assert own.is_dir() and not file.with_name(file.name + HALF).exists()

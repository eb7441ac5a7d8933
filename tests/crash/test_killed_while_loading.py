"""SIGKILL while a bundle is loaded: all of it is there or nothing, and it can be loaded once more (C11)."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sync.verify import verify
from tests.support.world import Site, World, assert_same_tables, make_world
from tests.sync.by_stick import answer, load, request, settle_by_stick
from tests.sync.test_exchange import busy_day

KILLS = 6


def killed_while_loading(site: Site, file: Path, after_s: float) -> bool:
    """Load in a process of its own and kill it so long after it began; True when it came to its end before."""
    command = [sys.executable, "-m", "tests.crash.load_process", str(site.replica.path), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        threading.Event().wait(after_s)
        process.kill()
        return "done" in process.stdout.read()


def counted(site: Site) -> int:
    return int(str(site.value("SELECT count(*) FROM _changeset")))


def kill_until_loaded(site: Site, file: Path, chance: random.Random) -> None:
    before = counted(site)
    for number in range(KILLS):
        done = killed_while_loading(site, file, chance.uniform(0.0, 0.5 if number < KILLS - 1 else 0.2))
        now = counted(site)
        assert now == before or now > before + 40, "half a bundle"
        assert now > before or not done
        assert verify(site.replica, site.db) == []


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)], ids=lambda seed: f"seed_{seed}")
def test_a_process_killed_while_it_loads_loses_and_repeats_nothing(tmp_path: Path, seed: int) -> None:
    """C11: cursors, receipts, the note that it was loaded and the rows move together, on both ends."""
    chance, world = random.Random(seed), make_world(tmp_path)
    try:
        _carried(world, tmp_path, chance)
    finally:
        world.close()


def _carried(world: World, folder: Path, chance: random.Random) -> None:
    for site in world.sites():
        site.limit(frame_rows=10, frame_bytes=2_000)
    busy_day(world, 30)
    settle_by_stick(world, 1)
    busy_day(world, 30)
    file = folder / "stick"
    file.write_bytes(request(world["A"]).file)
    kill_until_loaded(world.hub, file, chance)
    loaded = load(world.hub, file.read_bytes())
    file.write_bytes(answer(world, world["A"], re=loaded.id).file)
    kill_until_loaded(world["A"], file, chance)
    load(world["A"], file.read_bytes())
    names = [row[0] for row in world.hub.rows("SELECT hex(hash) FROM _changeset")]
    assert len(names) == len(set(names))
    settle_by_stick(world, 4)
    assert_same_tables(world)

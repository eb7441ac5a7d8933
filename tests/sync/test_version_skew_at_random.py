"""Random worlds a release apart: any writes, syncs and upgrades in any order end in the same tables (C3, C12)."""

import random
from pathlib import Path

import pytest

from tests.simulation.play import DEEDS_A_WORLD
from tests.simulation.skewed import Play, check, play_skewed
from tests.sync.skew import NEW, OLD, assert_as_if_new_from_the_start, skewed_world


@pytest.mark.parametrize("seed", range(8))
def test_worlds_a_release_apart_end_in_the_same_tables_seed(tmp_path: Path, seed: int) -> None:
    """C12: the hub or a node upgrades at any moment; what passed through an old one is not lost."""
    chance = random.Random(f"releases {seed}")
    names = ["hub", "A", "A2", "B"]
    releases = {name: chance.choice([OLD, NEW]) for name in names}
    releases["hub"], releases["A"], releases["B"] = (OLD, NEW, NEW) if seed % 2 else (NEW, OLD, releases["B"])
    world = skewed_world(tmp_path, **releases)
    play = Play(world, seed)
    late = [name for name in names if releases[name] == OLD]
    chance.shuffle(late)
    for deed in range(DEEDS_A_WORLD):
        play.step()
        if late and deed > DEEDS_A_WORLD // 3 and chance.random() < 0.06:
            world.upgrade(late.pop())
    world.settle()
    check(world, chance)
    world.upgrade(*late)
    check(world, chance)
    world.settle()
    assert_as_if_new_from_the_start(world)
    check(world, chance)
    world.close()


@pytest.mark.parametrize("seed", range(12))
def test_worlds_of_three_releases_end_in_the_same_tables_seed(tmp_path: Path, seed: int) -> None:
    """C12: over a bad line, with nodes two releases behind the hub or ahead of it."""
    play_skewed(seed, tmp_path)

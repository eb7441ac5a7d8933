"""SIGKILL at any instant: what was acknowledged is there, once (C1, C11)."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from tests.crash.killing import kill_at_random
from tests.crash.school import School

KILLS = [pytest.param(5, id="5_kills"), pytest.param(50, id="50_kills", marks=pytest.mark.slow)]


@pytest.fixture
def school(tmp_path: Path):
    made = School(tmp_path)
    yield made
    made.close()


def a_while(chance: random.Random) -> None:
    """Up to a third of a second: some saves and a sync or two."""
    threading.Event().wait(chance.uniform(0.0, 0.35))


@pytest.mark.parametrize("kills", KILLS)
def test_a_node_killed_at_any_instant_loses_and_repeats_nothing(school: School, kills: int) -> None:
    """C1, C11: the acknowledgement is the line printed after the commit."""
    chance = random.Random(f"node {kills}")
    school.start_hub()
    for number in range(kills):
        node = school.start_node(f"run{number}")
        node.wait_for(1)
        a_while(chance)
        school.kill(node)
    assert school.end(school.start_node("last", saves=3)) == 0
    school.close()
    assert len(school.saved) > kills
    school.check()


@pytest.mark.parametrize("kills", KILLS)
def test_a_hub_killed_at_any_instant_loses_and_repeats_nothing(school: School, kills: int) -> None:
    """C11: the node saves and syncs on while the hub dies and comes back."""
    chance = random.Random(f"hub {kills}")
    hub = school.start_hub()
    node = school.start_node("on")
    node.wait_for(2)
    for _ in range(kills):
        a_while(chance)
        school.kill(hub)
        hub = school.start_hub()
    school.kill(node)
    assert school.end(school.start_node("last", saves=3)) == 0
    school.close()
    assert len(school.saved) > kills
    school.check()


@pytest.mark.parametrize("kills", KILLS)
def test_three_clerks_lose_nothing_whoever_is_killed(tmp_path: Path, kills: int) -> None:
    """C1, C11: hub and nodes die at random instants while three clients write and sync."""
    happened = kill_at_random(tmp_path, kills, seed=kills)
    assert happened["hub_killed"] + happened["nodes_killed"] == kills
    assert happened["saves_acknowledged"] > kills

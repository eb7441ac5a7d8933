"""A hub and three clerks at three nodes, killed one at a time at random instants while they save and sync."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path

from tests.crash.school import School

CAMPUSES = "ABC"
# From the middle of starting up to some saves and a sync or two.
WAIT_S_MAX = 0.35
HUB = "hub"


def kill_at_random(folder: Path, kills: int, seed: int | str) -> dict[str, int]:
    """Kill so many times, heal, check. Raises AssertionError for anything lost, repeated or different.

    Returns what happened: kills of the hub and of nodes, and saves acknowledged.
    """
    chance = random.Random(f"kill anybody {seed}")
    school = School(folder, CAMPUSES)
    try:
        running = {HUB: school.start_hub()}
        running |= {campus: school.start_node("run0", campus=campus) for campus in CAMPUSES}
        killed: Counter[str] = Counter()
        for number in range(1, kills + 1):
            victim = chance.choice([HUB, *CAMPUSES])
            if victim != HUB and chance.random() < 0.8:
                running[victim].wait_for(1)
            threading.Event().wait(chance.uniform(0.0, WAIT_S_MAX))
            school.kill(running[victim])
            killed[victim] += 1
            if victim == HUB:
                running[HUB] = school.start_hub()
            else:
                running[victim] = school.start_node(f"run{number}", campus=victim)
        for campus in CAMPUSES:
            running[campus].wait_for(1)
            school.kill(running[campus])
        # Twice, so that each hears of what the others had still to say.
        for turn in range(2):
            for campus in CAMPUSES:
                assert school.end(school.start_node(f"last{turn}", saves=3, campus=campus)) == 0
        for campus in CAMPUSES:
            assert school.end(school.start_node("quiet", saves=-1, campus=campus)) == 0
        school.kill(running[HUB])
        school.check()
        return {
            "kills": kills, "hub_killed": killed[HUB], "nodes_killed": kills - killed[HUB],
            "saves_acknowledged": len(school.saved),
        }  # fmt: skip
    finally:
        school.close()

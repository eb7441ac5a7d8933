"""Rounds of kills in fresh schools, and the result as a file to commit."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from shared.clock import SystemClock, instant_text
from tests.crash.killing import kill_at_random

KILLS_A_SCHOOL = 100


def run(argv: Sequence[str]) -> int:
    """Returns 0 when nothing was lost or repeated and all files agreed in every school, else 1."""
    parser = argparse.ArgumentParser(prog="scripts/crash.py", description="Kill processes at random instants.")
    parser.add_argument("--kills", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="of the first school (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result, after every school")
    chosen = parser.parse_args(argv)
    clock = SystemClock()
    began_ms, begun = clock.monotonic_ms(), instant_text(clock.now_ms())
    total: Counter[str] = Counter()
    failed: list[int] = []
    for seed in range(chosen.seed, chosen.seed + -(-chosen.kills // KILLS_A_SCHOOL)):
        kills = min(KILLS_A_SCHOOL, chosen.kills - total["kills"])
        with tempfile.TemporaryDirectory(prefix=f"crash{seed}-") as folder:
            try:
                total.update(kill_at_random(Path(folder), kills, seed))
            except AssertionError as error:
                failed.append(seed)
                total["kills"] += kills
                print(f"seed {seed}: {error}", flush=True)
        result = {
            **total, "seed": chosen.seed, "schools_failed": failed, "begun": begun,
            "seconds": (clock.monotonic_ms() - began_ms) // 1000,
        }  # fmt: skip
        print(json.dumps(result), flush=True)
        if chosen.json is not None:
            chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0

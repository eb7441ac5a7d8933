"""Many seeds in several processes, or one seed with a trace for a person to read."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from scripts.simulation.planted import tell
from shared.clock import SystemClock, instant_text
from tests.simulation.play import DEEDS_A_WORLD, play
from tests.simulation.school import play_school
from tests.simulation.skewed import play_skewed

# A world's files never need to reach a disk: a power cut there is played, not waited for.
MEMORY = Path("/dev/shm")
WORLDS = {"plain": play, "school": play_school, "skewed": play_skewed}


def run(argv: Sequence[str]) -> int:
    """Returns 0 when every seed held, else 1."""
    parser = argparse.ArgumentParser(prog="scripts/simulate.py", description="Play seeded worlds.")
    parser.add_argument("--seeds", type=int, default=200, help="how many worlds (default 200)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (default 2)")
    parser.add_argument("--deeds", type=int, default=DEEDS_A_WORLD, help=f"deeds a world (default {DEEDS_A_WORLD})")
    parser.add_argument("--seed", type=int, help="play this one seed only")
    parser.add_argument("--trace", action="store_true", help="with --seed: print what happens")
    parser.add_argument("--skewed", dest="kind", action="store_const", const="skewed", help="three releases, upgrades")
    parser.add_argument("--school", dest="kind", action="store_const", const="school",
                        help="lessons, bookings and registers, and their validators")
    parser.set_defaults(kind="plain")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome to a file")
    parser.add_argument("--planted", action="store_true", help="plant bugs one by one: in how many seeds each is found")
    chosen = parser.parse_args(argv)
    if chosen.planted:
        return tell(chosen.seeds, chosen.jobs)
    if chosen.seed is not None:
        return _one(chosen.seed, chosen.deeds, chosen.trace, chosen.kind)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    return _many(seeds, chosen.jobs, chosen.deeds, chosen.kind, chosen.json)


def _one(seed: int, deeds: int, trace: bool, kind: str) -> int:
    failure = outcome(seed, deeds=deeds, trace=trace, kind=kind)
    print(failure or f"seed {seed}: all held")
    return 1 if failure else 0


def _many(seeds: range, jobs: int, deeds: int, kind: str, told: Path | None) -> int:
    began, failed = time.perf_counter(), []
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for seed, failure in zip(seeds, pool.imap(partial(outcome, deeds=deeds, kind=kind), seeds), strict=True):
            if failure:
                failed.append(seed)
                print(f"seed {seed}: {failure.strip().splitlines()[-1][:300]}", flush=True)
    minutes = (time.perf_counter() - began) / 60
    print(f"{len(seeds)} seeds, {len(seeds) / minutes:.0f} a minute, {len(failed)} failed: {failed}")
    if told is not None:
        outcome_ = {
            "seeds": len(seeds), "first": seeds.start, "deeds": deeds, "kind": kind, "failed": failed,
            "seeds_per_minute": round(len(seeds) / minutes), "jobs": jobs,
            "ended": instant_text(SystemClock().now_ms()),
        }  # fmt: skip
        told.write_text(json.dumps(outcome_, indent=2) + "\n", encoding="utf-8")
    option = "" if kind == "plain" else f" --{kind}"
    for seed in failed[:3]:
        print(f"replay: python3 scripts/simulate.py{option} --seed {seed} --deeds {deeds} --trace")
    return 1 if failed else 0


def outcome(seed: int, *, deeds: int, trace: bool = False, kind: str = "plain") -> str:
    """Play a seed; "" when all held, else what went wrong."""
    with tempfile.TemporaryDirectory(prefix=f"world{seed}-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        try:
            WORLDS[kind](seed, Path(folder), deeds=deeds, said=print if trace else lambda line: None)
        except Exception:  # a worker reports whatever the product raised
            return traceback.format_exc()
    return ""

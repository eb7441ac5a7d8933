"""The command behind `scripts/bench.py`: make a world, measure, hold against the bars, tell."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmarks.bars import held_against, table
from scripts.benchmarks.engine import appraisal_s, capture_times_bare, statements_per_row
from scripts.benchmarks.findings import findings_s
from scripts.benchmarks.imports import import_s
from scripts.benchmarks.lessons import lessons_s
from scripts.benchmarks.pages import server_figures
from scripts.benchmarks.verifying import verify_figures
from scripts.benchmarks.world import make_world
from scripts.commands.voice import Voice
from scripts.demo_play.data import FULL
from shared.clock import ShiftedClock, SystemClock, instant_ms
from shared.ids import SystemRandomness

MORNING = "2025-09-15T00:00:00.000Z"


def run(argv: Sequence[str]) -> int:
    """Measure everything; 0 when every bar is met, else 1."""
    parser = argparse.ArgumentParser(prog="bench.py", description="速度与大小 / speed and size")
    parser.add_argument("--json", type=Path, metavar="FILE", help="把数字写入文件 / write the figures")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    args = parser.parse_args(argv)
    voice = Voice(args.lang)
    with tempfile.TemporaryDirectory(prefix="tongxin-bench-") as folder:
        figures, about = measure(Path(folder))
    held = held_against(figures)
    for line in table(held, args.lang):
        voice.say(line, line)
    if args.json is not None:
        document = {"figures": figures, "about": about, "met": {each.bar.name: each.met for each in held}}
        args.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all(each.met for each in held) else 1


def measure(folder: Path) -> tuple[dict[str, float], dict[str, object]]:
    """(figures by name, what they were measured on)."""
    system = SystemClock()
    clock = ShiftedClock(system, instant_ms(MORNING) - system.now_ms())
    world = make_world(folder, FULL, clock=clock, randomness=SystemRandomness())
    per_row, applied = statements_per_row(world)
    seconds, rows = appraisal_s(world, system)
    reading_s, lessons = lessons_s(world, system)
    checking_s, findings = findings_s(world, system)
    figures = {
        "statements_per_row": per_row, "appraisal_s": seconds, "lessons_term_s": reading_s,
        "findings_term_s": checking_s,
        **server_figures(world, folder, system),
    }
    figures |= verify_figures(world, system)
    figures["import_2000_s"] = import_s(folder, system, SystemRandomness())
    figures["capture_times_bare"] = capture_times_bare(world, folder / "bare.db", system)
    about: dict[str, object] = {
        "python": platform.python_version(), "machine": platform.platform(), "cores": os.cpu_count(),
        # Times are a wall clock's: on a machine that is busy with something else they say little.
        "load_1_min": os.getloadavg()[0] if hasattr(os, "getloadavg") else None, "rows_applied": applied,
        "appraisal_rows": rows, "lessons_in_term": lessons, "findings_in_term": findings,
    }
    return figures, about

"""The command behind `scripts/bench_sync.py`: one JSON line with every phase, in both forms."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.syncbench import phases
from scripts.syncbench.peer import Peerbench, folder_of, load
from scripts.syncbench.phases import Figures, Stage, staged
from scripts.syncbench.sizes import bare_bytes, file_sizes

EXIT_NO_PEERBENCH = 69
NOT_THERE = "没有找到 peerbench（../shared/peerbench 或 --peerbench DIR）/ peerbench not found: --peerbench DIR"


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    days: int
    ids: str
    seed: str
    conflicts: int
    forms: tuple[str, ...]
    line_runs: int


def run(argv: Sequence[str]) -> int:
    """Measure and print one JSON line; 0, or 69 when peerbench is not there."""
    args = _parser().parse_args(argv)
    folder = folder_of(args.peerbench)
    if folder is None:
        print(NOT_THERE, file=sys.stderr)
        return EXIT_NO_PEERBENCH
    peer = load(folder)
    plan = Plan(args.days, args.ids, args.seed, args.conflicts, tuple(args.forms.split(",")), args.line)
    floors = [peer.floor(args.days, args.ids, args.floor)] if args.floor else []
    runs = [measured(peer, plan) for _ in range(args.repeat)]
    floors += [peer.floor(args.days, args.ids, args.floor)] if args.floor else []
    found: Figures = peer.meter.median(runs)
    found |= held_to_floor(found, floors)
    told = {"system": "tongxin", "sqlite": sqlite3.sqlite_version, "days": args.days, "ids": args.ids,
            "repeat": args.repeat, **found}  # fmt: skip
    print(json.dumps(told, ensure_ascii=False))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench_sync.py", description="同步引擎的速度与大小 / speed and size of sync")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--ids", choices=("uuid", "natural"), default="uuid")
    parser.add_argument("--seed", default="7")
    parser.add_argument("--forms", default="rows,own", help="rows, own, or both")
    parser.add_argument("--conflicts", type=int, default=10_000, help="edits on either side of the same rows in (e)")
    parser.add_argument("--floor", type=int, default=0, metavar="N", help="runs of the floor before and after")
    parser.add_argument("--line", type=int, default=0, metavar="N", help="publish N school days over a slow line")
    parser.add_argument("--peerbench", type=Path, metavar="DIR")
    return parser


def measured(peer: Peerbench, plan: Plan) -> Figures:
    """One run of everything that was planned."""
    with tempfile.TemporaryDirectory(prefix="tongxin-syncbench-") as place:
        folder = Path(place)
        # One day more than is synced first, for (d).
        peer.workload.write(plan.days + 1, str(folder), plan.seed, plan.ids)
        rows, edits = folder / "rows.jsonl", folder / "edits.jsonl"
        found: Figures = {}
        if "rows" in plan.forms:
            own = folder / "rows"
            own.mkdir()
            found |= _row_by_row(peer, plan, (own, rows, edits))
        if "own" in plan.forms:
            own = folder / "own"
            own.mkdir()
            if plan.line_runs:
                peer.workload.write(plan.days + 1 + plan.line_runs, str(own), plan.seed, plan.ids)
                rows = own / "rows.jsonl"
            with staged(peer, own, rows, edits, plan.ids) as stage:
                found["own"] = _own_form(stage, plan)
        return found


def _row_by_row(peer: Peerbench, plan: Plan, place: tuple[Path, Path, Path]) -> Figures:
    folder, rows, edits = place
    with staged(peer, folder, rows, edits, plan.ids) as stage:
        recorded = phases.record(stage, 0, plan.days, "executemany")
        found: Figures = {"rows": recorded["rows"], "a_record": recorded}
        found["b_first_sync"] = phases.first_sync(stage, recorded["rows"])
        found["db"] = file_sizes(stage)
        found["c_noop"] = phases.sync(stage, stage.node, 0)
        found["c_noop_again"] = phases.sync(stage, stage.node, 0)
        more = phases.record(stage, plan.days, 1, "executemany")
        found["d_one_day_more"] = phases.sync(stage, stage.node, more["rows"])
        found["e_one_percent"] = phases.one_percent(stage, len(edits.read_text("utf-8").splitlines()))
        found["f_second_node"] = phases.second_node(stage, recorded["rows"] + more["rows"])
        every = folder / "every.jsonl"
        count = min(plan.conflicts, phases.write_edits(peer, rows, every, 3 * plan.conflicts) // 3)
        found["e_many"] = phases.conflicts(stage, count, every)
    with staged(peer, _fresh(folder, "calls"), rows, edits, plan.ids) as stage:
        found["a_sqlite_utils"] = phases.record(stage, 0, plan.days, "insert_all")
    return found


def _own_form(stage: Stage, plan: Plan) -> Figures:
    """The same facts in our own records, day 0 to `days`, then one day more, whose bytes are the school day's."""
    days = plan.days
    recorded = phases.record(stage, 0, days, "own")
    found: Figures = {"rows": recorded["rows"], "a_record": recorded}
    found["b_first_sync"] = phases.first_sync(stage, recorded["rows"])
    found["db"] = file_sizes(stage)
    before = bare_bytes(stage.database("node"))
    more = phases.record(stage, days, 1, "own")
    found["d_one_day_more"] = phases.sync(stage, stage.node, more["rows"])
    found["d_one_day_more"]["bare_zstd19"] = bare_bytes(stage.database("node"), since=before.upto).bytes
    found["f_second_node"] = phases.second_node(stage, recorded["rows"] + more["rows"])
    if plan.line_runs:
        found["slow_line"] = phases.slow_line(stage, days + 1, plan.line_runs)
    return found


def _fresh(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir()
    return place


def held_to_floor(found: Figures, floors: Sequence[dict[str, Any]]) -> Figures:
    """Our rates divided by the mean of the floor's, run before and after in the same minute."""
    if not floors or "a_record" not in found:
        return {}
    pairs = (("a_record", "a_class_full"), ("b_first_sync", "b_http"), ("f_second_node", "f_http"))
    shares = {
        ours[0]: found[ours]["rows_s"] / (sum(each[theirs]["rows_s"] for each in floors) / len(floors))
        for ours, theirs in pairs
    }
    return {"of_floor": shares, "floor_file": floors[0]["db"]}

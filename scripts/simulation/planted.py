"""Bugs planted one by one in a copy of the tree: in how many of so many worlds each is found."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.run_faults import apply, copy_tree, faults

# Patches of tests/faults that break the engine in a way that worlds must notice.
PLANTED = (
    "capture_new_row_again_lost", "cursor_past_what_did_not_fit",
    "give_back_fresh_receipt", "give_back_verdict_dropped", "hub_owner_not_judged",
    "hub_role_not_judged", "journal_base_not_checked", "journal_dead_row_revived",
    "merge_last_arrival_wins", "merge_loser_dropped", "merge_tie_by_arrival", "receipt_keeps_a_future_stamp",
    "receipt_without_new_winner", "refused_stays_visible", "restored_copy_not_noticed",
    "same_copy_twice_not_noticed",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A planted bug, what it breaks, and in how many of so many worlds something did not hold."""

    name: str
    about: str
    found: int
    seeds: int


def planted(seeds: int, jobs: int) -> Iterator[Found]:
    """Plant each bug and play the same seeds. Raises ValueError for a patch that does not fit any more, and when
    worlds fail without any bug."""
    with tempfile.TemporaryDirectory(prefix="planted-") as parent:
        folder = Path(parent) / "tree"
        folder.mkdir()
        copy_tree(folder)
        if _failed(folder, seeds, jobs):
            raise ValueError("worlds fail with no bug planted: look at these first")
        for fault in faults(PLANTED):
            misfit = apply(fault.patch, folder)
            if misfit:
                raise ValueError(f"{fault.name}: {misfit}")
            yield Found(fault.name, fault.about, _failed(folder, seeds, jobs), seeds)
            apply(fault.patch, folder, "-R")


def _failed(folder: Path, seeds: int, jobs: int) -> int:
    """How many worlds fail in a tree."""
    told = folder / "planted.json"
    command = [sys.executable, "-B", "-m", "scripts.simulate", "--seeds", str(seeds), "--jobs", str(jobs)]
    subprocess.run([*command, "--json", str(told)], cwd=folder, capture_output=True, check=False)
    return len(json.loads(told.read_text("utf-8"))["failed"])


def tell(seeds: int, jobs: int) -> int:
    """Print a line a bug as it comes, for the table of docs/simulation.md; 0 when every one was found, else 1."""
    missed = []
    for one in planted(seeds, jobs):
        print(f"| `{one.name}` | {one.about} | {one.found} of {one.seeds} |", flush=True)
        missed += [one.name] if not one.found else []
    print(f"{len(missed)} missed: {missed}")
    return 1 if missed else 0

"""Peerbench's own modules: its rows, its counting proxy, its child processes and its floor."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
# Enough of peerbench to be sure of the folder.
FILES = ("workload.py", "meter.py", "proxy.py", "bench_floor.py")


@dataclass(frozen=True)
class Peerbench:
    """The folder and its modules, which no type checker sees."""

    folder: Path
    workload: Any
    meter: Any

    def floor(self, days: int, ids: str, repeat: int) -> dict[str, Any]:
        """What plain SQLite, plain compression and one plain request do with the same rows, now."""
        command = [sys.executable, "bench_floor.py", "--days", str(days), "--ids", ids, "--repeat", str(repeat),
                   "--sizes", ""]  # fmt: skip
        told = subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout
        found: dict[str, Any] = json.loads(told.splitlines()[-1])
        return found


def folder_of(named: Path | None) -> Path | None:
    """Where peerbench lies: where it was said, in the working directory (as `run_all.py --also` runs us), or beside
    this checkout; None when it is nowhere."""
    places = [named] if named else [Path.cwd(), CHECKOUT.parent / "shared" / "peerbench"]
    return next((place for place in places if all((place / name).is_file() for name in FILES)), None)


def load(folder: Path) -> Peerbench:
    """Import the modules from their folder; nothing is written there."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    return Peerbench(folder, importlib.import_module("workload"), importlib.import_module("meter"))

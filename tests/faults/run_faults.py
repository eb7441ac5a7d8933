"""Plant each fault in a copy of the tree and see its tests go red: ``python -m tests.faults.run_faults [NAME …]``.

A fault is a patch in `patches/` whose second line names the tests that must notice it. Its context is one line,
so that it holds while lines move around it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHES = Path(__file__).resolve().parent / "patches"
COPIED = ("shared", "sync", "node", "hub", "scripts", "tests", "pyproject.toml")
SKIPPED = ("__pycache__", "*.pyc", ".*_cache")
NAMED = "Must go red: "
PYTEST_RED = 1


@dataclass(frozen=True)
class Fault:
    """A planted fault: what it breaks, and the tests of which each must go red."""

    name: str
    about: str
    tests: tuple[str, ...]
    patch: Path


@dataclass(frozen=True)
class Outcome:
    """What a test said about a fault; `seen` is true when it went red."""

    fault: Fault
    test: str
    seen: bool
    said: str


def faults(names: Sequence[str] = ()) -> list[Fault]:
    """All faults, or those named. Raises ValueError for a patch without the line that names its tests."""
    found = []
    for patch in sorted(PATCHES.glob("*.patch")):
        about, second = patch.read_text("utf-8").splitlines()[:2]
        if not second.startswith(NAMED):
            raise ValueError(f"{patch.name}: its second line must begin with {NAMED!r}")
        if not names or patch.stem in names:
            found.append(Fault(patch.stem, about, tuple(second.removeprefix(NAMED).split()), patch))
    return found


def copy_tree(folder: Path) -> None:
    """The sources and tests, without what running them leaves behind."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(*SKIPPED))
        else:
            shutil.copy(source, folder / name)


def apply(patch: Path, folder: Path, *options: str) -> str:
    """Apply a patch to a copy ("" when it fits) or say why not. `--check` only tries, `-R` takes it back."""
    command = ["git", "apply", "--whitespace=nowarn", *options, str(patch)]
    # Without its own repository, git would look for one above the copy and take the patch for foreign.
    outside = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip() or "git apply failed"


def outcomes(folder: Path, chosen: Sequence[Fault]) -> Iterator[Outcome]:
    """Plant one fault after the other in a copied tree and run its tests."""
    for fault in chosen:
        misfit = apply(fault.patch, folder)
        if misfit:
            yield Outcome(fault, "", False, f"does not apply: {misfit}")
            continue
        for test in fault.tests:
            command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", test]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            last = (done.stdout.strip().splitlines() or [done.stderr.strip()[-200:]])[-1]
            yield Outcome(fault, test, done.returncode == PYTEST_RED, last)
        apply(fault.patch, folder, "-R")


def main(names: Sequence[str]) -> int:
    """Returns 0 when every fault was noticed by every test it names, else 1."""
    missed = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as parent:
        folder = Path(parent) / "tree"
        folder.mkdir()
        copy_tree(folder)
        for outcome in outcomes(folder, faults(names)):
            missed += not outcome.seen
            verdict = "noticed" if outcome.seen else "MISSED "
            sys.stdout.write(f"{verdict} {outcome.fault.name}  {outcome.test}  {outcome.said}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{missed} missed\n")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

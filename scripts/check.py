"""Lint, types and import contracts: ``python3 scripts/check.py``. The tests are ``scripts/test.py``.

Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import argparse
import os
import subprocess
import sys
from typing import List, Sequence, Tuple

PACKAGES = ("shared", "sync", "node", "hub", "scripts")


def checks(root: str, python: str) -> List[Tuple[str, List[str]]]:
    """The checks in order, quickest first: (name, command).

    A package that is not there yet is left out of the types; the contracts need all five.
    """
    there = [name for name in PACKAGES if os.path.exists(os.path.join(root, name, "__init__.py"))]
    typed = [word for name in there + ["tests"] for word in ("-p", name)]
    contracts = [python, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return [
        ("ruff", [python, "-m", "ruff", "check", "."]),
        ("import contracts", contracts),
        ("mypy", [python, "-m", "mypy"] + typed),
    ]


def main(argv: Sequence[str]) -> int:
    """Run every check, also after one has failed; returns 0 when all hold, else 1."""
    about = (__doc__ or "").partition("\n")[0]
    argparse.ArgumentParser(prog="scripts/check.py", description=about).parse_args(argv)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    failed = []
    for name, command in checks(root, sys.executable):
        print("== " + name, flush=True)
        if subprocess.call(command, cwd=root) != 0:
            failed.append(name)
    print("checks failed: " + ", ".join(failed) if failed else "checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.check", dev=True)

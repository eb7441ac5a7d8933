"""Run the tests: ``python3 scripts/test.py``; ``--all`` adds the browser, acceptance and slow ones.

Anything else on the line goes to pytest (``-k name``, ``-x``, ``tests/sync``). Read by any Python, so
Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import argparse
import os
import sys
from typing import List, Sequence

QUICK = "not browser and not acceptance and not slow"


def pytest_arguments(argv: Sequence[str]) -> List[str]:
    """Turn this command's arguments into pytest's. Two workers and the quick tests unless said otherwise.

    A file stays with one worker, so that what a module prepares is prepared once.
    """
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="scripts/test.py", description=about, allow_abbrev=False)
    parser.add_argument("--all", action="store_true", help="also the markers browser, acceptance, slow")
    parser.add_argument("-m", dest="markers", help="another choice of markers, as in pytest")
    parser.add_argument("-n", dest="workers", default="2", help="worker processes (default 2; 0: none)")
    chosen, rest = parser.parse_known_args(argv)
    markers = chosen.markers or ("" if chosen.all else QUICK)
    # A debugger and worker processes exclude each other.
    workers = "0" if "--pdb" in rest else chosen.workers
    arguments = ["-n", workers, "--dist", "loadfile"]
    return arguments + (["-m", markers] if markers else []) + rest


def main(argv: Sequence[str]) -> int:
    """Run pytest on the checkout; returns its exit code. pytest's own summary is the last line printed."""
    arguments = pytest_arguments(argv)
    import pytest  # not there before the environment is

    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return int(pytest.main(arguments))


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.test", dev=True)

"""Measure speed and size: ``python3 scripts/bench.py``; ``--json FILE`` keeps the figures.

Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import os
import sys
from typing import Sequence


def main(argv: Sequence[str]) -> int:
    """Run the benchmarks; returns 0 when every bar is met, else 1."""
    from scripts.benchmarks.run import run  # not there before the environment is

    return run(argv)


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.bench")

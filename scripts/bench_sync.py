"""The sync engine beside other systems: ``python3 scripts/bench_sync.py --days 20 --ids natural``.

Prints the one JSON line that peerbench's ``run_all.py --also`` takes in; ``--help`` names the rest.
Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import os
import sys
from typing import Sequence


def main(argv: Sequence[str]) -> int:
    """Measure and print one JSON line; returns 0, or 69 without peerbench's workload."""
    from scripts.syncbench.run import run  # not there before the environment is

    return run(argv)


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.bench_sync")

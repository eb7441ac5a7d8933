"""Kill real processes at random instants: ``python3 scripts/crash.py --kills 1000 --seed 1``.

Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import os
import sys
import typing


def main(argv: typing.Sequence[str]) -> int:
    """Kill and check; returns 0 when nothing was lost, else 1."""
    from scripts.crashes.run import run  # not there before the environment is

    return run(argv)


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.crash", dev=True)

"""Play seeded worlds: ``python3 scripts/simulate.py --seeds 500 --jobs 2``; ``--seed 7 --trace`` replays one.

Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import os
import sys
import typing


def main(argv: typing.Sequence[str]) -> int:
    """Play them; returns 0 when every world held, else 1."""
    from scripts.simulation.run import run  # not there before the environment is

    return run(argv)


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.simulate", dev=True)

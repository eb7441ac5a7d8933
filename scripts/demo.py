"""Play the demo: ``python3 scripts/demo.py``; ``--serve`` keeps it running, ``--lang en`` tells it in English.

Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import os
import sys
from typing import Sequence


def main(argv: Sequence[str]) -> int:
    """Play it; returns 0 when all went as told."""
    from scripts.demo_play.main import run  # not there before the environment is

    return run(argv)


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.demo")

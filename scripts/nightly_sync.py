"""The nightly sync, for cron, a systemd timer or the Windows Task Scheduler (docs/nightly.md).

Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import os
import sys
from typing import Sequence


def main(argv: Sequence[str]) -> int:
    """One run; returns 0 done, 75 try later, 76 upgrade needed, 77 a person is needed."""
    from scripts.nightly.job import run  # not there before the environment is

    return run(argv)


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.nightly_sync")

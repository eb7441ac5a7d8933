"""The command of the project: ``tongxin node|hub|sync ...``, also ``python3 scripts/tongxin.py ...``.

Read by any Python, so Python 3.6 syntax and ASCII only; the work is done inside the environment.
"""

import os
import sys


def main() -> int:
    """Run one command; returns its exit code."""
    from scripts.commands.line import run  # not there before the environment is

    return run(sys.argv[1:])


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main())
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.tongxin")

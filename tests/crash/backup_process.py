"""One process that backs a hub up: ``python -m tests.crash.backup_process DATABASE FILE``.

It says "half" once the copy lies there, and waits to be killed.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import RECORDS
from sync.age import new_key
from sync.backup import back_up
from sync.opening import open_replica
from sync.replica import connect


def say_and_wait(path: Path) -> None:
    """In place of the flush: the file is written and nothing is verified yet."""
    sys.stdout.write("half\n")
    sys.stdout.flush()
    threading.Event().wait()


def main(database: str, file: str) -> None:
    """Open and back up."""
    replica = open_replica(database, records=RECORDS, clock=SystemClock(), randomness=SystemRandomness())
    with connect(replica) as db:
        back_up(replica, db, {}, Path(file), new_key()[1], now_ms=0, flush=say_and_wait)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""One process that loads a bundle: ``python -m tests.crash.load_process DATABASE FILE``; says "ready", then "done"."""

from __future__ import annotations

import sys
from pathlib import Path

from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import RECORDS
from sync.by_file import load_bundle
from sync.opening import open_replica
from sync.replica import connect
from tests.support.world import RolesInTables


def main(database: str, file: str) -> None:
    """Open, say so, load, say so."""
    replica = open_replica(database, records=RECORDS, clock=SystemClock(), randomness=SystemRandomness())
    policy = RolesInTables() if replica.role == "hub" else None
    bundle = Path(file).read_bytes()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with connect(replica) as db:
        load_bundle(replica, db, bundle, policy=policy)
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

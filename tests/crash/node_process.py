"""A clerk at work as a process: ``python -m tests.crash.node_process DATABASE PORTFILE CAMPUS RUN SAVES``.

Saves one row after the other, syncs after every third save, and says each thing on a line of its own after
it is committed: what stands on a line was acknowledged to a person. With SAVES it stops after so many (-1:
none), once a sync has left nothing on either side.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sqlite_utils import Database

from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import RECORDS, CalendarDay, Evidence
from shared.schema import find
from sync.capture import write
from sync.change import Author
from sync.errors import SyncError
from sync.exchange import run_exchange
from sync.http import HttpHub
from sync.opening import open_replica
from sync.replica import Replica, connect

TIRELESS = 1_000_000


def say(line: str) -> None:
    """Acknowledge: on the pipe before anything else happens."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def save(replica: Replica, db: Database, campus: str, note: str) -> None:
    """One save in two scopes: a new row and an edit of one that every save edits."""
    with write(replica, db, Author(f"{campus}-clerk", rank="office")) as w:
        w.insert(Evidence(id=w.mint(campus), person_id="A-teacher", campus=campus, date="2025-09-01", kind="lesson",
                          quantity="1", note=note))  # fmt: skip
        if find(w.db, CalendarDay, campus, "2025-09-01") is None:
            w.insert(CalendarDay(campus=campus, date="2025-09-01", kind="school_day", note=note))
        else:
            w.update(CalendarDay, (campus, "2025-09-01"), {"note": note})
    say(f"saved {note}")


def sync(replica: Replica, db: Database, port_file: Path) -> bool:
    """One sync with the hub as it listens now; a dead hub is no reason to stop saving."""
    hub = HttpHub(f"http://127.0.0.1:{port_file.read_text('ascii').strip()}", timeout_s=5.0)
    try:
        done = run_exchange(replica, db, hub).done
    except SyncError as error:
        say(f"not synced {error.code}")
        return False
    finally:
        hub.close()
    say("synced")
    return done


def main(database: Path, port_file: Path, campus: str, run: str, saves: int) -> None:
    """Save and sync."""
    replica = open_replica(database, records=RECORDS, clock=SystemClock(), randomness=SystemRandomness())
    with connect(replica) as db:
        say("ready")
        for number in range(max(0, saves) if saves else TIRELESS):
            save(replica, db, campus, f"{run}-{number}")
            if number % 3 == 2:
                sync(replica, db, port_file)
        while not sync(replica, db, port_file):
            replica.clock.wait_ms(50)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))

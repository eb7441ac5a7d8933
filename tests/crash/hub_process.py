"""A hub as a process: ``python -m tests.crash.hub_process DATABASE PORTFILE``. The real app, the real server."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.app import create_app
from hub.config import HubConfig
from scripts.commands.serving import serve, write_port_file
from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import RECORDS
from shared.web.config import SiteConfig
from sync.opening import open_replica


def main(database: Path, port_file: Path) -> None:
    """Serve until killed."""
    replica = open_replica(database, records=RECORDS, clock=SystemClock(), randomness=SystemRandomness())
    site = SiteConfig(secret_key=b"only for this test, never elsewhere", kind="hub")
    app = create_app(replica, HubConfig(site=site))
    serve(app, host="127.0.0.1", port=0, threads=2, on_port=lambda port: write_port_file(port_file, port))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

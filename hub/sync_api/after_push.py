"""What the hub adds to an exchange must not cost what the node sent."""

from __future__ import annotations

import logging

from sqlite_utils import Database

from shared.database import is_open, transaction
from sync.exchange import AfterPush
from sync.replica import Replica


def kept_apart(after: AfterPush, log: logging.Logger) -> AfterPush:
    """The same, in a savepoint of its own: where it fails, whatever the fault, nothing of it stays, all that the node
    sent does, and the next exchange tries again."""

    def run(replica: Replica, db: Database) -> None:
        try:
            with transaction(db):
                after(replica, db)
        except Exception:
            if not is_open(db):
                raise  # SQLite has taken back everything (a full disk): nothing may be acknowledged
            log.exception("within an exchange")

    return run

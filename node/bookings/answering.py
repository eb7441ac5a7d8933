"""This node's campus answers by the rule (C8): after each exchange, and before one of its own people books."""

from __future__ import annotations

from sqlite_utils import Database

from shared.bookings.answering import answer_by_rule
from sync.replica import Replica, setting


def answer_requests(replica: Replica, db: Database) -> bool:
    """Answer every request that waits for this node's campus, in a write of its own; True when any did.

    What is answered here goes out with the next exchange, so whoever made one makes another.
    """
    return answer_by_rule(replica, db, lambda at: {setting(at, "campus")} - {""})

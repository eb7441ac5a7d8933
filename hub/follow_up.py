"""What the hub does with what a bundle brought, in writes of its own (an exchange does it on its way)."""

from __future__ import annotations

from sqlite_utils import Database

from hub.cards import Delivered, deliver
from shared.bookings.answering import answer_unserved
from sync.replica import Replica


def follow_up(replica: Replica, db: Database) -> Delivered:
    """Answer for rooms of campuses without a node (C8), then send and withdraw guests' cards."""
    answer_unserved(replica, db)
    return deliver(replica, db)

"""The deciding campus answers by the rule (C8): after each exchange, and before one of its own people books."""

from __future__ import annotations

from sqlite_utils import Database

from shared.bookings.rules import RULE, Answer, Busy, answer
from shared.bookings.store import busy_on, closed_on, requests_for
from shared.clock import instant_text
from shared.records import BookingOccurrence
from sync.capture import write
from sync.change import Author
from sync.replica import Replica, setting


def answer_requests(replica: Replica, db: Database) -> bool:
    """Answer every request that waits for this node's campus, in a write of its own; True when any did.

    What is answered here goes out with the next exchange, so whoever made one makes another.
    """
    campus = setting(db, "campus")
    if not campus or not requests_for(db, campus):
        return False
    with write(replica, db, Author(RULE, rank="derived")) as w:
        # Read again inside the transaction: another process may have answered meanwhile.
        said = answers_now(w.db, campus)
        decided_at = instant_text(replica.clock.now_ms())
        for each in said:
            changes = {
                "state": each.state, "reason": each.reason, "decided_by": RULE, "decided_at": decided_at,
                "answer_note": "",
            }  # fmt: skip
            w.update(BookingOccurrence, (each.series_id, each.number), changes)
    return bool(said)


def answers_now(db: Database, campus: str) -> list[Answer]:
    """What the rule says to the requests that wait here, as things stand."""
    requests = requests_for(db, campus)
    rooms = {each.slot.room_id for each in requests}
    taken: list[Busy] = busy_on(db, {each.slot.date for each in requests}, rooms=rooms)
    return answer(requests, taken, closed=closed_on(db, {each.slot for each in requests}))

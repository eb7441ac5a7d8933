"""The answers to who asked for a room (C8): by the rule or by hand, at the campus that decides or at the hub for it.

A campus decides at its own nodes. Where it has no node that could ever answer (never enrolled, or all revoked), the
hub answers in its place, by the same rule; from the moment a node of it is enrolled, the node decides.
Knows the engine: an answer is a write of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from sqlite_utils import Database

from shared.bookings.rules import RULE, Answer, Busy, answer, answer_refusal, in_the_way
from shared.bookings.store import busy_on, campuses_asked, closed_on, requests_for, series_occurrences
from shared.clock import instant_text
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem, Stale
from shared.records import BookingOccurrence
from shared.validation import load
from sync.capture import write
from sync.change import Author
from sync.replica import Replica
from sync.status import campuses_served, hub_is_owed

# The campuses about whose rooms is decided here.
Deciding = Callable[[Database], Collection[str]]


def answer_by_rule(replica: Replica, db: Database, deciding: Deciding) -> bool:
    """Answer every request that waits for the campuses decided about here, in a write of its own; True when any did.

    deciding: asked again inside the transaction, since a campus may get a node of its own at any moment.
    """
    campuses = deciding(db)
    if not campuses or not requests_for(db, campuses):
        return False
    with write(replica, db, Author(RULE, rank="derived")) as w:
        # Read again inside the transaction: another process may have answered meanwhile.
        said = answers_now(w.db, deciding(w.db))
        decided_at = instant_text(replica.clock.now_ms())
        for each in said:
            changes = {
                "state": each.state, "reason": each.reason, "decided_by": RULE, "decided_at": decided_at,
                "answer_note": "",
            }  # fmt: skip
            w.update(BookingOccurrence, (each.series_id, each.number), changes)
    return bool(said)


def answers_now(db: Database, campuses: Collection[str]) -> list[Answer]:
    """What the rule says to the requests that wait there, as things stand."""
    requests = requests_for(db, campuses)
    rooms = {each.slot.room_id for each in requests}
    taken: list[Busy] = busy_on(db, {each.slot.date for each in requests}, rooms=rooms)
    return answer(requests, taken, closed=closed_on(db, {each.slot for each in requests}))


def answer_unserved(replica: Replica, db: Database) -> bool:
    """Hub: answer by the rule for the campuses without a node, once an exchange has come to its end; True when any.

    A hub that was put back from an old copy waits until every node has given back: what it had answered before, or a
    node that decides, may be among what it lost.
    """
    return answer_by_rule(replica, db, _unserved)


def _unserved(at: Database) -> set[str]:
    return set() if hub_is_owed(at) else campuses_asked(at) - campuses_served(at)


@dataclass(frozen=True)
class Word:
    """A person's answer: "confirmed" or "rejected", why, and the token of the page that showed the request."""

    state: str
    note: str
    token: str | None = None


def decide(
    replica: Replica, db: Database, author: Author, key: tuple[str, int], word: Word, *,
    deciding: Deciding, today: date,
) -> None:  # fmt: skip
    """Answer by hand for one of the campuses that are decided about here; what stands there already is never
    overrun unseen.

    deciding: asked inside the transaction, since a campus may get a node of its own at any moment.

    Raises NotFound, NotAllowed, InvalidInput (a refusal without a reason), Stale (the room is taken meanwhile).
    """
    values = load(BookingOccurrence, {"state": word.state, "answer_note": word.note}, only=("state", "answer_note"))
    if word.state not in ("confirmed", "rejected"):
        raise InvalidInput(Problem("state", "unknown_code", {"codes": "booking_state"}))
    if word.state == "rejected" and not word.note.strip():
        raise InvalidInput(Problem("answer_note", "missing", {"zh": "答复说明", "en": "answer note"}))
    with write(replica, db, author) as w:
        booked = next((each for each in series_occurrences(w.db, key[0]) if each.occurrence.number == key[1]), None)
        if booked is None:
            raise NotFound("booking_not_found", series=key[0])
        reason = answer_refusal(booked.occurrence, word.state, deciding=deciding(w.db), today=today.isoformat())
        if reason:
            raise NotAllowed(reason, series=key[0])
        busy = busy_on(w.db, {booked.slot.date}, rooms={booked.slot.room_id})
        if word.state == "confirmed" and in_the_way(booked.slot, [b for b in busy if b.key != f"{key[0]}/{key[1]}"]):
            raise Stale("room_taken", series=key[0])
        answered = {
            **values, "reason": "office", "decided_by": author.person_id,
            "decided_at": instant_text(replica.clock.now_ms()),
        }  # fmt: skip
        w.update(BookingOccurrence, key, answered, word.token or None)

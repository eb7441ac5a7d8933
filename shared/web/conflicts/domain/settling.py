"""The writes that end a domain conflict: ordinary edits of the records that collide (C5, C7)."""

from __future__ import annotations

from shared.bookings.rules import Slot, in_the_way
from shared.bookings.store import busy_on
from shared.errors import NotFound, Stale
from shared.findings.model import Finding
from shared.findings.register_twice import PRESENT, SEVERAL
from shared.records import BookingOccurrence, DomainDecision, GroupMember, LessonOverride, Register, RegisterException
from shared.schema import Value, find, key_parts, table_of
from sync.capture import Writing
from sync.rivals import settle_rivals

TAKERS_SOURCE = "teacher"


def leave(w: Writing, finding: Finding, *, person_id: str, note: str) -> None:
    """It stays as it is: holds for the state that was seen."""
    w.put(
        DomainDecision(
            kind=finding.kind, subject=finding.subject, state_digest=finding.digest, decided_by=person_id, note=note
        )
    )


def cancel_booking(w: Writing, key: str, *, person_id: str, instant: str) -> None:
    """One occurrence of a booking is given up. Raises NotFound."""
    place = key_parts(table_of(BookingOccurrence), key)
    w.update(BookingOccurrence, place, {"cancelled_by": person_id, "cancelled_at": instant})


def move_booking(w: Writing, key: str, room_id: str) -> None:
    """One occurrence of a booking gets another room of its campus, at its own time.

    Raises NotFound, and Stale when somebody has taken the room meanwhile.
    """
    place = key_parts(table_of(BookingOccurrence), key)
    held = find(w.db, BookingOccurrence, *place)
    if held is None:
        raise NotFound("booking_not_found", series=key)
    wanted = Slot(room_id, held.date, held.begin, held.end)
    if in_the_way(wanted, busy_on(w.db, {held.date}, rooms={room_id}), states=("lesson", "confirmed", "requested")):
        raise Stale("room_taken", series=key)
    w.update(BookingOccurrence, place, {"room_id": room_id})


def withdraw(w: Writing, id_: str, *, person_id: str, instant: str) -> None:
    """One change of a lesson is taken back, and with a swap its other half. Raises NotFound."""
    change = find(w.db, LessonOverride, id_)
    if change is None:
        raise NotFound(table="lesson_override", key=id_)
    half = find(w.db, LessonOverride, change.pair_id) if change.kind == "swap" and change.pair_id else None
    for each in (change, half):
        if each is not None and (each is change or each.pair_id == change.id):
            w.update(LessonOverride, (each.id,), {"withdrawn_by": person_id, "withdrawn_at": instant})


def end_membership(w: Writing, finding: Finding, key: str) -> None:
    """Of two classes at once the pupil is in this one until the day on which both began to hold, not longer.

    A place that began on that very day was none: its span is empty then, and the row stays to be looked at.
    Raises NotFound.
    """
    w.update(GroupMember, key_parts(table_of(GroupMember), key), {"end": finding.date})


def take_side(w: Writing, finding: Finding, number: int) -> None:
    """Of a register taken twice one taker's exceptions stand, and he is the one who took it. Raises NotFound."""
    side = finding.detail[number]
    register = table_of(Register)
    key = key_parts(register, side.key)
    if find(w.db, Register, *key) is None:
        raise NotFound(table="register", key=side.key)
    for pupil, text in side.said:
        # Where he had seen two marks of one pupil himself, that disagreement has its own card.
        if SEVERAL not in text:
            _set_mark(w, (*key, pupil, TAKERS_SOURCE), text)
    # Also with the value it has: that names both takings, and one is left.
    settle_rivals(w, register, key, "taken", (side.person_id, side.at))


def _set_mark(w: Writing, key: tuple[Value, ...], text: str) -> None:
    mark, minutes, note = text.split("/", 2)
    if mark == PRESENT:
        w.delete(RegisterException, key)
        return
    group, day, session, pupil, source = (str(part) for part in key)
    wanted = RegisterException(
        group_id=group, date=day, session=session, person_id=pupil, source=source, mark=mark, minutes=int(minutes),
        note=note,
    )  # fmt: skip
    if find(w.db, RegisterException, *key) is None:
        w.insert(wanted)
    else:
        settle_rivals(w, table_of(RegisterException), key, "mark", (mark, int(minutes), note))

"""Who decides about a domain conflict, and by what: pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from shared.errors import NotFound
from shared.findings import pupil_two_classes, register_twice, room_twice, slot_twice, teacher_two_places
from shared.findings.model import Finding, Side
from shared.ids import campus_of
from shared.records import BookingOccurrence, GroupMember, LessonOverride, Register
from shared.roles import ACTIONS, EVERYWHERE, Held, may_do
from shared.schema import Value, key_parts, table_of

# Kind → the action whose roles own it.
OWNERS = {
    room_twice.KIND: "room.decide",
    teacher_two_places.KIND: "timetable.change",
    slot_twice.KIND: "timetable.change",
    register_twice.KIND: "register.correct",
    pupil_two_classes.KIND: "pupil.change",
}
# What a side's record lets a person do to end it.
CANCEL, WITHDRAW, TAKE, END, MOVE = "cancel", "withdraw", "take", "end", "move"
LEAVE = "leave"
RECORDS: dict[str, type] = {
    "booking_occurrence": BookingOccurrence, "lesson_override": LessonOverride, "register": Register,
    "group_member": GroupMember,
}  # fmt: skip
_DEEDS = {"booking_occurrence": CANCEL, "lesson_override": WITHDRAW, "register": TAKE, "group_member": END}


@dataclass(frozen=True)
class Deed:
    """One button: what it does to which record (for a register: which side is taken). room_id: where a booking is
    moved to."""

    code: str
    target: str
    room_id: str = ""

    @property
    def value(self) -> str:
        """As the form posts it."""
        return f"{self.code}:{self.target}:{self.room_id}" if self.room_id else f"{self.code}:{self.target}"


def may_decide(finding: Finding, held: Iterable[Held], *, at_hub: bool) -> bool:
    """True for the roles that own the kind at a campus concerned; at the hub also for the office of all campuses."""
    held = list(held)
    # Two bookings from elsewhere collide in a room of ours: it is our room (C8).
    ours = {campus_of(side.room_id) for side in finding.detail if side.room_id and finding.kind == room_twice.KIND}
    if any(may_do(OWNERS[finding.kind], held, campus) for campus in {*finding.campuses, *ours}):
        return True
    return at_hub and any(role in ACTIONS["finding.settle"] and at == EVERYWHERE for role, at in held)


def concerns(finding: Finding, person_id: str) -> bool:
    """True for the people it is about: they see it, whoever decides."""
    return person_id in finding.people


def deeds_of(
    finding: Finding, number: int, may_write: Callable[[str, tuple[Value, ...]], bool], *, decides: bool, me: str
) -> list[Deed]:
    """The buttons beside one side: what its record lets this person take back, from here.

    Who decides may end either side; others only what they entered themselves.
    """
    side = finding.detail[number]
    found = []
    for table, key in _targets(side):
        own = table != "register" and me == side.person_id and side.table == table
        if (decides or own) and may_write(table, key_parts(table_of(RECORDS[table]), key)):
            found.append(Deed(_DEEDS[table], str(number) if table == "register" else key))
    return found


def movable(side: Side, *, decides: bool, node_campus: str) -> bool:
    """Whether a booking may be given another room from here: at the campus that decides about it, or the hub (C8)."""
    return decides and side.table == "booking_occurrence" and node_campus in ("", campus_of(side.key))


def _targets(side: Side) -> list[tuple[str, str]]:
    if side.table in RECORDS:
        return [(side.table, side.key)]
    return [("lesson_override", id_) for what, id_ in side.said if what == "change"]


def finding_id(finding: Finding) -> str:
    """A finding as a part of an address."""
    raw = json.dumps([finding.kind, finding.subject, finding.date], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def named_by(id_: str) -> tuple[str, str, date]:
    """(kind, subject, date) of an address. Raises NotFound for what is no address of ours."""
    try:
        kind, subject, day = json.loads(base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)))
        return str(kind), str(subject), date.fromisoformat(day)
    except (ValueError, TypeError, binascii.Error) as error:
        raise NotFound(conflict=id_) from error


def break_minutes(finding: Finding) -> int | None:
    """Minutes between the end of the first lesson and the begin of the second; None where a time is unknown."""
    first, second = finding.detail[0], finding.detail[-1]
    if not (first.end and second.begin):
        return None
    ends, begins = (int(text[:2]) * 60 + int(text[3:]) for text in (first.end, second.begin))
    return begins - ends

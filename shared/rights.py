"""Whose rows a person may write, beyond what the roles of a record allow: pure rules, one for each record.

The declaration of a record says which roles write it at all; these rules look into the row: nobody about
himself, nobody in another's name, an office correction only by the office. A node asks before it writes,
the hub judges every changeset again (C9). Sources: RECORDS.md "Roles × actions", DESIGN §8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from shared.ids import campus_of
from shared.roles import ACTIONS, EVERYWHERE, Held

Value = str | int | None

# Held at a campus, these make a person speak for its office, not only for himself (C4, rank).
OFFICE_ROLES: Final = frozenset({"clerk", "campus_head", "general_principal", "centre_director"})
# Whoever resets one of these passwords could act in their name: only the system operator does.
GUARDED_ROLES: Final = frozenset(
    {
        "general_principal", "campus_head", "centre_director", "bursar", "union_chair", "supervision_group",
        "system_operator", "inspector",
    }
)  # fmt: skip
PASSWORD_FIELDS: Final = frozenset({"password_hash", "must_change", "password_until"})
# A senior step may be said by whoever is above it, never by one below.
STEP_ROLES: Final = MappingProxyType(
    {
        "first": frozenset({"grade_leader", "middle_leader", "campus_head", "general_principal"}),
        "campus": frozenset({"campus_head", "general_principal"}),
        "consortium": frozenset({"general_principal"}),
    }
)


@dataclass(frozen=True)
class Writer:
    """Who writes, with the roles held now, and at which campus ("" at the hub)."""

    person_id: str
    roles: frozenset[Held]
    campus: str

    def holds(self, roles: frozenset[str], campus: str) -> bool:
        """True when one of these roles is held at a campus."""
        return any(role in roles and at in (EVERYWHERE, campus) for role, at in self.roles)

    def office(self, campus: str) -> bool:
        """True when the writer speaks for the office of a campus."""
        return self.holds(OFFICE_ROLES, campus)


@dataclass(frozen=True)
class Act:
    """One row as somebody wants to write it. op: i insert, u update, d delete, k keep.

    row: the key, and of an update only the fields it changes.
    """

    table: str
    op: str
    row: Mapping[str, Value]

    def text(self, name: str) -> str:
        """A field as text; "" where it is empty or not written."""
        value = self.row.get(name)
        return "" if value is None else str(value)


class Known(Protocol):
    """What a rule looks up: the rest of the state that decides."""

    def roles_held_by(self, person_id: str) -> frozenset[Held]:
        """(role, campus) pairs that somebody else holds now."""

    def booker_of(self, series_id: str) -> tuple[str, str]:
        """Who booked, and from which campus; empty when the booking is not known."""

    def person_of_evidence(self, id_: str) -> str:
        """Whom a row of evidence is about; empty when it is not known."""

    def exception_noted_by(self, key: Sequence[Value]) -> str:
        """Who noted a lesson's exception (group, date, period, teacher); empty when it is not known."""

    def homerooms_of(self, pupil_id: str) -> frozenset[str]:
        """The homeroom teachers of the classes in which a pupil is or was."""


Rule = Callable[[Act, Writer, Known], str | None]


def objection(act: Act, writer: Writer, known: Known) -> str | None:
    """Why this person may not write this row: "about_oneself", "not_own" or "not_allowed"; None when he may."""
    if _reaches_elsewhere(act):
        return "not_allowed"
    rule = RULES.get(act.table)
    return rule(act, writer, known) if rule else None


def _reaches_elsewhere(act: Act) -> bool:
    """True where a key of one campus speaks of another's room, class or timetable: whose row it is would be a name
    that anybody can choose."""
    owner, about = PLACES.get(act.table, ("", ""))
    return bool(act.text(about)) and act.op != "d" and campus_of(act.text(about)) != campus_of(act.text(owner))


def _mark_source(act: Act, writer: Writer, known: Known) -> str | None:
    """The office's correction stands beside the teacher's mark, and only the office makes it (RECORDS, register)."""
    if act.text("source") == "office" and not writer.office(campus_of(act.text("group_id"))):
        # "correct after the session closed: homeroom (3 days)" is a correction by the taker: source "teacher".
        return "not_allowed"
    return None


def _leave_request(act: Act, writer: Writer, known: Known) -> str | None:
    """One's own wish, or one the office files. What was asked is withdrawn, not changed: answers stand by it."""
    if act.op == "d" or (act.op == "u" and _WISHED & set(act.row) and not writer.office(campus_of(act.text("id")))):
        return "not_allowed"
    return None if act.text("person_id") == writer.person_id or writer.office(writer.campus) else "not_own"


def _leave_approval(act: Act, writer: Writer, known: Known) -> str | None:
    if act.text("person_id") == writer.person_id:
        return "about_oneself"
    if not writer.holds(STEP_ROLES.get(act.text("step"), frozenset()), campus_of(act.text("request_id"))):
        return "not_allowed"
    if (act.op == "i" or "decided_by" in act.row) and act.text("decided_by") != writer.person_id:
        return "not_own"
    return None


def _domain_decision(act: Act, writer: Writer, known: Known) -> str | None:
    """"Leave it so" is said in one's own name by whoever owns this kind of conflict somewhere."""
    roles = SETTLERS.get(act.text("kind"), frozenset())
    if not any(role in roles for role, _ in writer.roles):
        return "not_allowed"
    own = "decided_by" not in act.row or act.text("decided_by") == writer.person_id
    return None if own and act.op != "d" else "not_own"


def _evidence(act: Act, writer: Writer, known: Known) -> str | None:
    about = {act.text("person_id")}
    if act.op != "i":
        about.add(known.person_of_evidence(act.text("id")))
    return "about_oneself" if writer.person_id in about else None


def _account(act: Act, writer: Writer, known: Known) -> str | None:
    """One's own password; a clerk resets those of ordinary staff; all else is the system operator's."""
    if writer.holds(frozenset({"system_operator"}), EVERYWHERE):
        return None
    if act.op != "u" or set(act.row) - {"person_id"} - PASSWORD_FIELDS:
        return "not_allowed"
    person = act.text("person_id")
    if person == writer.person_id:
        return None
    held = known.roles_held_by(person)
    if any(role in GUARDED_ROLES for role, _ in held):
        return "not_allowed"
    own = not held or any(writer.holds(frozenset({"clerk"}), at) for _, at in held)
    return None if own else "not_allowed"


def _lesson_day(act: Act, writer: Writer, known: Known) -> str | None:
    """A teacher closes his own day; the campus's day, somebody else's, and re-opening are the office's."""
    if act.op == "i" and act.text("person_id") == writer.person_id:
        return None
    return None if writer.holds(_DAY_CLOSERS, act.text("campus")) else "not_own"


def _lesson_exception(act: Act, writer: Writer, known: Known) -> str | None:
    """One's own lesson; but what the office noted about it, the office takes back."""
    if writer.holds(_DAY_CLOSERS, campus_of(act.text("group_id"))):
        return None
    if act.text("person_id") != writer.person_id:
        return "not_own"
    key = tuple(act.row.get(name) for name in ("group_id", "date", "period", "person_id"))
    return None if act.op == "i" or known.exception_noted_by(key) in ("", writer.person_id) else "not_own"


def _booking_series(act: Act, writer: Writer, known: Known) -> str | None:
    known_by, known_at = known.booker_of(act.text("id"))
    booked_by, booked_at = (act.text("booked_by"), act.text("campus")) if act.op == "i" else (known_by, known_at)
    if booked_by == writer.person_id or _books_for(writer, campus_of(act.text("id")), booked_at):
        return None
    return "not_own"


def _booking_occurrence(act: Act, writer: Writer, known: Known) -> str | None:
    series = act.text("series_id")
    if _is_rule(writer):
        # It answers and does nothing else.
        return None if act.op == "u" and not set(act.row) - _ANSWERED else "not_allowed"
    booked_by, booked_at = known.booker_of(series)
    if booked_by in ("", writer.person_id) or _books_for(writer, campus_of(series), booked_at):
        return None
    return "not_own"


def _pupil_private(act: Act, writer: Writer, known: Known) -> str | None:
    """The office's word about any child of its campus; a homeroom teacher's about those of the own class.

    Also of a class that the child has left: what was written offline may arrive weeks later.
    """
    pupil = act.text("pupil_id")
    if writer.holds(_PRIVATE_OFFICE, campus_of(pupil)) or writer.person_id in known.homerooms_of(pupil):
        return None
    return "not_own"


def _card_order(act: Act, writer: Writer, known: Known) -> str | None:
    """Ordered and withdrawn in one's own name, for another campus; an order is withdrawn, never deleted."""
    if act.op == "d" or act.text("host_campus") == campus_of(act.text("id")):
        return "not_allowed"
    signed = [act.text("ordered_by")] if act.op == "i" or "ordered_by" in act.row else []
    signed += [act.text("withdrawn_by")] if act.text("withdrawn_by") else []
    return None if all(each == writer.person_id for each in signed) else "not_own"


def _books_for(writer: Writer, deciding: str, booked_at: str) -> bool:
    """The office of the campus that decides, or of the one from which was booked; a third campus's has no say."""
    return writer.office(deciding) or bool(booked_at) and writer.office(booked_at)


def _is_rule(writer: Writer) -> bool:
    return any(role == "program:rule" for role, _ in writer.roles)


_DAY_CLOSERS: Final = OFFICE_ROLES | {"middle_leader", "duty_leader"}
# "rule" is the program that answers requests by the rule (C8): the key of an occurrence and its answer.
_ANSWERED: Final = frozenset({"series_id", "number", "state", "reason", "decided_by", "decided_at", "answer_note"})
_PRIVATE_OFFICE: Final = frozenset({"clerk", "general_principal", "system_operator"})
_WISHED: Final = frozenset({"kind", "begin", "begin_part", "end"})
_PLANNERS: Final = OFFICE_ROLES | ACTIONS["timetable.change"]
# Kind of a domain conflict → who may leave it so (shared/findings).
SETTLERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "room_twice": OFFICE_ROLES | ACTIONS["room.decide"],
        "teacher_two_places": _PLANNERS,
        "slot_twice": _PLANNERS,
        "register_twice": OFFICE_ROLES | ACTIONS["register.correct"],
        "pupil_two_classes": OFFICE_ROLES | ACTIONS["pupil.change"],
    }
)
# Table → (field of the owner, field that must be of the same campus).
PLACES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "booking_series": ("id", "room_id"),
        "booking_occurrence": ("series_id", "room_id"),
        "lesson_override": ("id", "group_id"),
        "timetable_version": ("id", "campus"),
        "timetable_slot": ("version_id", "group_id"),
        "room": ("id", "campus"),
        "roster_group": ("id", "campus"),
        "card_order": ("id", "pupil_id"),
    }
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "register_exception": _mark_source,
        "leave_request": _leave_request,
        "leave_approval": _leave_approval,
        "evidence": _evidence,
        "account": _account,
        "lesson_day": _lesson_day,
        "lesson_exception": _lesson_exception,
        "booking_series": _booking_series,
        "booking_occurrence": _booking_occurrence,
        "domain_decision": _domain_decision,
        "pupil_private": _pupil_private,
        "card_order": _card_order,
    }
)

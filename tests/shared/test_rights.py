"""Whose rows a person may write: small tables of cases (RECORDS "Roles × actions", C9)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.findings import pupil_two_classes, register_twice, room_twice, slot_twice, teacher_two_places
from shared.records import RECORDS
from shared.rights import RULES, SETTLERS, Act, Writer, objection
from shared.roles import ROLES, Held
from shared.schema import tables_of

ME, YOU = "A-1-AA", "A-2-AA"


class Known:
    """What a hub would look up."""

    def roles_held_by(self, person_id: str) -> frozenset[Held]:
        """The other person is an ordinary teacher, the principal is not."""
        return frozenset({("general_principal", "*")}) if person_id == "A-9-AA" else frozenset({("teacher", "A")})

    def booker_of(self, series_id: str) -> tuple[str, str]:
        """One booking is known: mine, from campus B."""
        return (ME, "B") if series_id == "A-7-AA" else ("", "")

    def person_of_evidence(self, id_: str) -> str:
        """One row is about me."""
        return ME if id_ == "A-8-AA" else YOU

    def exception_noted_by(self, key: Sequence[object]) -> str:
        """The office noted period 2, I noted period 3."""
        return {2: YOU, 3: ME}.get(key[2], "")  # type: ignore[call-overload]  # a period number

    def homerooms_of(self, pupil_id: str) -> frozenset[str]:
        """One pupil is of my class."""
        return frozenset({ME}) if pupil_id == "A-21-AA" else frozenset({YOU})


def said(act: Act, *roles: Held, campus: str = "A") -> str | None:
    """What the rules say when ME writes."""
    return objection(act, Writer(ME, frozenset(roles), campus), Known())


TEACHER, CLERK, HEAD, GUEST = ("teacher", "A"), ("clerk", "A"), ("campus_head", "A"), ("clerk", "B")
LEAVE = {"request_id": "A-30-AA", "person_id": YOU}
NOTED = {"group_id": "A-3-AA", "date": "2025-09-15", "person_id": ME}
ORDER = {"id": "A-50-AA", "pupil_id": "A-21-AA", "host_campus": "B"}
RULE, HOMEROOM = ("program:rule", "*"), ("homeroom_teacher", "A")
OPERATOR, MIDDLE, DUTY = ("system_operator", "*"), ("middle_leader", "A"), ("duty_leader", "A")


@pytest.mark.parametrize(
    ("act", "roles", "reason"),
    [
        (Act("register_exception", "i", {"group_id": "A-3-AA", "source": "teacher"}), [TEACHER], None),
        (Act("register_exception", "i", {"group_id": "A-3-AA", "source": "office"}), [TEACHER], "not_allowed"),
        (Act("register_exception", "i", {"group_id": "A-3-AA", "source": "office"}), [CLERK], None),
        (Act("register_exception", "i", {"group_id": "A-3-AA", "source": "office"}), [GUEST], "not_allowed"),
        (Act("leave_request", "i", {"person_id": ME}), [TEACHER], None),
        (Act("leave_request", "i", {"person_id": YOU}), [TEACHER], "not_own"),
        (Act("leave_request", "i", {"person_id": YOU}), [CLERK], None),
        (Act("leave_approval", "i", {**LEAVE, "person_id": ME, "step": "campus", "decided_by": ME}), [HEAD],
         "about_oneself"),
        (Act("leave_approval", "i", {**LEAVE, "step": "campus", "decided_by": ME}), [HEAD], None),
        (Act("leave_approval", "i", {**LEAVE, "step": "consortium", "decided_by": ME}), [HEAD], "not_allowed"),
        (Act("leave_approval", "i", {**LEAVE, "step": "campus", "decided_by": ME}), [MIDDLE], "not_allowed"),
        (Act("leave_approval", "i", {**LEAVE, "step": "first", "decided_by": YOU}), [MIDDLE], "not_own"),
        (Act("evidence", "i", {"person_id": ME}), [HEAD], "about_oneself"),
        (Act("evidence", "i", {"person_id": YOU}), [HEAD], None),
        (Act("evidence", "u", {"id": "A-8-AA", "quantity": "9"}), [HEAD], "about_oneself"),
        (Act("evidence", "d", {"id": "A-8-AA"}), [HEAD], "about_oneself"),
        (Act("evidence", "u", {"id": "A-9-AA", "quantity": "9"}), [HEAD], None),
        (Act("account", "u", {"person_id": ME, "password_hash": "x", "must_change": 0}), [TEACHER], None),
        (Act("account", "u", {"person_id": ME, "login": "boss"}), [TEACHER], "not_allowed"),
        (Act("account", "u", {"person_id": YOU, "password_hash": "x"}), [CLERK], None),
        (Act("account", "u", {"person_id": YOU, "revoked_at": None}), [CLERK], "not_allowed"),
        (Act("account", "u", {"person_id": "A-9-AA", "password_hash": "x"}), [CLERK], "not_allowed"),
        (Act("account", "i", {"person_id": YOU}), [CLERK], "not_allowed"),
        (Act("account", "i", {"person_id": YOU}), [OPERATOR], None),
        (Act("lesson_day", "i", {"campus": "A", "person_id": ME}), [TEACHER], None),
        (Act("lesson_day", "i", {"campus": "A", "person_id": "*"}), [TEACHER], "not_own"),
        (Act("lesson_day", "i", {"campus": "A", "person_id": "*"}), [DUTY], None),
        (Act("lesson_day", "d", {"campus": "A", "person_id": ME}), [TEACHER], "not_own"),
        (Act("lesson_exception", "i", {"group_id": "A-3-AA", "person_id": YOU}), [TEACHER], "not_own"),
        (Act("lesson_exception", "i", {"group_id": "A-3-AA", "person_id": YOU}), [CLERK], None),
        (Act("lesson_exception", "d", {**NOTED, "period": 2}), [TEACHER], "not_own"),
        (Act("lesson_exception", "u", {**NOTED, "period": 2, "kind": "late"}), [TEACHER], "not_own"),
        (Act("lesson_exception", "d", {**NOTED, "period": 3}), [TEACHER], None),
        (Act("lesson_exception", "d", {**NOTED, "period": 2}), [CLERK], None),
        (Act("booking_series", "i", {"id": "B-7-AA", "booked_by": ME}), [TEACHER], None),
        (Act("booking_series", "i", {"id": "B-7-AA", "booked_by": YOU}), [TEACHER], "not_own"),
        (Act("booking_series", "u", {"id": "A-7-AA", "title": "x"}), [TEACHER], None),
        (Act("booking_occurrence", "u", {"series_id": "A-7-AA", "cancelled_by": ME}), [TEACHER], None),
        (Act("pupil_private", "u", {"pupil_id": "A-21-AA", "guardian": "x"}), [HOMEROOM], None),
        (Act("pupil_private", "u", {"pupil_id": "A-22-AA", "guardian": "x"}), [HOMEROOM], "not_own"),
        (Act("pupil_private", "i", {"pupil_id": "A-22-AA"}), [CLERK], None),
        (Act("pupil_private", "i", {"pupil_id": "A-22-AA"}), [GUEST], "not_own"),
        (Act("card_order", "i", {**ORDER, "ordered_by": ME}), [CLERK], None),
        (Act("card_order", "i", {**ORDER, "ordered_by": YOU}), [CLERK], "not_own"),
        (Act("card_order", "u", {"id": "A-50-AA", "withdrawn_by": ME, "withdrawn_at": "x"}), [CLERK], None),
        (Act("card_order", "u", {"id": "A-50-AA", "withdrawn_by": YOU, "withdrawn_at": "x"}), [CLERK], "not_own"),
    ],
    ids=lambda value: f"{value.table}-{value.op}" if isinstance(value, Act) else None,
)  # fmt: skip
def test_nobody_writes_about_himself_or_in_anothers_name(act: Act, roles: list[Held], reason: str | None) -> None:
    assert said(act, *roles) == reason


def test_a_third_campus_has_no_say_in_a_booking() -> None:
    """Mine, booked from B for a room of A: the offices of A and B may cancel it, C's may not."""
    for table, row in (("booking_occurrence", {"series_id": "A-7-AA", "cancelled_by": YOU}),
                       ("booking_series", {"id": "A-7-AA", "title": "x"})):  # fmt: skip
        for campus, reason in (("A", None), ("B", None), ("C", "not_own")):
            writer = Writer(YOU, frozenset({("clerk", campus)}), campus)
            assert objection(Act(table, "u", row), writer, Known()) == reason, (table, campus)


def test_somebody_elses_booking_is_cancelled_by_the_deciding_office_alone() -> None:
    act = Act("booking_occurrence", "u", {"series_id": "A-7-AA", "cancelled_by": YOU})
    for roles, reason in ([TEACHER], "not_own"), ([HEAD], None), ([RULE], "not_allowed"):
        assert objection(act, Writer(YOU, frozenset(roles), "A"), Known()) == reason


def test_every_rule_is_about_a_record_and_reads_fields_that_it_has() -> None:
    tables = tables_of(RECORDS)
    assert set(RULES) <= set(tables)
    roles = {code for code, _, _ in ROLES}
    for name in RULES:
        declared = {role for role in tables[name].declaration.roles if not role.startswith("self:")}
        assert declared <= roles


@pytest.mark.parametrize(
    ("act", "roles", "reason"),
    [
        # A head of one campus who leads a year at another says no senior step there.
        (Act("leave_approval", "i", {"request_id": "B-3-AA", "person_id": YOU, "step": "campus", "decided_by": ME}),
         [HEAD, ("grade_leader", "B")], "not_allowed"),
        (Act("leave_approval", "u", {"request_id": "A-3-AA", "person_id": YOU, "step": "campus", "decided_by": YOU}),
         [HEAD], "not_own"),
        # Approved for a day, then made a month.
        (Act("leave_request", "u", {"id": "A-3-AA", "person_id": ME, "end": "2026-01-01"}), [TEACHER], "not_allowed"),
        (Act("leave_request", "u", {"id": "A-3-AA", "person_id": ME, "withdrawn_at": "x"}), [TEACHER], None),
        (Act("leave_request", "d", {"id": "A-3-AA", "person_id": ME}), [TEACHER], "not_allowed"),
        (Act("account", "u", {"person_id": YOU, "password_hash": "x"}), [GUEST], "not_allowed"),
        (Act("booking_occurrence", "i", {"series_id": "A-7-AA", "room_id": "B-9-AA"}), [CLERK], "not_allowed"),
        (Act("booking_series", "i", {"id": "A-7-AA", "room_id": "B-9-AA", "booked_by": ME}), [CLERK], "not_allowed"),
        (Act("lesson_override", "i", {"id": "A-7-AA", "group_id": "B-9-AA"}), [CLERK], "not_allowed"),
        (Act("lesson_override", "i", {"id": "A-7-AA", "group_id": "A-9-AA"}), [CLERK], None),
        (Act("timetable_version", "i", {"id": "A-7-AA", "campus": "B"}), [CLERK], "not_allowed"),
        (Act("timetable_slot", "i", {"version_id": "A-7-AA", "group_id": "B-9-AA"}), [CLERK], "not_allowed"),
        (Act("booking_occurrence", "u", {"series_id": "A-7-AA", "number": 1, "state": "confirmed"}), [RULE], None),
        (Act("booking_occurrence", "d", {"series_id": "A-7-AA", "number": 1}), [RULE], "not_allowed"),
        (Act("booking_occurrence", "i", {"series_id": "A-7-AA", "number": 1}), [RULE], "not_allowed"),
        (Act("card_order", "i", {**ORDER, "ordered_by": ME, "pupil_id": "B-22-AA"}), [CLERK], "not_allowed"),
        (Act("card_order", "i", {**ORDER, "ordered_by": ME, "host_campus": "A"}), [CLERK], "not_allowed"),
        (Act("card_order", "d", {"id": "A-50-AA"}), [CLERK], "not_allowed"),
        (Act("domain_decision", "i", {"kind": "slot_twice", "decided_by": ME}), [TEACHER], "not_allowed"),
        (Act("domain_decision", "i", {"kind": "slot_twice", "decided_by": ME}), [CLERK], None),
        (Act("domain_decision", "i", {"kind": "slot_twice", "decided_by": YOU}), [CLERK], "not_own"),
        (Act("domain_decision", "d", {"kind": "slot_twice"}), [CLERK], "not_own"),
        (Act("domain_decision", "i", {"kind": "invented", "decided_by": ME}), [CLERK], "not_allowed"),
    ],
    ids=lambda value: f"{value.table}-{value.op}" if isinstance(value, Act) else None,
)  # fmt: skip
def test_what_a_hostile_node_would_try(act: Act, roles: list[Held], reason: str | None) -> None:
    """The key is of one's own campus, the content reaches elsewhere; words in another's name (C8, C9)."""
    assert said(act, *roles) == reason


def test_every_kind_of_domain_conflict_has_those_who_may_leave_it() -> None:
    modules = (room_twice, teacher_two_places, slot_twice, register_twice, pupil_two_classes)
    assert set(SETTLERS) == {module.KIND for module in modules}

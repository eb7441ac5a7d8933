"""What a card holds, who reads which of it, and what the hub does with an order: small tables of cases (DESIGN §2)."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest

from shared.codes import codes_of
from shared.records import CardDelivery, CardOrder
from shared.roles import ACTIONS, ROLES
from shared.web.cards.rules import (
    FIELDS_OF_PURPOSE,
    FIELDS_OF_ROLE,
    CardLimits,
    Source,
    card_of,
    fields_seen,
    order_problems,
    state_of,
    step_for,
)

TODAY = date(2026, 9, 1)
ORDER = CardOrder(
    id="A-50-x", pupil_id="A-11-x", host_campus="B", purpose="boarding", may_collect="外婆", begin="2026-09-01",
    end="2027-01-20", ordered_by="A-1-x", ordered_at="2026-08-31T00:00:00.000Z",
)  # fmt: skip
SENT = CardDelivery(order_id="A-50-x", sent_at="2026-08-31T01:00:00.000Z")
ERASED = dataclasses.replace(SENT, erased_at="2026-09-02T01:00:00.000Z", hub_seq=9, proof="f" * 64)
SOURCE = Source("苗苗", "三年级1班", "苗先生", "13800138000", "花生过敏")
WITHDRAWN = dataclasses.replace(ORDER, withdrawn_at="2026-09-01T00:00:00.000Z", withdrawn_by="A-1-x", reason="转回")


def order(**fields: Any) -> CardOrder:
    return dataclasses.replace(ORDER, **fields)


@pytest.mark.parametrize(
    ("asked", "delivery", "source", "step"),
    [
        (ORDER, None, SOURCE, "send"),
        (order(begin="2026-09-15"), None, SOURCE, "send"),
        (order(begin="2026-09-16"), None, SOURCE, "wait"),
        (order(end="2026-09-01"), None, SOURCE, "over"),
        (WITHDRAWN, None, SOURCE, "over"),
        (ORDER, SENT, SOURCE, "keep"),
        (order(end="2026-09-02"), SENT, SOURCE, "keep"),
        (order(end="2026-09-01"), SENT, SOURCE, "erase"),
        (order(end=None), SENT, SOURCE, "keep"),
        (WITHDRAWN, SENT, SOURCE, "erase"),
        (None, SENT, None, "erase"),
        (ORDER, SENT, None, "erase"),
        (ORDER, None, None, "over"),
        (ORDER, ERASED, SOURCE, "over"),
        (None, ERASED, None, "over"),
    ],
)
def test_what_the_hub_does_with_an_order(asked, delivery, source, step) -> None:
    assert step_for(asked, delivery, source, TODAY, CardLimits(lead_days=14)) == step


@pytest.mark.parametrize(
    ("asked", "delivery", "known", "state"),
    [
        (ORDER, None, None, "waiting"), (ORDER, SENT, None, "sent"),
        (ORDER, SENT, "2026-08-31T00:59:59.999Z", "sent"), (ORDER, SENT, "2026-08-31T01:00:00.000Z", "received"),
        (WITHDRAWN, SENT, "2026-09-01T01:00:00.000Z", "ending"), (WITHDRAWN, None, None, "cancelled"),
        (WITHDRAWN, ERASED, "2026-09-01T01:00:00.000Z", "erased"),
        (WITHDRAWN, ERASED, "2026-09-02T01:00:00.000Z", "erased_there"),
    ],
)  # fmt: skip
def test_how_far_a_card_is_said_to_be(asked, delivery, known, state) -> None:
    """C14: "received" is said only of what is known."""
    assert state_of(asked, delivery, known, TODAY) == state


@pytest.mark.parametrize("purpose", sorted(codes_of("card_purpose")))
def test_a_card_holds_only_the_fields_that_its_purpose_needs(purpose: str) -> None:
    card = card_of(order(purpose=purpose), SOURCE)
    known = ("class_name", "guardian", "guardian_phone", "may_collect", "health_warning")
    assert {name for name in known if getattr(card, name)} == set(FIELDS_OF_PURPOSE[purpose])
    assert (card.name, card.pupil_id, card.begin, card.end) == ("苗苗", "A-11-x", "2026-09-01", "2027-01-20")


@pytest.mark.parametrize(
    ("roles", "sees", "hides"),
    [
        ([("gate", "B")], "may_collect", "health_warning"),
        ([("health_teacher", "B")], "health_warning", "may_collect"),
        ([("dorm_supervisor", "B")], "guardian_phone", ""), ([("clerk", "A")], "", "class_name"),
        ([("general_principal", "*")], "health_warning", ""), ([("teacher", "B")], "", "class_name"),
    ],
)  # fmt: skip
def test_who_works_with_a_guest_reads_what_the_work_needs(roles, sees, hides) -> None:
    seen = fields_seen(roles, "B")
    assert (not sees or sees in seen) and hides not in seen


def test_whoever_may_open_a_card_has_fields_to_read() -> None:
    assert set(FIELDS_OF_ROLE) == ACTIONS["guest_card.see"] <= {code for code, _, _ in ROLES}


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({}, []), ({"host_campus": "A"}, ["card_host"]), ({"host_campus": "Q"}, ["card_host"]),
        ({"begin": "2026-09-10", "end": "2026-09-10"}, ["end_before_begin"]),
        ({"begin": "2026-08-01", "end": "2026-09-01"}, ["end_before_begin"]),
        ({"purpose": "boarding"}, ["card_there"]), ({"purpose": "boarding", "begin": "2027-01-20"}, []),
        ({"purpose": "boarding", "begin": "2026-08-01", "end": "2026-09-02"}, ["card_there"]),
        ({"purpose": "boarding", "host_campus": "C"}, []),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_order(fields, reasons) -> None:
    values = {"host_campus": "B", "purpose": "bus", "begin": "2026-09-01", "end": None, **fields}
    found = order_problems(values, home="A", campuses="ABC", there=[ORDER], today=TODAY)
    assert [problem.reason for problem in found] == reasons


def test_a_withdrawn_card_is_in_nobody_s_way() -> None:
    values = {"host_campus": "B", "purpose": "boarding", "begin": "2026-09-01", "end": None}
    assert order_problems(values, home="A", campuses="AB", there=[WITHDRAWN], today=TODAY) == []

"""Who may do what: the table of roles and actions, and the question asked of it."""

import pytest

from shared.records import RECORDS
from shared.records.declare import declaration_of
from shared.roles import (
    ACTIONS,
    ANY_STAFF,
    INCOMPATIBLE,
    MACHINE,
    PUBLIC,
    ROLES,
    may_do,
    role_word,
    second_hand_needed,
)

CODES = {code for code, _zh, _en in ROLES}


@pytest.mark.parametrize(
    ("action", "held", "campus", "answer"),
    [
        ("register.take", {("homeroom_teacher", "A")}, "A", True),
        ("register.take", {("homeroom_teacher", "A")}, "B", False),
        ("register.take", {("homeroom_teacher", "A")}, None, True),
        ("register.take", {("gate", "A")}, "A", False),
        ("register.take", set(), None, False),
        ("register.correct", {("teacher", "A")}, "A", False),
        ("register.correct", {("general_principal", "*")}, "B", True),
        ("register.correct", {("teacher", "A"), ("clerk", "B")}, "A", False),
        ("pay.approve", {("bursar", "*")}, None, False),
        ("node.revoke", {("system_operator", "*")}, None, True),
        ("appraisal.see_all", {("campus_head", "A")}, None, False),
        ("appraisal.see_campus", {("campus_head", "A")}, "B", False),
        (ANY_STAFF, {("gate", "B")}, None, True),
        (ANY_STAFF, set(), None, False),
        (PUBLIC, set(), None, True),
        (MACHINE, set(), "A", True),
    ],
)
def test_an_action_asks_for_a_role_at_the_campus(action, held, campus, answer):
    assert may_do(action, held, campus) is answer


def test_a_misspelt_action_is_an_error_and_not_a_permission():
    with pytest.raises(KeyError):
        may_do("register.taek", {("general_principal", "*")}, "A")


@pytest.mark.parametrize(("first", "second"), INCOMPATIBLE)
def test_what_needs_two_hands_refuses_the_same_hand_twice(first, second):
    assert second_hand_needed(second, [first])
    assert second_hand_needed(first, [second])
    assert not second_hand_needed(second, [second])
    assert not second_hand_needed(second, [])


def test_the_drafter_of_a_scheme_does_not_put_it_in_force():
    assert second_hand_needed("scheme.enforce", ["scheme.draft"])


def test_every_role_in_the_table_is_declared_and_every_role_has_both_words():
    assert {role for roles in ACTIONS.values() for role in roles} <= CODES
    assert all(zh and en for _code, zh, en in ROLES)
    assert role_word("clerk") == "教务员"
    assert role_word("clerk", "en") == "clerk"
    assert role_word("unheard_of") == "unheard_of"


def test_the_roles_that_records_name_are_declared():
    named = {role for record in RECORDS for role in declaration_of(record).roles}
    assert {role for role in named if not role.startswith("self:")} <= CODES

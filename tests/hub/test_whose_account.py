"""Whoever sets a password or stops an account at the hub passes the same rule as a node's changeset (RECORDS, C9)."""

from __future__ import annotations

import pytest

from shared.records import Account, AccountRole, Person, StaffMembership
from shared.web.passwords import hash_password
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import (
    CHEAP,
    CLERK,
    DIRECTOR,
    HEAD_B,
    OPERATOR,
    PASSWORD,
    TEACHER,
    post,
    upload,
    workbook,
)

TEACHER_B = "B-90-00"


@pytest.fixture
def teacher_b(hub):
    """Somebody of the other campus, with an ordinary account."""
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(
            Person(id=TEACHER_B, name="钱乙", staff_number="0990"),
            StaffMembership(id="B-91-00", person_id=TEACHER_B, campus="B", category="teacher", begin="2025-08-01"),
            Account(person_id=TEACHER_B, login="qy", password_hash=hash_password(PASSWORD, CHEAP)),
            AccountRole(person_id=TEACHER_B, role="teacher", campus="B", begin="2025-01-01"),
        )
    return TEACHER_B


def hash_of(hub, person):
    return hub.rows("SELECT password_hash, login, revoked_at FROM account WHERE person_id = ?", person)


@pytest.mark.parametrize("victim", [OPERATOR, DIRECTOR, HEAD_B])
def test_a_clerk_takes_over_no_account_of_those_above_him(hub, victim):
    client = hub.log_in("clerk")
    before = hash_of(hub, victim)
    form = {"login": "taken-over", "password": "his-own-secret-1"}
    assert post(client, f"/office/list/accounts/edit/{victim}", form).status_code == 403
    assert post(client, f"/office/accounts/{victim}/revoke", {}).status_code == 403
    assert hash_of(hub, victim) == before


def test_a_clerk_gives_a_colleague_a_new_password_and_no_new_log_in(hub):
    client = hub.log_in("clerk")
    before = hash_of(hub, TEACHER)
    assert post(client, f"/office/list/accounts/edit/{TEACHER}", {"login": "boss"}).status_code == 403
    assert hash_of(hub, TEACHER) == before
    assert post(client, f"/office/list/accounts/edit/{TEACHER}", {"password": "fresh-one-23"}).status_code == 302
    assert hash_of(hub, TEACHER) != before


def test_a_clerk_of_one_campus_gets_no_slip_for_another(hub, teacher_b):
    client = hub.log_in("clerk")
    before = hash_of(hub, teacher_b)
    answer = post(client, "/accounts/slips", {"person": [teacher_b, CLERK], "address": "http://x"})
    assert answer.status_code == 302 and hash_of(hub, teacher_b) == before
    assert post(client, f"/office/list/accounts/edit/{teacher_b}", {"password": "fresh-one-23"}).status_code == 403
    assert hash_of(hub, teacher_b) == before


def test_a_clerk_makes_no_account_for_himself_to_know_the_password(hub):
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(Person(id="A-92-00", name="新校长", staff_number="0992"))
    form = {"person_id": "0992", "login": "xxz", "password": "his-own-secret-1"}
    assert post(hub.log_in("clerk"), "/office/list/accounts/new", form).status_code == 403
    assert hash_of(hub, "A-92-00") == []


def test_a_clerk_makes_and_renames_no_account_by_a_workbook(hub):
    client = hub.log_in("clerk")
    rows = {"account": [{"person_id": "0004", "login": "taken-over", "password": "his-own-secret-1"}]}
    page = upload(client, "/office/import/preview", workbook(rows))
    assert page.status_code == 422 and "您的角色不能导入这张表" in page.text

"""Accounts in bulk at the hub: slips, log-in names, roles by category, one-time passwords that lapse."""

from __future__ import annotations

import re

import pytest

from shared.clock import instant_ms
from shared.records import Person, StaffMembership
from shared.web.accounts.rules import account_state, login_for
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import OPERATOR, TEACHER, csrf_in, post


@pytest.fixture
def newcomers(hub):
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        for n, (campus, category, number) in enumerate(
            [("A", "teacher", "0101"), ("B", "kindergarten_teacher", "0102"), ("B", "middle_leader", "operator")]
        ):
            w.insert(
                Person(id=f"A-{70 + n}-00", name=f"新人{n}", staff_number=number),
                StaffMembership(
                    id=f"A-{80 + n}-00", person_id=f"A-{70 + n}-00", campus=campus, category=category,
                    begin="2025-08-01",
                ),
            )  # fmt: skip
    return [f"A-{70 + n}-00" for n in range(3)]


def slips_of(page):
    """(log-in, password) pairs on a page of slips."""
    return re.findall(r'class="code">([^<]+)</dd>\s*<dt>[^<]*</dt><dd class="code">([^<]+)<', page)


def test_everybody_without_an_account_gets_one_and_a_slip_in_one_go(hub, newcomers):
    client = hub.log_in("operator")
    answer = post(client, "/accounts/slips", {"person": newcomers, "address": "http://192.168.1.23:8080"})
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    slips = dict(slips_of(answer.text))
    # "operator" is somebody else's log-in already: the newcomer's is made different.
    assert set(slips) == {"0101", "0102", "operator-2"}
    assert len(set(slips.values())) == 3 and answer.text.count("<svg") == 3
    roles = hub.rows("SELECT person_id, role, campus FROM account_role WHERE person_id IN (?, ?, ?)", *newcomers)
    assert sorted(roles) == [("A-70-00", "teacher", "A"), ("A-71-00", "kindergarten_teacher", "B")]
    browser = hub.app.test_client()
    token = csrf_in(browser.get("/login?login=0101").text)
    given = {"login": "0101", "password": slips["0101"], "csrf_token": token}
    assert browser.post("/login", data=given).status_code == 302
    assert browser.get("/").location == "/password"


def test_a_slip_lapses_and_a_new_one_replaces_it(hub, newcomers):
    client = hub.log_in("operator")
    page = post(client, "/accounts/slips", {"person": newcomers[:1], "address": "http://x"}).text
    [(login, password)] = slips_of(page)
    hub.clock.set_to(instant_ms("2025-10-15T01:00:00.000Z"))
    browser = hub.app.test_client()
    token = csrf_in(browser.get("/login").text)
    answer = browser.post("/login", data={"login": login, "password": password, "csrf_token": token})
    assert answer.status_code == 401 and "一次性口令已过期" in answer.text
    client = hub.log_in("operator")
    assert "一次性口令已过期" in client.get("/accounts?state=lapsed").text
    [(same, fresh)] = slips_of(post(client, "/accounts/slips", {"person": newcomers[:1], "address": "http://x"}).text)
    assert same == login and fresh != password


def test_a_clerk_replaces_a_teachers_password_but_makes_no_account_and_touches_no_principal(hub, newcomers):
    client = hub.log_in("clerk")
    everybody = [*newcomers, TEACHER, OPERATOR]
    page = post(client, "/accounts/slips", {"person": everybody, "address": "http://x"}).text
    assert [login for login, _ in slips_of(page)] == ["teacher"]
    assert hub.rows("SELECT must_change FROM account WHERE person_id = ?", OPERATOR) == [(0,)]


def test_nobody_chosen_and_a_bad_address_change_nothing(hub, newcomers):
    client = hub.log_in("operator")
    before = hub.count("account")
    assert post(client, "/accounts/slips", {"address": "http://x"}).status_code == 302
    assert post(client, "/accounts/slips", {"person": newcomers, "address": "ftp://x"}).status_code == 422
    assert hub.count("account") == before


@pytest.mark.parametrize(
    ("account", "state"),
    [
        ((None, None, 0, None), "none"), (("x", None, 0, None), "active"), (("x", None, 1, None), "first"),
        (("x", None, 1, "2025-09-16"), "first"), (("x", None, 1, "2025-09-15"), "lapsed"),
        (("x", "2025-01-01", 1, None), "revoked"),
    ],
)  # fmt: skip
def test_the_state_of_an_account_in_one_word(account, state):
    login, revoked_at, must_change, until = account
    assert account_state(login, revoked_at, must_change, until, "2025-09-15") == state


@pytest.mark.parametrize(
    ("number", "taken", "login"),
    [("T07", set(), "t07"), ("", set(), "a-1-aa"), ("7", {"7"}, "7-2"), ("7", {"7", "7-2"}, "7-3")],
)
def test_the_log_in_is_the_staff_number(number, taken, login):
    assert login_for(number, "A-1-AA", taken) == login


def test_nobody_replaces_his_own_password_by_a_slip(hub):
    client = hub.log_in("operator")
    assert post(client, "/accounts/slips", {"person": [OPERATOR], "address": "http://x"}).status_code == 302
    assert client.get("/accounts").status_code == 200

"""Accounts in bulk at the hub: slips, log-in names, roles by category, one-time passwords that lapse."""

from __future__ import annotations

import io
import re

import pytest
from python_calamine import CalamineWorkbook

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


def ticked_in(page):
    """Whose boxes are ticked, and whose are there."""
    boxes = re.findall(r'name="person" value="([^"]+)"( checked)?', page)
    return {who for who, on in boxes if on}, {who for who, _ in boxes}


def test_the_list_ticks_those_who_cannot_log_in_yet_and_shows_no_box_for_oneself(hub, newcomers):
    client = hub.log_in("operator")
    ticked, there = ticked_in(client.get("/accounts").text)
    assert ticked == set(newcomers) and OPERATOR not in there and TEACHER in there
    ticked, there = ticked_in(client.get("/accounts?tick=all&state=active").text)
    assert ticked == there and TEACHER in there and not there & set(newcomers)


def test_the_list_is_searched_filtered_and_ordered_like_every_other(hub, newcomers):
    client = hub.log_in("operator")

    def shown(query):
        return re.findall(r'<th scope="row">([^ <]+)', client.get(f"/accounts?{query}").text)

    assert shown("q=0102") == ["新人1"] and shown("q=wxm") == ["王小明"]
    assert shown("state=none&campus=B&sort=-person") == ["新人2", "新人1"]


def test_the_file_holds_what_the_list_shows(hub, newcomers):
    client = hub.log_in("operator")
    answer = client.get("/accounts/shown.xlsx?state=none&campus=B")
    [sheet] = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).sheet_names
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_name(sheet).to_python()
    assert rows[0] == ["姓名", "校区", "登录名", "状态"]
    assert [row[:2] for row in rows[1:]] == [["新人1 0102", "西校区"], ["新人2 operator", "西校区"]]
    assert hub.log_in("teacher").get("/accounts/shown.xlsx").status_code == 403


def test_a_refused_form_comes_back_with_its_ticks_and_its_place_in_the_list(hub, newcomers):
    client = hub.log_in("operator")
    form = {"person": newcomers[1:2], "address": "ftp://x"}
    answer = post(client, "/accounts/slips?state=none&sort=-person", form)
    assert answer.status_code == 422 and "ftp://x" in answer.text
    assert ticked_in(answer.text) == (set(newcomers[1:2]), set(newcomers))

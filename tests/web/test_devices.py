"""A phone that stays known for a term: the PIN, its wrong tries, and everything that ends it."""

from __future__ import annotations

from datetime import date

import pytest

from shared.records import SchoolYear, Term
from shared.web.devices.rules import DeviceLimits, known_until, label_of, problem_with_pin
from shared.web.devices.store import begin_try
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.web.small_site import PASSWORD, fill, log_in, make_replica, make_site, people, token_in

PIN = "280517"


@pytest.fixture
def replica(tmp_path):
    replica = make_replica(tmp_path)
    year = SchoolYear(code="2025", name="x", begin="2025-09-01", end="2026-09-01")
    fill(replica, [*people(), year, Term(code="t", school_year="2025", name="x", begin="2025-09-01", end="2026-01-24")])
    return replica


@pytest.fixture
def app(replica):
    return make_site(replica)


def remembered(app, login="wm", pin=PIN):
    """A phone on which somebody logged in, set a PIN, and whose session is over."""
    client = app.test_client()
    log_in(client, login)
    token = token_in(client.get("/devices").text)
    given = {"password": PASSWORD, "pin": pin, "again": pin, "csrf_token": token}
    assert client.post("/devices", data=given).status_code == 302
    client.post("/logout", data={"csrf_token": token})
    return client


def by_pin(client, pin=PIN):
    """What the phone gets for a PIN."""
    token = token_in(client.get("/login?next=/register").text)
    return client.post("/pin", data={"pin": pin, "next": "/register", "csrf_token": token})


@pytest.mark.parametrize(
    ("pin", "again", "reason"),
    [
        ("2805", "2805", None), ("28051794", "28051794", None), ("280", "280", "pin_digits"),
        ("280517943", "280517943", "pin_digits"), ("28a5", "28a5", "pin_digits"), 
        ("２８０５", "２８０５", "pin_digits"),
        ("1111", "1111", "pin_plain"), ("1234", "1234", "pin_plain"), ("9876", "9876", "pin_plain"),
        ("2805", "2806", "pin_differs"), ("", "", "pin_digits"),
    ],
)  # fmt: skip
def test_a_pin_is_a_few_digits_that_nobody_guesses_first(pin, again, reason):
    problem = problem_with_pin(pin, again, DeviceLimits())
    assert (problem.reason if problem else None) == reason


@pytest.mark.parametrize(
    ("term_end", "until"),
    [(date(2026, 1, 24), "2026-01-24"), (None, "2025-11-14"), (date(2027, 1, 1), "2026-03-24")],
)
def test_a_phone_is_known_until_the_term_ends(term_end, until):
    assert known_until(date(2025, 9, 15), term_end, DeviceLimits()).isoformat() == until


def test_the_pin_opens_the_page_that_was_asked_for(app):
    client = remembered(app)
    assert "王敏" in client.get("/login").text and "name=\"pin\"" in client.get("/login").text
    answer = by_pin(client)
    assert (answer.status_code, answer.location) == (302, "/register")
    assert client.get("/register").text == "register"


def test_the_password_form_stays_one_click_away(app):
    assert 'name="password"' in remembered(app).get("/login?by=password").text


def test_after_five_wrong_pins_the_phone_is_a_stranger_also_for_the_right_one(app, replica):
    client = remembered(app)
    for left in (4, 3, 2, 1):
        answer = by_pin(client, "0000")
        assert answer.status_code == 401 and f"还可以试 {left} 次" in answer.text
    assert by_pin(client, "0000").location.startswith("/login")
    assert by_pin(client).location.startswith("/login")
    with connect(replica) as db:
        assert db.conn.execute("SELECT count(*) FROM _device").fetchone() == (0,)


def test_wrong_tries_are_not_forgiven_by_a_restart_but_by_a_right_one(app, replica):
    client = remembered(app)
    by_pin(client, "0000")
    with connect(replica) as db:
        assert db.conn.execute("SELECT failures FROM _device").fetchone() == (1,)
    by_pin(client)
    with connect(replica) as db:
        assert db.conn.execute("SELECT failures FROM _device").fetchone() == (0,)


def test_a_new_password_a_revoked_account_and_the_terms_end_each_end_it(app, replica):
    for change in (
        "UPDATE account SET password_hash = 'x' WHERE person_id = 'A-1-AA'",
        "UPDATE account SET revoked_at = '2025-09-15T00:00:00.000Z' WHERE person_id = 'A-2-AA'",
        "UPDATE _device SET until = '2025-09-15' WHERE person_id = 'A-3-AA'",
    ):
        login = {"A-1-AA": "wm", "A-2-AA": "lxz", "A-3-AA": "op"}[change[-7:-1]]
        client = remembered(app, login)
        with connect(replica) as db, write(replica, db, Author("A-3-AA")) as w:
            w.db.conn.execute(change)
        assert 'name="pin"' not in client.get("/login").text
        assert by_pin(client).location.startswith("/login")


def test_the_number_of_a_phone_without_its_secret_opens_nothing(app, replica):
    remembered(app)
    with connect(replica) as db:
        [device_id] = db.conn.execute("SELECT id FROM _device").fetchone()
    thief = app.test_client()
    thief.set_cookie("tongxin_device", f"{device_id}.{'A' * 26}")
    assert 'name="pin"' not in thief.get("/login").text


def test_a_phone_is_remembered_only_for_the_password_and_forgotten_only_by_its_owner(app, replica):
    client = app.test_client()
    log_in(client, "wm")
    token = token_in(client.get("/devices").text)
    given = {"password": "wrong", "pin": PIN, "again": PIN, "csrf_token": token}
    assert client.post("/devices", data=given).status_code == 422
    remembered(app)
    with connect(replica) as db:
        [device_id] = db.conn.execute("SELECT id FROM _device").fetchone()
    other = app.test_client()
    log_in(other, "op")
    token = token_in(other.get("/devices").text)
    other.post(f"/devices/{device_id}/forget", data={"csrf_token": token})
    assert device_id in client.get("/devices").text
    client.post(f"/devices/{device_id}/forget", data={"csrf_token": token_in(client.get("/devices").text)})
    assert device_id not in client.get("/devices").text


def test_devices_are_never_synced(app, replica):
    """They stay in this file: no changeset speaks of them."""
    with connect(replica) as db:
        before = db.conn.execute("SELECT count(*) FROM _changeset").fetchone()
    remembered(app)
    with connect(replica) as db:
        assert db.conn.execute("SELECT count(*) FROM _changeset").fetchone() == before


@pytest.mark.parametrize(
    ("agent", "word"),
    [("Mozilla/5.0 (Linux; Android 10) MicroMessenger/8", "微信"), ("Mozilla/5.0 (iPhone)", "iPhone"), ("x", "")],
)
def test_a_phone_has_a_word_in_the_list(agent, word):
    assert label_of(agent) == word


def test_tries_at_the_same_time_are_no_more_than_tries_one_by_one(app, replica):
    """Every thread had looked at the phone before the first wrong PIN was counted."""
    remembered(app)
    with connect(replica) as db:
        ((device,),) = db.conn.execute("SELECT id FROM _device").fetchall()
        limit = DeviceLimits().failures_max
        assert [begin_try(db, device, limit) for _ in range(limit + 3)] == [True] * limit + [False] * 3

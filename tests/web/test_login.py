"""Log-in, log-out, lock-out, passwords, revocation, dated roles."""

import pytest

from shared.clock import instant_ms
from shared.records import Account, AccountRole
from shared.web.config import LockoutLimits
from shared.web.lockout import FailedLogins, wait_ms
from shared.web.passwords import hash_password, password_fits, problem_with_password
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.web.small_site import CHEAP, PASSWORD, fill, log_in, make_replica, make_site, people, person, token_in


@pytest.fixture
def replica(tmp_path):
    replica = make_replica(tmp_path)
    fill(replica, people())
    return replica


@pytest.fixture
def app(replica):
    return make_site(replica)


def test_a_log_in_leads_back_to_the_page_that_was_asked_for(app):
    client = app.test_client()
    token = token_in(client.get("/login?next=/register").text)
    given = {"login": " wm ", "password": PASSWORD, "next": "/register", "csrf_token": token}
    answer = client.post("/login", data=given)
    assert (answer.status_code, answer.location) == (302, "/register")
    assert client.get("/register").text == "register"


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "evil", ""])
def test_a_log_in_never_leads_to_another_site(app, target):
    client = app.test_client()
    token = token_in(client.get("/login").text)
    given = {"login": "wm", "password": PASSWORD, "next": target, "csrf_token": token}
    assert client.post("/login", data=given).location == "/"


@pytest.mark.parametrize(("login", "password"), [("wm", "wrong"), ("nobody", PASSWORD), ("wm", ""), ("", "")])
def test_a_wrong_name_and_a_wrong_password_look_the_same(app, login, password):
    answer = log_in(app.test_client(), login, password)
    assert answer.status_code == 401
    assert "登录名或口令不对" in answer.text


def test_a_program_logs_in_with_json_and_gets_a_token_to_write_with(app):
    client = app.test_client()
    answer = client.post("/login", json={"login": "wm", "password": PASSWORD})
    assert answer.json["name"] == "王敏"
    assert client.post("/register", headers={"X-CSRFToken": answer.json["csrf_token"]}).status_code == 200
    answer = client.post("/login", json={"login": "wm", "password": "x"})
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "login_wrong")


@pytest.mark.parametrize("body", [[], "wm", 7, {"login": 7, "password": None}, {}])
def test_a_strange_json_log_in_is_refused_without_a_trace(app, body):
    answer = app.test_client().post("/login", json=body)
    assert answer.status_code in (400, 401, 422)
    assert "error" in answer.json


def test_too_many_wrong_tries_lock_the_name_and_time_opens_it_again(app, replica):
    client = app.test_client()
    for _ in range(3):
        assert log_in(client, "wm", "wrong").status_code == 401
    assert log_in(client, "wm").status_code == 429
    assert log_in(client, "lxz").status_code == 302


def test_one_address_cannot_try_every_name(app):
    client = app.test_client()
    for number in range(5):
        assert log_in(client, f"name{number}", "wrong").status_code == 401
    assert log_in(client, "wm").status_code == 429


@pytest.mark.parametrize(
    ("failures", "now_ms", "answer"),
    [([], 0, 0), ([0, 1], 2, 0), ([0, 1, 2], 2, 98), ([0, 1, 2], 99, 1), ([0, 1, 2], 100, 0), ([0, 60, 70], 120, 0)],
)
def test_the_window_of_failures_slides(failures, now_ms, answer):
    assert wait_ms(failures, 3, 100, now_ms) == answer


def test_the_memory_of_failures_is_bounded():
    failures = FailedLogins(LockoutLimits(per_login=2, per_address=2, window_ms=100, entries_max=4))
    for number in range(50):
        failures.failed(f"n{number}", f"a{number}", number)
    assert len(failures._failures) == 4


def test_a_revoked_account_is_dead_at_its_next_click(app, replica):
    client = app.test_client()
    log_in(client, "wm")
    assert client.get("/").status_code == 200
    with connect(replica) as db, write(replica, db, Author("A-3-AA", rank="office")) as w:
        w.update(Account, ("A-1-AA",), {"revoked_at": "2025-09-15T00:00:00.000Z"})
    assert client.get("/").status_code == 302
    assert log_in(client, "wm").status_code == 401


def test_a_role_counts_between_its_dates_only(app, replica):
    fill(replica, person("A-9-AA", "支教", "zj"))
    fill(
        replica,
        [AccountRole(person_id="A-9-AA", role="teacher", campus="A", begin="2025-09-16", end="2025-09-18")],
    )
    for day, status in (("15", 403), ("16", 200), ("17", 200), ("18", 403)):
        replica.clock.set_to(instant_ms(f"2025-09-{day}T01:00:00.000Z"))
        client = app.test_client()
        log_in(client, "zj")
        assert client.get("/register").status_code == status, day


def test_a_session_ends_when_nobody_has_used_it_for_long(app, replica):
    client = app.test_client()
    log_in(client, "wm")
    replica.clock.set_to(instant_ms("2025-09-15T12:00:00.000Z"))
    assert client.get("/").status_code == 200
    replica.clock.set_to(instant_ms("2025-09-16T01:00:00.000Z"))
    assert client.get("/").status_code == 302


def test_a_clock_set_back_throws_nobody_out(app, replica):
    """C6: a wrong clock is shown, it does not stop work."""
    client = app.test_client()
    log_in(client, "wm")
    replica.clock.set_to(instant_ms("1970-01-01T00:00:00.000Z"))
    client.get("/")
    assert client.get("/password").status_code == 200


def change(client, old, new, again=None):
    token = token_in(client.get("/password").text)
    given = {"old": old, "new": new, "again": again or new, "csrf_token": token}
    return client.post("/password", data=given)


def test_a_new_password_ends_every_other_session(app):
    phone, desk = app.test_client(), app.test_client()
    log_in(phone, "wm")
    log_in(desk, "wm")
    assert change(phone, PASSWORD, "新的口令 2026").status_code == 302
    assert phone.get("/").status_code == 200
    assert desk.get("/").status_code == 302
    assert log_in(desk, "wm").status_code == 401
    assert log_in(desk, "wm", "新的口令 2026").status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("wrong", "好口令好口令 1", None, "原口令不对"),
        (PASSWORD, "短", None, "口令太短"),
        (PASSWORD, "aaaaaaaaaa", None, "口令太容易猜"),
        (PASSWORD, "好口令好口令 1", "好口令好口令 2", "两次输入不一样"),
    ],
)
def test_a_bad_new_password_is_refused_with_its_cure(app, old, new, again, words):
    client = app.test_client()
    log_in(client, "wm")
    answer = change(client, old, new, again)
    assert answer.status_code == 422
    assert words in answer.text
    assert log_in(app.test_client(), "wm").status_code == 302


def test_a_first_password_must_be_changed_before_anything_else(app, replica):
    fill(replica, person("A-9-AA", "新来", "xl", ("teacher", "A"), must_change=1))
    client = app.test_client()
    log_in(client, "xl")
    assert client.get("/").location == "/password"
    answer = client.get("/", headers={"Accept": "application/json"})
    assert answer.json["error"]["code"] == "password_must_change"
    change(client, PASSWORD, "好口令好口令 1")
    assert client.get("/").status_code == 200


def test_the_password_s_change_is_a_changeset_of_its_owner(app, replica):
    """C1: it goes through the one door and says who did it."""
    client = app.test_client()
    log_in(client, "wm")
    change(client, PASSWORD, "好口令好口令 1")
    with connect(replica) as db:
        last = db.conn.execute("SELECT person_id, scope FROM changeset_name ORDER BY n DESC").fetchone()
    assert last == ("A-1-AA", "con")


def test_log_out_ends_the_session_and_keeps_the_language(app):
    client = app.test_client()
    log_in(client, "wm")
    token = token_in(client.get("/password").text)
    client.post("/language", data={"lang": "en", "csrf_token": token})
    assert 'lang="en"' in client.get("/password").text
    client.post("/logout", data={"csrf_token": token_in(client.get("/password").text)})
    assert client.get("/").status_code == 302
    assert "Log in" in client.get("/login").text


def test_hashes_are_argon2id_with_the_cost_that_was_set():
    hashed = hash_password("x", CHEAP)
    assert hashed.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert password_fits("x", hashed, CHEAP)
    assert not any(password_fits(wrong, hashed, CHEAP) for wrong in ("y", "", "x" * 300))
    assert not password_fits("x", "", CHEAP) and not password_fits("x", "rubbish", CHEAP)


def test_a_password_like_the_login_is_too_plain():
    problem = problem_with_password("Wangmin12", "Wangmin12", login="wangmin12", length_min=8)
    assert problem is not None and problem.reason == "password_plain"

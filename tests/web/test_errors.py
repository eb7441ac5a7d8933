"""Every way to fail has one shape for programs and one page for people, and never a stack trace."""

import sqlite3

import pytest
from flask import Blueprint
from flask_babel import ngettext

from shared.errors import Advice, DatabaseUnusable, InvalidInput, NotAllowed, NotFound, Problem, Stale, TongxinError
from shared.web.app import CSP, make_app
from shared.web.words import message_of, problem_words, refusal_words, status_of, table
from sync.errors import HubUnreachable, NotEnrolled, UpgradeNeeded
from tests.web.small_site import CONFIG, fill, log_in, make_replica, people

CASES = {
    "input": (InvalidInput(Problem("mark", "unknown_code", {"zh": "状态", "codes": "pupil_mark"})), 422),
    "allowed": (NotAllowed(), 403),
    "found": (NotFound(), 404),
    "stale": (Stale(), 409),
    "database": (DatabaseUnusable(path="x"), 503),
    "hub": (HubUnreachable(), 503),
    "enrolled": (NotEnrolled(), 409),
    "upgrade": (UpgradeNeeded(), 426),
    "locked": (sqlite3.OperationalError("database is locked"), 503),
    "full": (sqlite3.OperationalError("database or disk is full"), 507),
    "broken": (ZeroDivisionError("secret detail"), 500),
    "trouble": (sqlite3.OperationalError("no such table: secret detail"), 500),
}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    replica = make_replica(tmp_path_factory.mktemp("errors"))
    fill(replica, people())
    room = Blueprint("room", __name__)

    def fail(case: str) -> str:
        raise CASES[case][0]

    room.add_url_rule("/fail/<case>", "fail", fail)
    room.add_url_rule("/api/v1/fail/<case>", "api_fail", fail)
    room.add_url_rule("/", "front", lambda: "front")
    routes = {"room.fail": "public", "room.api_fail": "public", "room.front": "any_staff"}
    return make_app("tests.web", replica=replica, config=CONFIG, rooms=[room], routes=routes)


@pytest.mark.parametrize("case", CASES)
def test_a_program_gets_the_one_shape(app, case):
    answer = app.test_client().get(f"/api/v1/fail/{case}")
    assert answer.status_code == CASES[case][1]
    error = answer.json["error"]
    assert set(error) == {"code", "message", "message_en", "problems", "advice"}
    assert error["advice"] in set(Advice)
    assert "secret detail" not in answer.text


@pytest.mark.parametrize("case", CASES)
def test_a_person_gets_a_page_in_words(app, case):
    answer = app.test_client().get(f"/fail/{case}")
    assert answer.status_code == CASES[case][1]
    assert "没有做成" in answer.text
    assert "secret detail" not in answer.text
    assert "Not done" in app.test_client().get(f"/fail/{case}?lang=en").text


def test_a_problem_names_field_reason_and_cure_in_both_languages(app):
    (problem,) = app.test_client().get("/api/v1/fail/input").json["error"]["problems"]
    assert (problem["field"], problem["reason"]) == ("mark", "unknown_code")
    assert problem["message"] == "状态：不在可选项里"
    assert "late（迟到）" in problem["cure"]
    assert problem["cure_en"].startswith("choose one of: present, late")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/fail/input", 405, "wrong_method"),
    ],
)
def test_wrong_addresses_and_methods_have_the_shape_too(app, method, path, status, code):
    client = app.test_client()
    log_in(client, "wm")
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_a_broken_json_body_is_named(app):
    answer = app.test_client().post("/login", data=b"{broken", content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "not_json")


def test_a_body_beyond_the_limit_is_refused(app):
    body = b'{"login":"' + b"x" * CONFIG.body_bytes_max + b'"}'
    answer = app.test_client().post("/login", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")


def test_no_page_allows_inline_script_or_a_foreign_host(app):
    client = app.test_client()
    for path in ("/login", "/fail/found"):
        answer = client.get(path)
        assert answer.headers["Content-Security-Policy"] == CSP
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "<script>" not in answer.text and "onclick" not in answer.text and " style=" not in answer.text
    assert "unsafe" not in CSP and "http" not in CSP


def test_every_word_has_both_languages_and_a_sane_status():
    for status, zh, en in table()["errors"].values():
        assert 400 <= status < 600 and zh and en
    assert all(len(row) == 4 and all(row) for row in table()["reasons"].values())
    assert all(len(row) == 2 and all(row) for row in table()["refusals"].values())


def test_a_code_without_words_is_named_and_never_hidden():
    assert "odd_code" in message_of("odd_code", "zh")
    assert "odd_code" in refusal_words("odd_code", "en")
    wrong, cure = problem_words(Problem("field", "odd_reason"), "zh")
    assert "odd_reason" in wrong and cure
    assert status_of(TongxinError("odd_code")) == 400


def test_a_cure_whose_data_is_missing_is_still_a_sentence():
    assert problem_words(Problem("minutes", "out_of_range"), "zh")[1]


def test_numbers_in_english_follow_english_grammar(app):
    """The compiled catalogue is there and knows plurals (TRAPS 14)."""
    with app.test_request_context("/?lang=en"):
        assert [ngettext("%(num)d 行", "%(num)d 行", number) for number in (1, 2)] == ["1 row", "2 rows"]
    with app.test_request_context("/"):
        assert [ngettext("%(num)d 行", "%(num)d 行", number) for number in (1, 2)] == ["1 行", "2 行"]

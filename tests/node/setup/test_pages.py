"""An unenrolled node serves its set-up page and nothing else."""

import pytest

from node.setup.rules import setup_problems, tidy_code, tidy_hub
from shared.ids import SystemRandomness
from sync.errors import HubUnreachable
from sync.replica import connect, setting
from sync.steps.enrol import issue_code
from tests.node.small_node import HUB, make_node, make_pair
from tests.web.small_site import log_in, token_in


@pytest.fixture
def pair(tmp_path):
    return make_pair(tmp_path, enrolled=False)


def send(client, hub, code):
    return client.post("/setup", data={"hub": hub, "code": code, "csrf_token": token_in(client.get("/setup").text)})


@pytest.mark.parametrize("path", ["/", "/login", "/registers", "/sync", "/recovery", "/nothing"])
def test_before_enrolment_every_page_is_the_set_up_page(pair, path):
    answer = make_node(pair).test_client().get(path)
    assert (answer.status_code, answer.location) == (302, "/setup")


def test_before_enrolment_a_program_is_told_why(pair):
    answer = make_node(pair).test_client().get("/api/v1/x")
    assert (answer.status_code, (answer.json or {})["error"]["code"]) == (409, "not_enrolled")


def test_the_one_time_code_enrols_and_opens_the_log_in(pair):
    client = make_node(pair).test_client()
    assert HUB in client.get("/setup").text
    answer = send(client, HUB, pair.code.lower())
    assert (answer.status_code, answer.location) == (302, "/login")
    with connect(pair.node) as db:
        assert setting(db, "campus") == "A"
    assert client.get("/setup").status_code == 302
    assert client.get("/login").status_code == 200


def test_a_wrong_code_enrols_nobody_and_tells_why(pair):
    client = make_node(pair).test_client()
    answer = send(client, HUB, "7K2Q-7K2Q-7K2Q-7K2Q")
    assert answer.status_code == 422
    assert "登记码不对或已过期" in answer.text
    assert client.get("/").location == "/setup"


def test_codes_cannot_be_guessed_by_trying(pair):
    client = make_node(pair).test_client()
    for _ in range(3):
        assert send(client, HUB, "WRONG").status_code == 422
    assert send(client, HUB, pair.code).status_code == 429


def test_a_dead_line_is_said_in_words(pair):
    def dead(_url, _code):
        raise HubUnreachable()

    answer = send(make_node(pair, enrol=dead).test_client(), HUB, pair.code)
    assert answer.status_code == 422
    assert "连不上主校区" in answer.text


def test_a_dead_line_locks_nobody_out(pair):
    """Only a code that the hub refused, or an answer that is not the hub's, counts as a guess."""
    line = [HubUnreachable() for _ in range(5)]

    def door(url, code):
        if line:
            raise line.pop()
        pair.enrol(url, code)

    client = make_node(pair, enrol=door).test_client()
    assert [send(client, HUB, pair.code).status_code for _ in range(6)] == [422] * 5 + [302]


def test_an_enrolled_node_is_not_enrolled_twice(tmp_path):
    pair = make_pair(tmp_path)
    client = make_node(pair).test_client()
    log_in(client, "wm")
    with connect(pair.hub) as db:
        code = issue_code(db, pair.hub, campus="B")
    token = token_in(client.get("/").text)
    assert client.post("/setup", data={"hub": HUB, "code": code, "csrf_token": token}).status_code == 409
    with connect(pair.node) as db:
        assert setting(db, "campus") == "A"


@pytest.mark.parametrize(
    ("hub", "code", "fields"),
    [
        ("http://192.168.1.10:8090", "7K2Q7K2Q", []),
        ("https://hub.example", "7K2Q", []),
        ("", "", ["hub", "code"]),
        ("ftp://x", "A", ["hub"]),
        ("http://", "A", ["hub"]),
        ("http://x:99999", "A", ["hub"]),
        ("http://user@x", "A", ["hub"]),
        ("http://x", "A/B", ["code"]),
        ("http://x", "码", ["code"]),
        ("http://x", "A" * 81, ["code"]),
    ],
)
def test_what_may_stand_in_the_two_fields(hub, code, fields):
    assert [problem.field for problem in setup_problems(hub, code)] == fields


def test_what_people_type_is_tidied():
    assert tidy_hub(" 192.168.1.10:8090/ ") == "http://192.168.1.10:8090"
    assert tidy_code("7k2q-oi l0") == "7K2Q0110"


def test_a_code_is_written_so_that_it_can_be_tidied():
    assert tidy_code(SystemRandomness().text(40)).isalnum()

"""After a power cut one page says what stands; with a doubtful clock a person says the date first."""

import re

import pytest

from node.recovery.store import begin_run, end_run, newest_ms, recovery_due
from shared.clock import instant_ms
from shared.database import transaction
from shared.ids import SystemRandomness
from shared.records import RECORDS, DateConfirmation
from shared.schema import select
from shared.web.qr import qr_svg
from sync.opening import open_replica
from sync.replica import connect
from tests.node.small_node import ADDRESS, DAY, make_node, make_pair, take_register
from tests.web.small_site import log_in, token_in

REGISTER = f"/registers/A-12-AA/{DAY}/am"
API_REGISTER = f"/api/v1{REGISTER}"


@pytest.fixture
def pair(tmp_path):
    return make_pair(tmp_path)


def restarted(pair):
    """The same files under a new process."""
    pair.node = open_replica(
        pair.node.path, records=RECORDS, clock=pair.clock, randomness=SystemRandomness()
    )
    return pair


def test_a_clean_stop_shows_nothing(pair):
    make_node(pair)
    with connect(pair.node) as db:
        end_run(db)
    client = make_node(restarted(pair)).test_client()
    assert client.get("/").location.startswith("/login")


def test_after_a_power_cut_the_first_to_open_the_node_sees_what_stands(pair):
    make_node(pair)
    take_register(pair.node)
    app = make_node(restarted(pair))
    first, second = app.test_client(), app.test_client()
    assert first.get("/sync?x=1").location == "/recovery?next=/sync?x%3D1"
    text = first.get("/recovery?next=/sync").text
    assert "三年级2班 · 上午" in text and "王敏" in text
    assert re.search(r"[1-9]\d* 次保存", text)
    assert ADDRESS in text and "<svg" in text and "看来正常" in text
    assert "邓子轩" not in text, "no pupil is named before log-in"
    assert first.get("/").location.startswith("/login"), "once a browser"
    answer = first.post("/recovery/seen", data={"csrf_token": token_in(text), "next": "/sync"})
    assert answer.location == "/sync"
    assert second.get("/").location.startswith("/login"), "and nobody after that"


def test_programs_and_images_are_not_stopped_by_the_recovery_page(pair):
    make_node(pair)
    client = make_node(restarted(pair)).test_client()
    with client.get("/static/shell.css") as answer:
        assert answer.status_code == 200
    assert client.get("/sync", headers={"Accept": "application/json"}).status_code == 401


def test_the_recovery_page_never_leads_to_another_site(pair):
    client = make_node(pair).test_client()
    token = token_in(client.get("/recovery").text)
    answer = client.post("/recovery/seen", data={"csrf_token": token, "next": "//evil.example"})
    assert answer.location == "/"


def test_a_run_that_did_not_end_is_noticed_once(pair):
    with connect(pair.node) as db:
        assert [begin_run(db, boot) for boot in ("one", "one", "two")] == [False, False, True]
        assert recovery_due(db)
        end_run(db)
        assert begin_run(db, "three") is False


def test_the_qr_code_is_a_picture_without_style_or_script():
    svg = qr_svg(ADDRESS)
    assert svg.startswith("<svg") and "style" not in svg and "script" not in svg


def test_the_newest_record_is_what_the_hub_received_or_this_node_wrote(pair):
    with connect(pair.node) as db:
        own = newest_ms(db)
        assert own is not None and own >= instant_ms(f"{DAY}T00:05:00.000Z")
        with transaction(db):
            db.conn.execute("UPDATE _changeset SET hub_seq = n")
        assert newest_ms(db) is None
        with transaction(db):
            db.conn.execute(
                "INSERT INTO _entry VALUES (9, 'con', 'receipt', 1, ?, 0, 'accepted', NULL, NULL, x'00')", (own + 7,)
            )
        assert newest_ms(db) == own + 7


def confirm(client, day, target="/"):
    token = token_in(client.get("/clock").text)
    return client.post("/clock", data={"csrf_token": token, "date": day, "next": target})


def test_before_the_newest_record_no_register_opens_until_a_person_says_the_date(pair):
    """C6: the date is asked for, the answer is a record, and work goes on under that date."""
    pair.clock.set_to(instant_ms("1970-01-01T00:03:00.000Z"))
    client = make_node(pair).test_client()
    log_in(client, "wm")
    # By that clock nobody has a class: the front page must not say that there is nothing to take.
    for page in ("/", REGISTER):
        answer = client.get(page)
        assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/clock")
    token = token_in(client.get("/clock").text)
    refused = client.post(REGISTER, headers={"X-CSRFToken": token}, json={})
    assert (refused.status_code, (refused.json or {})["error"]["code"]) == (409, "date_unconfirmed")
    over_api = client.get(API_REGISTER)
    assert (over_api.status_code, (over_api.json or {})["error"]["code"]) == (409, "date_unconfirmed")
    assert "比已有的记录还早" in client.get("/clock").text
    answer = confirm(client, DAY, REGISTER)
    assert client.get(API_REGISTER).status_code == 200
    assert (answer.status_code, answer.location) == (302, REGISTER)
    assert client.get(REGISTER).status_code == 200
    assert "9月15日 周一" in client.get("/").text
    with connect(pair.node) as db:
        (word,) = select(db, DateConfirmation)
        assert word == DateConfirmation(
            campus="A", date=DAY, confirmed_by="A-1-AA", clock_said=word.clock_said, boot=pair.node.boot
        )
        assert word.clock_said.startswith("1970-01-01 08:03")
        last = db.conn.execute("SELECT scope, person_id FROM changeset_name ORDER BY n DESC").fetchone()
    assert last == ("A", "A-1-AA")


@pytest.mark.parametrize("day", ["", "2025-09-14", "15.9.2025", "2025-02-30"])
def test_a_date_that_cannot_be_is_refused_with_its_cure(pair, day):
    pair.clock.set_to(instant_ms("1970-01-01T00:03:00.000Z"))
    client = make_node(pair).test_client()
    log_in(client, "wm")
    answer = confirm(client, day)
    assert answer.status_code == 422 and "flash bad" in answer.text
    assert client.get(REGISTER).status_code == 302


def test_a_confirmation_dies_with_the_process(pair):
    pair.clock.set_to(instant_ms("1970-01-01T00:03:00.000Z"))
    client = make_node(pair).test_client()
    log_in(client, "wm")
    confirm(client, DAY)
    assert client.get(REGISTER).status_code == 200
    with connect(pair.node) as db:
        end_run(db)
    client = make_node(restarted(pair)).test_client()
    log_in(client, "wm")
    assert client.get(REGISTER).status_code == 302


@pytest.mark.parametrize(("offset_ms", "asked"), [(0, False), (599_000, False), (-601_000, True), (86_400_000, True)])
def test_a_phone_far_from_the_node_s_clock_makes_a_person_say_the_date(pair, offset_ms, asked):
    client = make_node(pair).test_client()
    log_in(client, "wm")
    answer = client.post("/clock/phone", json={"phone_ms": pair.clock.now_ms() + offset_ms})
    assert (answer.json or {})["must_confirm"] is asked
    assert client.get(REGISTER).status_code == (302 if asked else 200)
    if asked:
        assert "相差超过 10 分钟" in client.get("/clock").text
        confirm(client, "2025-09-16" if offset_ms > 0 else DAY)
        assert client.get(REGISTER).status_code == 200


@pytest.mark.parametrize("body", [{}, {"phone_ms": "x"}, {"phone_ms": -1}, {"phone_ms": 2**60}, {"phone_ms": True}, []])
def test_a_phone_that_talks_nonsense_is_refused(pair, body):
    answer = make_node(pair).test_client().post("/clock/phone", json=body)
    assert (answer.status_code, (answer.json or {})["error"]["problems"][0]["field"]) == (422, "phone_ms")


def test_a_healthy_clock_asks_nobody(pair):
    client = make_node(pair).test_client()
    log_in(client, "wm")
    assert client.get(REGISTER).status_code == 200
    assert "不需要确认" in client.get("/clock").text

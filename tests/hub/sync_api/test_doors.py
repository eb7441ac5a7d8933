"""The two doors for nodes: real engine on both sides, over the real app."""

from __future__ import annotations

import httpx
import pytest

from shared.ids import SystemRandomness
from shared.records import RECORDS, BookingSeries, CalendarDay, Evidence, LeaveApproval
from sync.capture import write
from sync.change import Author
from sync.errors import CodeRefused, HubBusy, NotEnrolled, Revoked
from sync.exchange import run_exchange
from sync.http import HttpHub
from sync.opening import create_replica
from sync.replica import connect
from sync.steps.enrol import enrol, issue_code, revoke
from tests.hub.small_hub import CLERK, HEAD_B, TEACHER


def over(hub) -> HttpHub:
    return HttpHub("http://hub", httpx.Client(transport=httpx.WSGITransport(app=hub.app)))


def make_node(hub, tmp_path, name="node"):
    return create_replica(
        tmp_path / name / "node.db", role="node", records=RECORDS, clock=hub.clock, randomness=SystemRandomness()
    )


@pytest.fixture
def node(hub, tmp_path):
    (tmp_path / "node").mkdir()
    made = make_node(hub, tmp_path)
    with connect(hub.replica) as db:
        code = issue_code(db, hub.replica, campus="B", valid_ms=60_000)
    with connect(made) as db:
        assert enrol(made, db, over(hub), code).campus == "B"
    return made


def test_an_enrolled_node_gets_everything_of_its_scopes_and_sends_its_own(hub, node) -> None:
    with connect(node) as db:
        assert run_exchange(node, db, over(hub)).done
        assert db.conn.execute("SELECT count(*) FROM person").fetchone() == (6,)
        with write(node, db, Author(HEAD_B, rank="office")) as w:
            w.insert(CalendarDay(campus="B", date="2025-09-16", kind="closed"))
        assert run_exchange(node, db, over(hub)).refused == 0
    assert hub.rows("SELECT kind FROM calendar_day") == [("closed",)]


@pytest.mark.parametrize(
    ("author", "reason"),
    [
        (Author(TEACHER, rank="office"), "forged_rank"),
        (Author("A-999-00"), "unknown_author"),
        (Author(TEACHER), "wrong_role"),
        (Author(CLERK), "wrong_role"),
        # An office role at another campus makes nobody the office here.
        (Author(CLERK, rank="office"), "forged_rank"),
    ],
)
def test_the_hub_judges_by_its_own_roles(hub, node, author, reason) -> None:
    """C9."""
    with connect(node) as db:
        run_exchange(node, db, over(hub))
        with write(node, db, author) as w:
            w.insert(CalendarDay(campus="B", date="2025-09-16", kind="closed"))
        run_exchange(node, db, over(hub))
    assert hub.count("calendar_day") == 0
    assert hub.rows("SELECT reason FROM _changeset WHERE state = 'quarantined'") == [(reason,)]


PRIVATE_TO_OTHERS = {
    "points for oneself": (
        Evidence(id="B-9-ZZ", person_id=HEAD_B, campus="B", date="2025-09-15", kind="line_task", quantity="5",
                 entered_by=HEAD_B), "about_oneself"),
    "approves his own leave": (
        LeaveApproval(request_id="B-8-ZZ", person_id=HEAD_B, step="campus", decision="approved", decided_by=HEAD_B,
                      decided_at="2025-09-15T00:00:00.000Z"), "about_oneself"),
    "approves in another's name": (
        LeaveApproval(request_id="B-8-ZZ", person_id=TEACHER, step="campus", decision="approved", decided_by=CLERK,
                      decided_at="2025-09-15T00:00:00.000Z"), "not_own"),
    "books in another's name": (
        BookingSeries(id="A-8-ZZ", room_id="A-7-ZZ", campus="B", booked_by=TEACHER, title="x"), None),
}  # fmt: skip


@pytest.mark.parametrize("name", PRIVATE_TO_OTHERS)
def test_the_hub_looks_into_the_row_whatever_the_node_let_through(hub, node, name) -> None:
    """C9: nobody about himself, nobody in another's name unless he is the office."""
    record, reason = PRIVATE_TO_OTHERS[name]
    with connect(node) as db:
        run_exchange(node, db, over(hub))
        with write(node, db, Author(HEAD_B, rank="office")) as w:
            w.insert(record)
        run_exchange(node, db, over(hub))
    assert hub.rows("SELECT reason FROM _changeset WHERE state = 'quarantined'") == ([(reason,)] if reason else [])


def test_a_revoked_account_s_writes_are_refused(hub, node) -> None:
    with connect(node) as db:
        run_exchange(node, db, over(hub))
        with connect(hub.replica) as at_hub, write(hub.replica, at_hub, Author("A-1-00")) as w:
            w.db.conn.execute(
                "UPDATE account SET revoked_at = '2025-09-15T00:00:00.000Z' WHERE person_id = ?", (HEAD_B,)
            )
        with write(node, db, Author(HEAD_B, rank="office")) as w:
            w.insert(CalendarDay(campus="B", date="2025-09-16", kind="closed"))
        run_exchange(node, db, over(hub))
    assert hub.rows("SELECT reason FROM _changeset WHERE state = 'quarantined'") == [("unknown_author",)]


def test_a_stranger_is_refused_by_name(hub, tmp_path) -> None:
    (tmp_path / "node").mkdir()
    stranger = make_node(hub, tmp_path)
    with connect(stranger) as db:
        with pytest.raises(NotEnrolled):
            run_exchange(stranger, db, over(hub))
        with pytest.raises(CodeRefused):
            enrol(stranger, db, over(hub), "AAAA-BBBB-CCCC-DDDD")


def test_a_revoked_node_is_told_so(hub, node) -> None:
    with connect(hub.replica) as db:
        revoke(db, hub.replica, node.node)
    with connect(node) as db, pytest.raises(Revoked):
        run_exchange(node, db, over(hub))


def test_an_expired_code_enrols_nobody(hub, tmp_path) -> None:
    (tmp_path / "node").mkdir()
    late = make_node(hub, tmp_path)
    with connect(hub.replica) as db:
        code = issue_code(db, hub.replica, campus="B", valid_ms=1000)
    hub.clock.set_to(hub.clock.now_ms() + 5000)
    with connect(late) as db, pytest.raises(CodeRefused) as refused:
        enrol(late, db, over(hub), code)
    assert refused.value.data["reason"] == "expired"


@pytest.mark.parametrize("body", [b"", b"x", b"\x00" * 500, b"N1234567" + b"\xff" * 100, b"{}"])
def test_bytes_that_mean_nothing_get_a_named_refusal_and_no_log_in_page(hub, body) -> None:
    client = hub.app.test_client()
    for path in ("/sync/v1/exchange", "/sync/v1/enrol"):
        answer = client.post(path, data=body, content_type="application/octet-stream")
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
        told = answer.get_json()["error"]
        assert told["code"] and told["kind"] and told["message"]


def test_more_bytes_than_the_door_takes_are_refused(hub) -> None:
    client = hub.app.test_client()
    too_many = client.post("/sync/v1/enrol", data=b"x" * 5000, content_type="application/octet-stream")
    assert (too_many.status_code, too_many.get_json()["error"]["code"]) == (413, "too_large")
    big = b"x" * (hub.replica.limits.message_bytes + 1)
    answer = client.post("/sync/v1/exchange", data=big, content_type="application/octet-stream")
    assert answer.status_code == 413


def test_an_address_may_try_codes_only_so_often(hub) -> None:
    client = hub.app.test_client()
    statuses = [client.post("/sync/v1/enrol", data=b"{}").status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 429, 429]
    limited = client.post("/sync/v1/enrol", data=b"{}")
    assert int(limited.headers["Retry-After"]) <= 60
    with pytest.raises(HubBusy):
        over(hub).enrol(b"{}")


def test_the_doors_take_only_posts(hub) -> None:
    assert hub.app.test_client().get("/sync/v1/exchange").status_code == 405

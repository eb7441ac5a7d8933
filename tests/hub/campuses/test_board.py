"""The board: how far each campus is, one-time codes, revocation, and the two hands of a release."""

from __future__ import annotations

import re

import httpx
import pytest

from hub.campuses.rules import clock_is_wrong, overall, places, standing_of
from shared.clock import instant_ms
from shared.database import transaction
from shared.ids import SystemRandomness
from shared.records import RECORDS, CalendarDay, Campus, Pupil
from sync.capture import write
from sync.change import Author
from sync.exchange import run_exchange
from sync.http import HttpHub
from sync.opening import create_replica
from sync.replica import connect, set_setting
from sync.status import NodeState, note_verified
from sync.steps.enrol import enrol
from tests.hub.small_hub import HEAD_B, OPERATOR, OPERATOR_2, TEACHER, post

NOW = instant_ms("2025-09-15T01:00:00.000Z")
HOUR = 3_600_000


def node_state(**more) -> NodeState:
    fields = dict.fromkeys(NodeState.__dataclass_fields__)
    return NodeState(**{**fields, "node": "N1", "campus": "B", "quarantined": 0, **more})


@pytest.mark.parametrize(
    ("state", "tone", "word"),
    [
        (node_state(), "warn", "never"),
        (node_state(last_sync="2025-09-15T00:00:00.000Z"), "ok", "current"),
        (node_state(last_sync="2025-09-15T00:00:00.000Z", backlog=3), "info", "behind"),
        (
            node_state(last_sync="2025-09-15T00:00:00.000Z", last_contact="2025-09-15T00:00:00.000Z", backlog=3),
            "ok",
            "current",
        ),
        (node_state(last_sync="2025-09-13T00:00:00.000Z"), "warn", "silent"),
        (node_state(last_sync="2025-09-15T00:00:00.000Z", owes=True), "warn", "owes"),
        (node_state(last_sync="2025-09-15T00:00:00.000Z", revoked_at="2025-09-15T00:30:00.000Z"), "off", "revoked"),
    ],
)
def test_a_node_stands_in_one_word(state, tone, word) -> None:
    standing = standing_of(state, NOW, 36 * HOUR)
    assert (standing.tone, standing.word) == (tone, word)


@pytest.mark.parametrize(("offset_ms", "wrong"), [(None, False), (599_000, False), (-601_000, True)])
def test_a_clock_more_than_ten_minutes_off_is_wrong(offset_ms, wrong) -> None:
    assert clock_is_wrong(node_state(clock_offset_ms=offset_ms)) is wrong


def test_campuses_stand_in_their_order_and_the_late_one_is_named() -> None:
    campuses = [
        Campus(code="B", school_code="1", name="西", position=1),
        Campus(code="C", school_code="1", name="南", position=2),
        Campus(code="A", school_code="1", name="中", main=1, position=9),
    ]
    nodes = [
        node_state(node="N2", campus="B", revoked_at="2025-01-01T00:00:00.000Z"),
        node_state(node="N3", campus="B"),
        node_state(node="N4", campus="C", last_sync="2025-09-15T00:00:00.000Z"),
    ]
    shown = places(campuses, nodes, NOW, 36 * HOUR)
    assert [(p.campus.code, [n.node for n, _ in p.nodes]) for p in shown] == [
        ("A", []),
        ("B", ["N3", "N2"]),
        ("C", ["N4"]),
    ]
    assert overall(shown) == ("warn", ["西", "中"], 2), "of a campus without a node nothing is known"


def code_from(page: str) -> str:
    found = re.search(r'class="code">([^<]+)<', page)
    assert found
    return found[1]


@pytest.fixture
def node(hub, tmp_path):
    """A node of campus B, enrolled by the code on the page."""
    page = post(hub.log_in("operator"), "/campuses/enrol", {"campus": "B"})
    (tmp_path / "node").mkdir()
    made = create_replica(
        tmp_path / "node" / "node.db", role="node", records=RECORDS, clock=hub.clock, randomness=SystemRandomness()
    )
    with connect(made) as db:
        enrol(made, db, line(hub), code_from(page.text))
        run_exchange(made, db, line(hub))
    return made


def line(hub) -> HttpHub:
    return HttpHub("http://hub", httpx.Client(transport=httpx.WSGITransport(app=hub.app)))


def test_a_code_is_shown_once_with_address_expiry_and_picture(hub) -> None:
    page = post(hub.log_in("operator"), "/campuses/enrol", {"campus": "B"}).text
    code = code_from(page)
    assert re.fullmatch(r"([0-9A-Z]{4}-){3}[0-9A-Z]{4}", code)
    assert "data:image/svg+xml" in page and "西校区" in page and "9月16日" in page
    assert not any(code in str(row) for row in hub.rows("SELECT * FROM _code")), "the code itself is not kept"


def test_the_board_shows_an_enrolled_campus_and_one_that_never_came(hub, node) -> None:
    page = hub.log_in("operator").get("/campuses/").text
    assert "已同步" in page and node.node in page and "还没有登记的电脑" in page
    hub.clock.set_to(hub.clock.now_ms() + 40 * HOUR)
    page = hub.log_in("operator").get("/campuses/").text
    assert "很久没有同步" in page and re.search("西校区、\\S+ 未同步", page)


def test_the_board_says_that_the_hub_was_restored_and_who_owes(hub, node) -> None:
    """C11, C14: since when, until when the copy knew, who has given back; the next sync does."""
    page = hub.log_in("operator").get("/campuses/").text
    assert "从旧备份恢复" not in page
    with connect(hub.replica) as db, transaction(db):
        set_setting(db, "epoch", "AFTERWARDS")
        set_setting(db, "restored_ms", str(hub.clock.now_ms()))
        set_setting(db, "restored_until_ms", str(hub.clock.now_ms() - 6 * HOUR))
    page = hub.log_in("operator").get("/campuses/").text
    assert "从旧备份恢复" in page and "还没有交回记录" in page and "等校区交回" in page
    with connect(node) as db:
        assert run_exchange(node, db, line(hub)).epochs == 1
    page = hub.log_in("operator").get("/campuses/").text
    assert "各校区都已交回" in page and "还没有交回" not in page


def test_what_waits_for_an_upgrade_is_counted_for_the_hub_and_for_each_node(hub, node) -> None:
    """C12, C14."""
    client = hub.log_in("operator")
    assert "个值等待升级" not in client.get("/campuses/").text
    with connect(hub.replica) as db, transaction(db):
        db.conn.execute("UPDATE _changeset SET unread = 2 WHERE n = 1")
        db.conn.execute("UPDATE _node SET parked = 7 WHERE node = ?", (node.node,))
    page = client.get("/campuses/").text
    assert "2 个值等待升级" in page and "7 个值等待升级" in page
    page = client.get("/campuses/?lang=en").text
    assert "2 values wait for an upgrade" in page and "7 values wait for an upgrade" in page


def test_the_board_shows_what_each_node_and_the_hub_found_when_they_checked_everything(hub, node) -> None:
    """C14: as each node told at its last sync, and the hub itself."""
    client = hub.log_in("operator")
    assert "全部核对" not in client.get("/campuses/").text
    with connect(node) as db:
        note_verified(db, node, 2)
        run_exchange(node, db, line(hub))
    with connect(hub.replica) as db:
        note_verified(db, hub.replica, 0)
    page = client.get("/campuses/").text
    assert "2 处不符" in page and "本中心的全部核对" in page and "没有不符" in page


def test_revoking_asks_first_and_then_the_node_is_out(hub, node) -> None:
    client = hub.log_in("operator")
    assert "停用以后不能恢复" in client.get(f"/campuses/nodes/{node.node}/revoke").text
    assert post(client, f"/campuses/nodes/{node.node}/revoke", {}).status_code == 302
    assert "已停用" in client.get("/campuses/").text
    assert client.get("/campuses/nodes/N9999999/revoke").status_code == 404


@pytest.mark.parametrize(
    ("login", "url", "status"),
    [
        ("clerk", "/campuses/", 200),
        ("teacher", "/campuses/", 403),
        ("clerk", "/campuses/enrol", 403),
        ("operator", "/campuses/enrol", 200),
        ("teacher", "/campuses/quarantine", 403),
    ],
)
def test_each_page_is_for_its_roles(hub, login, url, status) -> None:
    assert hub.log_in(login).get(url).status_code == status


def test_two_operators_release_what_was_refused(hub, node) -> None:
    """C9: the values are shown with the reason; one person alone lets nothing in."""
    with connect(node) as db:
        with write(node, db, Author(TEACHER)) as w:
            w.insert(CalendarDay(campus="B", date="2025-09-16", kind="closed", note="停水"))
        run_exchange(node, db, line(hub))
    ((version,),) = hub.rows("SELECT name FROM changeset_name WHERE state = 'quarantined'")
    first, second = hub.log_in("operator"), hub.log_in("operator2")
    page = first.get("/campuses/quarantine").text
    assert "填写人的角色不能做这件事" in page and "停水" in page and "王小明" in page
    assert post(hub.log_in("clerk"), "/campuses/quarantine/release", {"version": version}).status_code == 403
    assert post(first, "/campuses/quarantine/release", {"version": version}).status_code == 302
    again = post(first, "/campuses/quarantine/release", {"version": version}, follow_redirects=True)
    assert "要由另一位系统管理员同意" in again.text
    assert hub.count("calendar_day") == 0
    assert "同意并放行" in second.get("/campuses/quarantine").text
    assert post(second, "/campuses/quarantine/release", {"version": version}).status_code == 302
    assert hub.rows("SELECT note FROM calendar_day") == [("停水",)]
    assert (
        hub.rows("SELECT reason_data FROM _entry WHERE kind = 'release'")[0][0].count(f"{OPERATOR},{OPERATOR_2}") == 1
    )
    assert post(second, "/campuses/quarantine/release", {"version": version}).status_code == 404


def test_quarantine_names_the_other_parts_of_a_save(hub, node) -> None:
    """C9: one release acts on the whole save; half a save that is in force is told, never silent."""
    with connect(node) as db:
        with write(node, db, Author(TEACHER)) as w:
            w.insert(CalendarDay(campus="B", date="2025-09-16", kind="closed", note="停水"))
            w.insert(Pupil(id="B-901-x", name="李小雨"))
        run_exchange(node, db, line(hub))
    page = hub.log_in("operator").get("/campuses/quarantine").text
    assert page.count("同一次保存的另外 1 批也被拒收") == 2 and "另一部分已经生效" not in page
    with connect(hub.replica) as db:
        db.conn.execute("UPDATE _changeset SET action_size = 3 WHERE state = 'quarantined'")
    page = hub.log_in("operator").get("/campuses/quarantine").text
    assert page.count("同一次保存还有 1 部分没有回到中心，现在放行不包括它。") == 2
    with connect(hub.replica) as db:
        db.conn.execute("UPDATE _changeset SET state = 'applied' WHERE state = 'quarantined' AND scope = 'con'")
    page = hub.log_in("operator").get("/campuses/quarantine").text
    assert page.count("同一次保存的另一部分已经生效") == 1 and "李小雨" in page


def test_a_campus_head_s_own_write_is_not_refused(hub, node) -> None:
    with connect(node) as db:
        with write(node, db, Author(HEAD_B, rank="office")) as w:
            w.insert(CalendarDay(campus="B", date="2025-09-16", kind="closed"))
        assert run_exchange(node, db, line(hub)).refused == 0
    assert "没有拒收的记录" in hub.log_in("operator").get("/campuses/quarantine").text


def test_the_board_says_that_there_is_no_backup_until_there_is_one(hub) -> None:
    """C13: what the hub alone holds rests on its backup, and whoever looks after the machine is told."""
    client = hub.log_in("operator")
    assert "没有备份" in client.get("/campuses/").text
    assert "没有备份" not in hub.log_in("teacher").get("/campuses/").text
    with connect(hub.replica) as db, transaction(db):
        set_setting(db, "backup_ms", str(NOW))
    page = client.get("/campuses/").text
    assert "没有备份" not in page and "上次核对过的备份" in page and "之后又有" in page

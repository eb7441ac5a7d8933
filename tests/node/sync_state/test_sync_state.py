"""The state of sync in words on every page, and the page behind it (C14)."""

import pytest

from node.config import SyncerState
from node.sync_state.rules import clock_code, head_of
from shared.database import transaction
from sync.replica import connect, set_setting
from sync.status import note_verified
from tests.node.small_node import make_node, make_pair, take_register
from tests.web.small_site import log_in, token_in

HOUR_MS = 3_600_000


class CountingSyncer:
    """Counts how often it was asked."""

    def __init__(self, state=None):
        self.asked = 0
        self._state = state or SyncerState()

    def ask(self):
        self.asked += 1

    def state(self):
        return self._state


@pytest.mark.parametrize(
    ("last_good_ms", "backlog", "conflicts", "code", "tone"),
    [
        (None, 0, 0, "never", "info"),
        (None, 3, 0, "waiting", "warn"),
        (0, 0, 0, "synced", "ok"),
        (0, 3, 0, "waiting", "warn"),
        (0, 3, 1, "conflicts", "bad"),
        (-80 * HOUR_MS, 0, 0, "old", "warn"),
    ],
)
def test_the_head_bar_says_what_matters_most(last_good_ms, backlog, conflicts, code, tone):
    head = head_of(last_good_ms=last_good_ms, now_ms=HOUR_MS, backlog=backlog, conflicts=conflicts)
    assert (head.code, head.tone) == (code, tone)


@pytest.mark.parametrize(
    ("offset_ms", "doubtful", "code"), [(None, False, "unknown"), (1200, False, "fine"), (-900_000, True, "doubtful")]
)
def test_the_clock_is_judged_in_words(offset_ms, doubtful, code):
    assert clock_code(offset_ms, doubtful) == code


@pytest.fixture
def pair(tmp_path):
    return make_pair(tmp_path)


def as_if_synced(pair, offset_ms=800):
    """What a good exchange leaves behind."""
    now_ms = pair.clock.now_ms()
    with connect(pair.node) as db, transaction(db):
        db.conn.execute("UPDATE _changeset SET hub_seq = n, received_at = ?", (now_ms,))
        for name, value in (("last_good_sync_ms", now_ms), ("last_contact_ms", now_ms), ("clock_offset_ms", offset_ms)):
            set_setting(db, name, str(value))


def get(pair, path, login="wm", **ports):
    client = make_node(pair, **ports).test_client()
    log_in(client, login)
    return client.get(path).text


@pytest.mark.parametrize("path", ["/", "/sync", "/conflicts", "/registers", "/password", "/nothing"])
def test_every_page_says_how_sync_stands(pair, path):
    assert "条待传" in get(pair, path)
    as_if_synced(pair)
    assert "✓ 今天 08:05 已同步" in get(pair, path)


def test_synced_is_said_only_after_the_hub_s_receipt(pair):
    """C14: what was written since the last good sync waits, however good that was."""
    as_if_synced(pair)
    assert "全部已由主校区收到" in get(pair, "/sync")
    take_register(pair.node)
    text = get(pair, "/sync")
    assert "有记录等待上传" in text and "全部已由主校区收到" not in text
    assert "1 次保存，2 行" in text


def test_a_clock_far_from_the_hub_s_is_named(pair):
    as_if_synced(pair, offset_ms=-20 * 60_000)
    assert "和主校区差 20 分钟，请校正" in get(pair, "/sync")


def test_what_waits_for_an_upgrade_is_counted_in_both_languages(pair):
    """C12, C14."""
    assert "个值等待升级" not in get(pair, "/sync")
    with connect(pair.node) as db, transaction(db):
        db.conn.execute("UPDATE _changeset SET unread = 3 WHERE n = 1")
    assert "3 个值等待升级" in get(pair, "/sync")
    assert "3 values wait for an upgrade" in get(pair, "/sync?lang=en")


def refuse(pair, reason="wrong_role"):
    """The newest changeset as the hub's verdict leaves it."""
    with connect(pair.node) as db, transaction(db):
        last = "(SELECT max(n) FROM _changeset)"
        db.conn.execute(f"UPDATE _changeset SET state = 'quarantined', reason = ? WHERE n = {last}", (reason,))


def test_the_last_full_check_is_told(pair):
    """C14: when, and whether anything was wrong; nothing before the first."""
    assert "全部核对" not in get(pair, "/sync")
    with connect(pair.node) as db:
        note_verified(db, pair.node, 0)
        assert "没有不符" in get(pair, "/sync")
        note_verified(db, pair.node, 3)
    assert "3 处不符" in get(pair, "/sync")
    assert "3 places wrong" in get(pair, "/sync?lang=en")


def test_what_was_refused_is_shown_with_its_reason_and_its_values_for_re_entry(pair):
    take_register(pair.node)
    refuse(pair)
    text = get(pair, "/sync")
    assert "被主校区退回" in text and "填写人的角色不能改这些内容" in text
    assert "三年级2班 · 9月15日 周一 · 上午 · 邓子轩" in text
    assert "迟到" in text and 'href="/registers/A-12-AA/2025-09-15/am"' in text
    assert "0000000000000000" not in text


def test_what_others_entered_is_counted_and_not_shown(pair):
    take_register(pair.node)
    refuse(pair)
    text = get(pair, "/sync", login="smw")
    assert "邓子轩" not in text and "另有 2 行是别人填的" in text
    assert "邓子轩" in get(pair, "/sync", login="zjw")


def test_sync_now_asks_the_syncer_and_only_whoever_may(pair):
    syncer = CountingSyncer()
    app = make_node(pair, syncer=syncer)
    for login, status in (("zjw", 302), ("smw", 403)):
        client = app.test_client()
        log_in(client, login)
        token = token_in(client.get("/sync").text)
        assert client.post("/sync/now", data={"csrf_token": token}).status_code == status
        assert ("立即同步" in client.get("/sync").text) is (status == 302)
    assert syncer.asked == 1


def test_a_failed_try_is_told_in_words(pair):
    syncer = CountingSyncer(SyncerState(running=False, failure="hub_unreachable"))
    assert "连不上主校区" in get(pair, "/sync", syncer=syncer)
    assert "正在同步…" in get(pair, "/sync", syncer=CountingSyncer(SyncerState(running=True)))


def test_a_server_that_does_not_sync_says_so(pair):
    client = make_node(pair).test_client()
    log_in(client, "zjw")
    assert "立即同步" not in client.get("/sync").text
    token = token_in(client.get("/sync").text)
    client.post("/sync/now", data={"csrf_token": token})
    assert "没有开自动同步" in client.get("/sync").text

"""A disagreement between hub and node, seen and settled by a person at the node."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from shared.records import CalendarDay
from sync.capture import write
from sync.change import Author
from sync.conflicts import open_conflicts
from sync.replica import Replica, connect
from tests.browser.conftest import Device
from tests.browser.consortium import CLERK_A, OFFICE, World
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser
DAY = "2025-09-19"
KIND = "SELECT kind FROM calendar_day WHERE campus = 'A' AND date = ?"


def say(replica: Replica, author: Author, kind: str) -> None:
    """Somebody says what kind of day it is."""
    with connect(replica) as db, write(replica, db, author) as w:
        w.update(CalendarDay, ("A", DAY), {"kind": kind})


def open_at(replica: Replica) -> int:
    """How many disagreements are open there."""
    with connect(replica) as db:
        return len(open_conflicts(db, replica))


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_hub_and_node_disagree_and_the_decision_at_the_node_ends_it_on_both(world: World, device: Device) -> None:
    """C5: base, ours and theirs with who, where and when; the decision travels like any other write."""
    say(world.hub, OFFICE, "exam")
    say(world.node, CLERK_A, "closed")
    page = device.page
    device.open_login(world.node_url, "zhouwen")
    sync_now(device)
    expect(page.locator(".head-chip")).to_contain_text("1 处冲突")
    device.look("sync-conflict")
    assert (open_at(world.node), open_at(world.hub)) == (1, 1)
    device.follow("main a[href='/conflicts']")
    expect(page.locator("main h2")).to_contain_text("校历")
    device.look("conflicts-one")
    device.follow("main a.btn.main")
    for words in ("原来是", "上课日", "本机", "停课", "周文", "别处", "考试日", "李建国", "中心校区"):
        expect(page.locator("main")).to_contain_text(words)
    device.look("conflict-card")
    device.press("label.side:has-text('停课')")
    page.fill("[name=note]", "台风预警，区里通知停课")
    device.follow("main .btn.main")
    expect(page.locator(".flash.ok")).to_contain_text("已按您的决定保存")
    expect(page.locator("main")).to_contain_text("没有要您决定的冲突")
    device.look("conflicts-settled")
    sync_now(device)
    expect(page.locator(".head-chip")).to_contain_text("已同步")
    device.look("sync-done")
    for replica in (world.node, world.hub):
        assert open_at(replica) == 0 and world.rows(replica, KIND, DAY) == [("closed",)]
    seen_at_hub(world, device)


def seen_at_hub(world: World, device: Device) -> None:
    """The general principal finds nothing left to decide, and the day as it was settled."""
    page = device.page
    device.open_login(world.hub_url + "/login?next=/conflicts", "lijianguo")
    expect(page.locator("main")).to_contain_text("没有要您决定的冲突")
    device.look("hub-conflicts-none")


def sync_now(device: Device) -> None:
    """Press the button and reload until it is done."""
    device.page.goto(re.sub(r"(//[^/]+).*", r"\1/sync", device.page.url))
    device.follow("form[action='/sync/now'] button")
    device.reload_until("全部已由主校区收到")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_same_disagreement_can_be_read_at_the_hub(world: World, device: Device) -> None:
    say(world.hub, OFFICE, "exam")
    say(world.node, CLERK_A, "closed")
    world.sync()
    device.open_login(world.hub_url + "/login?next=/conflicts", "lijianguo")
    expect(device.page.locator("main")).to_contain_text("停课")
    device.look("hub-conflicts-one")
    device.follow("main a.btn.main")
    device.look("hub-conflict-card")
    device.follow("footer [name=lang][value=en]")
    device.look("hub-conflict-card-en")

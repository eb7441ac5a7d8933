"""Several disagreements of one kind settled with one tap, at the node and on both sizes (C5)."""

from __future__ import annotations

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
DAYS = ("2025-09-17", "2025-09-18", "2025-09-19")


def say(replica: Replica, author: Author, **changes: str) -> None:
    """Somebody says something about all these days, a save each."""
    for day in DAYS:
        with connect(replica) as db, write(replica, db, author) as w:
            w.update(CalendarDay, ("A", day), changes)


def open_at(replica: Replica) -> int:
    """How many disagreements are open there."""
    with connect(replica) as db:
        return len(open_conflicts(db, replica))


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_two_of_three_days_are_settled_with_one_tap(world: World, device: Device) -> None:
    say(world.hub, OFFICE, kind="exam")
    say(world.node, CLERK_A, kind="closed")
    world.sync()
    page = device.page
    device.open_login(world.node_url, "zhouwen")
    page.goto(f"{world.node_url}/conflicts")
    device.look("conflicts-inbox-several")
    device.follow("main a[href='/conflicts/several']")
    expect(page.locator("tbody tr")).to_have_count(3)
    for words in ("停课", "考试日", "上课日", "周文", "李建国"):
        expect(page.locator("main")).to_contain_text(words)
    page.locator("[data-pick-all]").check()
    page.locator("tr", has_text="9月18日").locator(".pick input").uncheck()
    expect(page.locator("[data-picked]")).to_have_text("已选 2 条")
    page.fill("[name=note]", "台风预警")
    device.look("conflicts-several")
    device.follow(".bulk-bar button[value=ours]")
    expect(page.locator(".flash.ok")).to_contain_text("2 处已定")
    expect(page.locator("tbody tr")).to_have_count(1)
    device.look("conflicts-several-left")
    world.sync()
    assert (open_at(world.node), open_at(world.hub)) == (1, 1)
    sql = "SELECT kind FROM calendar_day WHERE campus = 'A' AND date IN (?, ?)"
    kinds = world.rows(world.hub, sql, DAYS[0], DAYS[2])
    assert kinds == [("closed",), ("closed",)]

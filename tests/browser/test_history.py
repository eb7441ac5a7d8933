"""A teacher saves the wrong thing, finds it under the latest actions, and takes it back whole."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shared.records import CalendarDay
from sync.capture import write
from sync.replica import connect
from tests.browser.conftest import Device
from tests.browser.consortium import CLASS, CLERK_A, OFFICE, TODAY, World, pupil_id
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser
AM = f"/registers/{CLASS}/{TODAY}/am"
EXCEPTIONS = "SELECT person_id, mark FROM register_exception"


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_register_saved_by_mistake_is_taken_back_and_comes_again(world: World, device: Device) -> None:
    """Precise point 6: header and exceptions were one action, and go back together."""
    page = device.page
    device.open_login(world.node_url, "wangmin")
    page.goto(world.node_url + AM)
    page.locator(f"[name=mark-{pupil_id(3)}]").evaluate("each => each.value = 'absent'")
    device.press("#done")
    expect(page.locator("#taken")).to_contain_text("已点名")
    assert world.rows(world.node, EXCEPTIONS) == [(pupil_id(3), "absent")]
    page.reload()
    device.look("register-with-undo")
    device.follow("a.undo-page")
    expect(page.locator("main")).to_contain_text("还没有传到主校区")
    device.look("history")
    device.follow("main table a.btn")
    expect(page.locator("main")).to_contain_text("撤回后会变成")
    device.look("history-action")
    page.fill("[name=reason]", "点错班了")
    device.follow("main form .btn.main")
    expect(page.locator(".flash.ok")).to_contain_text("已撤回")
    assert world.rows(world.node, EXCEPTIONS) == [] and world.rows(world.node, "SELECT * FROM register") == []
    device.look("history-undone")
    device.follow("main table a.btn")
    page.fill("[name=reason]", "没有点错")
    device.follow("main form .btn.main")
    assert world.rows(world.node, EXCEPTIONS) == [(pupil_id(3), "absent")]


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_what_was_changed_since_is_in_the_way_and_says_so(world: World, device: Device) -> None:
    for author, kind in ((CLERK_A, "exam"), (OFFICE, "closed")):
        with connect(world.hub) as db, write(world.hub, db, author) as w:
            w.update(CalendarDay, ("A", TODAY), {"kind": kind, "note": "临时安排"})
    page = device.page
    device.open_login(world.hub_url, "lijianguo")
    page.goto(world.hub_url + "/history")
    device.look("hub-history")
    device.follow("main table tbody tr:nth-child(2) a.btn")
    for words in ("不能撤回", "校历", "后来又改过（李建国）", "请先撤回后面那一次"):
        expect(page.locator("main")).to_contain_text(words)
    device.look("hub-history-blocked")

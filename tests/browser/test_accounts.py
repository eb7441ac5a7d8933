"""The list of accounts in a browser: ticked one by one, all at once, without script, on a phone and a PC."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from shared.records import Person, StaffMembership
from tests.browser.conftest import Device
from tests.browser.consortium import OFFICE, PASSWORD, World, fill
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser

NEWCOMERS = ("钱诗琪", "孙明哲", "赵可欣")


def add_newcomers(world: World) -> None:
    """Three people without an account."""
    rows: list[object] = []
    for n, name in enumerate(NEWCOMERS):
        rows.append(Person(id=f"A-{70 + n}-ZZ", name=name, staff_number=f"01{n}0"))
        rows.append(
            StaffMembership(
                id=f"A-{80 + n}-ZZ", person_id=f"A-{70 + n}-ZZ", campus="A", category="teacher", begin="2025-08-01"
            )
        )
    fill(world.hub, OFFICE, rows)


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_slips_for_those_who_are_ticked(world: World, device: Device) -> None:
    add_newcomers(world)
    page = device.page
    device.open_login(world.hub_url, "chen")
    page.goto(f"{world.hub_url}/accounts")
    count = page.locator("[data-picked]")
    expect(count).to_have_text("已选 3 条")
    device.look("accounts")
    page.locator("[data-pick-all]").check()
    boxes = page.locator(".pick input")
    expect(count).to_have_text(f"已选 {boxes.count()} 条")
    page.locator("[data-pick-all]").uncheck()
    expect(count).to_have_text("已选 0 条")
    expect(page.locator(".bulk-bar button")).to_be_disabled()
    page.locator("tr", has_text=NEWCOMERS[1]).locator(".pick input").check()
    device.look("accounts-one-ticked")
    box = page.locator(".list .pick label").first.bounding_box()
    assert box and min(box["width"], box["height"]) >= 44
    device.follow(".bulk-bar .main")
    expect(page.locator(".slip")).to_have_count(1)
    expect(page.locator(".slip")).to_contain_text(NEWCOMERS[1])
    device.look("accounts-slips")


def test_without_script_a_link_ticks_all_that_are_listed(world: World, chromium: Browser) -> None:
    add_newcomers(world)
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(world.hub_url)
        page.fill("[name=login]", "chen")
        page.fill("[name=password]", PASSWORD)
        page.click("main .btn.main")
        page.goto(f"{world.hub_url}/accounts?q=0120")
        page.locator(".pick input").uncheck()
        page.click("noscript a")
        expect(page.locator(".pick input:checked")).to_have_count(1)
        page.click(".bulk-bar .main")
        expect(page.locator(".slip")).to_contain_text(NEWCOMERS[2])
    finally:
        context.close()

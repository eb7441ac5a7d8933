"""On the hub: from the combined table to a person, and from a point to the row behind it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Device
from tests.browser.consortium import WANG, World
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_point_of_a_score_is_opened_down_to_its_row(world: World, device: Device) -> None:
    """The row says date, campus, who, and the changeset that brought it: one from the hub, one from the node."""
    page = device.page
    device.open_login(world.hub_url, "lijianguo")
    expect(page.locator("main")).to_contain_text("中心校区")
    device.look("hub-board")
    device.follow("nav a[href='/appraisal']")
    device.look("hub-appraisal")
    device.follow("form[action='/appraisal/run'] button")
    expect(page.locator("h1")).to_have_text("考核总表")
    device.look("hub-table")
    for name in ("王敏", "王小明", "赵强"):
        expect(page.locator(".scores")).to_contain_text(name)
    device.follow(".scores tbody th a:has-text('王小明')")
    row = page.locator("#late_or_early tr", has_text="迟到 4 分钟")
    expect(row).to_be_hidden()
    device.press("#late_or_early summary")
    expect(row).to_be_visible()
    for words in ("9月2日", "中心校区", "周文", changeset(world, "2025-09-02", "A")):
        expect(row).to_contain_text(words)
    at_b = page.locator("#late_or_early tr", has_text="迟到 9 分钟")
    for words in ("9月4日", "西校区", "李建国", "雨天路滑", changeset(world, "2025-09-04", "B")):
        expect(at_b).to_contain_text(words)
    device.look("hub-person")
    page.goto(page.url + "?open=all")
    device.look("hub-person-open")


def changeset(world: World, day: str, campus: str) -> str:
    """The name of the changeset that wrote this day, as the hub's log has it."""
    found = world.rows(
        world.hub,
        "SELECT c.name FROM staff_day s JOIN changeset_name c ON c.n = abs(s._v)"
        " WHERE s.person_id = ? AND s.date = ? AND s.campus = ?",
        WANG, day, campus,
    )  # fmt: skip
    return str(found[0][0])


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_hub_s_pages_have_no_fault_in_either_language(world: World, device: Device) -> None:
    page = device.page
    device.open_login(world.hub_url, "lijianguo")
    page.goto(world.hub_url + "/appraisal")
    device.follow("form[action='/appraisal/run'] button")
    table = page.url
    for path, name in pages(world, table):
        page.goto(path)
        device.look(name)
    page.goto(world.hub_url)
    device.follow("footer [name=lang][value=en]")
    for path, name in pages(world, table):
        page.goto(path)
        device.look(f"{name}-en")
    device.follow("footer form[action='/logout'] button")
    expect(page).to_have_url(re.compile("/login"))
    device.look("hub-login-en")


def pages(world: World, table: str) -> list[tuple[str, str]]:
    """Address and name of the pages a principal goes to."""
    return [
        (world.hub_url + "/campuses/", "hub-campuses"),
        (world.hub_url + "/appraisal", "hub-runs"),
        (table, "hub-table-2"),
        (f"{table}/person/{WANG}?open=all", "hub-person-2"),
        (world.hub_url + "/entry/", "hub-entry"),
        (world.hub_url + "/office/", "hub-office"),
        (world.hub_url + "/office/calendar", "hub-calendar"),
        (world.hub_url + "/conflicts/", "hub-conflicts"),
    ]

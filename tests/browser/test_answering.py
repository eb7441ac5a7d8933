"""The hub's page of rooms it answers for, on a phone and a PC: ticked, refused with a reason, read in English."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shared.records import BookingOccurrence, BookingSeries, Room
from tests.browser.conftest import Device
from tests.browser.consortium import OFFICE, TEACHER, TODAY, World, fill
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_wishes_for_rooms_of_a_campus_without_a_computer(world: World, device: Device) -> None:
    rows: list[object] = [Room(id="B-70-ZZ", campus="B", name="活动室", kind="hall", seats=60)]
    for number, title in enumerate(("家长会", "合唱排练", "教研活动")):
        id_ = f"B-9{number}-ZZ"
        rows.append(BookingSeries(id=id_, room_id="B-70-ZZ", campus="A", booked_by=TEACHER, title=title))
        rows.append(
            BookingOccurrence(series_id=id_, number=1, room_id="B-70-ZZ", date=TODAY, begin=f"1{number}:00",
                              end=f"1{number}:40")
        )  # fmt: skip
    fill(world.hub, OFFICE, rows)
    page = device.page
    device.open_login(world.hub_url, "lijianguo")
    page.goto(f"{world.hub_url}/rooms")
    page.locator("tr", has_text="家长会").locator(".pick input").check()
    page.locator("tr", has_text="合唱排练").locator(".pick input").check()
    expect(page.locator("[data-picked]")).to_have_text("已选 2 条")
    device.look("rooms-answered-for")
    device.follow(".bulk-bar button[value=confirmed]")
    expect(page.locator("main")).to_contain_text("已定")
    page.locator("tr", has_text="教研活动").locator(".pick input").check()
    device.follow(".bulk-bar button[value=rejected]")
    expect(page.locator("[role=alert]")).to_contain_text("没有填")
    expect(page.locator(".pick input:checked")).to_have_count(1)
    device.look("rooms-answered-for-refusal")

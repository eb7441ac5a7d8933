"""A room wanted by both campuses while the line is cut: to the answer, and to the alternative."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Device, hold
from tests.browser.consortium import NAMES, TODAY
from tests.browser.two_campuses import LAB, ROOM_NAMES, TwoCampuses, opened_two
from tests.support import browser
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser
STATES = (
    "SELECT s.title, o.begin, o.state, o.reason FROM booking_occurrence o"
    " JOIN booking_series s ON s.id = o.series_id ORDER BY 1, 2"
)
CELL = f"a.item.free[href*='room_id={LAB}'][href*='begin=10:']"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[TwoCampuses]:
    """Two campuses and a hub."""
    with opened_two(tmp_path) as opened:
        yield opened


@pytest.fixture
def other(chromium: Browser, device: Device) -> Iterator[Device]:
    """A second device of the same size, at the other campus."""
    held = hold(chromium, device.size)
    yield held
    held.context.close()
    assert [said for said in held.console if "Failed to load resource" not in said] == []


def ask(device: Device, title: str, *, picture: str = "") -> None:
    """From the grid: the "+" of the laboratory in the third period, a word for it, done."""
    device.follow(".menu a[href='/rooms']")
    device.follow(CELL)
    device.page.fill("[name=title]", title)
    if picture:
        device.look(picture)
    device.follow("#booking .btn.main")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_room_wanted_on_both_sides_of_a_cut_line(both: TwoCampuses, device: Device, other: Device) -> None:
    """C8: confirmed at its own campus, tentative elsewhere, answered at the next sync, with what is free instead."""
    west, main = device, other
    west.open_login(both.url_b, "zhaoqiang")
    ask(west, "种子发芽", picture="booking-form")
    expect(west.page.locator("main")).to_contain_text("待中心校区答复")
    west.look("booking-waits")
    main.open_login(both.first.node_url, "wangmin")
    ask(main, "磁铁实验")
    expect(main.page.locator(".chip.ok").last).to_have_text("已定")

    # The line is back: the west's request goes up, the main campus answers in its own run, the west hears it.
    for campus in "BAB":
        both.sync(campus)
    west.page.goto(both.url_b + "/")
    expect(west.page.locator(".notices")).to_contain_text("未获准，点开看哪里有空")
    west.look("today-answered")
    west.follow(".notices a")
    expect(west.page.locator(".lines .chip")).to_have_text("未获准")
    expect(west.page.locator(".lines")).to_contain_text("已有预约 · 按规则答复")
    west.look("booking-rejected")
    west.follow(".instead a[href*='begin=11:10']")
    expect(west.page.locator("[name=title]")).to_have_value("种子发芽")
    west.follow("#booking .btn.main")
    west.follow(".back")
    expect(west.page.locator(".item.tentative")).to_contain_text("待中心校区答复")
    west.look("rooms-tentative")
    for campus in "BAB":
        both.sync(campus)
    west.page.reload()
    expect(west.page.locator(".item.firm", has_text="种子发芽")).to_contain_text("已定")
    west.look("rooms-answered")
    assert both.first.rows(both.first.hub, STATES) == [
        ("磁铁实验", "10:20", "confirmed", "none"),
        ("种子发芽", "10:10", "rejected", "booked"),
        ("种子发芽", "11:10", "confirmed", "none"),
    ]


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_office_sees_what_the_other_campus_asked_and_what_was_answered(both: TwoCampuses, device: Device) -> None:
    """C8: both sides are told."""
    device.open_login(both.url_b, "zhaoqiang")
    ask(device, "种子发芽")
    for campus in "BAB":
        both.sync(campus)
    device.open_login(both.first.node_url, "zhouwen")
    expect(device.page.locator(".notices")).to_contain_text("赵强 申请，已按规则答复：已定")
    device.look("today-office")
    device.page.goto(both.first.node_url + "/bookings")
    expect(device.page.locator(".lines").first).to_contain_text("种子发芽")
    expect(device.page.locator(".lines").first).to_contain_text("赵强 · 按规则答复")
    device.look("bookings-office")
    device.follow(".lines a.big")
    device.press("summary.btn")
    device.look("booking-decide")
    device.page.fill("[name=answer_note]", "要检修")
    device.follow("button[value=rejected]")
    expect(device.page.locator(".lines .chip")).to_have_text("未获准")
    assert both.first.rows(both.first.node, STATES) == [("种子发芽", "10:10", "rejected", "office")]


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_pages_of_rooms_have_no_fault_in_either_language(both: TwoCampuses, device: Device) -> None:
    device.open_login(both.first.node_url, "wangmin")
    ask(device, "磁铁实验")
    paths = ("/rooms", f"/rooms/{LAB}", "/rooms/week", "/bookings", f"/bookings/new?room_id={LAB}&date={TODAY}")
    for lang in ("zh", "en"):
        for number, path in enumerate(paths):
            device.page.goto(f"{both.first.node_url}{path}{'&' if '?' in path else '?'}lang={lang}")
            browser.keep_picture(device.page, f"rooms-{lang}-{number}")
            assert browser.faults_of(device.page, names=NAMES | ROOM_NAMES) == [], path


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_taken_room_offers_what_is_free_in_one_tap(both: TwoCampuses, device: Device) -> None:
    device.open_login(both.first.node_url, "wangmin")
    place = f"room_id={LAB}&date={TODAY}&begin=09:10&end=09:50"
    device.page.goto(f"{both.first.node_url}/bookings/new?{place}")
    device.page.fill("[name=title]", "磁铁实验")
    device.follow("#booking .btn.main")
    expect(device.page.locator(".flash.bad")).to_contain_text("没有订上")
    device.look("booking-taken")
    device.follow(f"button[value='{LAB}|{TODAY}|08:20|09:00']")
    assert both.first.rows(both.first.node, STATES) == [("磁铁实验", "08:20", "confirmed", "none")]

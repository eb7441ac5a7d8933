"""A teacher takes a register while the school's Wi-Fi comes and goes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error, Route, expect

from tests.browser.conftest import Device
from tests.browser.consortium import CLASS, NOW_MS, PASSWORD, TEACHER, TODAY, World, pupil_id
from tests.support.browser import SIZES, set_clock

pytestmark = pytest.mark.browser
EXCEPTIONS = "SELECT person_id, source, mark, minutes FROM register_exception ORDER BY person_id"
REGISTERS = "SELECT group_id, date, session, taken_by, roster_size FROM register"
CHANGESETS = "SELECT count(*) FROM changeset_name WHERE person_id = ?"
AM = f"/registers/{CLASS}/{TODAY}/am"
REGISTERS_URL = re.compile("/registers/")
LATE, AWAY = pupil_id(3), pupil_id(7)


def cut(device: Device, *, heard: bool) -> None:
    """From the next save on nothing comes back; `heard`: the node gets that save, only its reply is lost."""

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        if heard:
            route.fetch()
        device.context.set_offline(True)
        route.abort("connectionreset")

    device.context.route(REGISTERS_URL, lose)


def mend(device: Device) -> None:
    """The Wi-Fi is back."""
    device.context.unroute(REGISTERS_URL)
    device.context.set_offline(False)


def mark_two(device: Device) -> None:
    """One pupil is ten minutes late, one is not there."""
    page = device.page
    if device.size == "phone":
        device.press(f"#state-{LATE}")
        device.press("#sheet [value=late]")
        device.press("#sheet-minutes [value='10']")
        device.press(f"#state-{AWAY}")
        device.press("#sheet [value=absent]")
    else:
        page.focus(f"#state-{LATE}")
        for key in "c10":
            page.keyboard.press(key)
        page.focus(f"#state-{AWAY}")
        page.keyboard.press("w")


def assert_stored_once(world: World) -> None:
    """One register, two exceptions, one changeset, no second opinion."""
    assert world.rows(world.node, REGISTERS) == [(CLASS, TODAY, "am", TEACHER, 23)]
    assert world.rows(world.node, EXCEPTIONS) == [(LATE, "teacher", "late", 10), (AWAY, "teacher", "absent", 0)]
    assert world.rows(world.node, CHANGESETS, TEACHER) == [(1,)]
    assert world.rows(world.node, "SELECT count(*) FROM _head") == [(0,)]


@pytest.mark.parametrize("heard", [True, False], ids=["reply lost", "request lost"])
@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_register_cut_off_in_mid_save_is_sent_by_itself_exactly_once(
    world: World, device: Device, heard: bool
) -> None:
    page = device.page
    device.open_login(world.node_url, "wangmin")
    expect(page.locator("h1")).to_have_text("今天")
    device.look("today")
    device.follow(f"a.slot[href='{AM}']")
    expect(page.locator("#taken")).to_contain_text("尚未点名")
    mark_two(device)
    device.look("register-marked")
    cut(device, heard=heard)
    if device.size == "phone":
        device.press("#done")
    else:
        page.keyboard.press("Control+Enter")
    expect(page.locator("#net:visible")).to_contain_text("1 份点名已存在这台设备上")
    expect(page.locator("#stored")).to_be_visible()
    device.look("register-cut-off")
    assert len(world.rows(world.node, REGISTERS)) == heard
    mend(device)
    expect(page.locator("#net.ok:visible")).to_contain_text("保存")
    expect(page.locator("#taken")).to_contain_text("已点名")
    expect(page.locator(".head-chip")).to_contain_text("待传")
    device.look("register-saved")
    assert_stored_once(world)
    page.reload()
    expect(page.locator(f"#state-{LATE}")).to_have_text("迟到 10分")
    expect(page.locator("#taken")).to_contain_text("已点名")
    assert_stored_once(world)


@pytest.mark.parametrize("heard", [True, False], ids=["reply lost", "request lost"])
@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_reloading_the_page_while_the_line_is_cut_loses_nothing(world: World, device: Device, heard: bool) -> None:
    page = device.page
    device.open_login(world.node_url + f"/login?next={AM}", "wangmin")
    mark_two(device)
    cut(device, heard=heard)
    device.press("#done")
    expect(page.locator("#net:visible")).to_contain_text("1 份点名已存在这台设备上")
    # A person who doubts reloads: first without any network, then in a new tab with one that still loses saves.
    page.on("dialog", lambda dialog: dialog.accept())
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()
    page.close()
    mend(device)
    device.context.route(
        REGISTERS_URL,
        lambda route: route.abort("connectionreset") if route.request.method == "POST" else route.continue_(),
    )
    page = device.page = device.context.new_page()
    page.goto(world.node_url + AM)
    expect(page.locator("#net:visible")).to_contain_text("1 份点名已存在这台设备上")
    expect(page.locator(f"#state-{LATE}")).to_have_text("迟到 10分")
    expect(page.locator(f"#state-{AWAY}")).to_have_text("未到")
    mend(device)
    page.reload()
    page.wait_for_function("() => localStorage.getItem('tongxin-outbox') === null")
    expect(page.locator("#taken")).to_contain_text("已点名")
    expect(page.locator("#stored:visible")).to_contain_text("已存本校区")
    expect(page.locator(f"#state-{LATE}")).to_have_text("迟到 10分")
    assert_stored_once(world)


@pytest.mark.parametrize("device", ["pc"], indirect=True)
def test_a_teacher_needs_no_mouse_from_log_in_to_saved(world: World, device: Device) -> None:
    page, keys = device.page, device.page.keyboard
    page.goto(world.node_url)
    expect(page.locator("[name=login]")).to_be_focused()
    keys.type("wangmin")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text("今天")
    tab_to(device, f"a.slot[href='{AM}']")
    keys.press("Enter")
    expect(page.locator("#roll")).to_be_visible()
    tab_to(device, "#roll button.state")
    for key in ("ArrowRight", "ArrowRight", "c", "1", "0", "Control+Enter"):
        keys.press(key)
    expect(page.locator("#net.ok")).to_be_visible()
    assert world.rows(world.node, EXCEPTIONS) == [(LATE, "teacher", "late", 10)]
    tab_to(device, "footer form[action='/logout'] button")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("/login"))


def tab_to(device: Device, selector: str) -> None:
    """Press Tab until this has the focus; whatever has it on the way can be seen to have it."""
    for _ in range(60):
        device.page.keyboard.press("Tab")
        if device.page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        shown = device.page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return e === document.body || e.tagName === 'MAIN' || s.outlineStyle !== 'none' }"
        )
        assert shown, device.page.evaluate("document.activeElement.outerHTML")
    raise AssertionError(f"no way to {selector} with Tab")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_language_changes_and_changes_back_and_log_out_logs_out(world: World, device: Device) -> None:
    page = device.page
    page.goto(world.node_url)
    device.look("login")
    device.open_login(world.node_url, "wangmin")
    device.follow("footer [name=lang][value=en]")
    expect(page.locator("h1")).to_have_text("Today")
    device.look("today-en")
    for path, name in (
        ("/registers", "registers-en"), (AM, "register-en"), ("/sync", "sync-en"), ("/conflicts", "conflicts-en"),
        ("/password", "password-en"), ("/recovery", "recovery-en"), ("/clock", "clock-en"),
    ):  # fmt: skip
        page.goto(world.node_url + path)
        device.look(name)
    page.goto(world.node_url)
    device.follow("footer [name=lang][value=zh]")
    expect(page.locator("h1")).to_have_text("今天")
    for path, name in (("/registers", "registers"), ("/sync", "sync"), ("/password", "password")):
        page.goto(world.node_url + path)
        device.look(name)
    device.follow("footer form[action='/logout'] button")
    expect(page).to_have_url(re.compile("/login"))
    page.goto(world.node_url + AM)
    expect(page).to_have_url(re.compile("/login"))
    page.go_back()
    # Pupils' names are not left in the browser for whoever takes the phone next.
    assert "冯嘉怡" not in page.inner_text("body")


@pytest.mark.parametrize("minutes", [-11, 11])
@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_phone_that_disagrees_about_the_time_asks_for_the_date_before_a_register_opens(
    world: World, device: Device, minutes: int
) -> None:
    """C6: more than ten minutes between phone and node, and a person says what day it is."""
    page = device.page
    set_clock(device.context, NOW_MS + minutes * 60_000)
    device.open_login(world.node_url, "wangmin")
    page.goto(world.node_url + AM)
    expect(page.locator("h1")).to_have_text("今天是几号？")
    device.look("date-question")
    assert world.rows(world.node, "SELECT count(*) FROM date_confirmation") == [(0,)]
    device.follow("main .btn.main")
    expect(page.locator("#roll")).to_be_visible()
    assert world.rows(world.node, "SELECT date, confirmed_by FROM date_confirmation") == [(TODAY, TEACHER)]


def test_nine_minutes_ask_nobody(world: World, device: Device) -> None:
    set_clock(device.context, NOW_MS + 9 * 60_000)
    device.open_login(world.node_url, "wangmin")
    device.page.wait_for_load_state("networkidle")
    device.follow(f"a.slot[href='{AM}']")
    expect(device.page.locator("#roll")).to_be_visible()


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_clock_before_the_newest_record_asks_for_the_date_before_a_register_opens(
    world: World, device: Device
) -> None:
    """C6: the battery of an old PC is flat, and it wakes up in 1970."""
    page = device.page
    world.node_clock.set_to(300_000)
    device.open_login(world.node_url, "wangmin")
    # By that clock nobody has a class yet: the question must come before a page that says so.
    expect(page.locator("h1")).to_have_text("今天是几号？")
    device.look("date-question-1970")
    page.goto(world.node_url + AM)
    expect(page.locator("h1")).to_have_text("今天是几号？")
    expect(page.locator("main")).to_contain_text("主板电池")
    expect(page.locator("[name=date]")).to_have_value(TODAY)
    device.follow("main .btn.main")
    expect(page.locator("#roll")).to_be_visible()
    assert world.rows(world.node, "SELECT date, confirmed_by FROM date_confirmation") == [(TODAY, TEACHER)]

"""A boarder's card on its way: issued at home, read at the host, withdrawn, gone; and the pages of pupils."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from shared.records import Account, AccountRole, GroupMember, Person, PupilPrivate, RosterGroup
from shared.web.passwords import hash_password
from tests.browser.conftest import Device, hold
from tests.browser.consortium import CHEAP, CLERK_A, NAMES, OFFICE, PASSWORD, fill, pupil_id
from tests.browser.two_campuses import ROOM_NAMES, TwoCampuses, opened_two
from tests.support import browser
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser
CHILD = pupil_id(2)
WORDS = frozenset({"何舍监", "花生过敏", "邓先生", "外婆", "合唱团", "监护人书面要求", "转回本校走读"})


@pytest.fixture
def both(tmp_path: Path) -> Iterator[TwoCampuses]:
    """Two campuses and a hub; a child with private data and a place in a choir, a dorm supervisor in the west."""
    with opened_two(tmp_path) as opened:
        fill(opened.first.hub, OFFICE, [
            Person(id="B-60-AA", name="何舍监", staff_number="0060", initials="hsj"),
            Account(person_id="B-60-AA", login="hesj", password_hash=hash_password(PASSWORD, CHEAP)),
            AccountRole(person_id="B-60-AA", role="dorm_supervisor", campus="B", begin="2025-08-01"),
        ])  # fmt: skip
        fill(opened.first.node, CLERK_A, [
            RosterGroup(id="A-91-AA", campus="A", kind="club", name="合唱团", begin="2025-09-01"),
            GroupMember(group_id="A-91-AA", member_id=CHILD, begin="2025-09-08"),
            PupilPrivate(
                pupil_id=CHILD, identity_number="110101201805010014", guardian="邓先生", guardian_phone="13800138000",
                health_note="花生过敏",
            ),
        ])  # fmt: skip
        for campus in "ABA":
            opened.sync(campus)
        yield opened


@pytest.fixture
def other(chromium: Browser, device: Device) -> Iterator[Device]:
    """A second device of the same size, at the other campus."""
    held = hold(chromium, device.size)
    yield held
    held.context.close()
    assert [said for said in held.console if "Failed to load resource" not in said] == []


def look(device: Device, name: str) -> None:
    """Keep the page as a picture and look for faults."""
    browser.keep_picture(device.page, name)
    assert browser.faults_of(device.page, names=NAMES | ROOM_NAMES | WORDS) == [], f"{name}: {device.page.url}"


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_card_is_issued_read_at_the_host_withdrawn_and_gone(
    both: TwoCampuses, device: Device, other: Device
) -> None:
    """DESIGN §2, C10: only what the purpose needs, read by whoever needs it, withdrawn with proof."""
    home, host = device, other
    home.open_login(both.first.node_url, "zhouwen")
    home.page.goto(both.first.node_url + "/pupils?q=dzx")
    look(home, "pupils-found")
    home.follow(".list a.tapline")
    look(home, "pupil")
    home.follow("a[href^='/cards/new/']")
    home.page.fill("[name=may_collect]", "外婆")
    look(home, "card-new")
    home.follow("main .btn.main")
    expect(home.page.locator(".chip.info").last).to_have_text("等主校区转送")
    look(home, "card-waits")
    for campus in "AB":
        both.sync(campus)

    host.open_login(both.url_b, "hesj")
    host.page.goto(both.url_b + "/guests")
    look(host, "guests")
    host.follow(".list a.tapline")
    for words in ("邓先生", "13800138000", "花生过敏", "外婆", "三年级2班"):
        expect(host.page.locator("main")).to_contain_text(words)
    expect(host.page.locator("main")).not_to_contain_text("110101")
    look(host, "guest")
    noted = both.first.rows(both.node_b, "SELECT person_id, what, way, key FROM _reading ORDER BY r")
    assert noted == [("B-60-AA", "guest_card", "list", ""), ("B-60-AA", "guest_card", "form", CHILD)]

    both.sync("A")
    home.page.reload()
    expect(home.page.locator("main .chip.ok")).to_have_text("对方已收到")
    home.page.fill("[name=reason]", "转回本校走读")
    home.follow("form .btn:has-text('撤回')")
    expect(home.page.locator("main .chip.warn")).to_have_text("已撤回，等主校区删除")
    for campus in "ABA":
        both.sync(campus)
    host.page.reload()
    expect(host.page.locator("main")).not_to_contain_text("花生过敏")
    host.page.goto(both.url_b + "/guests")
    expect(host.page.locator("main")).to_contain_text("没有符合的记录")
    look(host, "guests-none")
    home.page.reload()
    expect(home.page.locator("main .chip.off")).to_have_text("已删除，对方已收到")
    expect(home.page.locator("main")).to_contain_text("删除凭据")
    look(home, "card-erased")
    home.page.goto(both.first.node_url + "/cards")
    look(home, "cards")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_homeroom_teacher_reads_and_mends_what_is_private(both: TwoCampuses, device: Device) -> None:
    device.open_login(both.first.node_url, "wangmin")
    device.page.goto(f"{both.first.node_url}/pupils/of/{CHILD}")
    device.follow("a[href$='/private']")
    expect(device.page.locator("a[href='tel:13800138000']")).to_be_visible()
    look(device, "private")
    device.follow("a[href$='/private/edit']")
    device.page.fill("[name=health_note]", "花生过敏、哮喘")
    look(device, "private-edit")
    device.follow("main .btn.main")
    expect(device.page.locator("main")).to_contain_text("花生过敏、哮喘")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_principal_erases_by_law_and_sees_the_proof(both: TwoCampuses, device: Device) -> None:
    """C10: with a reason, the name typed once more, and the proof."""
    url = both.first.hub_url
    device.open_login(url, "lijianguo")
    device.page.goto(url + "/erasing/?q=dzx")
    look(device, "erasing")
    device.follow(".list a.tapline")
    look(device, "erasing-person")
    device.page.fill("[name=note]", "监护人书面要求")
    device.follow("main .btn.main")
    look(device, "erasing-confirm")
    device.page.fill("[name=name]", "邓子轩")
    device.follow("main .btn.bad")
    expect(device.page.locator("main")).to_contain_text("监护人书面要求")
    look(device, "erasing-proof")
    both.sync("A")
    device.open_login(both.first.node_url, "zhouwen")
    assert device.page.goto(f"{both.first.node_url}/pupils/of/{CHILD}") is not None
    expect(device.page.locator("main")).not_to_contain_text("邓子轩")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_pages_of_pupils_and_cards_have_no_fault_in_either_language(both: TwoCampuses, device: Device) -> None:
    device.open_login(both.first.node_url, "lijianguo")
    paths = (
        "/pupils", "/pupils/classes", f"/pupils/of/{CHILD}", f"/pupils/of/{CHILD}/edit", f"/pupils/of/{CHILD}/private",
        f"/pupils/of/{CHILD}/private/edit", f"/cards/new/{CHILD}", "/cards", "/guests", "/readings",
    )  # fmt: skip
    for lang in ("zh", "en"):
        for number, path in enumerate(paths):
            device.page.goto(f"{both.first.node_url}{path}?lang={lang}")
            look(device, f"pupils-{lang}-{number}")
    device.open_login(both.first.hub_url, "lijianguo")
    for number, path in enumerate(("/erasing/", f"/erasing/of/{CHILD}", "/erasing/done", "/cards", "/readings")):
        device.page.goto(f"{both.first.hub_url}{path}?lang=en")
        look(device, f"erasing-en-{number}")

"""A pupil in two classes before the clerk: found, shown in school words, one class ended (C7)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from shared.records import GroupMember
from tests.browser.conftest import Device
from tests.browser.consortium import CLERK_A, OTHER_CLASS, World, fill, pupil_id
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_one_class_of_two_is_ended_at_the_node_and_the_hub_knows(world: World, device: Device) -> None:
    fill(world.node, CLERK_A, [GroupMember(group_id=OTHER_CLASS, member_id=pupil_id(3), begin="2025-09-10")])
    page = device.page
    device.open_login(world.node_url, "zhouwen")
    page.goto(f"{world.node_url}/conflicts")
    expect(page.locator("main h2")).to_contain_text("一名学生在两个班")
    device.look("pupil-twice-inbox")
    device.follow("main a.btn.main")
    for words in ("冯嘉怡", "三年级1班", "三年级2班", "同时在两个班"):
        expect(page.locator("body")).to_contain_text(words)
    device.look("pupil-twice-card")
    device.follow("section.side:has-text('三年级2班') .deeds button")
    expect(page.locator("main")).to_contain_text("没有要您决定的冲突")
    world.sync()
    ends = world.rows(world.hub, "SELECT end FROM group_member WHERE member_id = ? ORDER BY begin", pupil_id(3))
    assert ends == [("2025-09-10",), (None,)]

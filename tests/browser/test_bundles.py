"""A file is made, carried and loaded by a person with a phone or at a PC, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.consortium import NAMES as _NAMES
from tests.hub.small_hub import PASSWORD
from tests.support.browser import SIZES, faults_of, keep_picture, new_context, press, served
from tests.web.test_bundles import Both

pytestmark = pytest.mark.browser
NAMES = _NAMES | {"西校区", "中心校区", "周校长", "赵管理", "同心"}


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Both, str, str]]:
    """A node of campus B with something to say, and its hub; the addresses of both."""
    made = Both(tmp_path)
    made.write_at_node("考试")
    with served(made.app) as node_url, served(made.hub.app) as hub_url:
        yield made, node_url, hub_url


def opened(page: Page, url: str, login: str) -> None:
    page.goto(f"{url}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda found: "/login" not in found)
    page.goto(f"{url}/bundles")


def carried(page: Page, form: str, to: Path) -> Path:
    """Press a button that makes a file, and keep the file under another name."""
    with page.expect_download() as download:
        press(page, form)
    download.value.save_as(to)
    return to


def loaded(page: Page, file: Path) -> None:
    page.set_input_files("[name=file]", file)
    press(page, "form[action$='/load'] button")


@pytest.mark.parametrize("size", SIZES)
def test_there_and_back(both: tuple[Both, str, str], chromium: Browser, tmp_path: Path, size: str) -> None:
    """C14: "not answered yet" until the answer was loaded; every page is good in light and dark, at both sizes."""
    world, node_url, hub_url = both
    contexts = [new_context(chromium, size, world.hub.clock.now_ms()) for _ in range(2)]
    at_node, at_hub = (context.new_page() for context in contexts)
    opened(at_node, node_url, "headb")
    opened(at_hub, hub_url, "operator")
    request = carried(at_node, "form[action$='/make'] button", tmp_path / "IMG_0001.jpg")
    at_node.reload()
    expect(at_node.get_by_text("还没有回件")).to_be_visible()
    look(at_node, "bundles-node")
    loaded(at_hub, tmp_path / "hub" / "hub.db")
    expect(at_hub.get_by_role("alert")).to_contain_text("文件")
    look(at_hub, "bundles-wrong")
    loaded(at_hub, request)
    expect(at_hub.get_by_text("1 次保存，1 行")).to_be_visible()
    look(at_hub, "bundles-hub-loaded")
    answer = carried(at_hub, "form[action$='/make'] button", tmp_path / "x.mp3")
    loaded(at_node, answer)
    expect(at_node.get_by_text("同步完成")).to_be_visible()
    look(at_node, "bundles-node-loaded")
    at_node.goto(f"{node_url}/bundles?lang=en")
    expect(at_node.get_by_text("answered")).to_be_visible()
    look(at_node, "bundles-node-en")
    for context in contexts:
        context.close()


def look(page: Page, name: str) -> None:
    keep_picture(page, name)
    assert faults_of(page, names=NAMES) == []

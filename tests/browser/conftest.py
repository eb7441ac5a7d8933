"""One Chromium for the package, one consortium a test, and a look at every page on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.consortium import NAMES, NOW_MS, PASSWORD, World, opened_world
from tests.support import browser


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser."""
    with browser.chromium() as opened:
        yield opened


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A hub and a node of campus A."""
    with opened_world(tmp_path) as opened:
        yield opened


@dataclass
class Device:
    """A phone or a PC in somebody's hand."""

    size: str
    context: BrowserContext
    page: Page
    console: list[str] = field(default_factory=list)

    def open_login(self, url: str, login: str) -> None:
        """Log in through the form at an address."""
        self.page.goto(url)
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", PASSWORD)
        self.follow("main .btn.main")

    def press(self, selector: str) -> None:
        """Tap or click."""
        browser.press(self.page, selector)

    def follow(self, selector: str) -> None:
        """Tap or click what leads to another page, and wait for that page."""
        with self.page.expect_navigation():
            self.press(selector)

    def look(self, name: str) -> None:
        """The page as it stands has no fault that a program can find."""
        browser.keep_picture(self.page, name)
        assert browser.faults_of(self.page, names=NAMES) == [], f"{name}: {self.page.url}"

    def reload_until(self, words: str) -> None:
        """Reload as an impatient person does, until the page says this."""
        for _ in range(40):
            if words in self.page.inner_text("body"):
                return
            self.page.wait_for_timeout(100)
            self.page.reload()
        raise AssertionError(f"never said {words!r}: {self.page.inner_text('main')}")


def hold(chromium: Browser, size: str, *, now_ms: int = NOW_MS) -> Device:
    """A device whose console is listened to."""
    context = browser.new_context(chromium, size, now_ms)
    device = Device(size, context, context.new_page())
    context.on("weberror", lambda problem: device.console.append(str(problem.error)))
    context.on("console", lambda said: device.console.append(said.text) if said.type == "error" else None)
    return device


@pytest.fixture
def device(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Device]:
    """A phone, unless the test is parametrised (indirectly) with another size; nothing may fail in its console."""
    held = hold(chromium, getattr(request, "param", "phone"))
    yield held
    held.context.close()
    # A cut line is the tests' own doing, and so are pages that answer "no".
    assert [said for said in held.console if "Failed to load resource" not in said] == []

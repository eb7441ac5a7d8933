"""Chromium before our own servers: what every browser test starts from, and how a page is looked at."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from waitress import wasyncore
from waitress.server import create_server

SIZES = {"phone": (360, 740), "pc": (1366, 768)}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# Say where, and every page that a test looks at is also kept as a picture.
SHOTS = "TONGXIN_SHOTS"

# What a page shows when words are missing: a code of ours, or a placeholder that nobody filled.
RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|%\(\w+\)|\{\{|\}\}|\bNone\b|\bundefined\b")
CHINESE = re.compile(r"[一-鿿]+")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; the test is skipped where none is installed."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs Chromium, which is not installed")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """An app under the server that the product uses, on a free port; gives its address."""
    sockets: dict[int, Any] = {}
    server: Any = create_server(app, map=sockets, host="127.0.0.1", port=0, threads=4)
    over = threading.Event()
    thread = threading.Thread(target=_serve_until, args=(server, sockets, over), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        over.set()
        server.pull_trigger()
        thread.join(10)


def _serve_until(server: Any, sockets: dict[int, Any], over: threading.Event) -> None:
    """Serve, and close on the same thread: a socket closed under a waiting `select` is an error there."""
    while not over.is_set():
        wasyncore.loop(map=sockets, count=1)
    server.task_dispatcher.shutdown()
    wasyncore.close_all(sockets)


def new_context(browser: Browser, size: str, now_ms: int) -> BrowserContext:
    """A fresh phone or PC whose own clock stands at an instant; a phone is touched."""
    width, height = SIZES[size]
    phone = size == "phone"
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN", is_mobile=phone, has_touch=phone
    )
    set_clock(context, now_ms)
    context.set_default_timeout(10_000)
    return context


def set_clock(context: BrowserContext, now_ms: int) -> None:
    """Set the clock of the phone or PC; its timers run on as always."""
    context.clock.set_fixed_time(datetime.fromtimestamp(now_ms / 1000, UTC))


def press(page: Page, selector: str) -> None:
    """Tap on a phone, click on a PC."""
    target = page.locator(selector).first
    if page.evaluate("navigator.maxTouchPoints > 0"):
        target.tap()
    else:
        target.click()


def faults_of(page: Page, *, names: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with the page as it stands, in both colour schemes: axe, width, words without translation.

    names: what the school typed itself, which no language changes.
    """
    found = [f"axe, light: {fault}" for fault in _serious(page, {"resultTypes": ["violations"]})]
    page.emulate_media(color_scheme="dark")
    # Only colours differ in the dark.
    found += [f"axe, dark: {fault}" for fault in _serious(page, {"runOnly": ["color-contrast"]})]
    page.emulate_media(color_scheme="light")
    wide, screen = int(page.evaluate("document.documentElement.scrollWidth")), _screen(page)
    # Not innerWidth: a phone zooms out of a page that is too wide.
    if wide > screen:
        found.append(f"{wide} px wide on a screen of {screen}")
    return found + _words_without_translation(page, names)


def _screen(page: Page) -> int:
    return page.viewport_size["width"] if page.viewport_size else 0


def _serious(page: Page, options: dict[str, Any]) -> list[str]:
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']} at {[node['target'] for node in each['nodes']]}"
        for each in violations
        if each["impact"] in ("serious", "critical")
    ]


def _words_without_translation(page: Page, names: frozenset[str]) -> list[str]:
    text = str(page.evaluate("document.title + '\\n' + document.body.innerText"))
    found = [f"not a word: {raw}" for raw in sorted(set(RAW.findall(text)))]
    if str(page.evaluate("document.documentElement.lang")).startswith("en"):
        for name in sorted(names | {"中文"}, key=len, reverse=True):
            text = text.replace(name, "")
        found += [f"not in English: {words}" for words in sorted(set(CHINESE.findall(text)))]
    return found


def keep_picture(page: Page, name: str) -> None:
    """Keep the page as a picture, light and dark, where somebody asked for pictures."""
    folder = os.environ.get(SHOTS)
    if not folder:
        return
    # A sticky bar stands in the middle of a long picture otherwise.
    page.evaluate("window.scrollTo(0, 0)")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.screenshot(path=Path(folder) / f"{name}-{_screen(page)}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")

"""In a real browser: from the combined table to a person, and down to one row; without JavaScript too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from hub.appraisal.run import appraise
from sync.replica import connect
from tests.hub.appraisal.site import PASSWORD, add_accounts, app_over
from tests.hub.appraisal.worlds import END, OFFICE, filled_hub
from tests.support.browser import served

pytestmark = pytest.mark.browser
SIZES = [(1366, 768), (360, 740)]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a run's combined table on a running server."""
    replica = filled_hub(tmp_path_factory.mktemp("hub"))
    add_accounts(replica)
    with connect(replica) as db:
        run = appraise(replica, db, term="2025A", end=END, author=OFFICE)
    with served(app_over(replica)) as address:
        yield f"{address}/appraisal/{run.id}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Chromium, which is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def logged_in(browser: Browser, address: str, size: tuple[int, int], *, script: bool = True) -> Page:
    """A page of this size in which the principal sees the table."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=script, bypass_csp=script
    )
    page = context.new_page()
    page.goto(address)
    page.fill("input[name=login]", "principal")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit], form .btn.main")
    page.wait_for_url(address)
    return page


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("script", [True, False])
def test_a_score_is_opened_down_to_its_row(browser: Browser, table: str, size: tuple[int, int], script: bool) -> None:
    page = logged_in(browser, table, size, script=script)
    page.click("text=王小明")
    row = page.locator("#late_or_early tr", has_text="迟到 9 分钟")
    assert not row.is_visible()
    page.click("#late_or_early summary")
    assert row.is_visible()
    words = row.inner_text()
    assert "西校区" in words and "陈静" in words and "−0.5" in words and "/con/" in words
    assert page.locator("#late_or_early .rule").is_visible()
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_screen_and_axe_finds_nothing_serious(
    browser: Browser, table: str, size: tuple[int, int]
) -> None:
    page = logged_in(browser, table, size)
    base = table.rsplit("/appraisal", 1)[0]
    for path in (table, f"{table}/person/A-2-AA?open=all", f"{base}/appraisal", f"{base}/appraisal/scheme/example/1"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == [], path
    page.context.close()

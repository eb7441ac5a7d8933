"""The register page in Chromium: quick with a thumb, complete with keys, and safe when the Wi-Fi drops."""

import shutil
import threading

import pytest
from werkzeug.serving import make_server

from node.attendance import views
from shared.web.history import views as history
from tests.node.school import CLASS, CLERK, HOMEROOM, MONDAY, PASSWORD, open_school, pupil_id

pytestmark = pytest.mark.browser

SIZES = {"phone": {"width": 360, "height": 740}, "pc": {"width": 1366, "height": 768}}
PATH = f"/registers/{CLASS}/{MONDAY}/am"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
EXCEPTIONS = "SELECT person_id, source, mark, minutes FROM register_exception ORDER BY 1, 2"


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class BadLine:
    """The way to the app, on which replies to saves can get lost."""

    def __init__(self, app):
        self.app = app
        self.loses_replies = False

    def __call__(self, environ, start_response):
        if not self.loses_replies or environ["REQUEST_METHOD"] != "POST":
            return self.app(environ, start_response)
        lost = self.app(environ, lambda *_reply: lambda _data: None)
        b"".join(lost)
        lost.close()
        start_response("502 Bad Gateway", [("Content-Length", "0")])
        return []


@pytest.fixture
def served(tmp_path):
    school = open_school(tmp_path, [views.blueprint(), history.blueprint()], views.ROUTES | history.ROUTES, pupils=20)
    line = BadLine(school.app)
    server = make_server("127.0.0.1", 0, line, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield school, f"http://127.0.0.1:{server.server_port}", line
    server.shutdown()
    thread.join()
    server.server_close()


def logged_in(chromium, base, person, size="phone", **options):
    context = chromium.new_context(viewport=SIZES[size], **options)
    page = context.new_page()
    page.goto(f"{base}/login?next={PATH}")
    page.fill("[name=login]", person.lower())
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector("#roll")
    return page


@pytest.mark.parametrize("size", SIZES)
def test_a_save_cut_off_by_the_network_arrives_when_it_is_back(chromium, served, size):
    """The page keeps the save, says so, and sends it by itself; what arrives twice is stored once."""
    school, base, line = served
    page = logged_in(chromium, base, HOMEROOM, size)
    page.click(f"#state-{pupil_id(2)}")
    page.click("#sheet [value=absent]")
    # The node stores the save, the reply never comes back.
    line.loses_replies = True
    page.click("#done")
    page.wait_for_selector("#net:not([hidden])")
    assert "1 份点名已存在这台设备上" in page.inner_text("#net")
    assert school.rows(EXCEPTIONS) == [(pupil_id(2), "teacher", "absent", 0)]
    # The teacher thinks again before the line is back: the later word holds.
    page.click(f"#state-{pupil_id(2)}")
    page.click("#sheet [value=sick_leave]")
    page.click("#done")
    line.loses_replies = False
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_selector("#net.ok", timeout=15_000)
    assert school.rows(EXCEPTIONS) == [(pupil_id(2), "teacher", "sick_leave", 0)]
    assert school.rows("SELECT count(*) FROM _head WHERE t = 'register_exception'") == [(0,)]
    assert page.evaluate("localStorage.getItem('tongxin-outbox')") is None
    assert "已点名" in page.inner_text("#taken")


def test_unsent_saves_outlive_the_tab_and_never_go_out_under_another_name(chromium, served):
    school, base, _line = served
    page = logged_in(chromium, base, HOMEROOM)
    page.click(f"#state-{pupil_id(3)}")
    page.click("#sheet [value=absent]")
    page.context.set_offline(True)
    page.click("#done")
    page.wait_for_selector("#net:not([hidden])")
    # Logged out before the tab closes: a closing page is online again for a moment and would send its own save.
    page.context.clear_cookies()
    page.close()
    page.context.set_offline(False)
    page = page.context.new_page()
    page.goto(f"{base}/login?next={PATH}")
    page.fill("[name=login]", CLERK.lower())
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector("#net:not([hidden])")
    assert "其他老师的 1 份" in page.inner_text("#net")
    assert school.rows(EXCEPTIONS) == []
    page.context.clear_cookies()
    page.goto(f"{base}/login?next={PATH}")
    page.fill("[name=login]", HOMEROOM.lower())
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector(f"#state-{pupil_id(3)}.a")
    # The page shows the mark from its own store first; the save goes out right after.
    for _ in range(100):
        if school.rows(EXCEPTIONS):
            break
        page.wait_for_timeout(50)
    assert school.rows(EXCEPTIONS) == [(pupil_id(3), "teacher", "absent", 0)]
    # The page is drawn anew once the save has arrived.
    page.locator("#taken", has_text="已点名").wait_for()


def test_a_register_is_taken_with_keys_alone(chromium, served):
    school, base, _line = served
    page = logged_in(chromium, base, HOMEROOM, "pc")
    page.focus(f"#state-{pupil_id(1)}")
    for key in ("c", "1", "2", "ArrowRight", "w", "ArrowRight", "b", "ArrowRight", "z", "u", "Control+Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("#net.ok")
    assert school.rows(EXCEPTIONS) == [
        (pupil_id(1), "teacher", "late", 12),
        (pupil_id(2), "teacher", "absent", 0),
        (pupil_id(3), "teacher", "sick_leave", 0),
    ]
    assert "应到 20" in page.inner_text("#counts").replace("\n", " ")


def test_a_dropped_tab_gives_its_marks_back(chromium, served):
    _school, base, _line = served
    page = logged_in(chromium, base, HOMEROOM)
    page.click(f"#state-{pupil_id(4)}")
    page.click("#sheet [value=personal_leave]")
    page = page.context.new_page()
    page.goto(base + PATH)
    page.wait_for_selector("#net:not([hidden])")
    assert "已恢复" in page.inner_text("#net")
    assert page.inner_text(f"#state-{pupil_id(4)}") == "事假"


def test_finding_and_only_exceptions(chromium, served):
    _school, base, _line = served
    page = logged_in(chromium, base, HOMEROOM)
    page.fill("#find", page.inner_text(f"#name-{pupil_id(5)}"))
    assert page.locator(".pupil:visible").count() == 1
    page.fill("#find", "")
    page.click("#only")
    assert page.locator(".pupil:visible").count() == 0 and page.is_visible("#nobody")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious(chromium, served, size, scheme):
    """WCAG 2.2 AA, as far as a program can tell."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    _school, base, _line = served
    page = logged_in(chromium, base, HOMEROOM, size, color_scheme=scheme)
    page.click(f"#state-{pupil_id(2)}")
    found = [axe.run(page)]
    page.click("#sheet [value=late]")
    page.keyboard.press("Escape")
    found.append(axe.run(page))
    page.goto(base + "/registers")
    found.append(axe.run(page))
    serious = [
        (v["id"], [node["target"] for node in v["nodes"]])
        for result in found
        for v in result.response["violations"]
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

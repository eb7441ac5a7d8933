"""A day closed with one cover, and a teacher's day that merges two campuses while the line is cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from shared.records import (
    AccountRole,
    BellPeriod,
    LessonOverride,
    Room,
    RosterGroup,
    TimetableSlot,
    TimetableVersion,
    TravelTime,
)
from tests.browser.conftest import Device
from tests.browser.consortium import (
    CLASS,
    CLERK,
    NAMES,
    OFFICE,
    OTHER_CLASS,
    PRINCIPAL,
    TEACHER,
    TODAY,
    WANG,
    ZHAO,
    World,
    fill,
    opened_beside,
)
from tests.support import browser
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser
CLASS_B, LAB = "B-11-AA", "A-41-AA"
BELLS = {"A": ("08:20", "09:10", "10:20", "11:10"), "B": ("08:40", "09:30", "10:40", "11:30")}
# (group, period) of Mondays -> subject, teacher
MONDAYS = {
    (CLASS, 1): ("maths", TEACHER), (CLASS, 2): ("science", WANG), (OTHER_CLASS, 4): ("maths", TEACHER),
    (CLASS_B, 3): ("science", WANG), (CLASS_B, 4): ("chinese", ZHAO),
}  # fmt: skip
CLOSED = "SELECT campus, date, person_id, closed_by FROM lesson_day"
COVERS = "SELECT group_id, period, teacher_id, new_teacher_id, reason, entered_by FROM lesson_override"
REFUSED = "SELECT count(*) FROM _changeset WHERE state = 'quarantined'"
MINUTES_5 = 5 * 60_000


@pytest.fixture
def taught(world: World) -> World:
    """The consortium with a timetable of Mondays, known on campus A's node."""
    fill(world.hub, OFFICE, mondays())
    world.sync()
    return world


def mondays() -> list[object]:
    """Bells that differ by twenty minutes, one class at campus B, and who teaches whom."""
    return [
        AccountRole(person_id=WANG, role="teacher", campus="B", begin="2025-08-01"),
        RosterGroup(id=CLASS_B, campus="B", name="一年级", begin="2025-09-01"),
        Room(id=LAB, campus="A", name="科学室", kind="science_lab"),
        TravelTime(from_campus="A", to_campus="B", minutes=30),
        *(
            BellPeriod(schedule=campus, period=n, name=str(n), begin=begin, end=_later(begin))
            for campus, begins in BELLS.items()
            for n, begin in enumerate(begins, 1)
        ),
        *(
            TimetableVersion(id=f"{at}-31-AA", campus=at, name="秋", begin="2025-09-01", status="published")
            for at in BELLS
        ),
        *(
            TimetableSlot(
                version_id=f"{group[0]}-31-AA", group_id=group, weekday=1, weeks="every", period=period,
                subject=subject, teacher_id=who, room_id=LAB if (subject, group[0]) == ("science", "A") else None,
            )
            for (group, period), (subject, who) in MONDAYS.items()
        ),
    ]  # fmt: skip


def _later(begin: str) -> str:
    minutes = int(begin[:2]) * 60 + int(begin[3:]) + 40
    return f"{minutes // 60:02}:{minutes % 60:02}"


def leave_seat(device: Device) -> None:
    """Log out, so that somebody else can log in on this device."""
    device.follow("footer form[action='/logout'] button")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_day_is_closed_with_one_cover(taught: World, device: Device) -> None:
    page, url = device.page, taught.node_url
    device.open_login(url, "zhouwen")
    page.goto(f"{url}/lessons/cover?date={TODAY}&person={TEACHER}")
    expect(page.locator(".board")).to_contain_text("2 节待安排")
    device.look("cover-board")
    device.follow(f"a[href*='suggest={TEACHER}']")
    expect(page.locator(f"select[name='cover/{CLASS}/1']")).to_have_value(WANG)
    page.select_option(f"select[name='cover/{OTHER_CLASS}/4']", "")
    device.follow(".board .btn.main")
    expect(page.locator(".board")).to_contain_text("已有代课 王小明")
    device.look("cover-board-saved")
    assert taught.rows(taught.node, COVERS) == [(CLASS, 1, TEACHER, WANG, "other", CLERK)]
    leave_seat(device)

    device.open_login(url, "wangxm")
    expect(page.locator(".mine")).to_contain_text("新 · 代 王敏")
    device.look("today-with-cover")
    device.follow(".mine .day .changed a")
    expect(page.locator("h1")).to_contain_text("三年级2班")
    page.select_option("[name=kind]", "late")
    page.fill("[name=minutes]", "3")
    device.look("lesson-exception")
    device.follow("form:has([name=minutes]) .btn")
    page.goto(url)
    device.follow(".mine .btn.main")
    expect(page.locator(".mine")).to_contain_text("今天已结课")
    device.look("today-closed")
    assert taught.rows(taught.node, CLOSED) == [("A", TODAY, WANG, WANG)]
    taught.sync()
    assert taught.rows(taught.hub, CLOSED) == [("A", TODAY, WANG, WANG)]
    assert taught.rows(taught.hub, "SELECT kind, minutes FROM lesson_exception") == [("late", 3)]
    assert taught.rows(taught.hub, REFUSED) == [(0,)]


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_today_merges_both_campuses_and_dates_each_half(taught: World, device: Device, tmp_path: Path) -> None:
    """The line to campus B is cut while B changes its day: A says how far it knows B, and learns it later."""
    page = device.page
    with opened_beside(taught, tmp_path, "B") as west:
        west.sync()
        taught.sync()
        device.open_login(taught.node_url, "wangxm")
        mine = page.locator(".mine")
        expect(mine.locator(".lesson .time")).to_have_text(["09:10–09:50", "10:40–11:20"])
        expect(mine).to_contain_text("西校区 · 数据到 今天 08:05")
        expect(mine).to_contain_text("中心校区 · 本校区，此刻")
        device.look("today-both-campuses")

        for clock in (taught.hub_clock, taught.node_clock, west.node_clock):
            clock.set_to(clock.now_ms() + MINUTES_5)
        fill(west.node, OFFICE, [
            LessonOverride(
                id="B-901-AA", group_id=CLASS_B, date=TODAY, period=4, kind="cover", teacher_id=ZHAO,
                new_teacher_id=WANG, reason="leave", entered_by=PRINCIPAL,
            )
        ])  # fmt: skip
        taught.sync()
        page.reload()
        expect(mine.locator(".lesson")).to_have_count(2)
        expect(mine).to_contain_text("西校区 · 数据到 今天 08:05")

        west.sync()
        taught.sync()
        page.reload()
        expect(mine.locator(".lesson .time")).to_have_text(["09:10–09:50", "10:40–11:20", "11:30–12:10"])
        expect(mine).to_contain_text("新 · 代 赵强")
        expect(mine).to_contain_text("西校区 · 数据到 今天 08:10")
        device.look("today-cover-at-b")
        device.open_login(west.node_url, "wangxm")
        expect(page.locator(".mine")).to_contain_text("西校区 · 本校区，此刻")
        assert west.rows(west.node, COVERS) == taught.rows(taught.node, COVERS)


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_pages_of_lessons_and_leave_have_no_fault_in_either_language(taught: World, device: Device) -> None:
    url = taught.node_url
    pages = {
        "wangxm": ("/lessons", "/lessons?view=week", f"/lessons?of=group:{CLASS}", "/lessons/open-days", "/leave"),
        "zhouwen": (f"/lessons/{CLASS}/{TODAY}/1", f"/lessons?of=room:{LAB}", "/lessons/open-days", "/leave"),
    }
    names = NAMES | {"科学室", "一年级"}
    for login, paths in pages.items():
        device.open_login(url, login)
        for lang in ("zh", "en"):
            for number, path in enumerate(paths):
                device.page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={lang}")
                browser.keep_picture(device.page, f"lessons-{login}-{lang}-{number}")
                assert browser.faults_of(device.page, names=names) == [], path
        device.page.goto(f"{url}/?lang=zh")
        leave_seat(device)


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_leave_is_asked_for_in_one_form_and_answered(taught: World, device: Device) -> None:
    page, url = device.page, taught.node_url
    device.open_login(url, "wangmin")
    device.follow(".menu a[href='/leave']")
    page.check("[name=kind][value=sick_leave]")
    device.follow(".ask .btn.main")
    expect(page.locator("main")).to_contain_text("等待审批")
    leave_seat(device)
    device.open_login(url, "lijianguo")
    device.follow(".notices a")
    device.follow(".leaves a")
    device.look("leave-to-answer")
    device.follow("[name=decision][value=approved]")
    expect(page.locator("main")).to_contain_text("已同意")
    expect(page.locator("main")).to_contain_text("要安排的课")
    device.look("leave-approved")
    taught.sync()
    answers = taught.rows(taught.hub, "SELECT step, decision, decided_by FROM leave_approval")
    assert answers == [("consortium", "approved", PRINCIPAL)]
    assert taught.rows(taught.hub, REFUSED) == [(0,)]
    leave_seat(device)
    device.open_login(url, "wangmin")
    expect(page.locator(".notices")).to_contain_text("请假已同意")

"""Domain conflicts before people: two sides change one lesson; a room, a teacher and a register twice (C7)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from shared.findings.store import findings_between
from shared.records import (
    BellPeriod,
    BookingOccurrence,
    BookingSeries,
    CalendarDay,
    LessonOverride,
    Register,
    RegisterException,
    Room,
    RosterGroup,
    TimetableSlot,
    TimetableVersion,
    TravelTime,
)
from sync.capture import write
from sync.change import Author
from sync.replica import Replica, connect
from tests.browser.conftest import Device
from tests.browser.consortium import CLASS, CLERK, CLERK_A, OFFICE, OTHER_CLASS, TEACHER, WANG, World, pupil_id
from tests.browser.test_conflicts import sync_now
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser
DAY = "2025-09-17"
ABOUT: dict[str, Any] = {"group_id": CLASS, "date": DAY, "period": 3}
LAB = "A-70-AA"


def say(replica: Replica, author: Author, *records: object) -> None:
    """Somebody writes something."""
    with connect(replica) as db, write(replica, db, author) as w:
        w.insert(*records)


def open_at(replica: Replica) -> list[str]:
    """The kinds of what is open there."""
    with connect(replica) as db:
        return [each.kind for each in findings_between(db, replica, "2025-09-01", "2025-10-01")]


def disagree(world: World) -> None:
    """The campus finds a cover; the office cancels the lesson."""
    say(world.hub, OFFICE, LessonOverride(id="A-71-AA", kind="cancel", entered_by=OFFICE.person_id, **ABOUT))
    say(world.node, CLERK_A, LessonOverride(id="A-72-AA", kind="cover", new_teacher_id=WANG, entered_by=CLERK, **ABOUT))


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_two_changes_of_one_lesson_are_shown_and_withdrawing_one_ends_it_everywhere(
    world: World, device: Device
) -> None:
    disagree(world)
    page = device.page
    device.open_login(world.node_url, "zhouwen")
    sync_now(device)
    expect(page.locator(".head-chip")).to_contain_text("1 处冲突")
    assert open_at(world.node) == open_at(world.hub) == ["slot_twice"]
    device.follow("main a[href='/conflicts']")
    for words in ("同一节课两种安排：三年级2班 · 9月17日 周三 · 第3节", "停课", "李建国", "代课", "王小明", "周文"):
        expect(page.locator("main")).to_contain_text(words)
    device.look("findings-slot")
    device.follow("main a.btn.main")
    device.look("finding-slot")
    device.follow(".side:has-text('停课') button")
    expect(page.locator(".flash.ok")).to_contain_text("已按您的决定保存")
    expect(page.locator("main")).to_contain_text("没有要您决定的冲突")
    sync_now(device)
    expect(page.locator(".head-chip")).to_contain_text("已同步")
    assert open_at(world.node) == open_at(world.hub) == []


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_leave_it_so_at_the_hub_closes_it_at_the_campus(world: World, device: Device) -> None:
    disagree(world)
    world.sync()
    page = device.page
    device.open_login(world.hub_url + "/login?next=/conflicts", "lijianguo")
    device.look("hub-findings-slot")
    device.follow("main a.btn.main")
    page.fill("[name=note]", "两边已经电话说好")
    device.follow("button[value=leave]")
    expect(page.locator(".flash.ok")).to_contain_text("已按您的决定保存")
    world.sync()
    assert open_at(world.node) == open_at(world.hub) == []


def everything(world: World) -> None:
    """A room, a teacher and a register twice."""
    lessons: list[object] = [Room(id=LAB, campus="A", name="Lab 1")]
    lessons += [TravelTime(from_campus="A", to_campus="B", minutes=25)]
    for campus, group in (("A", CLASS), ("B", "B-11-AA")):
        lessons += [
            BellPeriod(schedule=campus, period=2, name="2", begin="08:50" if campus == "A" else "09:40",
                       end="09:30" if campus == "A" else "10:20"),
            TimetableVersion(id=f"{campus}-73-AA", campus=campus, name="T", begin=DAY, end="2025-09-18",
                             status="published"),
            TimetableSlot(version_id=f"{campus}-73-AA", group_id=group, weekday=3, weeks="every", period=2,
                          subject="maths", teacher_id=WANG, room_id=LAB if campus == "A" else None),
        ]  # fmt: skip
    say(world.hub, OFFICE, *lessons, RosterGroup(id="B-11-AA", campus="B", name="三年级1班", begin="2025-09-01"))
    with connect(world.hub) as db, write(world.hub, db, OFFICE) as w:
        for campus in "AB":
            w.update(CalendarDay, (campus, DAY), {"follows_weekday": 3})
    say(
        world.hub, OFFICE, BookingSeries(id="A-74-AA", room_id=LAB, campus="B", booked_by=WANG, title="STEM"),
        BookingOccurrence(series_id="A-74-AA", number=1, room_id=LAB, date=DAY, begin="09:00", end="09:40",
                          state="confirmed"),
    )  # fmt: skip
    world.sync()
    taken: dict[str, Any] = {"group_id": OTHER_CLASS, "date": "2025-09-15", "session": "am"}
    for replica, author, pupil, mark in (
        (world.hub, OFFICE, 24, "late"), (world.node, Author(TEACHER), 25, "sick_leave"),
    ):  # fmt: skip
        say(
            replica, author,
            Register(**taken, taken_by=author.person_id, taken_at="2025-09-15T00:01:00.000Z", roster_size=2,
                     roster_digest="d"),
            RegisterException(**taken, person_id=pupil_id(pupil), source="teacher", mark=mark, minutes=0),
        )  # fmt: skip
    world.sync()


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_every_kind_can_be_read_in_both_languages_and_settled(world: World, device: Device) -> None:
    everything(world)
    page = device.page
    device.open_login(world.node_url + "/login?next=/conflicts", "zhouwen")
    expect(page.locator("main")).to_contain_text("从中心校区到西校区路上要 25 分钟，两节课之间只有 10 分钟")
    device.look("findings-all")
    for kind in ("教室重复占用", "老师时间冲突", "重复点名"):
        device.follow(f"article:has-text('{kind}') a.btn.main")
        device.look(f"finding-{('room', 'teacher', 'register')[('教老重').index(kind[0])]}")
        device.follow(".back")
    device.follow("article:has-text('重复点名') a.btn.main")
    device.follow(".side:has-text('病假') button")
    expect(page.locator("main")).not_to_contain_text("重复点名")
    device.follow("footer [name=lang][value=en]")
    device.look("findings-all-en")
    device.follow("article:has-text('Room used twice') a.btn.main")
    device.look("finding-room-en")
    device.follow("button[value^='cancel:']")
    device.page.goto(world.node_url + "/conflicts")
    expect(page.locator("main")).not_to_contain_text("Room used twice")
    world.sync()
    assert open_at(world.hub) == open_at(world.node) == ["teacher_two_places"]

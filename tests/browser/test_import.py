"""A school's own files get in: refused with every error at once, mended, doubted, confirmed, committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from hub.office.sheets import office_sheets
from hub.workbook.template import workbook_of
from tests.browser.conftest import Device
from tests.browser.consortium import World
from tests.hub.timetable.fet_files import activity, at, fet
from tests.support.browser import SIZES

pytestmark = pytest.mark.browser

# Invented, and with a check digit that is deliberately wrong.
IDENTITY = "110101201805010011"
PUPILS = 210


def workbook(folder: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """An office workbook on disk."""
    path = folder / "学生.xlsx"
    path.write_bytes(workbook_of([s for s in office_sheets() if s.table in rows], rows))
    return path


def pupil(number: int, **more: Any) -> dict[str, Any]:
    row = {"campus": "A", "group_id": "一(9)班", "seat_number": number, "name": f"新生{number}", "sex": "female"}
    return row | {"birth": "2018-05-01"} | more


CLASS = {"campus": "A", "cohort": "2025", "name": "一(9)班", "begin": "2025-09-01"}


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_an_import_with_errors_is_mended_confirmed_and_committed(world: World, device: Device, tmp_path: Path) -> None:
    page = device.page
    device.open_login(world.hub_url, "zhouwen")
    page.goto(f"{world.hub_url}/office/import")
    device.look("import-choose")
    bad = workbook(
        tmp_path,
        {"roster_group": [CLASS], "pupil": [pupil(1, sex="?"), pupil(2, group_id="九(9)班"), pupil(3, name="")]},
    )
    page.set_input_files("[name=file]", bad)
    device.follow("main form .btn.main")
    for words in ("不能导入", "有 3 处需要改正", "E2", "B3", "D4", "九(9)班"):
        expect(page.locator("main")).to_contain_text(words)
    expect(page.locator("button", has_text="确认导入")).to_have_count(0)
    device.look("import-errors")
    device.follow("header .back")
    pupils = [pupil(n) for n in range(2, PUPILS + 1)]
    mended = workbook(
        tmp_path, {"roster_group": [CLASS], "pupil": [pupil(1, identity_number=IDENTITY, guardian="苗先生"), *pupils]}
    )
    page.set_input_files("[name=file]", mended)
    device.follow("main form .btn.main")
    expect(page.locator("fieldset")).to_contain_text("校验码不对")
    expect(page.locator("body")).not_to_contain_text(IDENTITY)
    device.look("import-doubt")
    device.follow("main form .btn.main")
    expect(page.locator("main")).to_contain_text("还没有确认")
    page.check("[name=agreed]")
    device.follow("main form .btn.main")
    expect(page.locator(".progress")).to_contain_text(f"已导入 {2 * PUPILS + 2} 条")
    expect(page.locator(".progress")).to_contain_text("已写 ")
    device.look("import-progress")
    device.follow(".progress a")
    page.goto(f"{world.hub_url}/office/list/pupil-private")
    expect(page.locator("tbody")).to_contain_text("1101**********0011")
    expect(page.locator("body")).not_to_contain_text(IDENTITY)
    device.look("list-pupil-private")
    page.goto(f"{world.hub_url}/office/list/pupils?q=新生&sort=-seat_number")
    expect(page.locator("tbody tr").first).to_contain_text(f"新生{PUPILS}")
    device.look("list-pupils")
    device.follow("nav[aria-label=翻页] a:has-text('下一页')")
    expect(page.locator("nav[aria-label=翻页]")).to_contain_text("2 / 3")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_a_timetable_s_unknown_names_are_settled_in_its_preview(world: World, device: Device, tmp_path: Path) -> None:
    page = device.page
    device.open_login(world.hub_url, "zhouwen")
    page.goto(f"{world.hub_url}/timetables/import")
    device.look("timetable-choose")
    file = tmp_path / "autumn.fet"
    file.write_bytes(
        fet(
            [activity(1, "语文", "王敏", "一(9)班"), activity(2, "数学", "王小明", "一(9)班", length=2)],
            [at(1, "Monday", "08:00")],
        )
    )
    page.set_input_files("[name=file]", file)
    page.fill("[name=name]", "秋季课表")
    page.fill("[name=begin]", "2025-09-01")
    device.follow("main form .btn.main")
    expect(page.locator("main")).to_contain_text("没有叫“一(9)班”的班级")
    expect(page.locator("main")).to_contain_text("没有排时间")
    device.look("timetable-unknown")
    page.select_option("select[name^='name.group']", "new")
    device.follow("form.form .btn.main")
    expect(page.locator("main")).not_to_contain_text("不能导入")
    device.look("timetable-preview")
    device.follow("button:has-text('确认导入')")
    expect(page.locator("tbody")).to_contain_text("秋季课表")
    device.look("list-timetables")


@pytest.mark.parametrize("device", SIZES, indirect=True)
def test_the_pages_of_the_import_speak_english_too(world: World, device: Device, tmp_path: Path) -> None:
    page = device.page
    device.open_login(world.hub_url, "zhouwen")
    device.follow("footer [name=lang][value=en]")
    for path, name in (("office/list/rooms", "list-rooms"), ("office/list/timetables", "list-timetables")):
        page.goto(f"{world.hub_url}/{path}")
        device.look(f"{name}-en")
    page.goto(f"{world.hub_url}/timetables/import")
    expect(page.locator("h1")).to_have_text("Import a timetable")
    page.goto(f"{world.hub_url}/office/import")
    page.set_input_files("[name=file]", workbook(tmp_path, {"pupil": [pupil(1, sex="?")]}))
    device.follow("main form .btn.main")
    expect(page.locator("main")).to_contain_text("is not one of the choices")

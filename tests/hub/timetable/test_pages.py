"""The way a timetable file takes through the pages: previewed, names settled, committed as a draft."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import xlsxwriter

from shared.records import AccountRole, TimetableSlot
from sync.capture import Author, write
from sync.replica import connect
from tests.hub.small_hub import CLASS_A, TEACHER, post
from tests.hub.timetable.fet_files import activity, at, fet, in_room

WISHES = {"campus": "A", "begin": "2025-09-01", "name": "秋季课表"}
FILE = fet(
    [
        activity(1, "Art", "王小明", "二(1)班"),
        activity(2, "Art", "Mrs X", "5C"),
        activity(3, "Art", "王小明", "二(1)班"),
    ],
    [at(1, "Monday", "08:00"), at(2, "Monday", "08:00"), in_room(2, "Hall")],
)


def send(client, data: bytes, name: str = "x.fet", **more: str) -> Any:
    form = {"file": (io.BytesIO(data), name), **WISHES, **more}
    return post(client, "/timetables/import/preview", form, content_type="multipart/form-data")


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of one form of a page."""
    form = page.split(f'action="{action}"')[1].split("</form>")[0]
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found if name != "csrf_token"}


def commit(client, page: str, **more: str) -> Any:
    return post(client, "/timetables/import/commit", {**fields(page, "/timetables/import/commit"), **more})


def test_names_that_nobody_has_are_settled_in_the_preview_and_the_draft_is_written(hub) -> None:
    client = hub.log_in("operator")
    assert client.get("/timetables/import").status_code == 403, "the operator plans no lessons"
    client = hub.log_in("clerk")
    assert client.get("/timetables/import").status_code == 200
    page = send(client, FILE)
    assert page.status_code == 422 and "没有叫“Mrs X”的教师" in page.text and "没有排时间" in page.text
    again = fields(page.text, "/timetables/import/preview")
    choices = {"name.group.5C": CLASS_A, "name.teacher.Mrs X": "new", "name.room.Hall": "none"}
    clash = post(client, "/timetables/import/preview", {**again, **choices})
    assert clash.status_code == 422 and "排了两次课" in clash.text
    settled = post(client, "/timetables/import/preview", {**again, **choices, "name.group.5C": "new"})
    assert settled.status_code == 200, settled.text
    assert hub.count("timetable_version") == 0, "a preview writes nothing"
    assert commit(client, settled.text).status_code == 302
    assert hub.rows("SELECT status, source FROM timetable_version") == [("draft", "FET 6.8.5 Valley")]
    assert hub.count("timetable_slot") == 2 and hub.count("room") == 0
    assert "秋季课表" in client.get("/office/list/timetables").text
    same = send(client, FILE, **{"create.group": "1", "create.teacher": "1", "name.room.Hall": "none"})
    assert "没有要写入的" in same.text


def test_a_workbook_is_a_timetable_too_and_a_teacher_in_two_classes_is_confirmed(hub) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("课表")
        rows = [
            ("班级", "星期", "节次", "课程", "教师"),
            ("二(1)班", "周一", 1, "语文", "王小明"),
            ("二(2)班", "周一", 1, "数学", "王小明"),
        ]
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    client = hub.log_in("clerk")
    preview = send(client, buffer.getvalue(), "课表.xlsx", **{"create.group": "1"})
    assert preview.status_code == 200 and "同时有两节课" in preview.text
    assert commit(client, preview.text).status_code == 409
    assert commit(client, preview.text, agreed="1").status_code == 302
    assert hub.rows("SELECT source FROM timetable_version") == [("课表.xlsx",)]
    assert hub.rows("SELECT subject FROM timetable_slot ORDER BY 1") == [("chinese",), ("maths",)]


def test_a_slot_edited_by_hand_stays_and_one_added_by_hand_is_not_taken_away(hub) -> None:
    client = hub.log_in("clerk")
    data = fet([activity(1, "Art", "王小明", "二(1)班")], [at(1, "Monday", "08:00")])
    commit(client, send(client, data).text)
    version = hub.rows("SELECT id FROM timetable_version")[0][0]
    with connect(hub.replica) as db, write(hub.replica, db, Author("A-3-00")) as w:
        w.update(TimetableSlot, (version, CLASS_A, 1, "every", 1), {"teacher_id": "A-4-00"})
        w.insert(TimetableSlot(version_id=version, group_id=CLASS_A, weekday=5, weeks="every", period=4, subject="pe"))
    page = send(client, data).text
    assert "手工改过" in page and "李主任" not in page.split("手工改过")[0]
    assert commit(client, page).status_code == 302
    assert hub.rows("SELECT teacher_id FROM timetable_slot ORDER BY weekday") == [("A-4-00",), (None,)]


def test_a_planner_who_may_make_no_classes_or_people_is_told_so(hub) -> None:
    with connect(hub.replica) as db, write(hub.replica, db, Author("A-1-00")) as w:
        w.insert(AccountRole(person_id=TEACHER, role="middle_leader", campus="A", begin="2025-08-01"))
    client = hub.log_in("teacher")
    page = send(client, FILE, **{"create.group": "1", "create.teacher": "1", "create.room": "1"})
    assert page.status_code == 422 and page.text.count("您的角色不能导入这张表") == 4
    settled = {"name.group.5C": CLASS_A, "name.teacher.Mrs X": TEACHER, "name.room.Hall": "none"}
    data = fet([activity(2, "Art", "Mrs X", "5C")], [at(2, "Monday", "08:00"), in_room(2, "Hall")])
    page = send(client, data, **settled)
    assert page.status_code == 200 and commit(client, page.text).status_code == 302
    assert hub.rows("SELECT teacher_id, group_id FROM timetable_slot") == [(TEACHER, CLASS_A)]


def test_an_office_of_one_campus_imports_no_timetable_of_another(hub) -> None:
    client = hub.log_in("clerk")
    assert send(client, FILE, campus="B").status_code == 403
    for more in ({"campus": "Q"}, {"begin": "soon"}, {"name": ""}, {"name": "x" * 61}):
        assert send(client, FILE, **more).status_code == 422
    assert send(client, b"<fet").status_code == 422 and send(client, b"").status_code == 422
    assert post(client, "/timetables/import/commit", {**WISHES, "upload": "0" * 64}).status_code == 422
    assert send(client, FILE, meant="{").status_code == 422

"""Members of dorm rooms, clubs and buses from a workbook: dated, repeatable, by the names that people use."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.office.sheets import office_sheets
from hub.workbook.reading import read_workbook
from hub.workbook.template import workbook_of
from shared.records import GroupMember, Pupil, RosterGroup
from sync.capture import Author, write
from sync.replica import connect
from tests.hub.small_hub import CLASS_A, OPERATOR, hidden, post, upload, workbook

DORM, CLUB, CLASS_A2 = "A-21-00", "A-22-00", "A-23-00"
MEMBERS = (
    "SELECT g.name, p.name, m.begin, m.end, m.seat_number FROM group_member m JOIN roster_group g ON g.id = m.group_id"
    " JOIN pupil p ON p.id = m.member_id WHERE g.kind <> 'class' ORDER BY g.name, p.id, m.begin"
)


@pytest.fixture
def school(hub):
    """A dorm room and a club; three children, two of one name in two classes; one of campus B."""
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(
            RosterGroup(id=DORM, campus="A", kind="dorm_room", name="301室", begin="2025-09-01"),
            RosterGroup(id=CLUB, campus="A", kind="club", name="合唱团", begin="2025-09-08"),
            RosterGroup(id=CLASS_A2, campus="A", name="二(2)班", begin="2025-09-01"),
            Pupil(id="A-30-00", name="陈雨桐"), Pupil(id="A-31-00", name="王芳"), Pupil(id="A-32-00", name="王芳"),
            Pupil(id="B-33-00", name="赵西西"),
            GroupMember(group_id=CLASS_A, member_id="A-31-00", begin="2025-09-01"),
            GroupMember(group_id=CLASS_A2, member_id="A-32-00", begin="2025-09-01"),
        )  # fmt: skip
    return hub


def row(group: str = "301室", name: str = "陈雨桐", **more: Any) -> dict[str, Any]:
    return {"campus": "A", "group_id": group, "name": name, **more}


def preview(client, *rows: dict[str, Any], **sheets: list[dict[str, Any]]):
    return upload(client, "/office/import/preview", workbook({**sheets, "group_member": list(rows)}))


def taken(client, *rows: dict[str, Any], **sheets: list[dict[str, Any]]) -> str:
    """Import and say what the preview said."""
    page = preview(client, *rows, **sheets)
    assert page.status_code == 200, page.text
    if "确认导入" in page.text:
        form = {"upload": hidden(page.text, "upload"), "digest": hidden(page.text, "digest")}
        assert post(client, "/office/import/commit", form).status_code == 302
    return page.text


def test_the_template_has_the_sheet(hub) -> None:
    rows = read_workbook(workbook_of(office_sheets()))["成员"]
    assert [str(cell).rstrip("*") for cell in rows[0].cells] == [
        "校区", "小组", "姓名", "班级", "学生校区", "开始", "结束", "序号", "学生编号",
    ]  # fmt: skip
    page = hub.log_in("operator").get("/office/import").text
    assert "成员" in page and "学生校区" in page


def test_members_are_written_dated_and_the_same_file_again_changes_nothing(school) -> None:
    client = school.log_in("operator")
    rows = [
        row(seat_number=3), row("合唱团", begin="2025-09-15"), row("301室", "王芳", class_name="二(2)班"),
        row("301室", "赵西西", home_campus="西校区", begin="2025-09-10", end="2026-01-20"),
    ]  # fmt: skip
    taken(client, *rows)
    expected = [
        ("301室", "陈雨桐", "2025-09-01", None, 3), ("301室", "王芳", "2025-09-01", None, 0),
        ("301室", "赵西西", "2025-09-10", "2026-01-20", 0), ("合唱团", "陈雨桐", "2025-09-15", None, 0),
    ]  # fmt: skip
    assert school.rows(MEMBERS) == expected
    before = school.count("_changeset")
    assert "没有要写入的" in taken(client, *rows)
    assert "没有要写入的" in taken(client, rows[1]), "a row that is missing takes nobody out"
    assert school.rows(MEMBERS) == expected and school.count("_changeset") == before


def test_an_end_ends_a_membership_and_who_comes_again_begins_anew(school) -> None:
    client = school.log_in("operator")
    taken(client, row())
    taken(client, row(end="2025-10-01"))
    assert school.rows(MEMBERS) == [("301室", "陈雨桐", "2025-09-01", "2025-10-01", 0)]
    assert "要写从哪天起" in preview(client, row()).text
    taken(client, row(begin="2025-11-01"))
    assert [line[2:4] for line in school.rows(MEMBERS)] == [("2025-09-01", "2025-10-01"), ("2025-11-01", None)]
    both = [row(begin="2025-11-01", end="2025-12-01"), row(begin="2025-12-01")]
    taken(client, *reversed(both))
    assert [line[2:4] for line in school.rows(MEMBERS)] == [
        ("2025-09-01", "2025-10-01"), ("2025-11-01", "2025-12-01"), ("2025-12-01", None)
    ]  # fmt: skip


def test_a_group_and_a_child_of_the_same_workbook_may_be_named(school) -> None:
    client = school.log_in("operator")
    taken(
        client, row("校车一号", "新同学", begin="2025-09-15"),
        roster_group=[{"campus": "A", "name": "校车一号", "kind": "bus", "begin": "2025-09-01"}],
        pupil=[{"campus": "A", "group_id": "二(1)班", "seat_number": 9, "name": "新同学", "sex": "male"}],
    )  # fmt: skip
    assert school.rows(MEMBERS) == [("校车一号", "新同学", "2025-09-15", None, 0)]


def test_all_problems_are_told_at_once_with_their_cells_and_nothing_is_written(school) -> None:
    client = school.log_in("operator")
    taken(client, row())
    before = school.count("_changeset")
    page = preview(
        client, row(begin="2025-10-01"), row("302室"), row("二(1)班"), row(name="王芳"), row(name="没有这人"),
        row("合唱团", end="2025-09-08"), row("合唱团", "王芳", member_id="A-30-00"), row("合唱团", member_id="A-99-00"),
        row("合唱团", begin="2025-9-31"), row("合唱团", "赵西西", home_campus="B"),
        row("合唱团", "赵西西", member_id="B-33-00"),
    )  # fmt: skip
    assert page.status_code == 422
    found = re.findall(r'<td class="num"[^>]*>([^<]*)</td><th scope="row">([^<]*)</th>', page.text)
    assert [(cell, wrong.partition("：")[0]) for cell, wrong in found] == [
        ("2", "开始"), ("B3", "小组"), ("4", "小组"), ("5", "姓名"), ("6", "姓名"), ("7", "结束"), ("8", "学生编号"),
        ("9", "学生编号"), ("F10", "开始"), ("12", "校区"),
    ]  # fmt: skip
    for words in ("从 2025-09-01 起已在这个小组", "是班级", "不止一名", "没有叫“没有这人”", "与第 11 行是同一条"):
        assert words in page.text
    assert school.count("_changeset") == before


def test_an_end_that_somebody_set_by_hand_stays(school) -> None:
    client = school.log_in("operator")
    taken(client, row(begin="2025-09-01"))
    with connect(school.replica) as db, write(school.replica, db, Author(OPERATOR)) as w:
        w.update(GroupMember, (DORM, "A-30-00", "2025-09-01"), {"end": "2025-09-12"})
    page = taken(client, row(begin="2025-09-01", end="2025-12-31", seat_number=5))
    assert "手工改过" in page and "2025-12-31" in page
    assert school.rows(MEMBERS) == [("301室", "陈雨桐", "2025-09-01", "2025-09-12", 5)]


def test_an_office_fills_no_group_of_another_campus(school) -> None:
    club = {"campus": "B", "name": "赵家班", "kind": "club", "begin": "2025-09-01"}
    answer = preview(school.log_in("clerk"), {**row("赵家班", "赵西西"), "campus": "B"}, roster_group=[club])
    assert answer.status_code == 422 and "不是您负责的校区" in answer.text

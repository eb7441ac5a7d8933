"""The import of everything from one workbook: preview, all errors at once, commit as a whole, repeatable."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter

from hub.office.importing import plan_import
from hub.workbook.reading import Limits, read_workbook
from shared.errors import InvalidInput
from sync.replica import connect
from tests.hub.small_hub import CLASS_A, hidden, post, upload, workbook

GOOD: dict[str, list[dict[str, Any]]] = {
    "person": [
        {"name": "吴一", "sex": "female", "staff_number": "00123"},
        {"name": "郑二", "staff_number": "00124"},
    ],
    "staff_membership": [
        {"person_id": "00123", "campus": "西校区", "category": "teacher", "begin": "2025-09-01"},
        {"person_id": "0006", "campus": "B", "category": "teacher", "share": "0.4", "home": 0, "begin": "2025-09-01"},
    ],
    "account": [{"person_id": "00123", "login": "wuyi", "password": "first-word-1"}],
    "account_role": [{"person_id": "00123", "role": "任课教师", "campus": "*", "begin": "2025-09-01"}],
    "roster_group": [
        {"campus": "B", "cohort": "2025", "name": "一(1)班", "homeroom_id": "00123", "begin": "2025-09-01"}
    ],
    "pupil": [
        {
            "campus": "B",
            "group_id": "一(1)班",
            "seat_number": n,
            "name": f"学生{n}",
            "sex": "male",
            "birth": "2018-05-01",
        }
        for n in (1, 2, 3)
    ],
}


def commit(client, page: str):
    return post(client, "/office/import/commit", {"upload": hidden(page, "upload"), "digest": hidden(page, "digest")})


def test_a_workbook_is_previewed_then_written_as_a_whole(hub) -> None:
    client = hub.log_in("operator")
    before = hub.count("person")
    preview = upload(client, "/office/import/preview", workbook(GOOD))
    assert preview.status_code == 200, preview.text
    assert hub.count("person") == before, "a preview writes nothing"
    assert commit(client, preview.text).status_code == 302
    assert hub.rows("SELECT name, initials FROM person WHERE staff_number = '00123'") == [("吴一", "wy")]
    assert hub.rows("SELECT count(*), count(DISTINCT substr(id, 1, 2)) FROM pupil WHERE id LIKE 'B-%'") == [(3, 1)]
    assert hub.rows(
        "SELECT g.name, m.seat_number FROM group_member m JOIN roster_group g ON g.id = m.group_id ORDER BY 2"
    ) == [("一(1)班", 1), ("一(1)班", 2), ("一(1)班", 3)]
    assert hub.rows("SELECT must_change, password_hash LIKE '$argon2id$%' FROM account WHERE login = 'wuyi'") == [
        (1, 1)
    ]
    assert hub.rows("SELECT share FROM staff_membership WHERE campus = 'B' AND home = 0") == [("0.4",)]


def test_the_same_workbook_twice_changes_nothing(hub) -> None:
    client = hub.log_in("operator")
    data = workbook(GOOD)
    commit(client, upload(client, "/office/import/preview", data).text)
    changesets = hub.count("_changeset")
    again = upload(client, "/office/import/preview", data)
    assert "没有要写入的" in again.text
    assert commit_blocked(again.text)
    assert hub.count("_changeset") == changesets


def commit_blocked(page: str) -> bool:
    return "确认导入" not in page


def test_an_exported_list_read_again_is_the_same(hub) -> None:
    client = hub.log_in("operator")
    commit(client, upload(client, "/office/import/preview", workbook(GOOD)).text)
    for slug in ("people", "memberships", "roles", "classes", "pupils", "campuses", "terms", "accounts"):
        exported = client.get(f"/office/list/{slug}.xlsx").data
        with connect(hub.replica) as db:
            plan = plan_import(db, read_workbook(exported), actor="nobody", may=lambda *_: True)
        assert (plan.problems, plan.to_write()) == ((), []), slug


def test_all_errors_are_told_at_once_with_sheet_cell_and_cure_and_nothing_is_written(hub) -> None:
    client = hub.log_in("operator")
    bad = {
        "person": [
            {"name": "", "staff_number": "00200"},
            {"name": "冯三", "staff_number": "00201", "sex": "其他"},
            {"name": "陈四", "staff_number": "00202"},
            {"name": "陈四", "staff_number": "00202"},
        ],
        "staff_membership": [
            {"person_id": "99999", "campus": "A", "category": "teacher", "begin": "2025-09-01"},
            {"person_id": "0006", "campus": "Q", "category": "teacher", "begin": "2025年2月30日"},
            {"person_id": "0006", "campus": "A", "category": "teacher", "begin": "2025-09-01", "end": "2025-09-01"},
        ],
    }
    before = hub.count("person"), hub.count("staff_membership"), hub.count("_changeset")
    page = upload(client, "/office/import/preview", workbook(bad))
    assert page.status_code == 422
    found = re.findall(r'<tr><td>([^<]*)</td><td class="num"[^>]*>([^<]*)</td><th scope="row">([^<]*)</th>', page.text)
    assert [(sheet, cell) for sheet, cell, _ in found] == [
        ("教职工", "A2"), ("教职工", "B3"), ("教职工", "5"),
        ("任职", "A2"), ("任职", "B3"), ("任职", "H3"), ("任职", "I4"),
    ]  # fmt: skip
    assert "没有这个工号：99999" in page.text and "与第 4 行是同一条" in page.text
    assert commit_blocked(page.text)
    refused = post(client, "/office/import/commit", {"upload": hidden_upload(hub), "digest": "x"})
    assert refused.status_code == 422
    assert before == (hub.count("person"), hub.count("staff_membership"), hub.count("_changeset"))


def hidden_upload(hub) -> str:
    return next(p.name for p in (hub.replica.path.parent / "uploads").iterdir())


def test_a_commit_of_another_state_than_the_preview_is_shown_again(hub) -> None:
    client = hub.log_in("operator")
    preview = upload(client, "/office/import/preview", workbook(GOOD)).text
    other = {"person": [{"name": "吴一", "sex": "male", "staff_number": "00123"}]}
    commit(client, upload(client, "/office/import/preview", workbook(other)).text)
    answer = commit(client, preview)
    assert answer.status_code == 409 and "数据有变动" in answer.text
    assert hub.rows("SELECT sex FROM person WHERE staff_number = '00123'") == [("male",)]
    assert commit(client, answer.text).status_code == 302


def test_a_missing_row_or_column_never_takes_anything_away(hub) -> None:
    client = hub.log_in("operator")
    commit(client, upload(client, "/office/import/preview", workbook(GOOD)).text)
    people = hub.count("person")
    data = plain_workbook("教职工", [["工号", "姓名"], ["00123", "吴一一"]])
    commit(client, upload(client, "/office/import/preview", data).text)
    assert hub.count("person") == people
    assert hub.rows("SELECT name, sex, initials FROM person WHERE staff_number = '00123'") == [
        ("吴一一", "female", "wyy")
    ]


def test_a_pupil_who_changes_class_keeps_the_id_and_the_old_place_ends(hub) -> None:
    client = hub.log_in("operator")
    commit(client, upload(client, "/office/import/preview", workbook(GOOD)).text)
    moved: dict[str, list[dict[str, Any]]] = {
        "roster_group": [{"campus": "B", "cohort": "2025", "name": "一(2)班", "begin": "2025-09-01"}],
        "pupil": [
            {
                "campus": "B", "group_id": "一(2)班", "seat_number": 1, "name": "学生2", "sex": "male",
                "birth": "2018-05-01", "member_begin": "2025-10-09",
            }
        ],
    }  # fmt: skip
    commit(client, upload(client, "/office/import/preview", workbook(moved)).text)
    assert hub.count("pupil") == 3
    assert hub.rows(
        "SELECT g.name, m.begin, m.end FROM group_member m JOIN roster_group g ON g.id = m.group_id"
        " JOIN pupil p ON p.id = m.member_id WHERE p.name = '学生2' ORDER BY m.begin"
    ) == [("一(1)班", "2025-09-01", "2025-10-09"), ("一(2)班", "2025-10-09", None)]


def test_two_pupils_of_one_name_in_one_class_stay_two_when_their_numbers_change(hub) -> None:
    client = hub.log_in("operator")
    for numbers in ((1, 2), (1, 2), (11, 12)):
        twins = [
            {"campus": "A", "group_id": "二(1)班", "seat_number": n, "name": "王芳", "sex": "female"} for n in numbers
        ]
        page = upload(client, "/office/import/preview", workbook({"pupil": twins})).text
        if not commit_blocked(page):
            commit(client, page)
        assert hub.rows("SELECT seat_number, group_id FROM group_member ORDER BY 1") == [(n, CLASS_A) for n in numbers]
    assert hub.count("pupil") == 2


def test_rights_hold_inside_a_workbook_too(hub) -> None:
    client = hub.log_in("clerk")
    page = upload(client, "/office/import/preview", workbook({"account_role": GOOD["account_role"]}))
    assert page.status_code == 422 and "您的角色不能导入这张表" in page.text
    own = {"account_role": [{"person_id": "0001", "role": "bursar", "campus": "*", "begin": "2025-09-01"}]}
    page = upload(hub.log_in("operator"), "/office/import/preview", workbook(own))
    assert page.status_code == 422 and "不能给自己填写" in page.text
    assert hub.log_in("teacher").get("/office/import").status_code == 403


def plain_workbook(title: str, rows: Sequence[Sequence[object]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet(title)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return buffer.getvalue()


def rewritten(data: bytes, change) -> bytes:
    """A workbook with its sheet's XML changed, as other programs write it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name.startswith("xl/worksheets/") else content)
    return buffer.getvalue()


def test_a_sheet_whose_stated_range_is_one_cell_is_read_whole() -> None:
    """What WPS writes; readers that believe it see one cell of sixty."""
    data = plain_workbook("教职工", [["工号", "姓名"], *[[f"{n:05}", f"人{n}"] for n in range(60)]])
    wrong = rewritten(data, lambda xml: re.sub(rb'<dimension ref="[^"]+"', b'<dimension ref="A1"', xml))
    assert wrong != data
    rows = read_workbook(wrong)["教职工"]
    assert (len(rows), rows[-1].number, rows[-1].cells) == (61, 61, ("00059", "人59"))


def test_blank_rows_keep_the_numbers_a_person_sees(hub) -> None:
    data = plain_workbook("教职工", [["工号", "姓名"], [], [], ["1", ""]])
    with connect(hub.replica) as db:
        plan = plan_import(db, read_workbook(data), actor="", may=lambda *_: True)
    assert [(p.reason, p.data["cell"]) for p in plan.problems] == [("missing", "B4")]


def test_a_table_that_begins_further_down_is_read_with_its_own_row_numbers(hub) -> None:
    data = plain_workbook("教职工", [[], [], ["", "工号", "姓名"], ["", "1", ""]])
    with connect(hub.replica) as db:
        plan = plan_import(db, read_workbook(data), actor="", may=lambda *_: True)
    assert [(p.reason, p.data["cell"]) for p in plan.problems] == [("missing", "C4")]


def test_an_18_digit_number_typed_as_a_number_is_refused_with_its_cure(hub) -> None:
    data = plain_workbook("教职工", [["工号", "姓名"], [110101199003070000.0, "人"]])
    page = upload(hub.log_in("operator"), "/office/import/preview", data)
    assert page.status_code == 422 and "后几位已丢失" in page.text and "文本" in page.text


def test_a_mistyped_heading_is_told_and_never_loses_a_column(hub) -> None:
    data = plain_workbook("教职工", [["工号", "姓 名"], ["1", "人"]])
    page = upload(hub.log_in("operator"), "/office/import/preview", data).text
    assert "没有这个列名" in page and "缺少这一列" in page


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "没有选择文件"),
        (b"hello", "不是 .xlsx 工作簿"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "另存为 .xlsx"),
        (plain_workbook("教职工", [["工号"]])[:900], "不是 .xlsx 工作簿"),
    ],
)
def test_files_that_are_no_workbook_are_refused_by_name(hub, data, reason) -> None:
    answer = upload(hub.log_in("operator"), "/office/import/preview", data)
    assert answer.status_code == 422 and reason in answer.text


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    with pytest.raises(InvalidInput) as refused:
        read_workbook(buffer.getvalue(), Limits(unpacked_bytes_max=1_000_000))
    assert refused.value.problems[0].reason == "workbook_too_large"


def test_one_stray_cell_in_the_last_corner_does_not_take_all_memory() -> None:
    data = plain_workbook("教职工", [["工号", "姓名"], ["1", "人"]])
    stray = rewritten(
        data,
        lambda xml: xml.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
    )
    with pytest.raises(InvalidInput) as refused:
        read_workbook(stray)
    assert [(p.reason, p.data) for p in refused.value.problems] == [("sheet_too_large", {"cell": "XFD1048576"})]

"""Private data on its way in and on the screen: digits kept, doubts confirmed, numbers masked, readers chosen."""

from __future__ import annotations

import io
from typing import Any

import pytest
import xlsxwriter

from hub.office.identity import birth_in, check_digit_of, doubt_about, is_identity_number
from hub.workbook.naming import masked
from tests.hub.small_hub import TEACHER, hidden, post, upload, workbook

# Invented: the check digit of the right one would be 4, so nobody's number stands here.
WRONG = "110101201805010011"
RIGHT = WRONG[:17] + check_digit_of(WRONG)


def pupils(**private: Any) -> dict[str, list[dict[str, Any]]]:
    row = {
        "campus": "A",
        "group_id": "二(1)班",
        "seat_number": 1,
        "name": "小苗",
        "sex": "female",
        "birth": "2018-05-01",
    }
    return {"pupil": [row | private]}


def preview(client, rows):
    return upload(client, "/office/import/preview", workbook(rows))


def commit(client, page: str, **more: str):
    form = {"upload": hidden(page, "upload"), "digest": hidden(page, "digest"), **more}
    return post(client, "/office/import/commit", form)


@pytest.mark.parametrize(
    ("number", "birth", "doubt"),
    [
        (RIGHT, "", None), (RIGHT, "2018-05-01", None), (RIGHT, "2018-05-02", "identity_birth_differs"),
        (WRONG, "", "identity_check_digit"), ("110101201813010014", "", "identity_birth"),
        ("11010118990101001X", "", "identity_birth"),
    ],
)  # fmt: skip
def test_an_identity_number_is_doubted_for_its_digit_or_its_birth(number, birth, doubt) -> None:
    assert is_identity_number(number)
    assert doubt_about(number, birth) == doubt


@pytest.mark.parametrize(
    "text", ["", "11010120180501001", "11010120180501001x", "０１０１０１２０１８０５０１００１１", "A" * 18]
)
def test_what_is_no_identity_number_is_told_apart(text) -> None:
    assert not is_identity_number(text)


def test_a_known_number_has_its_check_digit() -> None:
    """GB 11643-1999, example of the standard's appendix."""
    assert check_digit_of("11010519491231002") == "X" and birth_in("11010519491231002X") == "1949-12-31"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("110101201805010011", "1101**********0011"),
        ("13800138000", "138*****000"),
        ("8001", "8**1"),
        ("12", "*"),
        ("", "*"),
    ],
)
def test_a_masked_number_shows_only_its_ends(number, shown) -> None:
    assert masked(number) == shown


def test_a_wrong_check_digit_must_be_confirmed_by_a_tick_and_is_not_asked_again(hub) -> None:
    client = hub.log_in("clerk")
    rows = pupils(identity_number=WRONG, guardian="苗先生", guardian_phone="13800138000")
    page = preview(client, rows)
    assert page.status_code == 200 and "校验码不对" in page.text and WRONG not in page.text
    refused = commit(client, page.text)
    assert refused.status_code == 409 and "还没有确认" in refused.text
    assert hub.count("pupil") == 0
    assert commit(client, refused.text, agreed="1").status_code == 302
    assert hub.rows("SELECT identity_number, guardian, guardian_phone FROM pupil_private") == [
        (WRONG, "苗先生", "13800138000")
    ]
    again = preview(client, rows).text
    assert "没有要写入的" in again and "校验码" not in again


def test_a_number_that_was_typed_as_a_number_is_refused_with_its_cell(hub) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("教职工隐私信息")
        for column, (head, value) in enumerate(
            [("校区", "A"), ("工号", "0006"), ("身份证号", 110101201805010011), ("手机", 13800138000)]
        ):
            page.write(0, column, head)
            page.write(1, column, value)
    answer = upload(hub.log_in("operator"), "/office/import/preview", buffer.getvalue())
    assert answer.status_code == 422
    assert answer.text.count("是按数字填的") == 2 and "C2" in answer.text and "D2" in answer.text
    assert hub.count("person_private") == 0


def test_an_identity_number_of_another_form_is_an_error(hub) -> None:
    rows = {"person_private": [{"campus": "A", "person_id": "0006", "identity_number": "12345"}]}
    answer = preview(hub.log_in("operator"), rows)
    assert answer.status_code == 422 and "不是 18 位身份证号" in answer.text


def test_lists_show_masked_numbers_to_those_who_may_read_them(hub) -> None:
    client = hub.log_in("operator")
    rows = {"person_private": [{"campus": "A", "person_id": "0006", "identity_number": RIGHT, "phone": "13800138000"}]}
    commit(client, preview(client, rows).text)
    page = client.get("/office/list/staff-private").text
    assert "1101**********" in page and RIGHT not in page and "13800138000" not in page
    assert client.get(f"/office/list/staff-private?q={RIGHT}").text.count("王小明") == 0, "no oracle for numbers"
    assert RIGHT.encode() not in client.get("/office/list/staff-private/shown.xlsx").data
    assert hub.log_in("headb").get("/office/list/staff-private").status_code == 403
    assert hub.log_in("clerk").get(f"/office/list/staff-private/edit/A/{TEACHER}").text.count(RIGHT) >= 1


def test_a_clerk_of_one_campus_reads_no_private_data_of_another(hub) -> None:
    operator = hub.log_in("operator")
    staff = {"person_private": [{"campus": c, "person_id": "0006", "phone": "13800138000"} for c in "AB"]}
    commit(operator, preview(operator, staff).text)
    clerk = hub.log_in("clerk")
    assert clerk.get("/office/list/staff-private").text.count("138*****000") == 1
    assert clerk.get(f"/office/list/staff-private/edit/B/{TEACHER}").status_code == 403
    answer = preview(clerk, {"person_private": [{"campus": "B", "person_id": "0006", "phone": "13900139000"}]})
    assert answer.status_code == 422 and "不是您负责的校区" in answer.text


def test_a_role_that_may_not_write_pupils_private_data_may_not_import_it(hub) -> None:
    answer = preview(hub.log_in("director"), pupils(guardian="苗先生"))
    assert answer.status_code == 422 and "您的角色不能导入这张表" in answer.text


def test_a_doubt_in_a_form_is_confirmed_by_a_tick(hub) -> None:
    client = hub.log_in("clerk")
    form = {"campus": "中心校区", "person_id": "0006", "identity_number": WRONG}
    answer = post(client, "/office/list/staff-private/new", form)
    assert answer.status_code == 422 and "已逐处核对" in answer.text
    assert post(client, "/office/list/staff-private/new", {**form, "agreed": "1"}).status_code == 302

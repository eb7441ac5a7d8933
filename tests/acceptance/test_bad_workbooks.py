"""Every workbook of EasyExcel's own bug reports: refused or read with sheet and row, never a crash."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

import pytest

from hub.office.importing import plan_import
from hub.timetable.sheets import read_week
from hub.workbook.reading import Limits, read_workbook
from hub.workbook.words import told
from shared.errors import InvalidInput, Problem
from sync.replica import connect
from tests.hub.small_hub import csrf_in, make_hub, post
from tests.support.shared_data import shared_dir

pytestmark = pytest.mark.acceptance

SAMPLE = (
    "t01.xls",
    "t02.xlsx",
    "t04.xlsx",
    "t07.xlsx",
    "dataformat.xlsx",
    "no_bom.csv",
    "multiplesheets.xlsx",
    "simple07.xlsx",
)


@cache
def files() -> tuple[Path, ...]:
    folder = shared_dir() / "data" / "easyexcel-workbooks"
    return tuple(sorted(p for p in folder.rglob("*") if p.suffix in (".xls", ".xlsx", ".csv")))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory):
    return make_hub(tmp_path_factory.mktemp("bad"))


def placed(problem: Problem) -> bool:
    """A problem of the file as a whole, or one with its sheet and row."""
    whole = problem.field == "file" and problem.reason in (
        "workbook_old_or_locked", "not_a_workbook", "workbook_damaged", "no_sheet_known", "timetable_sheet"
    )  # fmt: skip
    return whole or bool(problem.data.get("sheet"))


def test_there_are_as_many_as_the_source_says() -> None:
    kinds = [path.suffix for path in files()]
    assert (kinds.count(".xlsx"), kinds.count(".xls"), kinds.count(".csv")) == (35, 13, 5)


def test_every_file_is_refused_with_a_place_and_a_cure_as_an_office_workbook(hub) -> None:
    for path in files():
        with connect(hub.replica) as db:
            try:
                problems = plan_import(db, read_workbook(path.read_bytes()), actor="", may=lambda *_: True).problems
            except InvalidInput as refused:
                problems = refused.problems
        assert problems, path.name
        for problem in problems:
            assert placed(problem), (path.name, problem)
            for lang in ("zh", "en"):
                words = told(problem, lang)
                assert words.wrong and words.cure and "{" not in words.wrong + words.cure, (path.name, words)


def test_every_file_is_refused_with_a_place_as_a_timetable() -> None:
    for path in files():
        try:
            week, found = read_week(read_workbook(path.read_bytes()), path.name)
            assert not week.activities, path.name
            problems = tuple(found)
        except InvalidInput as refused:
            problems = refused.problems
        assert problems and all(placed(problem) for problem in problems), path.name


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("url", ["/office/import/preview", "/timetables/import/preview"])
def test_an_upload_of_one_is_answered_with_what_to_do(hub, name, url) -> None:
    path = next(p for p in files() if p.name == name)
    form = {"file": (io.BytesIO(path.read_bytes()), name), "campus": "A", "begin": "2025-09-01", "name": "x"}
    answer = post(hub.log_in("clerk"), url, form, content_type="multipart/form-data")
    assert answer.status_code == 422 and "flash bad" in answer.text or "不能导入" in answer.text


def test_the_lesson_list_of_a_chinese_school_says_what_its_empty_row_lacks() -> None:
    data = (shared_dir() / "data" / "cn-lesson-template" / "课表.xlsx").read_bytes()
    week, problems = read_week(read_workbook(data), "课表.xlsx")
    assert week.activities == ()
    assert [(p.data["cell"], p.reason) for p in problems] == [
        ("B2", "not_period"), ("C2", "missing"), ("A2", "no_class_named")
    ]  # fmt: skip


def bomb(unpacked: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * unpacked)
    return buffer.getvalue()


def test_a_zip_bomb_and_an_oversized_file_are_refused(hub) -> None:
    data = bomb(130 * 1024 * 1024)
    assert len(data) < 200_000
    with pytest.raises(InvalidInput, match="workbook_too_large"):
        read_workbook(data)
    with pytest.raises(InvalidInput, match="workbook_too_large"):
        read_workbook(bomb(10), Limits(file_bytes_max=20))
    form = {"file": (io.BytesIO(data), "x.xlsx")}
    answer = post(hub.log_in("clerk"), "/office/import/preview", form, content_type="multipart/form-data")
    assert answer.status_code == 422 and "文件太大" in answer.text
    client = hub.log_in("clerk")
    answer = client.post(
        "/office/import/preview", data=b"x" * 11_000_000, content_type="multipart/form-data; boundary=x",
        headers={"X-CSRFToken": csrf_in(client.get("/password").text)},
    )  # fmt: skip
    assert answer.status_code == 413

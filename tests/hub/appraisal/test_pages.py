"""What people see: the table, a person down to the rows, the sheet, and who may see what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from hub.appraisal import store
from sync.replica import connect
from tests.hub.appraisal.site import filled_app, logged_in
from tests.hub.appraisal.worlds import END


@dataclass
class Site:
    """The app, and the run that the principal has made through the page."""

    app: Flask
    run_id: str

    def get(self, login: str, path: str) -> tuple[int, str]:
        answer = logged_in(self.app, login).get(path)
        return answer.status_code, answer.text


def run_by_form(client: FlaskClient) -> str:
    answer = client.post("/appraisal/run", data={"term": "2025A", "scheme": "example", "end": END})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"].rsplit("/", 1)[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    app = filled_app(tmp_path_factory.mktemp("hub"))
    yield Site(app, run_by_form(logged_in(app, "principal")))


def test_the_table_lists_everybody_with_totals_and_says_it_is_provisional(site: Site) -> None:
    status, page = site.get("principal", f"/appraisal/{site.run_id}")
    assert status == 200
    for name in ("陈静", "王小明", "李红", "赵强", "孙丽"):
        assert name in page
    assert "暂定" in page and "试运行" in page and "西校区 还没有同步过" in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("campus=B", ["王小明", "赵强"], ["陈静"]),
        ("category=support_staff", ["孙丽"], ["王小明"]),
        ("q=赵强", ["赵强"], ["孙丽"]),
        ("q=0002", ["王小明"], ["孙丽"]),
        ("q=nobody", ["没有符合条件的人"], ["王小明"]),
    ],
)
def test_the_table_filters(site: Site, query: str, shown: list[str], hidden: list[str]) -> None:
    _, page = site.get("supervisor", f"/appraisal/{site.run_id}?{query}")
    body = page[page.index("<tbody>") :]
    assert all(words in body for words in shown) and not any(words in body for words in hidden)


def test_the_table_sorts_by_any_column(site: Site) -> None:
    def order(query: str) -> list[str]:
        _, page = site.get("supervisor", f"/appraisal/{site.run_id}?{query}")
        return re.findall(r"/person/([\w-]+)", page[page.index("<tbody>") :])

    assert order("sort=results&order=up") == order("sort=results&order=up")
    by_total = order("sort=total&order=down")
    assert set(by_total) == set(order("sort=name"))
    # The higher comes first, and the other way round.
    assert order("sort=attendance&order=down")[-1] != order("sort=attendance&order=up")[-1]


def test_every_point_of_a_person_stands_beside_its_row_and_the_sentence(site: Site) -> None:
    _, page = site.get("wang", f"/appraisal/{site.run_id}/person/A-2-AA")
    assert "迟到、早退 5 分钟以内（含 5 分钟）每次扣 0.2 分" in page
    assert "迟到 9 分钟" in page and "雨天路滑" in page and "西校区" in page
    assert "教职工考勤 A-2-AA/2025-09-04/B" in page
    assert re.search(r"H\w+\.\w+/con/\d+", page), "the changeset is named"
    assert "陈静" in page and "已更正，不计" in page


def test_my_own_page_is_found_without_knowing_the_run(site: Site) -> None:
    client = logged_in(site.app, "wang")
    assert client.get("/appraisal/mine").headers["Location"].endswith(f"/appraisal/{site.run_id}/person/A-2-AA")


@pytest.mark.parametrize(
    ("login", "path", "status"),
    [
        ("wang", "", 403),
        ("wang", "/person/A-3-AA", 403),
        ("wang", "/person/A-2-AA", 200),
        ("wang", "/table.xlsx", 403),
        ("operator", "", 403),
        ("head_of_b", "", 200),
        ("head_of_b", "/person/A-2-AA", 200),
        ("head_of_b", "/person/A-1-AA", 403),
        ("supervisor", "/person/A-1-AA", 200),
        ("principal", "/person/nobody", 404),
    ],
)
def test_each_sees_what_the_role_needs(site: Site, login: str, path: str, status: int) -> None:
    assert site.get(login, f"/appraisal/{site.run_id}{path}")[0] == status


def test_a_campus_head_sees_the_own_campus_only(site: Site) -> None:
    _, page = site.get("head_of_b", f"/appraisal/{site.run_id}")
    body = page[page.index("<tbody>") :]
    assert "赵强" in body and "王小明" in body and "陈静" not in body and "李红" not in body


def test_a_teacher_may_not_start_a_run(site: Site) -> None:
    answer = logged_in(site.app, "wang").post("/appraisal/run", data={"term": "2025A"})
    assert answer.status_code == 403


def test_ethics_cases_are_not_shown_to_a_campus_head(site: Site) -> None:
    _, mine = site.get("head_of_b", f"/appraisal/{site.run_id}/person/A-2-AA")
    assert "师德事项的依据由教联体保管" in mine
    _, theirs = site.get("principal", f"/appraisal/{site.run_id}/person/A-3-AA")
    assert "师德事项 A-109-AA" in theirs and "不外传" not in theirs


def test_the_sheet_holds_the_same_table_and_says_what_is_missing(site: Site) -> None:
    answer = logged_in(site.app, "principal").get(f"/appraisal/{site.run_id}/table.xlsx")
    book = CalamineWorkbook.from_filelike(BytesIO(answer.data))
    rows = book.get_sheet_by_name("总表").to_python()
    assert "暂定·试运行" in str(rows[0][0])
    with connect(site.app.extensions["tongxin"].replica) as db:
        totals = {line.name: float(line.result.total) for line in store.result_lines(db, site.run_id)}
    at = {name: index for index, name in enumerate(rows[2])}
    assert {row[at["姓名"]]: row[at["合计"]] for row in rows[3:]} == totals
    for row in rows[3:]:
        numbers = [cell for cell in row[5 : at["合计"]] if isinstance(cell, float)]
        assert sum(numbers) == pytest.approx(row[at["合计"]])
    about = book.get_sheet_by_name("说明").to_python()
    assert any("还没有同步过" in str(row[1]) for row in about)
    again = logged_in(site.app, "principal").get(f"/appraisal/{site.run_id}/table.xlsx")
    assert again.data == answer.data


def test_two_runs_of_the_same_facts_are_shown_to_be_the_same(site: Site) -> None:
    client = logged_in(site.app, "principal")
    second = run_by_form(client)
    page = client.get(f"/appraisal/{second}/compare/{site.run_id}").text
    assert "完全相同" in page
    shorter = client.post("/appraisal/run", data={"term": "2025A", "scheme": "example", "end": "2025-09-03"})
    third = shorter.headers["Location"].rsplit("/", 1)[1]
    assert "人的分数有变化" in client.get(f"/appraisal/{third}/compare/{second}").text


def test_the_scheme_can_be_read_with_its_fifteen_answers(site: Site) -> None:
    _, page = site.get("wang", "/appraisal/scheme/example/1")
    assert page.count("<li><b>") == 15
    assert "第五条" in page


@pytest.mark.parametrize("path", ["/appraisal", "/appraisal/scheme/example/1", "/appraisal/mine"])
def test_every_page_stands_in_english_too(site: Site, path: str) -> None:
    answer = logged_in(site.app, "principal").get(f"{path}?lang=en", follow_redirects=True)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "data", [{"term": "no"}, {"term": "2025A", "end": "2020-01-01"}, {"term": "2025A", "scheme": "example/x"}]
)
def test_a_run_that_cannot_be_made_says_so(site: Site, data: dict[str, str]) -> None:
    assert logged_in(site.app, "principal").post("/appraisal/run", data=data).status_code in (404, 422)


def test_nothing_on_a_page_needs_inline_style_or_script(site: Site) -> None:
    for path in ("", "/person/A-2-AA"):
        _, page = site.get("principal", f"/appraisal/{site.run_id}{path}")
        assert " style=" not in page and not re.search(r"<script(?![^>]*src=)", page) and " onclick" not in page

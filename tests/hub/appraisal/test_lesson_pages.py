"""What people see of a workload that comes from lesson rows."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from hub.appraisal.export import lacking_words
from tests.hub.appraisal.site import add_accounts, app_over, logged_in
from tests.hub.appraisal.timetables import ALL_DAYS, FRIDAYS, WANG, WEDNESDAYS, ZHAO, closed, cover, hub_with
from tests.hub.appraisal.worlds import evidence


@pytest.fixture(scope="module")
def principal(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Somebody who may see all, on a hub where the last week of campus A has not been closed."""
    replica = hub_with(
        tmp_path_factory.mktemp("hub"), cover(0, FRIDAYS[0]), *closed("A", ALL_DAYS[:-5]),
        *closed("B", WEDNESDAYS, WANG, by=ZHAO), evidence("A-300-AA", WANG, "weekly_lessons", "16", subject="maths"),
    )  # fmt: skip
    add_accounts(replica)
    return logged_in(app_over(replica), "principal")


@pytest.fixture(scope="module")
def run_path(principal: FlaskClient) -> str:
    answer = principal.post("/appraisal/run", data={"term": "2025A", "scheme": "example"})
    return str(answer.headers["Location"])


def test_each_day_of_lessons_says_what_where_and_who_closed_it(principal: FlaskClient, run_path: str) -> None:
    page = principal.get(f"{run_path}/person/{WANG}?open=all").text
    for words in (
        "走教周课时 数学 4 节 × 1.44 ÷ 20 周", "二年级 1,2,3,4", f"B/{WEDNESDAYS[0]}/{WANG}", "赵强",
        "代课节数 数学 1 节 ÷ 20 周", "课程变动 A-600-AA", "走教 20 天", "周课时 登记 16", "以课务记录为准，不计",
        "3 天的 12 节课还没有日结（2026-01-12 至 2026-01-15），日结后计入", "记录不全",
    ):  # fmt: skip
        assert words in page, words


def test_the_table_says_which_campus_has_days_that_are_not_closed(principal: FlaskClient, run_path: str) -> None:
    page = principal.get(run_path).text
    assert "中心校 有 4 天的课务没有日结（2026-01-12 至 2026-01-16）" in page
    assert "1 人的课时另有登记，以课务记录为准" in page


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"/person/{WANG}?open=all", "itinerant weekly lessons mathematics 4 lessons × 1.44 ÷ 20 weeks"),
        ("", "lessons of 4 days not closed"),
    ],
)
def test_it_stands_in_english_too(principal: FlaskClient, run_path: str, path: str, words: str) -> None:
    principal.post("/language", data={"lang": "en"})
    page = principal.get(run_path + path).text
    principal.post("/language", data={"lang": "zh"})
    assert words in page


def test_the_sheet_says_it_in_both_languages() -> None:
    entry = {"kind": "lesson_days", "campus": "B", "count": 3, "first": "2026-01-12", "last": "2026-01-15"}
    assert lacking_words(entry, {"B": "西校区"}) == (
        "西校区 3 天的课务没有日结（2026-01-12 – 2026-01-15） / lessons of 3 days not closed"
    )
    assert lacking_words({"kind": "overruled", "count": 2}, {}).startswith("2 人的课时另有登记")

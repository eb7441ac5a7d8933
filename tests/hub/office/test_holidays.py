"""Public holidays from the official JSON: read, previewed, kept, and known to the calendar."""

from __future__ import annotations

import json
from datetime import date

import pytest

from hub.office.holidays import holidays_with, plan_holidays
from shared.calendar import known_holidays
from shared.errors import InvalidInput
from shared.records import PublicHoliday
from tests.hub.small_hub import hidden, post, upload
from tests.support.shared_data import shared_file

DAYS = [
    {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
    {"name": "春节", "date": "2027-02-14", "isOffDay": False},
    {"name": "春节", "date": "2027-02-08", "isOffDay": True},
]


def notice(days: object = DAYS, **more: object) -> bytes:
    return json.dumps({"year": 2027, "papers": ["https://example.invalid/1"], "days": days, **more}).encode()


def import_it(client, data: bytes):
    page = upload(client, "/office/import/preview", data).text
    return post(client, "/office/import/commit", {"upload": hidden(page, "upload"), "digest": hidden(page, "digest")})


def test_a_notice_is_previewed_committed_and_the_same_when_it_comes_again(hub) -> None:
    client = hub.log_in("operator")
    assert import_it(client, notice()).status_code == 302
    assert hub.rows("SELECT date, name, off FROM public_holiday ORDER BY 1") == [
        ("2027-01-01", "元旦", 1), ("2027-02-08", "春节", 1), ("2027-02-14", "春节", 0),
    ]  # fmt: skip
    assert "没有要写入的" in upload(client, "/office/import/preview", notice()).text
    assert "2027-02-14" in client.get("/office/list/holidays").text


def test_the_calendar_of_a_term_knows_the_imported_days(hub) -> None:
    client = hub.log_in("operator")
    days = [
        {"name": "校庆", "date": "2025-09-16", "isOffDay": True},
        {"name": "校庆", "date": "2025-09-20", "isOffDay": False},
    ]
    assert import_it(client, notice(days, year=2025)).status_code == 302
    assert "9月20日" in client.get("/office/calendar?campus=A").text, "a make-up day that must be decided"
    post(client, "/office/calendar", {"term": "2025-1", "campus": "A"})
    assert hub.rows("SELECT kind FROM calendar_day WHERE campus = 'A' AND date = '2025-09-16'") == [("holiday",)]


@pytest.mark.parametrize(
    ("days", "reasons"),
    [
        ([{"name": "x", "date": "2027-02-30", "isOffDay": True}], ["holiday_entry"]),
        ([{"name": "x", "date": "2030-02-01", "isOffDay": True}], ["holiday_entry"]),
        ([{"name": "", "date": "2027-02-01", "isOffDay": True}], ["holiday_entry"]),
        ([{"name": "x", "date": "2027-02-01", "isOffDay": 1}, 7, None], ["holiday_entry"] * 3),
        ([DAYS[0], DAYS[0]], ["holiday_twice"]),
    ],
)
def test_every_wrong_entry_is_told_at_once(days, reasons) -> None:
    assert [p.reason for p in plan_holidays(notice(days), {}).problems] == reasons


@pytest.mark.parametrize(
    "data",
    [b"{", b"[]", b"{}", notice("x"), notice([], year="2027"), b"[" * 100_000, notice([], papers=1),
     b"\xff\xfe{", notice([DAYS[0]] * 400)],
)  # fmt: skip
def test_what_is_no_notice_is_refused(hub, data) -> None:
    with pytest.raises(InvalidInput):
        plan_holidays(data, {})
    assert upload(hub.log_in("operator"), "/office/import/preview", data).status_code == 422


def test_a_file_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(InvalidInput, match="workbook_too_large"):
        plan_holidays(b"{" + b" " * 1_000_001, {})


def test_a_row_says_what_its_date_is_whatever_is_shipped() -> None:
    rows = [
        PublicHoliday(date="2025-10-01", name="上课", off=0), PublicHoliday(date="2025-10-11", name="休", off=1),
        PublicHoliday(date="2025-11-15", name="调", off=0),
    ]  # fmt: skip
    found = holidays_with(known_holidays(), rows)
    assert date(2025, 10, 1) not in found.off and date(2025, 10, 1) not in found.make_ups
    assert found.off[date(2025, 10, 11)] == "休" and date(2025, 10, 11) not in found.make_ups
    assert found.make_ups[date(2025, 11, 15)] == "调"
    assert 2031 not in holidays_with(known_holidays(), [PublicHoliday(date="2031-01-01", name="x")]).years


@pytest.mark.acceptance
@pytest.mark.parametrize("year", range(2019, 2026))
def test_the_official_files_say_the_same_as_what_is_shipped(year) -> None:
    data = shared_file(f"data/holiday-cn/{year}.json").read_bytes()
    plan = plan_holidays(data, {})
    assert plan.problems == () and len(plan.changes) >= 30
    shipped = known_holidays()
    if year in shipped.years:
        for change in plan.changes:
            day = date.fromisoformat(str(change.values["date"]))
            assert day in (shipped.off if change.values["off"] else shipped.make_ups)

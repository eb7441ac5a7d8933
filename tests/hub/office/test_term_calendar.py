"""The calendar of a term: made from holidays and the school's choices, hand-made days kept."""

from __future__ import annotations

import pytest

from tests.hub.small_hub import post

FORM = {"term": "2025-1", "campus": "A", "follows.2025-09-28": "2", "follows.2025-10-11": "3", "week.2025-10-11": "5"}


def day(hub, date: str, campus: str = "A"):
    sql = "SELECT kind, follows_weekday, week, parity FROM calendar_day WHERE campus = ? AND date = ?"
    return hub.rows(sql, campus, date)


def test_a_term_becomes_one_stored_day_a_date_for_one_campus(hub) -> None:
    client = hub.log_in("clerk")
    page = client.get("/office/calendar").text
    assert "未定" in page and "9月28日" in page
    assert post(client, "/office/calendar", FORM).status_code == 302
    assert hub.rows("SELECT campus, count(*) FROM calendar_day GROUP BY campus") == [("A", 145)]
    assert day(hub, "2025-09-28") == [("make_up", 2, 4, "even")]
    assert day(hub, "2025-10-11") == [("make_up", 3, 6, "odd")]
    assert day(hub, "2025-10-08") == [("holiday", None, 6, "even")]
    assert "上周二的课" in client.get("/office/calendar").text


def test_a_day_changed_by_hand_stays_unless_the_person_says_otherwise(hub) -> None:
    client = hub.log_in("clerk")
    post(client, "/office/calendar", FORM)
    url = "/office/list/calendar/edit/A/2025-09-16"
    form = {"kind": "closed", "shown.kind": "上课日", "follows_weekday": "", "shown.follows_weekday": "2"}
    page = client.get(url).text
    assert "2025-09-16" in page
    kept = {
        "week": "3",
        "shown.week": "3",
        "parity": "odd",
        "shown.parity": "单周",
        "bell_schedule": "",
        "note": "台风",
    }
    assert post(client, url, {**form, **kept}).status_code == 302
    assert day(hub, "2025-09-16") == [("closed", None, 3, "odd")]
    post(client, "/office/calendar", FORM)
    assert day(hub, "2025-09-16") == [("closed", None, 3, "odd")]
    span = {"begin.0": "2025-09-17", "end.0": "2025-09-18", "kind.0": "exam", "note.0": "月考"}
    post(client, "/office/calendar", {**FORM, **span})
    assert day(hub, "2025-09-17") == [("exam", 3, 3, "odd")], "what the form itself says is done"
    assert day(hub, "2025-09-16") == [("closed", None, 3, "odd")]
    post(client, "/office/calendar", {**FORM, "follows.2025-09-28": "4"})
    assert day(hub, "2025-09-28") == [("make_up", 4, 4, "even")]
    post(client, "/office/calendar", {**FORM, "overwrite": "1"})
    assert day(hub, "2025-09-16") == [("school_day", 2, 3, "odd")]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"follows.2025-09-28": "9"}, "超出范围"),
        ({"begin.0": "2025-11-10", "end.0": "2025-11-06", "kind.0": "exam"}, "结束不晚于开始"),
        ({"begin.0": "2025-11-10", "end.0": "", "kind.0": "exam"}, "不是日期"),
        ({"begin.0": "2025-11-06", "end.0": "2025-11-10", "kind.0": "party"}, "不在可选项里"),
    ],
)
def test_a_wrong_choice_is_told_and_nothing_is_stored(hub, more, words) -> None:
    answer = post(hub.log_in("clerk"), "/office/calendar", {**FORM, **more})
    assert answer.status_code == 422 and words in answer.text
    assert hub.count("calendar_day") == 0


def test_one_campus_does_not_make_the_calendar_of_another(hub) -> None:
    assert post(hub.log_in("clerk"), "/office/calendar", {**FORM, "campus": "B"}).status_code == 403
    assert post(hub.log_in("operator"), "/office/calendar", {**FORM, "campus": "B"}).status_code == 302
    assert hub.rows("SELECT DISTINCT campus FROM calendar_day") == [("B",)]

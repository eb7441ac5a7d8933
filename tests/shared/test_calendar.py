"""A term becomes resolved days: holidays, make-up days, odd and even weeks."""

import json
from collections import Counter
from datetime import date

import pytest

from shared.calendar import (
    Followed,
    Period,
    ResolvedDay,
    holidays_from,
    known_holidays,
    resolve_term,
    undecided_make_ups,
    week_of,
    years_without_notice,
)
from tests.support.shared_data import shared_file

BEGIN, END = date(2025, 9, 1), date(2026, 1, 24)
FOLLOWS = {date(2025, 9, 28): Followed(2), date(2025, 10, 11): Followed(3, week=5)}


def days(**more) -> dict[date, ResolvedDay]:
    settings = {"follows": FOLLOWS, **more}
    return {d.date: d for d in resolve_term(BEGIN, END, known_holidays(), **settings)}


@pytest.mark.parametrize(
    ("day", "kind", "weekday", "week", "parity"),
    [
        (date(2025, 9, 1), "school_day", 1, 1, "odd"),
        (date(2025, 9, 6), "weekend", None, 1, "odd"),
        (date(2025, 9, 8), "school_day", 1, 2, "even"),
        (date(2025, 9, 28), "make_up", 2, 4, "even"),
        (date(2025, 10, 1), "holiday", None, 5, "odd"),
        (date(2025, 10, 8), "holiday", None, 6, "even"),
        (date(2025, 10, 9), "school_day", 4, 6, "even"),
        (date(2025, 10, 11), "make_up", 3, 6, "odd"),
        (date(2026, 1, 1), "holiday", None, 18, "even"),
        (date(2026, 1, 4), "make_up", None, 18, "even"),
    ],
)
def test_each_day_of_the_term_says_what_it_is(day, kind, weekday, week, parity) -> None:
    found = days()[day]
    assert (found.kind, found.follows_weekday, found.week, found.parity) == (kind, weekday, week, parity)


def test_every_date_of_the_half_open_term_is_there_once() -> None:
    found = resolve_term(BEGIN, END, known_holidays(), FOLLOWS)
    assert [d.date for d in found] == sorted({d.date for d in found})
    assert (found[0].date, found[-1].date, len(found)) == (BEGIN, date(2026, 1, 23), (END - BEGIN).days)


def test_a_make_up_day_nobody_has_decided_teaches_nothing_and_is_asked_for() -> None:
    assert undecided_make_ups(BEGIN, END, known_holidays(), FOLLOWS) == [date(2026, 1, 4)]
    assert days()[date(2026, 1, 4)].follows_weekday is None


def test_a_term_that_begins_in_mid_week_has_its_first_week_from_that_monday() -> None:
    assert [week_of(date(2025, 9, d), date(2025, 9, 3)) for d in (1, 3, 7, 8)] == [1, 1, 1, 2]


def test_exams_keep_the_lessons_of_the_day_and_leave_weekends_alone() -> None:
    found = days(periods=[Period(date(2025, 11, 6), date(2025, 11, 11), "exam", "期中考试")])
    assert [(found[date(2025, 11, d)].kind, found[date(2025, 11, d)].follows_weekday) for d in (6, 8, 10)] == [
        ("exam", 4),
        ("weekend", None),
        ("exam", 1),
    ]
    assert found[date(2025, 11, 6)].note == "期中考试"


def test_a_closure_ends_teaching_and_the_later_period_wins() -> None:
    storm = Period(date(2025, 9, 9), date(2025, 9, 11), "closed", "台风停课")
    found = days(periods=[Period(date(2025, 9, 8), date(2025, 9, 12), "exam"), storm])
    assert [found[date(2025, 9, d)].kind for d in (8, 9, 10, 11)] == ["exam", "closed", "closed", "exam"]
    assert found[date(2025, 9, 9)].follows_weekday is None


def test_a_year_without_a_notice_is_named() -> None:
    assert years_without_notice(date(2026, 9, 1), date(2027, 1, 20), known_holidays()) == [2027]


def test_shipped_years_agree_with_the_public_data_set() -> None:
    ours = known_holidays()
    for year in (2024, 2025):
        theirs = json.loads(shared_file(f"data/holiday-cn/{year}.json").read_text(encoding="utf-8"))["days"]
        off = {date.fromisoformat(d["date"]): d["name"] for d in theirs if d["isOffDay"]}
        work = {date.fromisoformat(d["date"]): d["name"] for d in theirs if not d["isOffDay"]}
        assert {d: n for d, n in ours.off.items() if d.year == year} == off
        assert {d: n for d, n in ours.make_ups.items() if d.year == year} == work


def test_make_up_days_fall_on_weekends_and_never_on_a_holiday() -> None:
    ours = known_holidays()
    assert ours.years >= {2024, 2025, 2026}
    assert all(d.isoweekday() >= 6 for d in ours.make_ups)
    assert not set(ours.make_ups) & set(ours.off)
    lengths = Counter(d.year for d in ours.off)
    # The notices' own "共 N 天", added up: 1+8+3+5+1+3+7, 1+8+3+5+3+8, 3+9+3+5+3+3+7.
    assert dict(lengths) == {2024: 28, 2025: 28, 2026: 33}


@pytest.mark.parametrize("document", ["[]", '{"year": 2025}', '{"year": "x", "holidays": []}', "not json"])
def test_a_file_of_another_form_is_refused(document) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        holidays_from([document])

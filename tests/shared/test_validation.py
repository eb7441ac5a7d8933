"""The border: forms and sheets are decoded and checked with every problem at once; changesets are only checked."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.records import RECORDS
from shared.records.declare import Kind, Spec
from shared.records.people import StaffMembership
from shared.records.places import CalendarDay
from shared.records.pupils import Pupil
from shared.schema import table_of
from shared.validation import canonical_decimal, decoded, load, problem_with, problems_in_rows, wire

TEXT = Spec(Kind.TEXT, "", "", high=5)
KEY = Spec(Kind.TEXT, "", "", key=True, high=5)
CODE = Spec(Kind.CODE, "", "", high=40, codes="day_kind")
DATE, TIME, INSTANT = Spec(Kind.DATE, "", ""), Spec(Kind.TIME, "", ""), Spec(Kind.INSTANT, "", "")
NUMBER = Spec(Kind.INTEGER, "", "", low=0, high=9)
FLAG = Spec(Kind.FLAG, "", "", low=0, high=1)
DECIMAL = Spec(Kind.DECIMAL, "", "", high=24)
MAYBE = Spec(Kind.DATE, "", "", null=True)

CHECKED: list[tuple[Spec, object, str | None]] = [
    (TEXT, "中文字五个", None),
    (TEXT, "", None),
    (TEXT, "六个字太长了", "too_long"),
    (TEXT, "a\0", "bad_characters"),
    (TEXT, "a\x1b[1m", "bad_characters"),
    (TEXT, "\ud800", "bad_characters"),
    (TEXT, "a\u2028", "bad_characters"),
    (TEXT, "a\nb", None),
    (TEXT, 7, "not_text"),
    (TEXT, None, "missing"),
    (KEY, "a/b", "bad_characters"),
    (KEY, "", "not_text"),
    (CODE, "eclipse", None),
    (CODE, "", "not_code"),
    (DATE, "2026-09-01", None),
    (DATE, "2026-02-29", "not_date"),
    (DATE, "20260901", "not_date"),
    (DATE, "2026-09-01\n", "not_date"),
    (DATE, "２０２６-09-01", "not_date"),
    (MAYBE, None, None),
    (TIME, "23:59", None),
    (TIME, "24:00", "not_time"),
    (TIME, "8:00", "not_time"),
    (INSTANT, "2026-09-01T00:00:00.000Z", None),
    (INSTANT, "2026-13-01T00:00:00.000Z", "not_instant"),
    (INSTANT, "2026-09-01T00:00:00Z", "not_instant"),
    (NUMBER, 9, None),
    (NUMBER, 10, "out_of_range"),
    (NUMBER, -1, "out_of_range"),
    (NUMBER, 10**30, "out_of_range"),
    (NUMBER, "5", "not_integer"),
    (NUMBER, 5.0, "not_integer"),
    (NUMBER, True, "not_integer"),
    (FLAG, 2, "out_of_range"),
    (FLAG, True, "not_integer"),
    (DECIMAL, "1.5", None),
    (DECIMAL, "-0.01", None),
    (DECIMAL, "1.50", "not_decimal"),
    (DECIMAL, "1e3", "not_decimal"),
    (DECIMAL, "-0", "not_decimal"),
    (DECIMAL, "NaN", "not_decimal"),
    (DECIMAL, 1.5, "not_text"),
]


@pytest.mark.parametrize(("spec", "value", "reason"), CHECKED, ids=lambda v: repr(v)[:24])
def test_a_typed_value_is_right_or_wrong_for_a_reason(spec: Spec, value: object, reason: str | None) -> None:
    """TRAPS 11: one strict rule for forms, API, imports and changesets."""
    assert problem_with(spec, value) == reason


def test_a_code_of_a_newer_peer_is_kept_and_one_from_a_form_is_not() -> None:
    """C12."""
    assert problem_with(CODE, "eclipse", grown_codes=True) is None
    assert problem_with(CODE, "eclipse", grown_codes=False) == "unknown_code"


@pytest.mark.parametrize(
    ("spec", "raw", "value"),
    [
        (NUMBER, "5", 5), (NUMBER, " 5 ", 5), (NUMBER, 5.0, 5), (NUMBER, 5.9, 5.9), (NUMBER, "5.9", "5.9"),
        (NUMBER, "", None), (NUMBER, "１", 1), (FLAG, True, 1), (TEXT, "  名 ", "名"), (TEXT, "e\u0301", "é"),
        (DATE, date(2026, 9, 1), "2026-09-01"), (DATE, "", None), (DECIMAL, "1.50", "1.5"), (DECIMAL, 0.1, "0.1"),
        (DECIMAL, Decimal("100"), "100"), (DECIMAL, 1e3, "1000"), (DECIMAL, "inf", "inf"), (DECIMAL, "一", "一"),
        (MAYBE, "", None),
    ],
    ids=repr,
)  # fmt: skip
def test_what_people_type_is_decoded(spec: Spec, raw: object, value: object) -> None:
    """A sheet's float is read as what it shows; what cannot be decoded stays for the check to refuse."""
    assert decoded(spec, raw) == value


@settings(max_examples=100, deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_a_decimal_has_one_text(number: Decimal) -> None:
    text = canonical_decimal(number)
    assert Decimal(text) == number
    assert canonical_decimal(Decimal(text)) == text
    assert problem_with(DECIMAL, text) is None


def form(**changes: Any) -> dict[str, Any]:
    return {"campus": "A", "date": "2026-09-01", "kind": "school_day", **changes}


def test_a_form_becomes_typed_values_with_defaults() -> None:
    values = load(CalendarDay, form(week=" 3 "))
    assert values == {
        "campus": "A", "date": "2026-09-01", "kind": "school_day", "follows_weekday": None, "week": 3, "parity": None,
        "bell_schedule": None, "note": "",
    }  # fmt: skip
    assert CalendarDay(**values) == CalendarDay(campus="A", date="2026-09-01", kind="school_day", week=3)  # type: ignore[arg-type]


def test_all_problems_come_at_once_with_what_a_cure_needs() -> None:
    with pytest.raises(InvalidInput) as caught:
        load(CalendarDay, {"campus": "A", "date": "2026-02-30", "kind": "eclipse", "week": "99", "extra": "x"})
    found = {problem.field: problem.reason for problem in caught.value.problems}
    assert found == {"date": "not_date", "kind": "unknown_code", "week": "out_of_range", "extra": "unknown_field"}
    [week] = [problem for problem in caught.value.problems if problem.field == "week"]
    assert (week.data["low"], week.data["high"], week.data["zh"]) == (0, 60, "周次")


def test_a_missing_field_is_missing_and_only_some_may_be_asked_for() -> None:
    with pytest.raises(InvalidInput) as caught:
        load(Pupil, {"id": "A-1-x"})
    assert [(p.field, p.reason) for p in caught.value.problems] == [("name", "missing")]
    assert load(Pupil, {"name": "小明"}, only=["name"]) == {"name": "小明"}


@pytest.mark.parametrize("raw", [[], "x", None, 7])
def test_what_is_no_form_is_refused(raw: Any) -> None:
    with pytest.raises(InvalidInput):
        load(Pupil, raw)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_record_has_a_schema_with_its_fields(record: type) -> None:
    assert list(wire(record)().fields) == [column.name for column in table_of(record).columns]


def test_a_column_is_checked_by_its_distinct_values() -> None:
    """40,000 marks cost seven checks; a wrong one among them is still found."""
    columns: dict[str, Sequence[object]] = {"share": ["1"] * 1_000 + ["x"], "begin": ["2026-09-01"] * 1_001}
    [problem] = problems_in_rows(table_of(StaffMembership), columns)
    assert (problem.field, problem.reason) == ("share", "not_decimal")
    assert problems_in_rows(table_of(StaffMembership), {"share": ([],)})[0].reason == "not_a_value"

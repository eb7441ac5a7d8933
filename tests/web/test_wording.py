"""Times, dates and rows as a teacher says them."""

from datetime import date

import pytest

from shared.clock import instant_ms
from shared.records import Account, Register, RegisterException
from shared.schema import table_of
from shared.web.times import spoken_date, spoken_duration, spoken_instant
from shared.web.wording import ids_in, row_title, speaks, spec_of, value_words

NOW = instant_ms("2025-09-15T00:05:00.000Z")
NAMES = {"A-12-AA": "三年级2班", "A-21-AA": "邓子轩", "session:am": "上午"}


@pytest.mark.parametrize(
    ("instant", "zh", "en"),
    [
        ("2025-09-14T23:40:00.000Z", "今天 07:40", "today 07:40"),
        ("2025-09-14T15:40:00.000Z", "昨天 23:40", "yesterday 23:40"),
        ("2025-09-09T10:05:00.000Z", "周二 18:05", "Tue 18:05"),
        ("2025-09-08T10:05:00.000Z", "9月8日 周一 18:05", "Mon 8 Sep 18:05"),
        ("2025-09-16T10:05:00.000Z", "9月16日 周二 18:05", "Tue 16 Sep 18:05"),
        ("1970-01-01T00:00:00.000Z", "1970年1月1日 周四 08:00", "Thu 1 Jan 1970 08:00"),
    ],
)
def test_an_instant_is_said_as_people_say_it(instant, zh, en):
    assert spoken_instant(instant, NOW, "zh") == zh
    assert spoken_instant(instant, NOW, "en") == en


@pytest.mark.parametrize(
    ("duration_ms", "zh"),
    [(0, "0 秒"), (-3_000, "3 秒"), (90_000, "90 秒"), (60_000, "1 分钟"), (3_600_000, "1 小时"),
     (5 * 3_600_000, "5 小时"), (8 * 86_400_000, "8 天")],
)  # fmt: skip
def test_a_duration_is_said_in_its_largest_sensible_unit(duration_ms, zh):
    assert spoken_duration(duration_ms, "zh") == zh


def test_a_date_says_its_year_only_when_it_is_another():
    assert spoken_date(date(2025, 9, 15), "zh", today=date(2025, 1, 1)) == "9月15日 周一"
    assert spoken_date(date(2024, 9, 15), "zh", today=date(2025, 1, 1)) == "2024年9月15日 周日"


def test_a_row_is_named_in_school_words_and_not_by_its_key():
    table = table_of(RegisterException)
    key = ("A-12-AA", "2025-09-15", "am", "A-21-AA", "teacher")
    assert row_title(table, key, NAMES, "zh") == "三年级2班 · 9月15日 周一 · 上午 · 邓子轩"
    assert ids_in(table, key, [{"mark": "late"}]) >= {"A-12-AA", "A-21-AA"}


@pytest.mark.parametrize(
    ("record", "column", "value", "zh", "en"),
    [
        (RegisterException, "mark", "late", "迟到", "late"),
        (RegisterException, "mark", "of_a_newer_version", "of_a_newer_version", "of_a_newer_version"),
        (RegisterException, "person_id", "A-21-AA", "邓子轩", "邓子轩"),
        (RegisterException, "note", "", "（空）", "(empty)"),
        (Account, "must_change", 1, "是", "yes"),
        (Account, "revoked_at", None, "（空）", "(empty)"),
        (Register, "taken_at", "2025-09-15T00:06:00.000Z", "9月15日 周一 08:06", "Mon 15 Sep 08:06"),
        (Register, "date", "2025-09-15", "9月15日 周一", "Mon 15 Sep"),
    ],
)
def test_a_value_is_said_in_words(record, column, value, zh, en):
    spec = spec_of(table_of(record), column)
    assert value_words(spec, value, NAMES, "zh") == zh
    assert value_words(spec, value, NAMES, "en") == en


def test_a_field_of_a_newer_version_is_shown_as_it_is():
    assert value_words(spec_of(table_of(Account), "unheard_of"), 7, {}, "zh") == "7"


def test_fields_for_programs_are_not_read_out():
    assert not speaks("roster_digest") and not speaks("_v") and speaks("note")

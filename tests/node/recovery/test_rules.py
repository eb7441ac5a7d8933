"""When is the clock doubted, and what date is it then (C6)."""

from datetime import date

import pytest

from node.config import ClockLimits
from node.recovery.daywatch import DayWatch
from node.recovery.rules import (
    BEFORE_NEWEST,
    FAR_FROM_PHONE,
    Confirmed,
    clock_doubt,
    confirmed_date,
    date_needs_confirmation,
    still_confirmed,
)
from shared.clock import instant_ms

LIMITS = ClockLimits(doubt_ms=600_000, slack_ms=60_000)
NOW = instant_ms("2025-09-15T00:05:00.000Z")
HOUR_MS = 3_600_000


class HandClock:
    """A clock whose two hands are moved by the test."""

    def __init__(self, now_ms, monotonic_ms=0):
        self.now, self.monotonic = now_ms, monotonic_ms

    def now_ms(self):
        return self.now

    def monotonic_ms(self):
        return self.monotonic

    def wait_ms(self, duration_ms):
        self.pass_by(duration_ms)

    def pass_by(self, duration_ms):
        """Both hands move together, as time does."""
        self.now += duration_ms
        self.monotonic += duration_ms


@pytest.mark.parametrize(
    ("newest_ms", "phone_offset_ms", "doubt"),
    [
        (None, None, None),
        (NOW, 0, None),
        (NOW - HOUR_MS, 600_000, None),
        (NOW + 60_000, None, None),
        (NOW + 60_001, None, BEFORE_NEWEST),
        (NOW + 60_001, 0, BEFORE_NEWEST),
        (None, 600_001, FAR_FROM_PHONE),
        (None, -600_001, FAR_FROM_PHONE),
        (NOW - HOUR_MS, 24 * HOUR_MS, FAR_FROM_PHONE),
    ],
)
def test_a_clock_is_doubted_before_the_newest_record_or_far_from_the_phone(newest_ms, phone_offset_ms, doubt):
    assert clock_doubt(NOW, newest_ms, phone_offset_ms, LIMITS) == doubt


@pytest.mark.parametrize(
    ("wall_after_ms", "elapsed_ms", "holds"),
    [
        (0, 0, True),
        (8 * HOUR_MS, 8 * HOUR_MS, True),
        (16 * HOUR_MS, 16 * HOUR_MS, False),
        (HOUR_MS + 600_001, HOUR_MS, False),
        (-HOUR_MS, HOUR_MS, False),
    ],
)
def test_a_confirmation_holds_for_its_day_and_while_nobody_moves_the_clock(wall_after_ms, elapsed_ms, holds):
    said = Confirmed(date(2025, 9, 20), NOW, 1000)
    assert still_confirmed(said, NOW + wall_after_ms, 1000 + elapsed_ms, LIMITS) is holds
    assert date_needs_confirmation(BEFORE_NEWEST, said, NOW + wall_after_ms, 1000 + elapsed_ms, LIMITS) is not holds


def test_without_a_doubt_nobody_is_asked():
    assert not date_needs_confirmation(None, None, NOW, 0, LIMITS)
    assert date_needs_confirmation(FAR_FROM_PHONE, None, NOW, 0, LIMITS)


def test_the_date_goes_on_from_what_was_said():
    said = Confirmed(date(2025, 9, 20), NOW, 0)
    assert confirmed_date(said, 15 * HOUR_MS) == date(2025, 9, 20)
    assert confirmed_date(said, 16 * HOUR_MS) == date(2025, 9, 21)


def test_a_dead_battery_s_1970_becomes_the_date_a_person_says():
    clock = HandClock(0)
    watch = DayWatch(clock, LIMITS)
    assert watch.today() == date(1970, 1, 1)
    assert watch.state(NOW, None).must_confirm
    watch.confirm(date(2025, 9, 15))
    assert watch.today() == date(2025, 9, 15)
    assert not watch.state(NOW, None).must_confirm
    assert watch.state(NOW, None).doubt == BEFORE_NEWEST
    clock.pass_by(24 * HOUR_MS)
    assert watch.today() == date(2025, 9, 16)
    assert watch.state(NOW, None).must_confirm, "the next day is asked for anew"


def test_a_clock_that_is_put_right_needs_nobody_s_word_any_more():
    clock = HandClock(0)
    watch = DayWatch(clock, LIMITS)
    watch.confirm(date(2025, 9, 15))
    clock.now = NOW + 24 * HOUR_MS
    assert watch.today() == date(2025, 9, 16)
    assert watch.state(NOW, 0).must_confirm is False

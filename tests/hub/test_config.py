"""How often an address may try a code."""

from __future__ import annotations

import pytest

from hub.config import RateLimit
from hub.sync_rate import Rate, wait_ms


@pytest.mark.parametrize(
    ("before", "now", "wait"),
    [([], 0, 0), ([0, 10], 20, 0), ([0, 10, 20], 30, 70), ([0, 10, 20], 99, 1), ([0, 10, 20], 100, 0)],
)
def test_a_window_slides(before, now, wait) -> None:
    assert wait_ms(before, RateLimit(3, 100), now) == wait


def test_addresses_are_counted_apart_and_forgotten_when_there_are_too_many() -> None:
    rate = Rate(RateLimit(1, 100, addresses_max=2))
    assert [rate.knock(address, 0) for address in ("a", "a", "b", "c", "a")] == [0, 100, 0, 0, 0]

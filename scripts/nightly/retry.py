"""Trying again over a bad line: how long to wait is pure, time and chance are arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from shared.clock import Clock
from shared.errors import Advice, TongxinError
from shared.ids import Randomness

T = TypeVar("T")


@dataclass(frozen=True)
class Backoff:
    """How often and how long: each wait is `factor` times the last, up to a most, give or take the jitter.

    The defaults try six times within about 50 minutes.
    """

    tries: int = 6
    first_wait_ms: int = 30_000
    factor: int = 3
    wait_ms_max: int = 20 * 60_000
    jitter_percent: int = 50


def wait_ms(backoff: Backoff, failures: int, randomness: Randomness) -> int:
    """Milliseconds to wait after the `failures`-th failure (from 1).

    The jitter keeps thirty campuses that lost one line from dialling in the same second.
    """
    grown: int = backoff.first_wait_ms * backoff.factor ** (failures - 1)
    full = min(grown, backoff.wait_ms_max)
    span = full * backoff.jitter_percent // 100
    chance = int.from_bytes(randomness.raw(4), "big") / 2**32
    return full - span + int(2 * span * chance)


def with_retries(
    action: Callable[[], T],
    *,
    clock: Clock,
    randomness: Randomness,
    backoff: Backoff,
    on_failure: Callable[[TongxinError, int], None],
) -> tuple[T, int]:
    """(what `action` gave, tries it took). Only errors that say "retry later" are tried again.

    on_failure hears each such error with the wait that follows it (ms). Raises the last error.
    """
    for attempt in range(1, backoff.tries + 1):
        try:
            return action(), attempt
        except TongxinError as error:
            if error.advice is not Advice.RETRY_LATER or attempt == backoff.tries:
                raise
            pause = wait_ms(backoff, attempt, randomness)
            on_failure(error, pause)
            clock.wait_ms(pause)
    raise ValueError(f"no tries: {backoff}")

"""Time as a parameter: the only module that asks the machine what time it is."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

# School facts are local dates. China has one zone and no daylight saving, so an offset says it all.
SCHOOL_ZONE = timezone(timedelta(hours=8), "UTC+8")


class Clock(Protocol):
    """What code may ask of time."""

    def now_ms(self) -> int:
        """Wall clock, milliseconds since 1970 UTC. A claim, never trusted for order (C6)."""

    def monotonic_ms(self) -> int:
        """Milliseconds since an arbitrary start; never runs back within one boot."""

    def wait_ms(self, duration_ms: int) -> None:
        """Let time pass."""


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """See `Clock.monotonic_ms`."""
        return time.monotonic_ns() // 1_000_000

    def wait_ms(self, duration_ms: int) -> None:
        """See `Clock.wait_ms`."""
        time.sleep(duration_ms / 1000)


@dataclass(frozen=True)
class ShiftedClock:
    """A running clock moved by a fixed amount: `--today` of the servers, and the simulator."""

    inner: Clock
    offset_ms: int

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return self.inner.now_ms() + self.offset_ms

    def monotonic_ms(self) -> int:
        """See `Clock.monotonic_ms`."""
        return self.inner.monotonic_ms()

    def wait_ms(self, duration_ms: int) -> None:
        """See `Clock.wait_ms`."""
        self.inner.wait_ms(duration_ms)


class SettableClock:
    """A clock that a running server can be moved with: the demo plays two weeks in a minute."""

    def __init__(self, inner: Clock) -> None:
        self._inner = inner
        self._offset_ms = 0
        self._lock = threading.Lock()

    def set_to(self, instant_ms: int) -> None:
        """Make `now_ms` answer `instant_ms` and run on from there."""
        with self._lock:
            self._offset_ms = instant_ms - self._inner.now_ms()

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return self._inner.now_ms() + self._offset_ms

    def monotonic_ms(self) -> int:
        """See `Clock.monotonic_ms`."""
        return self._inner.monotonic_ms()

    def wait_ms(self, duration_ms: int) -> None:
        """See `Clock.wait_ms`."""
        self._inner.wait_ms(duration_ms)


def instant_text(instant_ms: int) -> str:
    """Milliseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    moment = datetime.fromtimestamp(instant_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant_ms % 1000:03d}Z"


def instant_ms(text: str) -> int:
    """The reverse of `instant_text`. Raises ValueError on any other form."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def local_date(instant: int) -> date:
    """The school's calendar date at an instant (ms)."""
    return local_time(instant).date()


def local_time(instant: int) -> datetime:
    """The school's wall-clock time at an instant (ms)."""
    return datetime.fromtimestamp(instant / 1000, SCHOOL_ZONE)


def midnight_ms(day: date) -> int:
    """The instant at which a school date begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=SCHOOL_ZONE).timestamp()) * 1000

"""What this process knows about today: the clock, what it is held against, and a person's word."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date

from node.config import ClockLimits
from node.recovery.rules import (
    Confirmed,
    clock_doubt,
    confirmed_date,
    date_needs_confirmation,
    still_confirmed,
)
from shared.clock import Clock, local_date


@dataclass(frozen=True)
class DayState:
    """Why the date is doubted (None: it is not), and whether registers must wait for a person."""

    doubt: str | None
    must_confirm: bool


class DayWatch:
    """Today's date of one running node. A confirmation dies with the process, as its monotonic time does."""

    def __init__(self, clock: Clock, limits: ClockLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._confirmed: Confirmed | None = None
        self._lock = threading.Lock()

    def today(self) -> date:
        """The school's date: the clock's, or what a person said as long as that holds."""
        now_ms, monotonic_ms = self._clock.now_ms(), self._clock.monotonic_ms()
        with self._lock:
            confirmed = self._confirmed
        # Past midnight a shifted clock still knows the date better than one known to be wrong.
        if confirmed is not None and self._untouched(confirmed, now_ms, monotonic_ms):
            return confirmed_date(confirmed, monotonic_ms)
        return local_date(now_ms)

    def _untouched(self, confirmed: Confirmed, now_ms: int, monotonic_ms: int) -> bool:
        moved_ms = (now_ms - confirmed.wall_ms) - (monotonic_ms - confirmed.monotonic_ms)
        return abs(moved_ms) <= self._limits.doubt_ms

    def confirm(self, day: date) -> None:
        """Take a person's word for today."""
        said = Confirmed(day, self._clock.now_ms(), self._clock.monotonic_ms())
        with self._lock:
            self._confirmed = said

    def state(self, newest_ms: int | None, phone_offset_ms: int | None) -> DayState:
        """What is to be thought of the date now."""
        now_ms, monotonic_ms = self._clock.now_ms(), self._clock.monotonic_ms()
        doubt = clock_doubt(now_ms, newest_ms, phone_offset_ms, self._limits)
        with self._lock:
            confirmed = self._confirmed
        needed = date_needs_confirmation(doubt, confirmed, now_ms, monotonic_ms, self._limits)
        return DayState(doubt, needed)

    def confirmed(self) -> bool:
        """True while a person's word for today holds."""
        with self._lock:
            confirmed = self._confirmed
        now_ms, monotonic_ms = self._clock.now_ms(), self._clock.monotonic_ms()
        return still_confirmed(confirmed, now_ms, monotonic_ms, self._limits)

"""A clock that follows a file, for the demo and for tests: never for a school's real work."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

from shared.clock import Clock, ShiftedClock, SystemClock, instant_ms, instant_text, midnight_ms

SCHOOL_MORNING_MS = 8 * 3_600_000


class FileClock:
    """Shows the instant that stands in a file, and runs on from there until the file is written anew.

    The instant counts from the moment the file was written, so that all who follow it show the same time. A
    file that is missing or holds no instant changes nothing.
    """

    def __init__(self, path: Path, inner: Clock) -> None:
        self._path = path
        self._clock = ShiftedClock(inner, 0)
        self._inner = inner
        self._seen: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        self._follow()
        return self._clock.now_ms()

    def monotonic_ms(self) -> int:
        """See `Clock.monotonic_ms`."""
        return self._clock.monotonic_ms()

    def wait_ms(self, duration_ms: int) -> None:
        """See `Clock.wait_ms`."""
        self._clock.wait_ms(duration_ms)

    def _follow(self) -> None:
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_ino)
            if seen == self._seen:
                return
            with self._lock:
                if seen != self._seen:
                    shown_ms = instant_ms(self._path.read_text(encoding="ascii").strip())
                    self._clock = ShiftedClock(self._inner, shown_ms - found.st_mtime_ns // 1_000_000)
                    self._seen = seen
        except (OSError, ValueError):
            return


def set_clock_file(path: Path, instant: int) -> None:
    """Move every server that follows this file to an instant (ms)."""
    fresh = path.with_suffix(".new")
    fresh.write_text(instant_text(instant), encoding="ascii")
    fresh.replace(path)


def chosen_clock(today: date | None, clock_file: Path | None, system: Clock | None = None) -> Clock:
    """The clock that a command was asked for: a file's, the system's on another date, or the system's."""
    inner = system or SystemClock()
    if clock_file is not None:
        return FileClock(clock_file, inner)
    if today is not None:
        return ShiftedClock(inner, midnight_ms(today) + SCHOOL_MORNING_MS - inner.now_ms())
    return inner

"""Whether tonight's run is still owed: a PC that was off at half past ten makes it up at its next start."""

from __future__ import annotations

import re
from datetime import timedelta

from shared.clock import SCHOOL_ZONE, local_time

DAY_MS = 86_400_000
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def due_ms(now_ms: int, at: str) -> int:
    """The latest instant not after `now_ms` at which the school's clock showed `at` ("22:30").

    Raises ValueError when `at` is no time of day.
    """
    found = _TIME.fullmatch(at)
    if found is None:
        raise ValueError(f"not a time of day: {at!r}")
    now = local_time(now_ms)
    due = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0, tzinfo=SCHOOL_ZONE)
    if due > now:
        due -= timedelta(days=1)
    return int(due.timestamp()) * 1000


def is_due(last_done_ms: int | None, now_ms: int, at: str | None) -> bool:
    """True when a run is owed: none was ever done, none since the last `at`, or no time was named.

    A last run in the future means that the clock was wrong then or is now: run, it costs little (C6).
    """
    if at is None or last_done_ms is None or last_done_ms > now_ms:
        return True
    return last_done_ms < due_ms(now_ms, at)


def verify_due(last_ms: int | None, now_ms: int, days: int) -> bool:
    """True when the whole check is owed: `days` days have passed since the last one, or it lies in the future."""
    return days > 0 and not (last_ms is not None and last_ms <= now_ms < last_ms + days * DAY_MS)

"""When is the clock doubted, and what date is it then: pure decisions (DESIGN C6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from node.config import ClockLimits
from shared.clock import local_date, local_time, midnight_ms

BEFORE_NEWEST = "before_newest"
FAR_FROM_PHONE = "far_from_phone"


@dataclass(frozen=True)
class Confirmed:
    """A person's word: at `wall_ms`, `monotonic_ms` of this process, the date was `day`."""

    day: date
    wall_ms: int
    monotonic_ms: int


def clock_doubt(
    now_ms: int, newest_ms: int | None, phone_offset_ms: int | None, limits: ClockLimits
) -> str | None:
    """Why the clock is not believed, or None.

    newest_ms: the newest instant this node has on record; phone_offset_ms: phone minus node.
    """
    if newest_ms is not None and now_ms < newest_ms - limits.slack_ms:
        return BEFORE_NEWEST
    if phone_offset_ms is not None and abs(phone_offset_ms) > limits.doubt_ms:
        return FAR_FROM_PHONE
    return None


def still_confirmed(confirmed: Confirmed | None, now_ms: int, monotonic_ms: int, limits: ClockLimits) -> bool:
    """True while a confirmation holds: the same date by its own count, and nobody has moved the clock."""
    if confirmed is None:
        return False
    elapsed_ms = monotonic_ms - confirmed.monotonic_ms
    if abs((now_ms - confirmed.wall_ms) - elapsed_ms) > limits.doubt_ms:
        return False
    return confirmed_date(confirmed, monotonic_ms) == confirmed.day


def confirmed_date(confirmed: Confirmed, monotonic_ms: int) -> date:
    """The date by a confirmation: counted on from it without looking at the wall clock again."""
    time_of_day_ms = confirmed.wall_ms - midnight_ms(local_date(confirmed.wall_ms))
    elapsed_ms = monotonic_ms - confirmed.monotonic_ms
    return local_date(midnight_ms(confirmed.day) + time_of_day_ms + elapsed_ms)


def date_needs_confirmation(
    doubt: str | None, confirmed: Confirmed | None, now_ms: int, monotonic_ms: int, limits: ClockLimits
) -> bool:
    """True when no register may open before a person has said what day it is."""
    return doubt is not None and not still_confirmed(confirmed, now_ms, monotonic_ms, limits)


def clock_said(wall_ms: int) -> str:
    """The node's own time as the record keeps it."""
    return f"{local_time(wall_ms):%Y-%m-%d %H:%M:%S}"

"""Which words describe the state of sync: pure decisions (C14)."""

from __future__ import annotations

from dataclasses import dataclass

DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Head:
    """What the head bar says. code: one of "conflicts", "waiting", "never", "old", "synced"."""

    code: str
    tone: str
    number: int = 0


def head_of(*, last_good_ms: int | None, now_ms: int, backlog: int, conflicts: int, old_ms: int = 3 * DAY_MS) -> Head:
    """The one thing that matters most: a disagreement, then what waits, then how old the last good sync is."""
    if conflicts:
        return Head("conflicts", "bad", conflicts)
    if backlog:
        return Head("waiting", "warn", backlog)
    if last_good_ms is None:
        return Head("never", "info")
    if now_ms - last_good_ms > old_ms:
        return Head("old", "warn")
    return Head("synced", "ok")


def clock_code(offset_ms: int | None, doubtful: bool) -> str:
    """"unknown" before the first contact, "doubtful" beyond the limit, else "fine"."""
    if offset_ms is None:
        return "unknown"
    return "doubtful" if doubtful else "fine"

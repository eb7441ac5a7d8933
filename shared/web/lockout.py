"""Failed log-ins, counted per name and per address, in memory: a restart forgives."""

from __future__ import annotations

import threading
from collections import OrderedDict

from shared.web.config import LockoutLimits


def wait_ms(failures: list[int], allowed: int, window_ms: int, now_ms: int) -> int:
    """How long to wait before the next try, given the instants of the failures so far.

    The window slides: a try is allowed again as soon as fewer than `allowed` failures are young enough.
    """
    young = [at for at in failures if now_ms - at < window_ms]
    if len(young) < allowed:
        return 0
    return window_ms - (now_ms - young[-allowed])


class FailedLogins:
    """The failures of this process. Takes monotonic time: a clock that jumps locks nobody out."""

    def __init__(self, limits: LockoutLimits) -> None:
        self._limits = limits
        self._failures: OrderedDict[tuple[str, str], list[int]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_ms(self, login: str, address: str, now_ms: int) -> int:
        """Milliseconds until this name may try again from this address; 0 when it may now."""
        with self._lock:
            window = self._limits.window_ms
            by_login = self._failures.get(("login", login), [])
            by_address = self._failures.get(("address", address), [])
            return max(
                wait_ms(by_login, self._limits.per_login, window, now_ms),
                wait_ms(by_address, self._limits.per_address, window, now_ms),
            )

    def failed(self, login: str, address: str, now_ms: int) -> None:
        """Note a failure."""
        with self._lock:
            for key, allowed in (
                (("login", login), self._limits.per_login),
                (("address", address), self._limits.per_address),
            ):
                kept = self._failures.pop(key, [])
                self._failures[key] = [*kept, now_ms][-allowed:]
            while len(self._failures) > self._limits.entries_max:
                self._failures.popitem(last=False)

    def succeeded(self, login: str) -> None:
        """Forget a name's failures; the address keeps its own."""
        with self._lock:
            self._failures.pop(("login", login), None)

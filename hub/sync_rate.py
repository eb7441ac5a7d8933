"""How often one address may knock at a door that asks for no log-in; in memory, a restart forgives."""

from __future__ import annotations

import threading
from collections import OrderedDict

from hub.config import RateLimit


def wait_ms(instants_ms: list[int], limit: RateLimit, now_ms: int) -> int:
    """How long until the next request is allowed, given the instants of those before; 0 for now."""
    young = [at for at in instants_ms if now_ms - at < limit.window_ms]
    return 0 if len(young) < limit.count else limit.window_ms - (now_ms - young[-limit.count])


class Rate:
    """Requests of this process by address. Takes monotonic time: a clock that jumps opens no door."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._instants: OrderedDict[str, list[int]] = OrderedDict()
        self._lock = threading.Lock()

    def knock(self, address: str, now_ms: int) -> int:
        """Count a request; returns 0 when it may pass, else the milliseconds to wait (then it is not counted)."""
        with self._lock:
            before = self._instants.pop(address, [])
            wait = wait_ms(before, self._limit, now_ms)
            self._instants[address] = (before if wait else [*before, now_ms])[-self._limit.count :]
            while len(self._instants) > self._limit.addresses_max:
                self._instants.popitem(last=False)
            return wait

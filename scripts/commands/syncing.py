"""The background sync of a serving node: at start, when asked, every so often, and before the end."""

from __future__ import annotations

import threading
from collections.abc import Callable

from node.config import SyncerState
from shared.errors import TongxinError


class SyncLoop:
    """Runs `exchange` on a thread of its own; what goes wrong is told by `state`, never raised.

    every_ms 0: only at start, when asked and at the end. last_wait_ms: how long the end waits for a last sync.
    """

    def __init__(self, exchange: Callable[[], object], *, every_ms: int, last_wait_ms: int) -> None:
        self._exchange = exchange
        self._every_s = every_ms / 1000 or None
        self._last_wait_s = last_wait_ms / 1000
        self._asked = threading.Event()
        self._over = threading.Event()
        self._state = SyncerState()
        self._thread = threading.Thread(target=self._run, name="tongxin-sync", daemon=True)

    def __enter__(self) -> SyncLoop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._asked.set()
        self._thread.join(self._last_wait_s)

    def ask(self) -> None:
        """Sync as soon as possible; returns at once."""
        self._asked.set()

    def state(self) -> SyncerState:
        """What it is doing."""
        return self._state

    def _run(self) -> None:
        over = False
        while not over:
            # Cleared before `over` is read, so that a request made between the two is not lost.
            self._asked.clear()
            over = self._over.is_set()
            self._once()
            if not over and not self._over.is_set():
                self._asked.wait(self._every_s)

    def _once(self) -> None:
        self._state = SyncerState(running=True, failure=self._state.failure)
        failure = None
        try:
            self._exchange()
        except TongxinError as error:
            failure = error.code
        except Exception as error:
            # A thread that died here would silently stop syncing for ever.
            failure = type(error).__name__
        self._state = SyncerState(running=False, failure=failure)

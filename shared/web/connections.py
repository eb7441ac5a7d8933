"""Open connections kept for the next request: opening costs milliseconds, closing the last one a checkpoint."""

from __future__ import annotations

import threading
import weakref
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlite_utils import Database

from sync.replica import Replica, connect


@dataclass(frozen=True)
class Held:
    """A connection and the door that closes it."""

    door: AbstractContextManager[Database]
    db: Database


class Connections:
    """The idle connections of one app. A request has one for itself; two never share one."""

    def __init__(self, replica: Replica, *, idle_max: int = 8) -> None:
        self._replica = replica
        self._idle_max = idle_max
        self._idle: list[Held] = []
        self._lock = threading.Lock()
        # An app that is thrown away (a test's, mostly) leaves no file open behind it.
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    def take(self) -> Held:
        """An idle connection, or a new one."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        door: AbstractContextManager[Database] = connect(self._replica)
        return Held(door, door.__enter__())

    def give_back(self, held: Held) -> None:
        """Keep it for the next request; one that is inside a transaction, or one too many, is closed."""
        if not held.db.conn.in_transaction:
            with self._lock:
                if len(self._idle) < self._idle_max:
                    self._idle.append(held)
                    return
        _close(held)

    def close(self) -> None:
        """Close what is idle: a server that stops."""
        with self._lock:
            _close_all(self._idle)


def _close_all(idle: list[Held]) -> None:
    while idle:
        _close(idle.pop())


def _close(held: Held) -> None:
    held.door.__exit__(None, None, None)

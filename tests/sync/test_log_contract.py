"""Every home of the hub's log passes the one contract (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from shared.database import connected, transaction
from sync.hub_log import SqliteLog
from sync.tables import engine_migrations
from tests.sync.log_contract import Connection, LogContract
from tests.sync.memory_log import MemoryHome, MemoryLog


class SqliteHome:
    """One file; every connection waits for another's transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with connected(path) as db, transaction(db):
            engine_migrations().apply(db)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """See `LogHome.connect`."""
        with connected(self.path) as db:
            db.conn.execute("PRAGMA synchronous = OFF")  # nobody pulls the plug here
            yield Connection(SqliteLog(db), partial(transaction, db))

    def another(self) -> SqliteHome:
        """See `LogHome.another`."""
        return SqliteHome(self.path.with_name("another.db"))


class TestSqliteLog(LogContract):
    """The log in the hub's own file."""

    @pytest.fixture
    def home(self, tmp_path: Path) -> SqliteHome:
        return SqliteHome(tmp_path / "hub.db")


class HomeInMemory(MemoryHome):
    """The contract's view of it."""

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """See `LogHome.connect`."""
        log = MemoryLog(self)
        yield Connection(log, partial(self.transaction, log))

    def another(self) -> HomeInMemory:
        """See `LogHome.another`."""
        return HomeInMemory()


class TestMemoryLog(LogContract):
    """A home without SQL."""

    @pytest.fixture
    def home(self) -> HomeInMemory:
        return HomeInMemory()

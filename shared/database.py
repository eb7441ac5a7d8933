"""One way to open a database file, and one door through which everything is written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from shared.errors import DatabaseUnusable

# A writer waits this long for another process (the nightly sync beside the server).
BUSY_TIMEOUT_MS = 20_000


class WriterLocks:
    """One lock per database file in this process.

    Threads that queue on a lock are served in turn; threads that poll SQLite's busy handler are not
    (341 against 88 ms for the last of 16, TRAPS 1).
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, threading.RLock] = {}

    def of(self, path: str) -> threading.RLock:
        """The lock of one file, made at first use."""
        with self._guard:
            return self._locks.setdefault(path, threading.RLock())


# The lock must be shared by every connection of the process to be of any use, so it is the one
# process-wide object; it holds no data.
_WRITERS = WriterLocks()


def open_database(path: Path | str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Database:
    """Open (or create) a database file with the house's pragmas.

    Raises DatabaseUnusable when the file is no database, is damaged in its header or cannot be made, and
    sqlite3.OperationalError when another process keeps it locked.
    """
    try:
        connection = sqlite3.connect(
            str(path), isolation_level=None, check_same_thread=False, timeout=busy_timeout_ms / 1000
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA temp_store=MEMORY")
        # What the law erased must not linger in free pages.
        connection.execute("PRAGMA secure_delete=FAST")
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise  # busy, not broken: whoever opened it may try again
        raise DatabaseUnusable(path=str(path), reason=str(error)) from error
    return Database(connection, execute_plugins=False)


def check_file(path: Path) -> None:
    """Read every page of a database file once (about 7 ms a megabyte).

    Raises DatabaseUnusable("database_damaged") for one that is not sound.
    """
    try:
        with connected(path) as db:
            [told] = db.conn.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.DatabaseError, DatabaseUnusable) as error:
        if "locked" in str(error):
            raise
        told = str(error)
    if told != "ok":
        raise DatabaseUnusable("database_damaged", path=str(path), what=str(told).splitlines()[0])


@contextmanager
def connected(path: Path | str) -> Iterator[Database]:
    """A connection that is closed at the end of the block."""
    db = open_database(path)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def transaction(db: Database) -> Iterator[Database]:
    """The one door for writes: BEGIN IMMEDIATE … COMMIT, rolled back on any error, nesting as savepoints.

    A deferred BEGIN that reads first and writes later fails under load whatever the timeout (TRAPS 1).
    """
    if is_open(db):
        with db.atomic():
            yield db
        return
    with _WRITERS.of(_path_of(db)):
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.conn.execute("COMMIT")
        except BaseException:
            if is_open(db):
                db.conn.execute("ROLLBACK")
            raise


@contextmanager
def reading(db: Database) -> Iterator[Database]:
    """Several reads that see one and the same state."""
    if is_open(db):
        yield db
        return
    db.conn.execute("BEGIN")
    try:
        yield db
    finally:
        if is_open(db):
            db.conn.execute("COMMIT")


def is_open(db: Database) -> bool:
    """True inside a transaction of this connection."""
    return bool(db.conn.in_transaction)


def _path_of(db: Database) -> str:
    path: str = db.conn.execute("PRAGMA database_list").fetchone()[2]
    return path or f"memory:{id(db.conn)}"

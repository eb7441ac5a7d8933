"""One door for writes: sixty writers at once all get through, errors roll back, nesting is harmless (TRAPS 1)."""

import sqlite3
import threading
from pathlib import Path

import pytest

from shared.database import connected, is_open, open_database, reading, transaction
from shared.errors import DatabaseUnusable

WRITERS = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with connected(tmp_path / "x.db") as db:
        db.conn.execute("CREATE TABLE t (n INTEGER NOT NULL) STRICT")
        db.conn.execute("INSERT INTO t VALUES (0)")
    return tmp_path / "x.db"


def test_sixty_writers_at_once_all_get_through(path: Path) -> None:
    """Each reads, then writes what it read plus one: nobody fails and no update is lost."""
    start, failed = threading.Barrier(WRITERS), []

    def add_one() -> None:
        with connected(path) as db:
            start.wait()
            try:
                with transaction(db):
                    n = db.conn.execute("SELECT n FROM t").fetchone()[0]
                    db.conn.execute("UPDATE t SET n = ?", (n + 1,))
            except sqlite3.OperationalError as error:
                failed.append(error)

    threads = [threading.Thread(target=add_one) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connected(path) as db:
        assert (failed, db.conn.execute("SELECT n FROM t").fetchone()[0]) == ([], WRITERS)


def test_another_process_that_writes_is_waited_for(path: Path) -> None:
    """The nightly sync beside the server: no process-wide lock helps there, only SQLite's own."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE t SET n = n + 10")
    threading.Timer(0.05, lambda: other.execute("COMMIT")).start()
    with connected(path) as db, transaction(db):
        n = db.conn.execute("SELECT n FROM t").fetchone()[0]
        db.conn.execute("UPDATE t SET n = ?", (n + 1,))
    assert other.execute("SELECT n FROM t").fetchone()[0] == 11
    other.close()


def test_an_error_rolls_everything_back(path: Path) -> None:
    with connected(path) as db:
        with pytest.raises(ZeroDivisionError), transaction(db):
            db.conn.execute("UPDATE t SET n = 5")
            raise ZeroDivisionError
        assert not is_open(db)
        assert db.conn.execute("SELECT n FROM t").fetchone()[0] == 0


def test_an_inner_transaction_is_a_savepoint(path: Path) -> None:
    with connected(path) as db, transaction(db):
        db.conn.execute("UPDATE t SET n = 1")
        with pytest.raises(ZeroDivisionError), transaction(db):
            db.conn.execute("UPDATE t SET n = 2")
            raise ZeroDivisionError
        assert is_open(db)
        assert db.conn.execute("SELECT n FROM t").fetchone()[0] == 1


def test_several_reads_see_one_state(path: Path) -> None:
    with connected(path) as db, connected(path) as other, reading(db):
        before = db.conn.execute("SELECT n FROM t").fetchone()
        with transaction(other):
            other.conn.execute("UPDATE t SET n = 9")
        assert db.conn.execute("SELECT n FROM t").fetchone() == before


def test_what_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"not a database, but long enough to look at" * 30)
    with pytest.raises(DatabaseUnusable) as caught:
        open_database(path)
    assert (caught.value.code, caught.value.advice) == ("database_unusable", "needs_person")

"""A database file damaged in one page: refused with a clear error, restored from the hub by one command (C1, C11)."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.commands.folder import Folder
from scripts.demo_play.servers import Server, serving
from shared.clock import SystemClock
from shared.database import check_file, connected
from shared.errors import DatabaseUnusable
from shared.ids import SystemRandomness
from shared.records import RECORDS, CalendarDay
from sync.capture import write
from sync.change import Author
from sync.opening import open_replica
from sync.replica import connect
from tests.scripts.test_cli import code_for, make_hub, tongxin

PAGE_BYTES = 4096
SENT, UNSENT = 60, 25


def days(node: Path, begin: int, count: int) -> list[str]:
    """So many saves on a node, each of one day of campus B; the notes they carry."""
    replica = open_replica(
        Folder(node).database("node"), records=RECORDS, clock=SystemClock(), randomness=SystemRandomness()
    )
    [(operator,)] = [row for row in _rows(node, "SELECT person_id FROM account LIMIT 1")]
    notes = []
    with connect(replica) as db:
        for number in range(begin, begin + count):
            note = f"save {number} " + "x" * 60
            with write(replica, db, Author(str(operator), rank="office")) as w:
                w.insert(CalendarDay(campus="B", date=f"20{30 + number // 28}-01-{1 + number % 28:02}",
                                     kind="exam", note=note))  # fmt: skip
            notes.append(note)
    return notes


def _rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with connected(Folder(folder).database("node")) as db:
        return db.conn.execute(sql).fetchall()


@pytest.fixture
def node(tmp_path: Path, capsys) -> Iterator[tuple[Path, Server, list[str]]]:
    """A node with saves that the hub has and saves that it has not, and the hub's server."""
    hub, node = tmp_path / "hub", tmp_path / "node"
    make_hub(hub, capsys)
    code = code_for(hub, "B", capsys)
    with serving("hub", ("scripts.tongxin", "hub", "serve", "--data", str(hub)), tmp_path, SystemClock()) as server:
        assert tongxin("node", "init", "--data", node, "--hub", server.url, "--code", code) == 0
        assert tongxin("node", "sync", "--data", node) == 0
        notes = days(node, 0, SENT)
        assert tongxin("node", "sync", "--data", node) == 0
        notes += days(node, SENT, UNSENT)
        capsys.readouterr()
        yield node, server, notes


def page_of(path: Path, name: str, *, at: float = 0.0) -> int:
    """A page of a table or index, by its place among them."""
    with connected(path) as db:
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        try:
            pages = [p for (p,) in db.conn.execute("SELECT pageno FROM dbstat WHERE name = ? ORDER BY pageno", (name,))]
        except sqlite3.OperationalError:
            pages = [db.conn.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]]
    return pages[int(at * (len(pages) - 1))]


def damage(path: Path, page: int, seed: int = 0) -> None:
    """A page of noise, as a dying disk gives it."""
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(random.Random(seed).randbytes(PAGE_BYTES))


def synced_notes(hub_folder: Path) -> set[str]:
    """The days that the hub knows, by their notes."""
    with connected(Folder(hub_folder).database("hub")) as db:
        return {note for (note,) in db.conn.execute("SELECT note FROM calendar_day WHERE note LIKE 'save %'")}


@pytest.mark.parametrize(
    "table",
    [
        "calendar_day", "_setting", pytest.param("sqlite_autoindex_calendar_day_1", marks=pytest.mark.slow),
        pytest.param("_node", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_a_damaged_page_is_refused_by_name_and_everything_comes_back(node, table: str, capsys) -> None:
    """Nothing is lost: what was sent comes from the hub, what was not from what can still be read."""
    folder, _, notes = node
    path = Folder(folder).database("node")
    damage(path, page_of(path, table))
    for words in (("node", "sync"), ("node", "serve"), ("node", "status"), ("sync", "verify")):
        assert tongxin(*words, "--data", folder, "--lang", "en") == 77
        said = capsys.readouterr().err
        assert str(path) in said and "restore-from-hub" in said
    assert tongxin("node", "restore-from-hub", "--data", folder, "--lang", "en") == 0, capsys.readouterr()
    assert f"{UNSENT} brought over" in capsys.readouterr().out
    assert {note for (note,) in _rows(folder, "SELECT note FROM calendar_day WHERE note LIKE 'save %'")} == set(notes)
    assert synced_notes(folder.parent / "hub") == set(notes)
    assert tongxin("sync", "verify", "--data", folder) == 0
    assert len(list(folder.glob("node.db.damaged-*[0-9]"))) == 1
    days(folder, SENT + UNSENT, 1)
    assert tongxin("node", "sync", "--data", folder) == 0
    assert len(synced_notes(folder.parent / "hub")) == len(notes) + 1


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_a_page_of_the_log_itself_loses_only_what_it_held(node, seed: int, capsys) -> None:
    """What was not sent and stood on that page, or follows it, is told to people; nothing else is gone (C1, C14)."""
    folder, _, notes = node
    path = Folder(folder).database("node")
    damage(path, page_of(path, "_changeset", at=0.3 + 0.2 * seed), seed)
    code = tongxin("node", "restore-from-hub", "--data", folder, "--lang", "en")
    said = capsys.readouterr().out
    there = synced_notes(folder.parent / "hub")
    assert set(notes[:SENT]) <= there
    assert (code, there == set(notes)) in ((0, True), (77, False), (77, True))
    assert "could not be read" in said or "Lost:" in said or code == 0
    assert tongxin("sync", "verify", "--data", folder) == 0


def test_without_a_line_the_damaged_file_stays_as_it_is(node, capsys) -> None:
    folder, server, notes = node
    path = Folder(folder).database("node")
    damage(path, page_of(path, "calendar_day"))
    before = path.read_bytes()
    Folder(folder).change(hub_url="http://127.0.0.1:9")
    assert tongxin("node", "restore-from-hub", "--data", folder, "--lang", "en") == 75
    assert path.read_bytes() == before
    assert not list(folder.glob("*restoring*")) + list(folder.glob("*damaged*"))
    Folder(folder).change(hub_url=server.url)
    assert tongxin("node", "restore-from-hub", "--data", folder, "--lang", "en") == 0


def test_a_sound_file_is_left_alone(node, capsys) -> None:
    folder, _, notes = node
    assert tongxin("node", "restore-from-hub", "--data", folder, "--lang", "en") == 77
    assert "is sound; nothing was changed" in capsys.readouterr().err
    assert len(_rows(folder, "SELECT 1 FROM calendar_day WHERE note LIKE 'save %'")) == len(notes)


def test_every_damaged_page_is_noticed_or_harmless(tmp_path: Path, capsys) -> None:
    """A page whose structure is gone is found by reading it; free pages hold nothing."""
    make_hub(tmp_path / "hub", capsys)
    path = Folder(tmp_path / "hub").database("hub")
    with connected(path) as db:
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        free_count = db.conn.execute("PRAGMA freelist_count").fetchone()[0]
    whole, missed = path.read_bytes(), 0
    pages = len(whole) // PAGE_BYTES
    for page in range(1, pages + 1, 7):
        damage(path, page, page)
        try:
            check_file(path)
            missed += 1
        except DatabaseUnusable as error:
            assert error.code == "database_damaged" and str(path) in str(error.data)
        path.write_bytes(whole)
    assert missed <= free_count

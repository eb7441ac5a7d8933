"""A hub's file is rebuilt from its log alone, whatever has become of its tables (DESIGN §5)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.errors import DatabaseUnusable
from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from sync.hub_log import ChangesetLog, SqliteLog
from sync.rebuild import Difference, Rebuilt, copy_log, put_in_place, rebuild_hub
from sync.replica import setting
from sync.status import refusals
from sync.steps.erase import erase
from sync.steps.release import release
from sync.verify import state_of, verify
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    DAY_B,
    GROUP_A,
    OFFICE,
    PUPIL_A,
    SeededRandomness,
    Site,
    World,
    assert_same_tables,
)  # fmt: skip
from tests.sync.forging import link_after, push
from tests.sync.memory_log import MemoryHome, MemoryLog
from tests.sync.test_whole_actions import EXAM, part


def a_term(world: World) -> None:
    """Everything that a log can tell of: edits, conflicts, deletes, refusals, a release, an erasure."""
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "by A"})
        w.update(Pupil, PUPIL_A, {"name": "of A"})
        w.insert(Pupil(id="A-99-x", name="to be forgotten"))
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_A, {"note": "by the office"})
    with world["B"].write(CLERK_B) as w:
        w.update(RosterGroup, GROUP_A, {"name": "refused"})
    with world["B"].write(CLERK_B) as w:
        w.update(CalendarDay, DAY_A, {"note": "released"})
    with world["B"].write(CLERK_B) as w:
        w.delete(CalendarDay, DAY_B)
        w.delete(Pupil, ("B-12-x",))
    world.settle()
    version = next(r.version for r in refusals(world.hub.db, world.hub.replica) if r.values.get("note") == "released")
    release(world.hub.db, world.hub.replica, version, by="two people")
    erase(world.hub.db, world.hub.replica, Pupil, ("A-99-x",), by="law")
    world.settle()


def rebuilt(hub: Site, into: Path, log: ChangesetLog | None = None) -> Rebuilt:
    """The hub's file made anew beside it."""
    records = tuple(table.record for table in hub.tables().values())
    return rebuild_hub(
        hub.replica.path, into, records=records, clock=hub.clock, randomness=SeededRandomness("anew"), log=log
    )


def behind_the_engine(hub: Site, *statements: str) -> None:
    """Change the file as a bad disk would, or somebody who switches capture off; nothing reads it any more."""
    hub.db.close()
    with closing(sqlite3.connect(hub.replica.path)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            raw.execute(statement)
        raw.commit()


def test_an_honest_hub_equals_its_log(world: World, tmp_path: Path) -> None:
    """C3: rows, versions, heads, deletes, dead keys, states and stamps; the present file stays as it is."""
    a_term(world)
    before = world.hub.replica.path.read_bytes()
    made = rebuilt(world.hub, tmp_path / "anew.db")
    assert (made.findings, made.differences, made.waiting) == ([], [], 0)
    assert {present == anew for present, anew in made.fingerprints.values()} == {True}
    assert made.entries == world.hub.value("SELECT count(*) FROM _entry")
    assert world.hub.replica.path.read_bytes() == before


TAMPERED = {
    "a row changed": (
        "UPDATE calendar_day SET note = 'tampered' WHERE campus = 'A'",
        Difference("calendar_day", "differs", "A/2026-09-01", ("note",)),
    ),
    "a row gone": ("DELETE FROM pupil WHERE id = 'A-11-x'", Difference("pupil", "missing", "A-11-x")),
    "a row that nobody wrote": (
        "INSERT INTO pupil (id, name) VALUES ('A-77-x', '没有的人')", Difference("pupil", "extra", "A-77-x")
    ),
    "a dead row alive": (
        "INSERT INTO pupil (id, name, _v) VALUES ('A-99-x', '又来', 1)", Difference("pupil", "extra", "A-99-x")
    ),
    "a table gone": ("DROP TABLE pupil", Difference("pupil", "unreadable")),
    "a state changed": ("UPDATE _changeset SET state = 'applied' WHERE state = 'quarantined'", None),
    "heads gone": ("DELETE FROM _head", None),
    "deletes gone": ("DELETE FROM _delete", None),
    "a version changed": ("UPDATE calendar_day SET _v = 1 WHERE campus = 'A'", None),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_changed_behind_the_engine_is_told_and_mended(world: World, tmp_path: Path, name: str) -> None:
    """Equal to the honest state afterwards, and the consortium goes on with the same hub."""
    a_term(world)
    statement, told = TAMPERED[name]
    hub, epoch = world.hub, setting(world.hub.db, "epoch")
    honest, path = state_of(hub.tables(), hub.db), hub.replica.path
    behind_the_engine(hub, statement)
    made = rebuilt(hub, tmp_path / "anew.db")
    assert made.findings == [] and made.differences != []
    assert told is None or made.differences == [told]
    aside = put_in_place(made.path, path)
    hub.reopen()
    assert (aside.name, made.path.exists()) == ("hub.db.before-rebuild-1", False)
    assert state_of(hub.tables(), hub.db) == honest
    assert (setting(hub.db, "epoch"), verify(hub.replica, hub.db)) == (epoch, [])
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "and on"})
    with hub.write(OFFICE) as w:
        w.insert(Pupil(id="A-98-x", name="新来"))
    world.settle()
    assert_same_tables(world)
    assert rebuilt(hub, tmp_path / "again.db").differences == []


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE _entry SET verdict = 'accepted' WHERE verdict = 'refused'", "log_changed"),
        ("UPDATE _entry SET received_at = 1 WHERE hub_seq = 2", "log_changed"),
        ("DELETE FROM _entry WHERE hub_seq = 2", "log_changed"),
        ("UPDATE _changeset SET header = CAST(header || ' ' AS BLOB) WHERE n = 2", "link_changed"),
        ("UPDATE _changeset SET parts = (SELECT parts FROM _changeset WHERE n = 1) WHERE n = 2", "body_changed"),
        ("UPDATE _signed_head SET signature = zeroblob(64)", "head_signature_wrong"),
    ],
)
def test_a_log_that_does_not_prove_itself_is_told(world: World, tmp_path: Path, statement: str, kind: str) -> None:
    """C10: nothing can be rebuilt from a log that was changed."""
    a_term(world)
    behind_the_engine(world.hub, statement)
    made = rebuilt(world.hub, tmp_path / "anew.db")
    assert kind in {finding.kind for finding in made.findings}
    world.hub.reopen()


def test_what_waits_is_sent_again_and_its_stream_can_be_relayed_meanwhile(world: World, tmp_path: Path) -> None:
    """Half an action has no verdict and is not in the log; what stands before it was signed only behind it."""
    node, path = world["A"], world.hub.replica.path
    first = part(node, "con", action="ALONE", action_size=1)
    half = link_after(first, part(node, "con", day={**EXAM, "date": "2026-10-02"}, commit=2))
    push(world, node, [first, half])
    made = rebuilt(world.hub, tmp_path / "anew.db")
    assert (made.waiting, made.differences, made.findings) == (1, [], [])
    world.hub.db.close()
    put_in_place(made.path, path)
    world.hub.reopen()
    world.sync("B")
    days = "SELECT count(*) FROM calendar_day WHERE date > '2026-09-30'"
    assert world["B"].value(days) == 1
    push(world, node, [half], [part(node, "A", commit=2)])
    world.sync("B")
    assert world["B"].value(days) == 2


def test_2000_rows_are_rebuilt_set_wise(world: World, tmp_path: Path) -> None:
    with world.hub.write(OFFICE) as w:
        w.insert(*(Pupil(id=f"A-{i}-x", name=f"学生{i}") for i in range(1000, 2000)))
    with world.hub.write(OFFICE) as w:
        for i in range(1000, 2000):
            w.update(Pupil, (f"A-{i}-x",), {"name": f"改名{i}"})
    made = rebuilt(world.hub, tmp_path / "anew.db")
    assert made.rows >= 2000 and made.rows_by_path == 0
    assert made.differences == []


def test_a_file_in_use_is_not_replaced(world: World, tmp_path: Path) -> None:
    made = rebuilt(world.hub, tmp_path / "anew.db")
    before = world.hub.replica.path.read_bytes()
    with pytest.raises(DatabaseUnusable) as caught:
        put_in_place(made.path, world.hub.replica.path)
    assert (caught.value.code, world.hub.replica.path.read_bytes()) == ("database_in_use", before)
    with world.hub.write(OFFICE) as w:
        w.insert(Pupil(id="A-98-x", name="新来"))
    world.hub.db.close()
    with pytest.raises(DatabaseUnusable) as caught:
        put_in_place(made.path, world.hub.replica.path)
    assert caught.value.code == "database_in_use", "somebody wrote after the log was read"
    world.hub.reopen()
    assert world.hub.value("SELECT name FROM pupil WHERE id = 'A-98-x'") == "新来"


def test_a_node_or_nothing_is_no_hub(world: World, tmp_path: Path) -> None:
    for path in (world["A"].replica.path, tmp_path / "nothing.db"):
        with pytest.raises(DatabaseUnusable):
            rebuild_hub(
                path, tmp_path / "anew.db", records=(), clock=world.hub.clock, randomness=SeededRandomness(1)
            )
        assert not (tmp_path / "anew.db").exists()


def test_a_log_that_went_through_another_home_rebuilds_the_same_hub(world: World, tmp_path: Path) -> None:
    """DESIGN §5: nothing but the interface is asked, so the replica follows from any home of the log."""
    a_term(world)
    home = MemoryHome()
    elsewhere = MemoryLog(home)
    with home.transaction(elsewhere):
        count, findings = copy_log(SqliteLog(world.hub.db), elsewhere)
    assert (count, findings) == (world.hub.value("SELECT count(*) FROM _entry"), [])
    assert elsewhere.heads() == SqliteLog(world.hub.db).heads()
    behind_the_engine(world.hub, "DELETE FROM _entry", "DELETE FROM _head", "DROP TABLE calendar_day")
    made = rebuilt(world.hub, tmp_path / "anew.db", elsewhere)
    assert made.findings == []
    made.path.replace(world.hub.replica.path)
    world.hub.reopen()
    assert verify(world.hub.replica, world.hub.db) == []
    world.settle()
    assert_same_tables(world)

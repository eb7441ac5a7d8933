"""Capture: whatever plain SQL does to the tables becomes one changeset a scope, or nothing at all (C1, C2).

Each case ends with the hub and the other node holding the same tables as the writer: what was captured is
what was written, no more and no less.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.errors import InvalidInput, NotFound, RowErased
from shared.records.attendance import StaffDay
from shared.records.places import CalendarDay, RollSession
from shared.records.pupils import Pupil, RosterGroup
from sync.capture import Writing, token_of
from sync.conflicts import open_conflicts
from sync.opened import open_changeset
from sync.status import refusals
from sync.steps.erase import erase
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    GROUP_A,
    OFFICE,
    PUPIL_A,
    STAFF_DAY_A,
    Site,
    World,
    assert_same_tables,
)

NEW_DAY = CalendarDay(campus="A", date="2026-09-02", kind="school_day", note="new")
Deed = Callable[[Writing], None]
Packed = list[tuple[str, str, tuple[str, ...], int]]


def packed_since(site: Site, n: int) -> Packed:
    """The blocks of all changesets after number n: (table, op, units, rows)."""
    return [
        (block.table, block.op, block.units, block.count)
        for (number,) in site.rows("SELECT n FROM _changeset WHERE n > ? ORDER BY n", n)
        for block in open_changeset(site.db, int(str(number))).blocks
    ]


def last_number(site: Site) -> int:
    return int(str(site.value("SELECT max(n) FROM _changeset")))


def run(sql: str, *parameters: object) -> Deed:
    """A deed: one statement of plain SQL."""

    def deed(w: Writing) -> None:
        w.db.conn.execute(sql, parameters)

    return deed


def both(*deeds: Deed) -> Deed:
    """A deed of several, in one transaction."""

    def deed(w: Writing) -> None:
        for one in deeds:
            one(w)

    return deed


def insert_new(w: Writing) -> None:
    w.insert(NEW_DAY)


update_note = run("UPDATE calendar_day SET note = 'x' WHERE campus = 'A'")
update_kind = run("UPDATE calendar_day SET kind = 'holiday' WHERE campus = 'A'")
delete_day = run("DELETE FROM calendar_day WHERE campus = 'A'")
delete_new = run("DELETE FROM calendar_day WHERE date = '2026-09-02'")
insert_again = run("INSERT INTO calendar_day (campus, date, kind, note) VALUES ('A', '2026-09-01', 'holiday', '')")
insert_same = run("INSERT INTO calendar_day (campus, date, kind) VALUES ('A', '2026-09-01', 'school_day')")
replace_day = run("INSERT OR REPLACE INTO calendar_day (campus, date, kind) VALUES ('A', '2026-09-01', 'holiday')")
replace_new = run("INSERT OR REPLACE INTO calendar_day (campus, date, kind) VALUES ('A', '2026-09-02', 'holiday')")
upsert_day = run(
    "INSERT INTO calendar_day (campus, date, kind) VALUES ('A', '2026-09-01', 'holiday')"
    " ON CONFLICT (campus, date) DO UPDATE SET note = 'upserted'"
)
ignore_day = run("INSERT OR IGNORE INTO calendar_day (campus, date, kind) VALUES ('A', '2026-09-01', 'holiday')")
move_day = run("UPDATE calendar_day SET date = '2026-09-09' WHERE campus = 'A' AND date = '2026-09-01'")
move_back = run("UPDATE calendar_day SET date = '2026-09-01' WHERE campus = 'A' AND date = '2026-09-09'")

note_moved = run("UPDATE calendar_day SET note = 'm' WHERE date = '2026-09-09'")
move_new = run("UPDATE calendar_day SET date = '2026-09-10' WHERE note = 'new'")
move_over_new = run(
    "UPDATE OR REPLACE calendar_day SET date = '2026-09-02' WHERE campus = 'A' AND date = '2026-09-01'"
)
move_onto_new = run("UPDATE OR IGNORE calendar_day SET date = '2026-09-02' WHERE campus = 'A'")

MADE, GONE = ("calendar_day", "i", (), 1), ("calendar_day", "d", (), 1)


def u(*units: str) -> tuple[str, str, tuple[str, ...], int]:
    return ("calendar_day", "u", units, 1)


CASES: dict[str, tuple[Deed, Packed]] = {
    "insert": (insert_new, [MADE]),
    "update": (update_note, [u("note")]),
    "update of two fields": (both(update_note, update_kind), [u("kind", "note")]),
    "update to the same value": (run("UPDATE calendar_day SET note = note"), []),
    "update there and back": (both(update_note, run("UPDATE calendar_day SET note = ''")), [u("note")]),
    "delete": (delete_day, [GONE]),
    "insert and delete": (both(insert_new, delete_new), []),
    "insert and update": (both(insert_new, run("UPDATE calendar_day SET note='y' WHERE date='2026-09-02'")), [MADE]),
    "insert, delete and insert": (both(insert_new, delete_new, insert_new), [MADE]),
    "delete and insert": (both(delete_day, insert_again), [u("kind")]),
    "delete and insert of the same": (both(delete_day, insert_same), []),
    "update, delete and insert": (both(update_note, delete_day, insert_again), [u("kind")]),
    "delete, insert and delete": (both(delete_day, insert_again, delete_day), [GONE]),
    "update and delete": (both(update_note, delete_day), [GONE]),
    "replace": (replace_day, [u("kind")]),
    "replace twice": (both(replace_day, replace_day), [u("kind")]),
    "insert and replace": (both(insert_new, replace_new), [MADE]),
    "update and replace": (both(update_note, replace_day), [u("kind")]),
    "replace and update": (both(replace_day, update_note), [u("kind", "note")]),
    "replace and delete": (both(replace_day, delete_day), [GONE]),
    "upsert of an old row": (upsert_day, [u("note")]),
    "insert or ignore": (ignore_day, []),
    "key update": (move_day, [MADE, GONE]),
    "key update and edit": (both(move_day, note_moved), [MADE, GONE]),
    "edit and key update": (both(update_note, move_day), [MADE, GONE]),
    "key update there and back": (both(move_day, move_back), []),
    "key update to and fro": (both(move_day, move_back, move_day), [MADE, GONE]),
    "key update and insert": (both(move_day, insert_again), [u("kind"), MADE]),
    "insert and key update": (both(insert_new, move_new), [MADE]),
    "insert and key update over it": (both(insert_new, move_over_new), [MADE, GONE]),
    "insert and key update that is passed over": (both(insert_new, move_onto_new), [MADE]),
}


@pytest.mark.parametrize("recursive_triggers", ["on", "off"], ids=["python", "shell"])
@pytest.mark.parametrize("name", CASES)
def test_plain_sql_is_captured_as_what_it_did(world: World, name: str, recursive_triggers: str) -> None:
    """C1, with SQLite as Python opens it and as the sqlite3 shell does (TRAPS 5)."""
    deed, expected = CASES[name]
    node = world["A"]
    before = last_number(node)
    node.db.conn.execute(f"PRAGMA recursive_triggers = {recursive_triggers}")
    with node.write(CLERK_A) as w:
        deed(w)
    found = packed_since(node, before)
    if name == "update there and back":
        assert found in ([], expected)  # naming the field again would be harmless
    else:
        assert sorted(found) == sorted(expected)
    assert node.value("SELECT count(*) FROM _pending") == 0
    assert node.value("SELECT count(*) FROM calendar_day WHERE _v IS NULL") == 0
    world.settle()
    assert_same_tables(world)
    assert world.hub.value("SELECT count(*) FROM _changeset WHERE state <> 'applied'") == 0
    # The log alone gives the same tables again on the writer's side.
    with node.write(CLERK_A) as w:
        w.update(RosterGroup, GROUP_A, {"name": "afterwards"})
    world.settle()
    assert_same_tables(world)


def test_a_write_that_fails_leaves_neither_rows_nor_changeset(node: Site) -> None:
    """C1: both or neither."""
    before = last_number(node)
    with pytest.raises(ZeroDivisionError), node.write(CLERK_A) as w:
        w.insert(NEW_DAY)
        w.note("why")
        raise ZeroDivisionError
    assert (last_number(node), node.rows("SELECT * FROM calendar_day WHERE note = 'new'")) == (before, [])
    assert node.value("SELECT count(*) FROM _pending") == 0
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "later"})
    assert packed_since(node, before) == [u("note")]


def test_a_taken_key_is_refused_whole(node: Site) -> None:
    before = last_number(node)
    with pytest.raises(sqlite3.IntegrityError), node.write(CLERK_A) as w:
        w.insert(NEW_DAY, CalendarDay(campus="A", date="2026-09-01", kind="holiday"))
    assert last_number(node) == before
    assert node.value("SELECT count(*) FROM calendar_day WHERE campus = 'A'") == 1


def test_one_action_in_two_scopes_is_two_changesets_with_one_action(node: Site) -> None:
    """Precise point 6, and every row in the scope of its key."""
    before = last_number(node)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
        w.update(Pupil, PUPIL_A, {"name": "新名"})
    rows = node.rows("SELECT scope, action, person_id, campus FROM _changeset WHERE n > ? ORDER BY scope", before)
    assert [row[0] for row in rows] == ["A", "con"]
    assert len({row[1:] for row in rows}) == 1
    assert rows[0][2:] == ("A-1-x", "A")


def test_two_writes_are_two_actions_and_a_gapless_chain(node: Site) -> None:
    """C3, C10: each changeset names its predecessor by hash."""
    before = last_number(node)
    for note in ("one", "two", "three"):
        with node.write(CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": note})
    rows = node.rows("SELECT seq, prev, hash, action FROM _changeset WHERE n > ? ORDER BY n", before)
    assert [row[0] for row in rows] == [1, 2, 3]
    assert [rows[1][1], rows[2][1]] == [rows[0][2], rows[1][2]]
    assert len({row[3] for row in rows}) == 3


def test_rows_left_by_the_shell_become_a_changeset_of_the_local_operator(world: World) -> None:
    """C1: the shell's rows are packed before the next write, and under another name."""
    node = world["A"]
    before = last_number(node)
    shell = sqlite3.connect(node.replica.path, isolation_level=None)
    shell.execute("UPDATE calendar_day SET note = 'by hand' WHERE campus = 'A'")
    shell.execute("INSERT OR REPLACE INTO calendar_day (campus, date, kind, note) VALUES ('A','2026-09-01','exam','h')")
    shell.execute("INSERT INTO calendar_day (campus, date, kind) VALUES ('A', '2026-09-03', 'exam')")
    shell.close()
    with node.write(CLERK_A) as w:
        w.update(RosterGroup, GROUP_A, {"name": "一班"})
    rows = node.rows("SELECT person_id FROM _changeset WHERE n > ? ORDER BY n", before)
    assert rows == [("local operator",), ("A-1-x",)]
    assert sorted(packed_since(node, before)) == sorted([u("kind", "note"), MADE, ("roster_group", "u", ("name",), 1)])


def test_rows_left_by_the_shell_are_packed_before_an_exchange(world: World) -> None:
    """C1 at sync time: nothing half-known is overwritten by what arrives."""
    node = world["A"]
    node.db.conn.execute("UPDATE calendar_day SET note = 'by hand' WHERE campus = 'A'")
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_A, {"kind": "holiday"})
    world.sync("A")
    # The hub knows no person of that name: the values wait in quarantine for somebody to vouch for them.
    assert node.rows("SELECT kind, note FROM calendar_day WHERE campus = 'A'") == [("holiday", "")]
    [refused] = refusals(node.db, node.replica)
    assert (refused.person_id, refused.reason) == ("local operator", "unknown_author")
    assert refused.values["note"] == "by hand"


def test_a_stale_field_makes_two_heads_and_the_others_are_plain_edits(world: World) -> None:
    """C2: the page's token is the base; both values are heads on this node and shown at once."""
    node = world["A"]
    token = token_of(node.db, node.replica, CalendarDay, DAY_A)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "first page"}, token)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "second page", "kind": "holiday"}, token)
    [conflict] = open_conflicts(node.db, node.replica)
    assert (conflict.unit, {head.values["note"] for head in conflict.heads}) == ("note", {"first page", "second page"})
    assert conflict.base is not None and conflict.base.values == {"note": ""}
    assert node.rows("SELECT kind, note FROM calendar_day WHERE campus = 'A'") == [("holiday", "second page")]
    world.settle()
    assert_same_tables(world)


@pytest.mark.parametrize("token", ["", "2:{}", "0123456789abcde", "zz" * 8, "0" * 16 + ".x-" + "0" * 16, "a" * 5000])
def test_what_is_no_token_of_ours_is_refused(node: Site, token: str) -> None:
    """C2: an edit with a broken token must not pass as one that saw the newest value."""
    with pytest.raises(InvalidInput), node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "blind"}, token)
    assert node.rows("SELECT note FROM calendar_day WHERE campus = 'A'") == [("",)]


def test_a_token_whose_version_is_not_here_names_nothing_and_stops_no_stream(world: World) -> None:
    """C2: a page from before a restore. Both values stand, and what follows in the stream is received."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.insert(Pupil(id="A-77-x", name="甲"))
    sql = "SELECT hex(substr(hash, 1, 8)) FROM _changeset WHERE scope = 'A' ORDER BY n DESC LIMIT 1"
    [(elsewhere,)] = node.rows(sql)
    for token in ("ab" * 8, str(elsewhere).lower()):
        with node.write(CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": f"from {token}"}, token)
    [conflict] = open_conflicts(node.db, node.replica)
    assert conflict.unit == "note"
    world.settle()
    assert world.hub.rows("SELECT count(*) FROM _changeset WHERE state = 'waiting'") == [(0,)]
    assert_same_tables(world)


def test_a_stale_token_with_the_present_value_is_no_change(node: Site) -> None:
    token = token_of(node.db, node.replica, CalendarDay, DAY_A)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "same"}, token)
    before = last_number(node)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "same"}, token)
    assert last_number(node) == before


def test_a_write_without_a_token_takes_the_current_version(node: Site) -> None:
    """C2: only scripts and the shell write without a token."""
    for note in ("one", "two"):
        with node.write(CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": note})
    assert open_conflicts(node.db, node.replica) == []


def test_a_stale_group_merges_as_one_field(world: World) -> None:
    """C4: status and note of a day are one unit, so two people's halves are never glued together."""
    node = world["A"]
    token = token_of(node.db, node.replica, StaffDay, STAFF_DAY_A)
    with node.write(CLERK_A) as w:
        w.update(StaffDay, STAFF_DAY_A, {"status": "absent"}, token)
    with node.write(CLERK_A) as w:
        w.update(StaffDay, STAFF_DAY_A, {"late_minutes": 5}, token)
    [conflict] = open_conflicts(node.db, node.replica)
    assert conflict.unit == "day" and conflict.columns[0] == "status"
    world.settle()
    assert_same_tables(world)


def test_updating_a_row_that_is_gone_says_so(node: Site) -> None:
    with pytest.raises(NotFound), node.write(CLERK_A) as w:
        w.update(CalendarDay, ("A", "2030-01-01"), {"note": "x"})


def test_put_inserts_or_edits_only_what_differs(node: Site) -> None:
    session = RollSession(campus="A", code="am", name="上午", begin="08:00", end="11:30")
    before = last_number(node)
    for record in (session, replace(session, name="上半天"), replace(session, name="上半天")):
        with node.write(CLERK_A) as w:
            w.put(record)
    assert packed_since(node, before) == [("roll_session", "i", (), 1), ("roll_session", "u", ("name",), 1)]


def test_an_id_is_never_minted_twice_not_even_after_a_restore(world: World) -> None:
    """DESIGN §2: campus + counter + two characters of the incarnation."""
    node = world["A"]
    backup = node.backup_bytes()
    minted = set()
    for _ in range(2):
        with node.write(CLERK_A) as w:
            minted |= {w.mint("A") for _ in range(20)}
        node.restore(backup)
    assert len(minted) == 40
    assert all(name.startswith("A-") for name in minted)


def put_again(w: Writing) -> None:
    w.put(Pupil(id="A-9-x", name="again"))


def insert_again_by_plain_sql(w: Writing) -> None:
    w.db.conn.execute("INSERT OR IGNORE INTO pupil (id, name) VALUES ('A-9-x', 'again')")


def move_another_row_there(w: Writing) -> None:
    w.db.conn.execute("UPDATE pupil SET id = 'A-9-x' WHERE id = ?", PUPIL_A)


@pytest.mark.parametrize("deed", [put_again, insert_again_by_plain_sql, move_another_row_there])
def test_nobody_writes_over_an_erased_key_not_even_on_his_own_node(world: World, deed: Deed) -> None:
    """C10: the key is dead for ever; the write is refused at once and nothing of it stays."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.insert(Pupil(id="A-9-x", name="erase me"))
    world.settle()
    erase(world.hub.db, world.hub.replica, Pupil, ("A-9-x",), by="law")
    world.settle()
    before = last_number(node)
    with pytest.raises((RowErased, sqlite3.IntegrityError), match="erased"), node.write(CLERK_A) as w:
        deed(w)
    assert (node.value("SELECT count(*) FROM pupil WHERE id = 'A-9-x'"), last_number(node)) == (0, before)
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "goes on"})
    world.settle()
    assert_same_tables(world)


def test_a_later_edit_of_an_inserted_row_stands_on_every_replica(world: World) -> None:
    """A changeset made on one node is edited on the hub and comes back as a plain newer edit (C2)."""
    with world["A"].write(CLERK_A) as w:
        w.insert(NEW_DAY)
    world.settle()
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, ("A", "2026-09-02"), {"note": "hub"})
    with world["B"].write(CLERK_B) as w:
        w.update(CalendarDay, ("B", "2026-09-01"), {"note": "b"})
    world.settle()
    assert_same_tables(world)
    for site in world.sites():
        assert site.rows("SELECT note FROM calendar_day ORDER BY campus, date") == [("",), ("hub",), ("b",)]

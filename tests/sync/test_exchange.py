"""One exchange: what it costs, what a bad line does to it, restored and cloned files (C10, C11, C13, C14)."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from shared.database import transaction
from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from sync.body import decode_header
from sync.errors import BadMessage, HubUnreachable, NotEnrolled
from sync.exchange import run_exchange
from sync.log import read_changeset
from sync.opening import open_replica
from sync.replica import Limits, current_origin
from sync.status import campus_boards, record_state, sync_status
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    GROUP_A,
    OFFICE,
    PUPIL_A,
    SeededRandomness,
    Site,
    World,
    assert_same_tables,
    clone_of,
    make_world,
    new_site,
    opened,
    sync_state,
    tables_of_site,
)
from tests.sync.forging import take_answer


def busy_day(world: World, rounds: int = 3) -> None:
    """Everybody writes; some of it collides."""
    for number in range(rounds):
        for site, author in ((world["A"], CLERK_A), (world["B"], CLERK_B), (world.hub, OFFICE)):
            with site.write(author) as w:
                campus = site.campus or "A"
                w.update(RosterGroup, (f"{campus}-21-x",), {"name": f"{site.name} {number}"})
                w.insert(*(Pupil(id=w.mint(campus), name=f"{site.name}{i}") for i in range(3)))


def test_nothing_to_say_costs_one_round_trip_and_a_few_hundred_bytes(world: World) -> None:
    """DESIGN §4."""
    report = world.sync("A")
    assert (report.round_trips, report.changesets_up, report.changesets_down, report.done) == (1, 0, 0, True)
    assert report.bytes_up + report.bytes_down < 1_000


@pytest.mark.parametrize("limits", [Limits(frame_rows=1), Limits(frame_bytes=1), Limits(frame_rows=2, frame_bytes=99)])
def test_tiny_frames_still_bring_everything_across(tmp_path: Path, limits: Limits) -> None:
    """DESIGN §4: bounded frames; each applied and acknowledged by itself."""
    world = make_world(tmp_path, limits=limits)
    busy_day(world)
    world.settle(4)
    assert_same_tables(world)
    assert world.sync("B").round_trips == 1
    world.close()


def test_the_hubs_own_writes_are_cut_into_frames_too(world: World) -> None:
    """A first sync of a full hub must not be one message: it would exceed what a node takes."""
    for number in range(30):
        with world.hub.write(OFFICE) as w:
            w.insert(*(CalendarDay(campus="A", date=f"20{number + 30}-01-{d:02}", kind="exam") for d in range(1, 11)))
    world.hub.limit(frame_rows=50)
    report = world.sync("A")
    assert report.round_trips >= 6
    assert max(map(len, world.port.answers)) < 4_000
    assert_same_tables_of(world, "A")


def assert_same_tables_of(world: World, name: str) -> None:
    node = world[name]
    assert tables_of_site(node, node.scopes) == tables_of_site(world.hub, node.scopes)


def test_a_byte_budget_stops_a_run_and_the_next_goes_on(world: World) -> None:
    """DESIGN §4: "spend 200 kB"."""
    world["A"].limit(frame_rows=1)
    busy_day(world, 6)
    report = world.sync("A", budget_bytes=1)
    assert (report.done, report.round_trips) == (False, 1)
    assert sync_status(world["A"].db, world["A"].replica).backlog_changesets > 0
    runs = 0
    while not world.sync("A", budget_bytes=2_500).done:
        runs += 1
        assert runs < 40
    world.settle()
    assert_same_tables(world)


@dataclass
class BadLine:
    """A line that loses requests or replies as the test says: implements HubPort."""

    world: World
    script: str
    lost: int = field(default=0)

    def exchange(self, sealed: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        step = self.script[self.lost % len(self.script)]
        self.lost += 1
        if step == "q":
            raise HubUnreachable(why="lost request")
        answer = self.world.port.exchange(sealed)
        if step == "a":
            raise HubUnreachable(why="lost answer")
        return answer

    def enrol(self, request: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        return self.world.port.enrol(request)


@pytest.mark.parametrize("script", ["a.", "q.", "aa.q.", ".a", "..a"])
def test_a_line_that_loses_messages_loses_no_change_and_repeats_none(world: World, script: str) -> None:
    """C11: whichever way the message was lost."""
    for name in ("A", "B"):
        world[name].limit(frame_rows=1)
    world.hub.limit(frame_rows=2)
    busy_day(world, 2)
    for name in ("A", "B", "A", "B"):
        line, done = BadLine(world, script), False
        while not done:
            try:
                done = world.sync(name, line).done
            except HubUnreachable as error:
                assert error.advice == "retry_later"
            assert line.lost < 500
    world.settle()
    assert_same_tables(world)
    names = [row[0] for row in world.hub.rows("SELECT hex(hash) FROM _changeset")]
    assert len(names) == len(set(names))


def test_a_lost_answer_is_shown_as_not_synced(world: World) -> None:
    """C14: "synced" is said only after the hub's receipt."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    assert record_state(node.db, node.replica, CalendarDay, DAY_A) == "pending"
    good = sync_status(node.db, node.replica).last_good_sync
    with pytest.raises(HubUnreachable):
        world.sync("A", BadLine(world, "a"))
    status = sync_status(node.db, node.replica)
    assert (status.backlog_changesets, status.backlog_rows, status.last_good_sync) == (1, 1, good)
    world.sync("A")
    status = sync_status(node.db, node.replica)
    assert (status.backlog_changesets, record_state(node.db, node.replica, CalendarDay, DAY_A)) == (0, "received")
    assert status.last_good_sync is not None and good is not None and status.last_good_sync > good


def test_a_damaged_answer_leaves_the_node_as_it_was(world: World) -> None:
    """C11: log, receipts, rows and cursors move together or not at all."""
    busy_day(world, 1)
    world.sync("B")
    world.sync("A")
    answer = world.port.answers[-1]
    before = sync_state(world["A"])
    for at in range(0, len(answer), max(1, len(answer) // 40)):
        damaged = bytearray(answer)
        damaged[at] ^= 1
        with pytest.raises(BadMessage):
            take_answer(world["A"], bytes(damaged))
    assert sync_state(world["A"]) == before


def test_an_answer_taken_twice_has_no_second_effect(world: World) -> None:
    """C11, and old answers in any order after newer ones."""
    busy_day(world, 1)
    world.settle()
    before = tables_of_site(world["A"])
    node = world["A"]
    for answer in list(world.port.answers):
        try:
            take_answer(node, answer)
        except BadMessage as error:
            assert error.code == "not_for_us"  # node B's
    assert tables_of_site(node) == before
    world.settle()
    assert_same_tables(world)


@dataclass
class Replaying:
    """A line on which somebody answers with what the hub once said."""

    answer: bytes

    def exchange(self, sealed: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        return self.answer

    def enrol(self, request: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        return self.answer


def test_an_old_answer_to_a_new_request_is_not_believed(world: World) -> None:
    """C14: "synced" is said only after the hub has answered this request; C6: nor does it move the clock."""
    busy_day(world, 1)
    world.settle()
    node = world["A"]
    old = next(answer for answer in reversed(world.port.answers) if _opens(node, answer))
    before = sync_status(node.db, node.replica)
    with pytest.raises(BadMessage) as caught:
        run_exchange(node.replica, node.db, Replaying(old))
    assert caught.value.code == "not_our_answer"
    after = sync_status(node.db, node.replica)
    assert (after.last_good_sync, after.clock_offset_ms) == (before.last_good_sync, before.clock_offset_ms)


def _opens(node: Site, answer: bytes) -> bool:
    try:
        take_answer(node, answer)
    except BadMessage:
        return False
    return True


def test_what_waits_at_the_hub_is_not_called_synced(world: World) -> None:
    """C14: the hub has stored it but given no receipt, since it lacks what came before."""
    node = world["A"]
    busy_day(world, 1)
    world.settle()
    before = sync_status(node.db, node.replica).last_good_sync
    stream = "o = (SELECT o FROM _origin WHERE node = ?) AND scope = 'con'"
    sql = f"DELETE FROM _changeset WHERE {stream} AND seq = (SELECT max(seq) FROM _changeset WHERE {stream})"
    world.hub.db.conn.execute(sql, (node.replica.node, node.replica.node))
    world.wait_ms(60_000)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "after the loss"})
    report = run_exchange(node.replica, node.db, world.port)
    status = sync_status(node.db, node.replica)
    assert (report.done, status.last_good_sync, status.backlog_changesets) == (False, before, 1)


def test_an_old_request_tells_the_board_nothing_about_today(world: World) -> None:
    """C14: a request played to the hub again is no contact with that campus."""
    world.settle()
    node = world["A"]
    recorded = [request for request in world.port.requests if request.startswith(node.replica.node.encode())]
    [before] = [each for each in campus_boards(world.hub.db, world.hub.replica) if each.campus == "A"]
    world.hub.clock.wait_ms(7 * 86_400_000)
    world.port.exchange(recorded[-1])
    [after] = [each for each in campus_boards(world.hub.db, world.hub.replica) if each.campus == "A"]
    assert after == before


def test_a_cursor_of_another_log_is_noticed(world: World) -> None:
    """C11: a cursor is a sequence and the log's hash there."""
    world.settle()
    node = world["A"]
    node.db.conn.execute("UPDATE _cursor SET log_hash = ? WHERE scope = 'con'", (bytes(32),))
    with pytest.raises(BadMessage) as caught:
        world.sync("A")
    assert caught.value.code == "bad_cursor"


def test_the_hub_knows_how_far_every_node_has_come(world: World) -> None:
    """C13: what may be pruned follows from the lowest frontier any node has reported."""
    world.settle()
    world.settle()
    rows = world.hub.rows("SELECT campus, json_extract(frontier, '$.con[0]') FROM _node WHERE role = 'node'")
    found = {campus: place for campus, place in rows}
    [(top,)] = world.hub.rows("SELECT max(hub_seq) FROM _entry WHERE scope = 'con'")
    assert found == {"A": top, "B": top}


def test_a_clean_frame_costs_few_statements_a_row(tmp_path: Path) -> None:
    """DESIGN §3, mechanism: row-by-row Python on the common path is a design fault."""
    world = make_world(tmp_path)
    days = [f"20{y}-{m:02}-{d:02}" for y in range(30, 50) for m in range(1, 13) for d in range(1, 5)]
    for kind in ("exam", "holiday"):
        with world.hub.write(OFFICE) as w:
            for date in days:
                w.put(CalendarDay(campus="A", date=date, kind=kind))
    node = world["B"]
    counting = sqlite3.connect(node.replica.path, isolation_level=None, factory=CountingConnection)
    node.db = Database(counting)
    report = world.sync("B")
    rows = 2 * len(days)
    assert (report.rows_down, report.rows_by_path) == (rows, 0)
    assert 0 < counting.statements / rows < 0.1
    world.close()


class CountingConnection(sqlite3.Connection):
    """Counts what is asked of SQLite; an executemany is one asking, its loop is SQLite's own."""

    statements = 0

    def execute(self, *asked: Any) -> sqlite3.Cursor:
        self.statements += 1
        return super().execute(*asked)

    def executemany(self, *asked: Any) -> sqlite3.Cursor:
        self.statements += 1
        return super().executemany(*asked)


def test_concurrent_edits_of_different_rows_are_no_conflict_path(world: World) -> None:
    with world["A"].write(CLERK_A) as w:
        w.update(RosterGroup, GROUP_A, {"name": "a"})
    with world["B"].write(CLERK_B) as w:
        w.update(RosterGroup, ("B-21-x",), {"name": "b"})
    world.sync("A")
    assert world.sync("B").rows_by_path == 0


def test_a_node_that_is_not_enrolled_says_so(tmp_path: Path, world: World) -> None:
    lone = new_site(tmp_path, "lone")
    assert sync_status(lone.db, lone.replica).enrolled is False
    with pytest.raises(NotEnrolled):
        run_exchange(lone.replica, lone.db, world.port)
    lone.db.close()


def test_a_node_never_gets_another_campuss_scope(world: World) -> None:
    """DESIGN §2: pupils go to their campus and the hub."""
    busy_day(world)
    world.settle()
    assert world["B"].value("SELECT count(*) FROM pupil WHERE id LIKE 'A-%'") == 0
    assert world["B"].rows("SELECT DISTINCT scope FROM _changeset ORDER BY 1") == [("B",), ("con",)]
    assert PUPIL_A not in world["B"].rows("SELECT id FROM pupil")


def test_an_older_database_put_back_begins_a_new_incarnation_and_gets_its_work_back(world: World) -> None:
    """C10: a restored node takes back what it once sent; what it writes then is its new origin's."""
    node = world["A"]
    before = current_origin(node.db)[1]
    backup = node.backup_bytes()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "after the backup"})
        w.insert(Pupil(id="A-31-x", name="新生"))
    world.sync("A")
    node.restore(backup)
    assert current_origin(node.db)[1] != before
    assert node.value("SELECT note FROM calendar_day WHERE campus = 'A'") == ""
    with node.write(CLERK_A) as w:
        w.update(RosterGroup, GROUP_A, {"name": "written before the first sync"})
    world.settle()
    assert node.value("SELECT note FROM calendar_day WHERE campus = 'A'") == "after the backup"
    assert world.hub.value("SELECT name FROM roster_group WHERE id = 'A-21-x'") == "written before the first sync"
    assert_same_tables(world)


def test_a_restored_node_learns_of_its_refused_work_too(world: World) -> None:
    """C9, C10: the values are offered again, not lost with the disk."""
    node = world["A"]
    backup = node.backup_bytes()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, ("B", "2026-09-01"), {"note": "not ours"})
    world.sync("A")
    node.restore(backup)
    world.settle()
    [refused] = sync_status(node.db, node.replica).refusals
    assert (refused.reason, refused.values["note"]) == ("foreign_owner", "not ours")
    assert_same_tables(world)


def test_a_restored_file_starts_one_incarnation_however_often_it_is_opened(world: World) -> None:
    """C10: the mark beside the file follows the file that is in use."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "in the copy"})
    backup = node.backup_bytes()
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "lost with the disk"})
    before = node.rows("SELECT count(*) FROM _origin WHERE mine = 1")[0][0]
    node.restore(backup)
    for _ in range(3):
        node.reopen()
    assert node.rows("SELECT count(*) FROM _origin WHERE mine = 1") == [(int(str(before)) + 1,)]


def test_a_file_that_was_closed_here_keeps_its_incarnation(world: World) -> None:
    node = world["A"]
    before = current_origin(node.db)[1]
    for _ in range(3):
        node.reopen()
        with node.write(CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": node.replica.boot})
    assert current_origin(node.db)[1] == before
    world.settle()
    assert_same_tables(world)


def test_two_processes_that_open_one_file_do_not_take_each_other_for_a_copy(world: World) -> None:
    """The server and the nightly sync."""
    node = world["A"]
    before = current_origin(node.db)[1]
    records = [table.record for table in node.tables().values()]
    for number in range(3):
        open_replica(node.replica.path, records=records, clock=node.clock, randomness=SeededRandomness(number))
        with node.write(CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": str(number)})
    node.reopen()
    assert current_origin(node.db)[1] == before


@pytest.fixture
def twins(world: World, tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    """Node A and a clone of it: file, key and all."""
    node = world["A"]
    clone = clone_of(node, tmp_path / "clone.db")
    yield node, clone
    clone.db.close()


def test_both_branches_of_a_cloned_node_are_kept(world: World, twins: tuple[Site, Site]) -> None:
    """C10: the same seq with another hash is a fork; nobody renumbers, nothing is lost."""
    node, clone = twins
    for site, note in ((node, "first"), (clone, "second")):
        with site.write(CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": note})
            w.insert(Pupil(id=f"A-{len(note)}00-x", name=note))
    for _ in range(3):
        for site in twins:
            world.wait_ms(1_000)
            run_exchange(site.replica, site.db, world.port)
        world.sync("B")
    for site in twins:
        assert tables_of_site(site, site.scopes) == tables_of_site(world.hub, site.scopes)
    assert current_origin(node.db)[1] != current_origin(clone.db)[1]
    assert world.hub.value("SELECT count(*) FROM _head") == 2
    assert {row[0] for row in world.hub.rows("SELECT name FROM pupil WHERE id LIKE 'A-%'")} >= {"first", "second"}
    # Named on both ends, and on nobody else's board.
    for site in (node, clone, world.hub):
        assert len(sync_status(site.db, site.replica).forks) == 2
    assert {state.campus: state.forks for state in campus_boards(world.hub.db, world.hub.replica)} == {"A": 2, "B": 0}


def test_the_hub_shows_how_each_campus_stands(world: World) -> None:
    """C14: last contact, backlog, clock, conflicts, refusals, and until when a campus is known."""
    world["A"].clock.set_wall(world["A"].clock.now_ms() + 3_600_000)
    busy_day(world, 1)
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, ("B", "2026-09-01"), {"note": "not ours"})
    world.settle()
    board = {state.campus: state for state in campus_boards(world.hub.db, world.hub.replica)}
    assert (board["A"].quarantined, board["B"].quarantined) == (1, 0)
    assert (board["A"].backlog, board["A"].conflicts) == (0, board["B"].conflicts)
    assert abs((board["A"].clock_offset_ms or 0) - 3_600_000) < 5_000
    assert board["A"].known_until == board["A"].last_sync == board["A"].last_contact
    assert board["A"].revoked_at is None and board["A"].enrolled_at is not None


def test_receipts_and_clock_evidence_travel_in_the_header(world: World) -> None:
    """C6: boot session, monotonic time, last hub contact."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "x"})
    n = int(str(node.value("SELECT max(n) FROM _changeset")))
    header = decode_header(read_changeset(node.db, n).header)
    assert (header.boot, header.monotonic_ms) == (node.replica.boot, node.clock.monotonic_ms())
    assert abs(header.hub_seen_ms - world.hub.clock.now_ms()) < 600_000


def test_an_exchange_inside_another_writers_transaction_waits_its_turn(world: World) -> None:
    """One writer at a time, also between two connections of one process."""
    node = world["A"]
    other = opened(node.replica.path)
    with transaction(other):
        other.conn.execute("UPDATE calendar_day SET note = 'other connection' WHERE campus = 'A'")
    world.sync("A")
    other.close()
    assert node.value("SELECT count(*) FROM _pending") == 0

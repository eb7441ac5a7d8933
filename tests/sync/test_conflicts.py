"""Concurrent edits on real replicas: every rule, the inbox, resolving, deletes, receipts (C2, C4, C5, C6)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.clock import instant_ms
from shared.errors import NotFound
from shared.records.attendance import StaffDay
from shared.records.people import Account, Person
from shared.records.places import CalendarDay, RollSession
from shared.records.pupils import Pupil, RosterGroup
from sync.body import decode_header
from sync.capture import token_of, write
from sync.change import Author
from sync.conflicts import Conflict, conflict_of, count_open, open_conflicts, resolve
from sync.status import record_state, sync_status
from sync.steps.push import FrameSize, outgoing
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    GROUP_A,
    OFFICE,
    PUPIL_A,
    STAFF_DAY_A,
    TEACHER_A,
    TERMINAL_A,
    Site,
    World,
    assert_same_tables,
    make_world,
)
from tests.sync.forging import request_of

YEAR_MS = 365 * 24 * 3600 * 1000


@pytest.fixture
def trio(tmp_path: Path) -> Iterator[World]:
    """A hub, two nodes of campus A, one of B."""
    made = make_world(tmp_path, ("A", "A2", "B"))
    yield made
    made.close()


def edit(site: Site, author: Author, cls: type, key: tuple[str, ...], **changes: str | int | None) -> None:
    with site.write(author) as w:
        w.update(cls, key, changes)


def only_conflict(site: Site) -> Conflict:
    [conflict] = open_conflicts(site.db, site.replica)
    return conflict


def notes(world: World, column: str = "note", table: str = "calendar_day") -> set[object]:
    """The values of campus A's row in this table, over all replicas: one when they agree."""
    where = "campus = 'A'" if table in ("calendar_day", "staff_day") else "id LIKE 'A-%' ORDER BY id LIMIT 1"
    return {site.value(f"SELECT {column} FROM {table} WHERE {where}") for site in world.sites() if site.name != "B"}


# first writer, second writer (a second later), table, column, whose value is shown
RULES = [
    ("latest: the later one", CLERK_A, OFFICE, RosterGroup, GROUP_A, "name", "hub"),
    ("authority: the owning campus, though earlier", CLERK_A, OFFICE, CalendarDay, DAY_A, "note", "A"),
    ("rank: the office over a teacher", OFFICE, TEACHER_A, StaffDay, STAFF_DAY_A, "note", "hub"),
    ("review: the later one, provisionally", CLERK_A, OFFICE, Pupil, PUPIL_A, "name", "hub"),
]


@pytest.mark.parametrize(("name", "first", "second", "cls", "key", "column", "won"), RULES, ids=[r[0] for r in RULES])
def test_the_rule_decides_the_same_everywhere(
    world: World, name: str, first: Author, second: Author, cls: type, key: tuple[str, ...], column: str, won: str
) -> None:
    """C4, and C3 with the conflict still open."""
    for author in (first, second):
        site = world.hub if author is OFFICE else world["A"]
        edit(site, author, cls, key, **{column: "hub" if author is OFFICE else "A"})
    world.settle()
    if name.startswith("rank"):
        # A teacher is no clerk: the hub refuses what the role does not allow, so only the office's stands.
        assert sync_status(world["A"].db, world["A"].replica).refusals[0].reason == "wrong_role"
    else:
        for site in (world.hub, world["A"]):
            conflict = only_conflict(site)
            assert conflict.heads[0].winner and conflict.heads[0].values == {column: won}
            assert {head.values[column] for head in conflict.heads} == {"A", "hub"}
            assert conflict.review is name.startswith("review")
            assert record_state(site.db, site.replica, cls, key) == "conflict"
    assert_same_tables(world)
    reviews = int(name.startswith("review"))
    assert count_open(world.hub.db, world.hub.replica)[1] == reviews


def test_a_clerks_correction_beats_a_terminals_later_punch(trio: World) -> None:
    """C4 rank: a person's correction over a machine, whatever the time."""
    edit(trio["A"], CLERK_A, StaffDay, STAFF_DAY_A, status="absent")
    edit(trio["A2"], TERMINAL_A, StaffDay, STAFF_DAY_A, status="late")
    trio.settle()
    assert notes(trio, "status", "staff_day") == {"absent"}
    assert_same_tables(trio)


def test_a_revocation_beats_a_concurrent_edit_that_does_not_revoke(trio: World) -> None:
    """C4, rank with the value over its absence: a revoked account stays dead."""
    with trio.hub.write(OFFICE) as w:
        w.insert(Account(person_id="A-2-x", login="laoshi", revoked_at="2026-08-30T00:00:00.000Z"))
    trio.settle()
    edit(trio["A"], CLERK_A, Account, ("A-2-x",), revoked_at="2026-09-01T00:00:00.000Z")
    edit(trio["A2"], CLERK_A, Account, ("A-2-x",), revoked_at=None)
    trio.settle()
    revoked = {site.value("SELECT revoked_at FROM account") for site in trio.sites()}
    assert revoked == {"2026-09-01T00:00:00.000Z"}
    assert_same_tables(trio)


def test_different_fields_both_stand(world: World) -> None:
    """C4: fields merge one by one."""
    edit(world["A"], CLERK_A, CalendarDay, DAY_A, note="A")
    edit(world.hub, OFFICE, CalendarDay, DAY_A, kind="holiday")
    world.settle()
    assert world["B"].rows("SELECT kind, note FROM calendar_day WHERE campus = 'A'") == [("holiday", "A")]
    assert [open_conflicts(site.db, site.replica) for site in world.sites()] == [[], [], []]
    assert_same_tables(world)


def test_a_group_is_never_glued_together_from_two_edits(trio: World) -> None:
    """C4: status and minutes are one unit."""
    edit(trio["A"], CLERK_A, StaffDay, STAFF_DAY_A, status="late", late_minutes=20)
    edit(trio["A2"], CLERK_A, StaffDay, STAFF_DAY_A, status="absent", absent_lessons=3)
    trio.settle()
    rows = {site.rows("SELECT status, late_minutes, absent_lessons FROM staff_day WHERE campus='A'")[0]
            for site in trio.sites()}  # fmt: skip
    assert rows == {("absent", 0, 3)}
    assert len(only_conflict(trio.hub).heads) == 2


def test_equal_values_are_no_conflict(trio: World) -> None:
    """C4, precise point 1."""
    for name in ("A", "A2"):
        edit(trio[name], CLERK_A, CalendarDay, DAY_A, note="same")
    trio.settle()
    assert [open_conflicts(site.db, site.replica) for site in trio.sites()] == [[], [], [], []]
    assert_same_tables(trio)


def test_the_same_key_inserted_twice_conflicts_only_where_it_differs(trio: World) -> None:
    """Precise point 2."""
    for name, label in (("A", "晨"), ("A2", "早")):
        with trio[name].write(CLERK_A) as w:
            w.insert(RollSession(campus="A", code="am", name=label, begin="07:00", end="07:30"))
    trio.settle()
    assert only_conflict(trio["B"]).unit == "name"
    assert_same_tables(trio)


def test_three_values_are_one_card_with_their_base(trio: World) -> None:
    """C4: base, and each value with author, campus and time."""
    edit(trio["A"], CLERK_A, CalendarDay, DAY_A, note="one")
    edit(trio["A2"], CLERK_A, CalendarDay, DAY_A, note="two")
    edit(trio.hub, OFFICE, CalendarDay, DAY_A, note="three")
    trio.settle()
    for site in trio.sites():
        conflict = only_conflict(site)
        assert [head.values["note"] for head in conflict.heads] == ["two", "one", "three"]
        assert [head.campus for head in conflict.heads] == ["A", "A", ""]
        assert [head.person_id for head in conflict.heads] == ["A-1-x", "A-1-x", "H-1-x"]
        assert conflict.base is not None and conflict.base.values["note"] == ""
    assert_same_tables(trio)


def test_an_ordinary_edit_shows_where_it_was_made_and_leaves_the_loser_open(world: World) -> None:
    """C4, precise point 1: it names the winner only, and carries the winner's authority, so the hub's edit shows."""
    edit(world["A"], CLERK_A, CalendarDay, DAY_A, note="campus")
    edit(world.hub, OFFICE, CalendarDay, DAY_A, note="hub")
    world.settle()
    edit(world.hub, OFFICE, CalendarDay, DAY_A, note="hub again")
    assert world.hub.value("SELECT note FROM calendar_day WHERE campus = 'A'") == "hub again"
    world.settle()
    assert notes(world) == {"hub again"}
    assert {head.values["note"] for head in only_conflict(world["A"]).heads} == {"hub again", "hub"}
    assert_same_tables(world)


def test_a_low_ranks_edit_of_the_winner_still_shows(trio: World) -> None:
    """C4: it carries the rank of what it replaces, or an older mark would jump up in its place."""
    edit(trio["A"], CLERK_A, StaffDay, STAFF_DAY_A, status="absent")
    edit(trio["A2"], Author("A-1-x", rank="person"), StaffDay, STAFF_DAY_A, status="late")
    trio.settle()
    assert notes(trio, "status", "staff_day") == {"absent"}
    edit(trio["A2"], TERMINAL_A, StaffDay, STAFF_DAY_A, status="present")
    trio.settle()
    assert trio.hub.value("SELECT count(*) FROM _changeset WHERE state <> 'applied'") == 0
    assert notes(trio, "status", "staff_day") == {"present"}
    assert {head.values["status"] for head in only_conflict(trio.hub).heads} == {"present", "late"}
    assert_same_tables(trio)


def test_an_ordinary_edit_names_every_head_with_the_winners_value(trio: World) -> None:
    """Precise point 1: equal heads count as one for people."""
    for name in ("A", "A2"):
        edit(trio[name], CLERK_A, CalendarDay, DAY_A, note="same")
    edit(trio.hub, OFFICE, CalendarDay, DAY_A, note="other")
    trio.settle()
    edit(trio["A"], CLERK_A, CalendarDay, DAY_A, note="newer")
    trio.settle()
    assert {head.values["note"] for head in only_conflict(trio["A2"]).heads} == {"newer", "other"}
    assert trio.hub.value("SELECT count(*) FROM _head") == 2
    assert_same_tables(trio)


def test_a_resolution_names_every_head_and_carries_its_reason(trio: World) -> None:
    """C5: a write like any other; afterwards nothing is open anywhere."""
    for name in ("A", "A2"):
        edit(trio[name], CLERK_A, CalendarDay, DAY_A, note="same")
    edit(trio.hub, OFFICE, CalendarDay, DAY_A, note="other")
    trio.settle()
    conflict = only_conflict(trio["A"])
    with trio["A"].write(CLERK_A) as w:
        resolve(w, conflict, {"note": "agreed"}, "asked on the phone")
    trio.settle()
    for site in trio.sites():
        assert open_conflicts(site.db, site.replica) == []
        assert site.value("SELECT note FROM calendar_day WHERE campus = 'A'") == "agreed"
        header = site.value("SELECT header FROM _changeset WHERE scope = 'con' ORDER BY n DESC LIMIT 1")
        assert decode_header(header).note == "asked on the phone"  # type: ignore[arg-type]  # a BLOB
        with pytest.raises(NotFound):
            conflict_of(site.db, site.replica, conflict.id)
    assert trio.hub.value("SELECT count(*) FROM _head") == 0
    assert_same_tables(trio)


def test_a_resolution_that_had_not_seen_a_head_leaves_it_open(trio: World) -> None:
    """C5: it names what it saw."""
    edit(trio["A"], CLERK_A, CalendarDay, DAY_A, note="one")
    edit(trio.hub, OFFICE, CalendarDay, DAY_A, note="two")
    edit(trio["A2"], CLERK_A, CalendarDay, DAY_A, note="unheard")
    trio.sync("A")
    with trio["A"].write(CLERK_A) as w:
        resolve(w, only_conflict(trio["A"]), {"note": "agreed"}, "")
    trio.settle()
    assert {head.values["note"] for head in only_conflict(trio.hub).heads} == {"agreed", "unheard"}
    assert_same_tables(trio)


def test_two_resolutions_at_once_are_a_conflict_again(world: World) -> None:
    edit(world["A"], CLERK_A, CalendarDay, DAY_A, note="one")
    edit(world.hub, OFFICE, CalendarDay, DAY_A, note="two")
    world.settle()
    for site, author in ((world["A"], CLERK_A), (world.hub, OFFICE)):
        with site.write(author) as w:
            resolve(w, only_conflict(site), {"note": f"{site.name} says"}, "")
    world.settle()
    assert {head.values["note"] for head in only_conflict(world["B"]).heads} == {"A says", "hub says"}
    assert_same_tables(world)


def test_a_conflict_is_found_again_by_its_id(world: World) -> None:
    edit(world["A"], CLERK_A, CalendarDay, DAY_A, note="one")
    edit(world.hub, OFFICE, CalendarDay, DAY_A, note="two")
    world.settle()
    conflict = only_conflict(world.hub)
    assert conflict_of(world.hub.db, world.hub.replica, conflict.id) == conflict
    assert only_conflict(world["A"]).id == conflict.id
    for nonsense in ("", "x", "!!", conflict.id[:-4], "W10"):
        with pytest.raises(NotFound):
            conflict_of(world.hub.db, world.hub.replica, nonsense)


@pytest.mark.parametrize("keep", [1, 0])
def test_a_delete_against_an_edit_waits_for_a_person(world: World, keep: int) -> None:
    """Precise point 3: the row stays until somebody keeps it or deletes it anew."""
    with world.hub.write(OFFICE) as w:
        w.delete(RosterGroup, GROUP_A)
    edit(world["A"], CLERK_A, RosterGroup, GROUP_A, name="kept in use")
    world.settle()
    assert notes(world, "name", "roster_group") == {"kept in use"}
    conflict = only_conflict(world["A"])
    assert conflict.kind == "delete"
    assert conflict_of(world["A"].db, world["A"].replica, conflict.id) == conflict
    assert_same_tables(world)
    with world["A"].write(CLERK_A) as w:
        resolve(w, conflict, {"keep": keep}, "")
    world.settle()
    for site in world.sites():
        assert open_conflicts(site.db, site.replica) == []
        assert site.value("SELECT count(*) FROM roster_group WHERE id = 'A-21-x'") == keep
    assert_same_tables(world)


def test_a_delete_in_a_conflict_names_the_losers_too(world: World) -> None:
    """Precise point 3: nothing the deleter saw keeps the row alive."""
    edit(world["A"], CLERK_A, CalendarDay, DAY_A, note="one")
    edit(world.hub, OFFICE, CalendarDay, DAY_A, note="two")
    world.settle()
    with world["A"].write(CLERK_A) as w:
        w.delete(CalendarDay, DAY_A)
    world.settle()
    for site in world.sites():
        assert site.value("SELECT count(*) FROM calendar_day WHERE campus = 'A'") == 0
        assert open_conflicts(site.db, site.replica) == []
    assert_same_tables(world)


def test_an_insert_over_a_tombstone_lives_everywhere(world: World) -> None:
    """Precise point 3: it names the tombstone and its heads."""
    with world["A"].write(CLERK_A) as w:
        w.delete(CalendarDay, DAY_A)
    world.settle()
    with world["A"].write(CLERK_A) as w:
        w.insert(CalendarDay(campus="A", date="2026-09-01", kind="exam"))
    world.settle()
    assert notes(world, "kind") == {"exam"}
    assert open_conflicts(world.hub.db, world.hub.replica) == []
    edit(world.hub, OFFICE, CalendarDay, DAY_A, note="and goes on")
    world.settle()
    assert notes(world) == {"and goes on"}
    assert_same_tables(world)


def test_an_insert_that_had_not_seen_the_tombstone_lives_too(trio: World) -> None:
    with trio["A"].write(CLERK_A) as w:
        w.insert(RollSession(campus="A", code="am", name="晨", begin="07:00", end="07:30"))
    trio.settle()
    with trio["A"].write(CLERK_A) as w:
        w.delete(RollSession, ("A", "am"))
    with trio["A2"].write(CLERK_A) as w:
        w.delete(RollSession, ("A", "am"))
        w.insert(RollSession(campus="A", code="am", name="早", begin="07:00", end="07:30"))
    trio.settle()
    assert {site.value("SELECT name FROM roll_session") for site in trio.sites()} == {"早"}
    assert_same_tables(trio)


@pytest.mark.parametrize(
    ("offset_ms", "shown"), [(73 * YEAR_MS, "A"), (-56 * YEAR_MS, "hub"), (0, "hub")], ids=["2099", "1970", "right"]
)
def test_a_wrong_clock_neither_blocks_a_sync_nor_counts_beyond_its_receipt(
    world: World, offset_ms: int, shown: str
) -> None:
    """C6: effective = min(stamp, receipt); the stamp is past what it replaces however old the clock thinks it is."""
    node = world["A"]
    node.clock.set_wall(node.clock.now_ms() + offset_ms)
    base = int(str(node.value("SELECT max(effective) FROM _changeset")))
    edit(node, CLERK_A, RosterGroup, GROUP_A, name="A")
    n, stamp = node.rows("SELECT n, stamp FROM _changeset ORDER BY n DESC LIMIT 1")[0]
    assert stamp == max(node.clock.now_ms(), base + 1)
    edit(world.hub, OFFICE, RosterGroup, GROUP_A, name="hub")
    world.sync("A")
    received, effective = node.rows("SELECT received_at, effective FROM _changeset WHERE n = ?", n)[0]
    assert effective == min(int(str(stamp)), int(str(received)))
    world.settle()
    assert notes(world, "name", "roster_group") == {shown}
    assert_same_tables(world)
    status = sync_status(node.db, node.replica)
    assert status.clock_doubtful is (offset_ms != 0)
    assert abs((status.clock_offset_ms or 0) - offset_ms) < 5_000


def test_a_clock_far_ahead_poisons_nobody(world: World) -> None:
    """C6: after the receipt, everyone's next stamp is near the true time again."""
    node = world["A"]
    node.clock.set_wall(node.clock.now_ms() + 73 * YEAR_MS)
    edit(node, CLERK_A, RosterGroup, GROUP_A, name="from 2099")
    world.settle()
    edit(world.hub, OFFICE, RosterGroup, GROUP_A, name="today")
    edit(world["B"], CLERK_B, RosterGroup, ("B-21-x",), name="b today")
    edit(node, CLERK_A, CalendarDay, DAY_A, note="after the first contact")
    for site in world.sites():
        stamp = int(str(site.value("SELECT stamp FROM _changeset ORDER BY n DESC LIMIT 1")))
        assert abs(stamp - world.hub.clock.now_ms()) < 60_000, site.name
    world.settle()
    assert notes(world, "name", "roster_group") == {"today"}


def test_a_receipt_can_change_the_winner_and_everyone_follows(trio: World) -> None:
    """C6, precise point 5: node A believes its own stamp until the receipt is in, which here comes together
    with the edit that then wins."""
    node = trio["A"]
    node.clock.set_wall(node.clock.now_ms() + 20 * 60_000)
    edit(node, CLERK_A, RosterGroup, GROUP_A, name="ahead")
    trio.port.exchange(request_of(node, *_push_of(node)))  # the answer is lost
    edit(trio["A2"], CLERK_A, RosterGroup, GROUP_A, name="later")
    trio.sync("A2")
    assert node.value("SELECT name FROM roster_group WHERE id = 'A-21-x'") == "ahead"
    trio.sync("A")
    assert node.value("SELECT name FROM roster_group WHERE id = 'A-21-x'") == "later"
    trio.settle()
    assert_same_tables(trio)


def _push_of(node: Site) -> tuple[list[dict[str, object]], list[bytes]]:
    frame = outgoing(node.replica, node.db, {}, FrameSize(1_000, 1_000_000))
    return frame.stretches, frame.pieces


def test_the_receipt_clock_never_runs_back(world: World) -> None:
    """C6: the hub's own clock may jump."""
    for year in (0, -40, 0, -1):
        world.hub.clock.set_wall(1_788_300_000_000 + year * YEAR_MS)
        edit(world["A"], CLERK_A, CalendarDay, DAY_A, note=f"year {year}")
        world.sync("A")
    received = [row[0] for row in world.hub.rows("SELECT received_at FROM _entry ORDER BY hub_seq")]
    assert received == sorted(received)  # type: ignore[type-var]  # integers
    world.settle()
    assert_same_tables(world)


def test_an_edit_of_what_was_shown_wins_whatever_the_clock_says(world: World) -> None:
    """C2: causality by pointer. The node's clock is forty years behind, its edit is newer all the same."""
    edit(world.hub, OFFICE, Person, ("A-2-x",), name="旧名", phone_extension="1")
    edit(world.hub, OFFICE, RosterGroup, GROUP_A, name="from the hub")
    world.settle()
    node = world["A"]
    node.clock.set_wall(instant_ms("1986-01-01T00:00:00.000Z"))
    edit(node, CLERK_A, RosterGroup, GROUP_A, name="newer")
    world.settle()
    assert notes(world, "name", "roster_group") == {"newer"}
    assert open_conflicts(world.hub.db, world.hub.replica) == []


def test_two_conflicting_writes_of_the_hub_in_one_millisecond_look_the_same_everywhere(world: World) -> None:
    """C3: the winner follows from final stamps, at the hub as at the nodes."""
    hub = world.hub
    with write(hub.replica, hub.db, OFFICE) as w:
        w.update(RosterGroup, GROUP_A, {"name": "first"})
    token = token_of(hub.db, hub.replica, RosterGroup, GROUP_A)
    for number in range(8):
        with write(hub.replica, hub.db, OFFICE) as w:
            w.update(RosterGroup, GROUP_A, {"name": f"page {number}"}, token)
    shown = hub.value("SELECT name FROM roster_group WHERE id = 'A-21-x'")
    world.settle()
    assert notes(world, "name", "roster_group") == {shown}
    assert_same_tables(world)

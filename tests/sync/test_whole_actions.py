"""One action in two scopes is judged whole or not at all: its parts wait for each other at the hub (C9, point 6)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.database import transaction
from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from sync.body import decode_header
from sync.change import Block, Changeset, State, VersionName
from sync.log import read_changeset, version_names
from sync.status import sync_status
from sync.steps.receive import Arrival, receive
from sync.waiting import Member, is_torn, is_whole
from tests.support.world import CLERK_A, DAY_A, GROUP_A, PUPIL_A, Site, World, assert_same_tables, make_world
from tests.sync.forging import changeset_of, inserted, link_after, push, updated

ROLL = {"group_id": "A-21-x", "member_id": "A-11-x", "begin": "2026-09-01", "end": None, "seat_number": 0}
EXAM = {
    "campus": "A", "date": "2026-10-01", "kind": "exam", "follows_weekday": None, "week": 0, "parity": None,
    "bell_schedule": None, "note": "",
}  # fmt: skip
TWO = {"action": "SAVE", "action_size": 2}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two nodes of campus A, so that each scope of "A" can have something that the hub does not know yet."""
    made = make_world(tmp_path, ("A", "A2", "B"))
    yield made
    made.close()


def unsent_edit(site: Site, scope: str) -> VersionName:
    """A version that the hub does not have yet: an edit of a class or of a pupil's name."""
    with site.write(CLERK_A) as w:
        if scope == "con":
            w.update(RosterGroup, GROUP_A, {"name": "not sent yet"})
        else:
            w.update(Pupil, PUPIL_A, {"name": "还没有发出"})
    n = int(str(site.value("SELECT max(n) FROM _changeset")))
    return version_names(site.db, [n])[n]


def part(node: Site, scope: str, *names: VersionName, day: dict[str, Any] = EXAM, **header: Any) -> Changeset:
    """A part of an action: a calendar day for everybody, or a pupil's class; it names what it is told to."""
    rows: list[Block] = [inserted("calendar_day", day)] if scope == "con" else [inserted("group_member", ROLL)]
    if names and scope == "con":
        rows.append(updated("roster_group", {"id": "A-21-x"}, "name", {"name": "later"}, [0]))
    apart = [updated("pupil", {"id": "A-11-x"}, "name", {"name": "后来"}, [0])] if names and scope == "A" else []
    return changeset_of(node, rows, scope=scope, apart=apart, **{**TWO, "names": names, **header})


def states(world: World, *changesets: Changeset) -> list[object]:
    """What the hub did with changesets."""
    return [world.hub.value("SELECT state FROM _changeset WHERE hash = ?", one.hash) for one in changesets]


def came_in(world: World) -> tuple[object, object]:
    """Whether the hub shows the day and the pupil's class."""
    return (
        world.hub.value("SELECT count(*) FROM calendar_day WHERE date = '2026-10-01'"),
        world.hub.value("SELECT count(*) FROM group_member"),
    )


def test_every_changeset_says_how_many_its_action_has(world: World) -> None:
    """Precise point 6: one action id, and the number of scopes that the save touched."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "alone"})
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "with a pupil"})
        w.update(Pupil, PUPIL_A, {"name": "新名"})
    numbers = [n for (n,) in node.rows("SELECT n FROM _changeset WHERE hub_seq IS NULL ORDER BY n")]
    headers = [decode_header(read_changeset(node.db, int(str(n))).header) for n in numbers]
    assert [header.action_size for header in headers] == [1, 2, 2]
    assert headers[1].action == headers[2].action != headers[0].action
    world.settle()
    assert_same_tables(world)


@pytest.mark.parametrize("together", [True, False], ids=["in one push", "in two"])
@pytest.mark.parametrize("late", ["con", "A"])
def test_a_part_that_is_ready_waits_for_the_one_that_is_not(world: World, late: str, together: bool) -> None:
    """C9, point 6: no part is judged or shown before all are here; then all are, in the order of commits."""
    node = world["A"]
    missing = unsent_edit(world["A2"], late)
    parts = [part(node, "A", *[missing][: late == "A"], commit=1), part(node, "con", *[missing][: late == "con"])]
    entries = world.hub.value("SELECT count(*) FROM _entry")
    if together:
        push(world, node, parts[1:], parts[:1])
    else:
        push(world, node, parts[1:])
        assert states(world, parts[1]) == ["waiting"]
        push(world, node, parts[:1])
    assert states(world, *parts) == ["waiting", "waiting"]
    assert (came_in(world), world.hub.value("SELECT count(*) FROM _entry")) == ((0, 0), entries)
    assert sync_status(world.hub.db, world.hub.replica).waiting == 2
    world.sync("A2")
    assert (states(world, *parts), came_in(world)) == (["applied", "applied"], (1, 1))
    world.settle()
    assert_same_tables(world)


def test_the_parts_are_judged_in_the_order_of_their_commits(world: World) -> None:
    """C9: whatever came first, and wherever the streams of the message began."""
    node = world["A"]
    missing = unsent_edit(world["A2"], "con")
    first, second = part(node, "A", commit=8), part(node, "con", missing, commit=9)
    push(world, node, [second], [first])
    world.sync("A2")
    rows = world.hub.rows("SELECT c.hash FROM _entry JOIN _changeset AS c USING (n) ORDER BY _entry.hub_seq")
    assert rows[-2:] == [(first.hash,), (second.hash,)]


def test_a_part_that_never_came_is_waited_for(world: World) -> None:
    """Point 6: it is complete by itself, and waits for the rest of its action."""
    node = world["A"]
    first, second = part(node, "con"), part(node, "A")
    push(world, node, [first])
    assert (states(world, first), came_in(world)) == (["waiting"], (0, 0))
    push(world, node, [second])
    assert (states(world, first, second), came_in(world)) == (["applied", "applied"], (1, 1))


@pytest.mark.parametrize("guilty_part_waits", [True, False])
def test_an_action_that_had_to_wait_is_refused_together(world: World, guilty_part_waits: bool) -> None:
    """C9: refusal acts on the whole action, also when its parts got ready one after the other."""
    node = world["A"]
    late = "con" if guilty_part_waits else "A"
    missing = unsent_edit(world["A2"], late)
    guilty = part(node, "con", *[missing][: late == "con"], day={**EXAM, "campus": "B"})
    other = part(node, "A", *[missing][: late == "A"])
    push(world, node, [guilty], [other])
    world.sync("A2")
    reasons = [world.hub.value("SELECT reason FROM _changeset WHERE hash = ?", one.hash) for one in (guilty, other)]
    assert (reasons, states(world, guilty, other)) == (["foreign_owner", "whole_action"], ["quarantined"] * 2)
    assert came_in(world) == (0, 0)


def test_what_builds_on_a_part_that_waits_is_held_back_with_it(world: World) -> None:
    """Point 4: a later changeset of the stream, its own action's other half, another node's that names it, and
    what follows that one; then all of it goes, each after what it needs."""
    node, other = world["A"], world["B"]
    missing = unsent_edit(world["A2"], "con")
    waits = [part(node, "con", missing, commit=1), part(node, "A", commit=2)]
    day = {**EXAM, "date": "2026-10-02"}
    after = link_after(waits[0], part(node, "con", day=day, action="NEXT", action_size=1, commit=3))
    named = VersionName(waits[0].origin, waits[0].seq, waits[0].hash[:8])
    theirs = changeset_of(
        other, [updated("calendar_day", {"campus": "A", "date": "2026-10-01"}, "note", {"note": "x"}, [0])],
        names=(named,), campus="B", person_id="B-1-x",
    )  # fmt: skip
    push(world, node, [waits[0], after], [waits[1]])
    push(world, other, [theirs])
    assert states(world, *waits, after, theirs) == ["waiting"] * 4
    world.sync("A2")
    assert states(world, *waits, after, theirs) == ["applied"] * 3 + ["quarantined"]
    assert came_in(world) == (1, 1)
    rows = world.hub.rows("SELECT c.hash FROM _entry JOIN _changeset AS c USING (n) ORDER BY _entry.hub_seq")
    order = [hash_ for (hash_,) in rows][-4:]
    assert order[0] == waits[0].hash and order.index(after.hash) > order.index(waits[1].hash)
    assert order.index(theirs.hash) > 1


def test_other_streams_go_on_while_an_action_waits(world: World) -> None:
    """Point 4: what follows in other streams is not held up."""
    push(world, world["A"], [part(world["A"], "con")])
    with world["A2"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "as ever"})
        w.update(Pupil, PUPIL_A, {"name": "照常"})
    assert world.sync("A2").done
    assert world.hub.value("SELECT note FROM calendar_day WHERE campus = 'A'") == "as ever"
    assert world.hub.value("SELECT name FROM pupil WHERE id = 'A-11-x'") == "照常"


def test_a_part_whose_other_half_was_refused_earlier_is_refused_with_it(world: World) -> None:
    """C9, C11: a hub restored from a backup takes one half back with its verdict; the other half follows it."""
    node = world["A"]
    first, second = part(node, "con"), part(node, "A")
    with transaction(world.hub.db):
        receive(world.hub.replica, world.hub.db, [Arrival(first, state=State.QUARANTINED)])
    push(world, node, [second])
    assert world.hub.rows("SELECT state, reason FROM _changeset WHERE hash = ?", second.hash) == [
        ("quarantined", "whole_action")
    ]


@pytest.mark.parametrize("state", [State.APPLIED, State.QUARANTINED, State.HOLE])
def test_what_was_judged_before_it_had_to_wait_keeps_its_verdict(world: World, state: State) -> None:
    """C9: a refused changeset that comes back after a restore is not let in by the arrival it waited for; a node,
    which does not hold all scopes, waits for no other part."""
    node, site = world["A"], world["B"]
    first = part(node, "con")
    second = link_after(first, part(node, "con", day={**EXAM, "date": "2026-10-02"}, action="NEXT"))
    if state is State.HOLE:
        second = Changeset(**{**second.__dict__, "parts": None})
    with transaction(site.db):
        assert receive(site.replica, site.db, [Arrival(second, state=state)]) == []
        ready = receive(site.replica, site.db, [Arrival(first)])
    found = [site.value("SELECT state FROM _changeset WHERE hash = ?", one.hash) for one in (first, second)]
    assert (len(ready), found) == (2, ["applied", state.value])


@pytest.mark.parametrize(
    ("members", "torn", "whole"),
    [
        ([("con", 1)], False, True),
        ([("con", 2)], False, False),
        ([("con", 2), ("A", 2)], False, True),
        ([("con", 3), ("A", 3)], False, False),
        ([("con", 2), ("A", 3)], True, True),
        ([("con", 2), ("con", 2)], True, True),
        ([("con", 1), ("A", 1)], True, True),
        ([("con", 2), ("A", 2), ("B", 2)], True, True),
    ],
)
def test_what_makes_an_action_whole(members: list[tuple[str, int]], torn: bool, whole: bool) -> None:
    """Point 6: as many as each says, one for each scope; for a lie nobody waits."""
    found = [Member(*member) for member in members]
    assert (is_torn(found), is_whole(found)) == (torn, whole)

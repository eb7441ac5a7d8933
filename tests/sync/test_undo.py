"""A whole action is taken back by one more action, through the door that every write takes (precise point 6)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.database import transaction
from shared.errors import NotAllowed, NotFound
from shared.records.attendance import StaffDay
from shared.records.places import CalendarDay
from shared.records.pupils import GroupMember, Pupil, RosterGroup
from shared.schema import find
from sync.actions import Asked, action_of, recent_actions, undone_in
from sync.body import decode_header
from sync.change import Author
from sync.conflicts import open_conflicts, resolve
from sync.log import read_changeset
from sync.status import refusals
from sync.steps.erase import erase
from sync.undo import Plan, UndoRefused, plan_undo, undo
from sync.verify import verify
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    GROUP_A,
    OFFICE,
    PUPIL_A,
    TEACHER_A,
    Site,
    World,
    assert_same_tables,
    make_world,
    tables_of_site,
)

MEMBER = GroupMember(group_id="A-21-x", member_id="A-11-x", begin="2026-09-01", seat_number=3)
ROLL = ("A-21-x", "A-11-x", "2026-09-01")


def last(site: Site) -> str:
    """The newest action here."""
    return str(site.value(
        "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o) ORDER BY n DESC LIMIT 1"
    ))  # fmt: skip


def anybody(_: Plan) -> None:
    """A permit for whoever asks."""


def take_back(site: Site, action: str, author: Author = CLERK_A, reason: str = "记错了") -> Plan:
    """Undo, a second later."""
    if site.world is not None:
        site.world.wait_ms(1_000)
    return undo(site.replica, site.db, action, author, reason, anybody)


def reasons(site: Site, action: str) -> list[str]:
    """Why an action cannot be taken back; nothing is written."""
    before = site.value("SELECT count(*) FROM _changeset")
    with pytest.raises(UndoRefused) as refused:
        take_back(site, action)
    assert site.value("SELECT count(*) FROM _changeset") == before
    assert {problem.reason for problem in refused.value.problems} == {each.reason for each in refused.value.obstacles}
    return [each.reason for each in refused.value.obstacles]


def note_of_day(site: Site) -> str:
    """The note of campus A's first day."""
    day = find(site.db, CalendarDay, *DAY_A)
    assert day is not None
    return day.note


def rename(site: Site, note: str, author: Author = CLERK_A) -> str:
    """Change that note; the action."""
    with site.write(author) as w:
        w.update(CalendarDay, DAY_A, {"note": note})
    return last(site)


def test_fields_get_the_values_back_that_the_action_replaced(world: World, node: Site) -> None:
    """C2: the undo names the action's own version, so that it is plainly newer everywhere."""
    action = rename(node, "sports day")
    plan = take_back(node, action)
    assert [(step.op, dict(step.before), dict(step.after)) for step in plan.steps] == [
        ("u", {"note": "sports day"}, {"note": ""})
    ]
    assert note_of_day(node) == ""
    done, undoing = (action_of(node.db, each).numbers[0] for each in (action, last(node)))
    header = decode_header(read_changeset(node.db, undoing).header)
    assert header.names[0].hash8 == read_changeset(node.db, done).hash[:8]
    assert undone_in(header.note) == (action, "记错了")
    world.settle()
    assert_same_tables(world)
    assert note_of_day(world["B"]) == "" and not open_conflicts(world.hub.db, world.hub.replica)


def test_only_the_fields_of_the_action_go_back(world: World, node: Site) -> None:
    """C4: what others changed beside it stands."""
    action = rename(node, "sports day")
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"week": 7})
    take_back(node, action)
    day = find(node.db, CalendarDay, *DAY_A)
    assert day is not None and (day.note, day.week) == ("", 7)


def test_a_row_that_was_inserted_is_deleted_and_one_that_was_deleted_stands_again(node: Site) -> None:
    with node.write(CLERK_A) as w:
        w.insert(MEMBER)
    inserted = last(node)
    take_back(node, inserted)
    assert find(node.db, GroupMember, *ROLL) is None
    before = find(node.db, RosterGroup, *GROUP_A)
    with node.write(CLERK_A) as w:
        w.delete(RosterGroup, GROUP_A)
    take_back(node, last(node))
    assert find(node.db, RosterGroup, *GROUP_A) == before
    assert verify(node.replica, node.db) == []


def test_all_scopes_of_an_action_go_back_together(world: World, node: Site) -> None:
    """Precise point 6: undo acts on the whole action; the undo is one action of two changesets as well."""
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "first day"})
        w.update(Pupil, PUPIL_A, {"name": "改名"})
        w.insert(MEMBER)
    before = find(world.hub.db, Pupil, *PUPIL_A)
    action = last(node)
    plan = take_back(node, action)
    assert sorted((step.op, step.table) for step in plan.steps) == [
        ("d", "group_member"), ("u", "calendar_day"), ("u", "pupil"),
    ]
    assert len(action_of(node.db, last(node)).members) == 2
    world.settle()
    assert_same_tables(world)
    assert find(world.hub.db, Pupil, *PUPIL_A) == before and find(world.hub.db, GroupMember, *ROLL) is None


def test_one_field_in_the_way_stops_the_whole_action_and_names_who_and_when(world: World, node: Site) -> None:
    """Precise point 6: applied whole or not at all."""
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "mine"})
        w.update(Pupil, PUPIL_A, {"name": "改名"})
    action = last(node)
    with node.write(TEACHER_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "又改"})
    plan = plan_undo(node.replica, node.db, action_of(node.db, action))
    [obstacle] = plan.obstacles
    assert (obstacle.reason, obstacle.table, obstacle.key, obstacle.columns) == (
        "undo_moved", "pupil", PUPIL_A, ("name",)
    )
    assert (obstacle.person_id, obstacle.campus) == ("A-2-x", "A") and obstacle.instant.startswith("2026-09-01T")
    assert reasons(node, action) == ["undo_moved"] and note_of_day(node) == "mine"


def test_the_later_one_first_and_then_the_earlier(node: Site) -> None:
    """The cure that the refusal names works: an undo stands for what it brought back."""
    first, second = rename(node, "one"), rename(node, "two")
    assert reasons(node, first) == ["undo_moved"]
    take_back(node, second)
    assert note_of_day(node) == "one"
    take_back(node, first)
    assert note_of_day(node) == ""


def test_an_undo_is_undone_again_and_again(node: Site) -> None:
    """An undo is an action like any other: taking it back is "redo"."""
    action = rename(node, "sports day")
    with node.write(CLERK_A) as w:
        w.insert(MEMBER)
    inserted = last(node)
    for _ in range(3):
        take_back(node, inserted)
        assert find(node.db, GroupMember, *ROLL) is None
        assert reasons(node, inserted) == ["undo_gone"]
        take_back(node, last(node))
        assert find(node.db, GroupMember, *ROLL) == MEMBER
    for _ in range(3):
        take_back(node, action)
        assert note_of_day(node) == "" and reasons(node, action) == ["undo_moved"]
        take_back(node, last(node))
        assert note_of_day(node) == "sports day"
    assert verify(node.replica, node.db) == []


def test_a_note_that_only_claims_to_be_an_undo_stands_for_nothing(node: Site) -> None:
    """The value has to be back as well."""
    first, second = rename(node, "one"), rename(node, "two")
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "three"})
        w.note(f"undo {second} not true")
    assert reasons(node, first) == ["undo_moved"]


def test_a_row_of_mine_that_somebody_changed_is_not_deleted(node: Site) -> None:
    with node.write(CLERK_A) as w:
        w.insert(MEMBER)
    action = last(node)
    with node.write(TEACHER_A) as w:
        w.update(GroupMember, ROLL, {"seat_number": 9})
    assert reasons(node, action) == ["undo_moved"]


def both_ways(world: World, order: tuple[str, ...]) -> None:
    """Nodes sync in an order, then until everybody knows everything."""
    for name in order:
        world.sync(name)
    world.settle()


@pytest.mark.parametrize("order", list(itertools.permutations(["A", "A2"])), ids=" then ".join)
def test_a_concurrent_edit_elsewhere_stands_beside_the_undo_in_any_order(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    """C3, C4: the undo is one of two heads, people are asked, and every replica shows the same."""
    world = make_world(tmp_path, ("A", "A2", "B"))
    action = rename(world["A"], "sports day")
    world.settle()
    rename(world["A2"], "rain")
    take_back(world["A"], action)
    both_ways(world, order)
    assert_same_tables(world)
    [conflict] = open_conflicts(world.hub.db, world.hub.replica)
    assert {head.values["note"] for head in conflict.heads} == {"rain", ""}
    assert reasons(world["A"], action) == ["undo_moved"]
    world.close()


@pytest.mark.parametrize("order", list(itertools.permutations(["A", "A2"])), ids=" then ".join)
def test_an_edit_that_nobody_knew_of_keeps_the_row_that_an_undo_deletes(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    """Precise point 3: nothing that was entered is lost by an undo."""
    world = make_world(tmp_path, ("A", "A2", "B"))
    with world["A"].write(CLERK_A) as w:
        w.insert(MEMBER)
    action = last(world["A"])
    world.settle()
    with world["A2"].write(CLERK_A) as w:
        w.update(GroupMember, ROLL, {"seat_number": 9})
    take_back(world["A"], action)
    both_ways(world, order)
    assert_same_tables(world)
    found = find(world.hub.db, GroupMember, *ROLL)
    assert found is not None and found.seat_number == 9
    assert [conflict.kind for conflict in open_conflicts(world.hub.db, world.hub.replica)] == ["delete"]
    world.close()


def test_taking_back_a_delete_of_a_row_that_still_stands_keeps_it(world: World, node: Site) -> None:
    """The delete is an open conflict; who takes it back says "keep", and nobody is asked any more (point 3)."""
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, GROUP_A, {"name": "renamed"})
    with node.write(CLERK_A) as w:
        w.delete(RosterGroup, GROUP_A)
    action = last(node)
    world.settle()
    assert len(open_conflicts(node.db, node.replica)) == 1
    assert [step.op for step in take_back(node, action).steps] == ["k"]
    world.settle()
    assert_same_tables(world)
    assert open_conflicts(world.hub.db, world.hub.replica) == []
    assert reasons(node, last(node)) == ["undo_decision"]


def test_what_is_in_conflict_is_settled_first(world: World, node: Site) -> None:
    action = rename(node, "ours")
    rename(world.hub, "theirs", OFFICE)
    world.settle()
    assert reasons(node, action) == ["undo_in_conflict"]
    [conflict] = open_conflicts(node.db, node.replica)
    with node.write(CLERK_A) as w:
        resolve(w, conflict, conflict.heads[0].values, "so")
    assert reasons(node, last(node)) == ["undo_decision"]


def test_what_somebody_else_entered_too_is_not_taken_from_him(world: World, node: Site) -> None:
    """Equal values are no conflict (C4), and still two people said so."""
    action = rename(node, "holiday")
    rename(world.hub, "holiday", OFFICE)
    world.settle()
    assert open_conflicts(node.db, node.replica) == []
    assert reasons(node, action) == ["undo_also_written"]


def test_an_action_with_a_scope_that_is_not_held_here_is_taken_back_where_it_is(world: World, node: Site) -> None:
    """Precise point 6: the hub's office touches two campuses at once; a node holds half of it."""
    with world.hub.write(OFFICE) as w:
        w.update(CalendarDay, DAY_A, {"note": "all"})
        w.update(Pupil, PUPIL_A, {"name": "一"})
        w.update(Pupil, ("B-11-x",), {"name": "二"})
    action = last(world.hub)
    world.settle()
    assert reasons(node, action) == ["undo_scope_not_held"]
    take_back(world.hub, action, OFFICE)
    world.settle()
    assert_same_tables(world)
    assert note_of_day(world["B"]) == ""


def test_what_the_hub_refused_is_nothing_to_take_back(world: World, node: Site) -> None:
    """C9: it is not applied; the values wait for re-entry."""
    action = rename(node, "forbidden", TEACHER_A)
    world.settle()
    assert reasons(node, action) == ["undo_quarantined"]


def test_the_hub_judges_an_undo_like_any_write(world: World, node: Site) -> None:
    """C9: a teacher without the right takes back the clerk's edit; the hub refuses, and the edit stands."""
    action = rename(node, "sports day")
    world.settle()
    take_back(node, action, TEACHER_A)
    assert note_of_day(node) == ""
    world.settle()
    [refusal] = refusals(node.db, node.replica)
    assert refusal.reason == "wrong_role"
    assert note_of_day(node) == note_of_day(world.hub) == "sports day"
    assert_same_tables(world)
    take_back(node, action)
    world.settle()
    assert note_of_day(world.hub) == ""


def test_what_the_law_erased_does_not_come_back(world: World, node: Site) -> None:
    """C10: the former values are gone from the log too."""
    with node.write(CLERK_A) as w:
        w.update(Pupil, PUPIL_A, {"name": "改名"})
    action = last(node)
    world.settle()
    erase(world.hub.db, world.hub.replica, Pupil, PUPIL_A, by="law")
    world.settle()
    assert reasons(node, action) == ["undo_erased"]


def test_a_body_that_is_gone_tells_no_former_values(node: Site) -> None:
    """C13: pruning leaves the header."""
    first, second = rename(node, "one"), rename(node, "two")
    numbers = [action_of(node.db, action).numbers[0] for action in (first, second)]
    with transaction(node.db):
        node.db.conn.execute("UPDATE _changeset SET parts = NULL WHERE n = ?", (numbers[0],))
    assert reasons(node, second) == ["undo_base_unknown"]
    with transaction(node.db):
        node.db.conn.execute("UPDATE _changeset SET parts = NULL WHERE n = ?", (numbers[1],))
    assert reasons(node, second) == ["undo_body_missing"]


def test_an_action_is_not_larger_than_the_limit(node: Site) -> None:
    with node.write(CLERK_A) as w:
        w.insert(*(StaffDay(person_id=f"A-{n}-y", date=DAY_A[1], campus="A", status="present") for n in range(3)))
    node.limit(undo_rows=2)
    assert reasons(node, last(node)) == ["undo_too_large"]


@pytest.mark.parametrize("id_", ["", "NOSUCH", "N.X.Y", "../x", "A'B"])
def test_an_action_that_nobody_knows_is_not_found(node: Site, id_: str) -> None:
    with pytest.raises(NotFound):
        take_back(node, id_)


def refuse(_: Plan) -> None:
    """A permit that is not given."""
    raise NotAllowed


def die(_: Plan) -> None:
    """The power fails."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("stopped", [refuse, die])
def test_an_undo_that_stops_half_way_has_not_begun(node: Site, stopped: Callable[[Plan], None]) -> None:
    """C1: rows and changesets in one transaction."""
    action = rename(node, "sports day")
    before = tables_of_site(node), node.value("SELECT count(*) FROM _changeset")
    with pytest.raises((NotAllowed, KeyboardInterrupt)):
        undo(node.replica, node.db, action, CLERK_A, "", stopped)
    assert (tables_of_site(node), node.value("SELECT count(*) FROM _changeset")) == before


def test_what_the_shell_left_is_somebody_elses_write(node: Site) -> None:
    """C1: it is packed first, and then it is in the way."""
    action = rename(node, "sports day")
    node.db.conn.execute("UPDATE calendar_day SET note = 'shell' WHERE campus = 'A' AND date = ?", (DAY_A[1],))
    with pytest.raises(UndoRefused) as refused:
        take_back(node, action)
    assert [(each.reason, each.person_id) for each in refused.value.obstacles] == [("undo_moved", "local operator")]


def test_the_newest_actions_of_a_person_or_a_campus_come_page_by_page(world: World, node: Site) -> None:
    actions = [rename(node, str(number), (CLERK_A, TEACHER_A)[number % 2]) for number in range(6)]
    whole = 10**9
    mine = recent_actions(node.db, Asked("A-2-x"), before=whole, most=2)
    assert [action.id for action in mine] == [actions[5], actions[3]]
    rest = recent_actions(node.db, Asked("A-2-x"), before=mine[-1].numbers[-1], most=9)
    assert [action.id for action in rest] == [actions[1]]
    everybody = recent_actions(node.db, Asked("A-2-x", frozenset({"A"})), before=whole, most=6)
    assert [action.id for action in everybody] == actions[::-1]
    assert {action.state for action in everybody} == {"pending"}
    world.settle()
    assert recent_actions(node.db, Asked(CLERK_B.person_id), before=whole, most=9) == []
    assert recent_actions(node.db, Asked(CLERK_A.person_id), before=whole, most=1)[0].state == "received"

"""The hub's verdicts: refused, un-applied at the origin, a hole elsewhere, released by a person (C9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import NotFound
from shared.records.attendance import StaffDay
from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from shared.schema import record_of
from sync.status import Refusal, record_state, refusals, sync_status
from sync.steps.release import release
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    DAY_B,
    GROUP_A,
    PUPIL_A,
    TEACHER_A,
    Site,
    World,
    add_node,
    assert_same_tables,
    make_world,
)


@pytest.fixture
def refused(tmp_path: Path) -> Iterator[World]:
    """Node A edited campus B's calendar (refused) and its own (accepted)."""
    world = make_world(tmp_path)
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_B, {"note": "not yours", "kind": "holiday"})
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "ours"})
    world.settle()
    yield world
    world.close()


def only_refusal(site: Site) -> Refusal:
    [found] = refusals(site.db, site.replica)
    return found


def days(site: Site) -> list[tuple[object, ...]]:
    return site.rows("SELECT campus, kind, note FROM calendar_day ORDER BY campus, date")


def test_a_refused_changeset_is_taken_out_at_its_origin_and_its_values_offered(refused: World) -> None:
    """C9: named with a reason on both ends; the values are there for re-entry; what followed stands."""
    assert days(refused["A"]) == [("A", "school_day", "ours"), ("B", "school_day", "")]
    for site in (refused["A"], refused.hub):
        found = only_refusal(site)
        assert (found.reason, found.key, found.person_id) == ("foreign_owner", DAY_B, "A-1-x")
        assert (found.values["note"], found.values["kind"]) == ("not yours", "holiday")
        assert found.data == {"table": "calendar_day", "owner": "B"}
    assert record_state(refused["A"].db, refused["A"].replica, CalendarDay, DAY_B) == "quarantined"
    assert record_state(refused["A"].db, refused["A"].replica, CalendarDay, DAY_A) == "received"
    assert sync_status(refused["A"].db, refused["A"].replica).backlog_changesets == 0
    assert_same_tables(refused)


def test_others_get_a_hole_without_the_values(refused: World) -> None:
    """C9: header only, and it counts as here (precise point 4)."""
    [(state, parts)] = refused["B"].rows("SELECT state, parts FROM _changeset WHERE reason = 'foreign_owner'")
    assert (state, parts) == ("hole", None)
    assert sync_status(refused["B"].db, refused["B"].replica).waiting == 0


def test_an_edit_upon_a_refused_edit_stands_beside_the_old_value(world: World) -> None:
    """Precise point 4: a hole is base enough. Nothing is lost, nobody is stuck."""
    node = world["A"]
    for note in ("one", "two"):
        with node.write(TEACHER_A if note == "one" else CLERK_A) as w:
            w.update(CalendarDay, DAY_A, {"note": note})
    world.settle()
    assert only_refusal(node).values["note"] == "one"
    assert world["B"].value("SELECT count(*) FROM _changeset WHERE state = 'waiting'") == 0
    assert_same_tables(world)


@pytest.mark.parametrize("apart", [True, False], ids=["in one push each", "in one push"])
def test_what_changes_a_refused_row_is_refused_with_it(world: World, apart: bool) -> None:
    """C9: also an edit of the edit."""
    node = world["A"]
    day = CalendarDay(campus="A", date="2026-12-01", kind="exam")
    key = ("A", "2026-12-01")
    with node.write(TEACHER_A) as w:
        w.insert(day)
    if apart:
        world.sync("B")
    for note in ("one", "two"):
        with node.write(CLERK_A) as w:
            w.update(CalendarDay, key, {"note": note})
    with node.write(CLERK_A) as w:
        w.delete(CalendarDay, key)
    world.settle()
    assert [r.reason for r in refusals(node.db, node.replica)] == ["depends_on_refused"] * 3 + ["wrong_role"]
    assert all(site.value("SELECT count(*) FROM calendar_day WHERE date = '2026-12-01'") == 0 for site in world.sites())
    assert_same_tables(world)


def test_a_whole_action_is_refused(world: World) -> None:
    """C9, precise point 6: two scopes, one action, one verdict."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_B, {"note": "not yours"})
        w.update(Pupil, PUPIL_A, {"name": "新名"})
    world.settle()
    reasons = {r.table: r.reason for r in refusals(node.db, node.replica)}
    assert reasons == {"calendar_day": "foreign_owner", "pupil": "whole_action"}
    assert node.value("SELECT name FROM pupil WHERE id = 'A-11-x'") == "学生A11"
    assert_same_tables(world)


def test_a_row_of_a_scope_the_node_does_not_hold_is_refused_and_the_node_learns_it(world: World) -> None:
    """C9: it is un-applied at the origin too, and not sent for ever."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        w.insert(Pupil(id="B-77-x", name="别校的"))
    world.settle()
    assert only_refusal(node).reason == "foreign_scope"
    assert node.value("SELECT count(*) FROM pupil WHERE id = 'B-77-x'") == 0
    assert sync_status(node.db, node.replica).backlog_changesets == 0
    assert world["B"].value("SELECT count(*) FROM pupil WHERE id = 'B-77-x'") == 0


def test_a_release_puts_the_values_in_everywhere(refused: World) -> None:
    """C9: a person decides; origin, hub and other holders end with the same tables."""
    hub = refused.hub
    assert release(hub.db, hub.replica, only_refusal(hub).version, by="H-1-x, by phone")
    refused.settle()
    for site in refused.sites():
        assert ("B", "holiday", "not yours") in days(site)
        assert refusals(site.db, site.replica) == []
    assert refused["B"].value("SELECT count(*) FROM _changeset WHERE state <> 'applied'") == 0
    assert_same_tables(refused)


def test_a_release_is_made_once(refused: World) -> None:
    hub = refused.hub
    version = only_refusal(hub).version
    release(hub.db, hub.replica, version, by="H-1-x")
    for name in (version, "nobody/con/1", ""):
        with pytest.raises(NotFound):
            release(hub.db, hub.replica, name, by="H-1-x")


def test_a_release_also_releases_what_it_names_and_its_whole_action(world: World) -> None:
    """C9."""
    node, hub = world["A"], world.hub
    with node.write(TEACHER_A) as w:
        w.insert(CalendarDay(campus="A", date="2026-12-01", kind="exam"))
        w.update(RosterGroup, GROUP_A, {"name": "same action"})
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, ("A", "2026-12-01"), {"note": "later"})
    world.settle()
    last = next(r for r in refusals(hub.db, hub.replica) if r.reason == "depends_on_refused")
    assert len(release(hub.db, hub.replica, last.version, by="H-1-x")) == 2
    world.settle()
    for site in world.sites():
        assert site.rows("SELECT kind, note FROM calendar_day WHERE date = '2026-12-01'") == [("exam", "later")]
        assert refusals(site.db, site.replica) == []
    assert_same_tables(world)


def test_a_release_after_the_field_has_moved_on_is_a_conflict_and_no_overwriting(refused: World) -> None:
    """C2 holds for what comes late: the newer value does not vanish."""
    hub = refused.hub
    with refused["B"].write(CLERK_B) as w:
        w.update(CalendarDay, DAY_B, {"note": "meanwhile"})
    refused.settle()
    release(hub.db, hub.replica, only_refusal(hub).version, by="H-1-x")
    refused.settle()
    assert {site.value("SELECT note FROM calendar_day WHERE campus = 'B'") for site in refused.sites()} == {"meanwhile"}
    assert sync_status(refused["A"].db, refused["A"].replica).open_conflicts == 1
    assert_same_tables(refused)


def test_a_node_that_comes_later_sees_verdicts_and_releases_alike(refused: World, tmp_path: Path) -> None:
    """C9: they belong to the set of C3."""
    add_node(refused, tmp_path, "B2")
    assert refused["B2"].value("SELECT count(*) FROM _changeset WHERE state = 'hole'") == 1
    release(refused.hub.db, refused.hub.replica, only_refusal(refused.hub).version, by="H-1-x")
    refused.settle()
    add_node(refused, tmp_path, "A3")
    assert_same_tables(refused)


def test_a_verdict_is_given_once_and_never_revised(refused: World) -> None:
    """C9: asking again changes nothing."""
    before = refused.hub.rows("SELECT * FROM _entry")
    for request in list(refused.port.requests):
        refused.port.exchange(request)
    assert refused.hub.rows("SELECT * FROM _entry") == before


def test_a_refused_insert_can_be_entered_again_by_the_right_person(world: World) -> None:
    """C9: re-entry is a write like any other."""
    node = world["A"]
    row = StaffDay(person_id="A-1-x", date="2026-09-02", campus="A", status="absent")
    with node.write(TEACHER_A) as w:
        w.insert(row)
    world.settle()
    offered = only_refusal(node).values
    with node.write(CLERK_A) as w:
        w.insert(record_of(StaffDay, offered))
    world.settle()
    assert world.hub.value("SELECT status FROM staff_day WHERE person_id = 'A-1-x'") == "absent"
    assert_same_tables(world)

"""Appraisal on a hub whose facts came from its nodes: late campuses, open conflicts, completeness."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.appraisal import store
from hub.appraisal.run import appraise
from shared.clock import midnight_ms
from shared.records.appraisal import AppraisalRun
from shared.records.attendance import StaffDay
from shared.records.people import StaffMembership
from shared.records.places import CalendarDay, SchoolYear, Term
from tests.support.world import CLERK_B, OFFICE, World, make_world

DAYS = ("2026-09-01", "2026-09-02")
END = "2026-09-03"
IN_B = "B-2-x"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    with made.hub.write(OFFICE) as w:
        w.insert(
            SchoolYear(code="2026", name="2026学年", begin="2026-09-01", end="2027-07-10"),
            Term(code="2026A", school_year="2026", name="秋季", begin="2026-09-01", end="2027-01-20"),
            StaffMembership(id="B-70-x", person_id=IN_B, campus="B", category="support_staff", begin="2024-09-01"),
            CalendarDay(campus="B", date=DAYS[1], kind="school_day"),
        )
    made.settle()
    yield made
    made.close()


def run(world: World) -> AppraisalRun:
    return appraise(world.hub.replica, world.hub.db, term="2026A", end=END, author=OFFICE)


def total(world: World, made: AppraisalRun) -> str:
    return store.result_of(world.hub.db, made.id, IN_B).total


def record_days(world: World) -> None:
    for day in DAYS:
        with world["B"].write(CLERK_B) as w:
            w.put(StaffDay(person_id=IN_B, date=day, campus="B", status="present", late_minutes=4))


def kinds(made: AppraisalRun) -> dict[str, dict]:
    return {each["kind"] + each.get("campus", ""): each for each in json.loads(made.missing)}


def test_what_has_not_been_synced_is_missing_and_arrives_with_the_sync(world: World) -> None:
    """DESIGN §6: provisional until complete, and the frontier is named."""
    record_days(world)
    before = run(world)
    world.sync("B")
    after = run(world)
    assert "factsB" in kinds(before) and before.digest != after.digest
    # Full marks so far for the one day that is known, and said to be incomplete; then twice 0.2, scaled.
    assert (total(world, before), total(world, after)) == ("100", "98")
    assert json.loads(before.frontier)["streams"] != json.loads(after.frontier)["streams"]


def test_a_row_of_a_node_is_named_by_the_changeset_of_that_node(world: World) -> None:
    record_days(world)
    world.sync("B")
    tree = store.explanation_of(world.hub.db, run(world).id, IN_B)["tree"]
    late = next(each for each in tree["children"][1]["children"] if each["code"] == "late_or_early")
    assert {leaf["source"]["entered_by"] for leaf in late["children"]} == {CLERK_B.person_id}
    nodes = {leaf["source"]["changeset"].split(".")[0] for leaf in late["children"]}
    assert nodes == {world["B"].replica.node}


def test_a_campus_known_only_to_before_the_end_keeps_the_run_provisional(world: World) -> None:
    record_days(world)
    world.settle()
    assert "campusB" in kinds(run(world))
    for site in world.sites():
        site.clock.set_wall(midnight_ms(date(2026, 9, 3)) + 60_000)
    world.sync("B")
    assert "campusB" not in kinds(run(world)) and "campusA" in kinds(run(world))
    world.sync("A")
    made = run(world)
    assert (json.loads(made.missing), made.provisional) == ([], 0)


def test_a_hub_that_was_restored_stays_provisional_until_the_nodes_have_given_back(world: World) -> None:
    """C11: what it lacks it cannot know; the run names who still owes, and is complete again afterwards."""
    for name in ("A", "B"):
        world[name].clock.set_wall(midnight_ms(date.fromisoformat(END)) + 3_600_000)
    world.hub.clock.set_wall(midnight_ms(date.fromisoformat(END)) + 3_600_000)
    backup = world.hub.backup_bytes()
    record_days(world)
    world.settle()
    before = total(world, run(world))  # a run is the hub's alone, and goes with its disk
    world.hub.restore(backup)
    made = run(world)
    assert {"owingA", "owingB"} <= set(kinds(made)) and made.provisional == 1
    world.settle()
    after = run(world)
    assert not {"owingA", "owingB"} & set(kinds(after))
    assert total(world, after) == before


def test_an_open_conflict_keeps_the_run_provisional(world: World) -> None:
    record_days(world)
    world.settle()
    for site, author, minutes in ((world["B"], CLERK_B, 7), (world.hub, OFFICE, 30)):
        with site.write(author) as w:
            w.update(StaffDay, (IN_B, DAYS[0], "B"), {"late_minutes": minutes})
    world.settle()
    assert kinds(run(world))["conflicts"]["count"] == 1


def test_a_run_never_leaves_the_hub(world: World) -> None:
    run(world)
    world.settle()
    for node in world.nodes.values():
        assert node.rows("SELECT count(*) FROM appraisal_run") == [(0,)]
        assert node.rows("SELECT count(*) FROM appraisal_result") == [(0,)]

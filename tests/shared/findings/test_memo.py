"""Findings remembered: never others than those of now, and computed anew only when their tables moved."""

from __future__ import annotations

from typing import Any

import pytest

from shared.findings.memo import FindingsMemo
from shared.findings.store import findings_between
from shared.records import CalendarDay, LessonOverride, StaffDay
from sync.capture import Author
from tests.support.world import CLERK_A, DAY_A, GROUP_A, OFFICE, STAFF_DAY_A, TEACHER_A, Site, make_world

SPAN = ("2026-09-01", "2026-10-01")


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.close()


def change_twice(site: Site, author: Author, day: str = "2026-09-02") -> None:
    about: dict[str, Any] = {"group_id": GROUP_A[0], "date": day, "period": 1}
    with site.write(author) as w:
        w.insert(
            LessonOverride(id=w.mint("A"), kind="cancel", **about),
            LessonOverride(id=w.mint("A"), kind="cover", new_teacher_id="A-2-x", **about),
        )


def remembered(memo: FindingsMemo, site: Site) -> int:
    found = memo.open_between(site.db, site.replica, *SPAN)
    assert found == findings_between(site.db, site.replica, *SPAN)
    return len(found)


def test_a_write_here_and_one_that_came_in_are_both_noticed(world) -> None:
    memo = FindingsMemo()
    assert remembered(memo, world["A"]) == 0
    change_twice(world["A"], CLERK_A)
    assert remembered(memo, world["A"]) == 1
    change_twice(world.hub, OFFICE, "2026-09-03")
    world.settle()
    assert remembered(memo, world["A"]) == 2


def test_a_refusal_by_the_hub_takes_its_finding_away(world) -> None:
    """A teacher plans no lessons (C9): what he wrote is un-applied with the verdict."""
    memo = FindingsMemo()
    change_twice(world["A"], TEACHER_A)
    assert remembered(memo, world["A"]) == 1
    world.sync("A")
    assert remembered(memo, world["A"]) == 0


def test_what_no_finding_follows_from_computes_nothing_anew(world) -> None:
    memo, node = FindingsMemo(), world["A"]
    change_twice(node, CLERK_A)
    before = memo.open_between(node.db, node.replica, *SPAN)
    with node.write(CLERK_A) as w:
        w.update(StaffDay, STAFF_DAY_A, {"note": "雨"})
    assert memo.open_between(node.db, node.replica, *SPAN) is before
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "雨"})
    assert memo.open_between(node.db, node.replica, *SPAN) is not before


def test_only_a_few_windows_are_kept(world) -> None:
    memo, node = FindingsMemo(windows_most=1), world["A"]
    first = memo.open_between(node.db, node.replica, *SPAN)
    memo.open_between(node.db, node.replica, "2026-10-01", "2026-11-01")
    assert memo.open_between(node.db, node.replica, *SPAN) is not first

"""A row kept against a delete: the decision stands alone in its save, or nothing of the save is written (C1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import InvalidInput
from shared.records.pupils import RosterGroup
from sync.capture import Writing
from sync.conflicts import Conflict, open_conflicts, resolve
from tests.support.world import CLERK_A, GROUP_A, OFFICE, World, make_world

Step = Callable[[Writing], None]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The campus renamed a class that the office deleted."""
    made = make_world(tmp_path, ("A",))
    with made["A"].write(CLERK_A) as w:
        w.update(RosterGroup, GROUP_A, {"name": "renamed"})
    with made.hub.write(OFFICE) as w:
        w.delete(RosterGroup, GROUP_A)
    made.settle()
    return made


def edit(w: Writing) -> None:
    """A field of the kept row."""
    w.update(RosterGroup, GROUP_A, {"position": 77})


def edit_as_the_shell_does(w: Writing) -> None:
    """The same in plain SQL, which capture sees too."""
    w.db.conn.execute("UPDATE roster_group SET position = 77 WHERE id = ?", GROUP_A)


def the_conflict(world: World) -> Conflict:
    """Delete against edit, as the campus sees it."""
    [found] = open_conflicts(world["A"].db, world["A"].replica)
    return found


@pytest.mark.parametrize("how", [edit, edit_as_the_shell_does])
@pytest.mark.parametrize("keep_first", [True, False], ids=["keep first", "edit first"])
def test_a_keep_and_an_edit_in_one_save_are_refused_together(world: World, keep_first: bool, how: Step) -> None:
    """Neither is lost in silence, and nothing half-written stays."""
    conflict, count = the_conflict(world), "SELECT count(*) FROM _changeset"
    before = world["A"].value(count)
    steps: list[Step] = [lambda w: resolve(w, conflict, {"keep": 1}, ""), how]
    with pytest.raises(InvalidInput) as refused, world["A"].write(CLERK_A) as w:
        for step in steps if keep_first else reversed(steps):
            step(w)
    assert [problem.reason for problem in refused.value.problems] == ["kept_and_edited"]
    assert world["A"].value(count) == before and the_conflict(world).kind == "delete"
    assert world["A"].value("SELECT position FROM roster_group WHERE id = ?", *GROUP_A) != 77


def test_one_save_after_the_other_both_stand_everywhere(world: World) -> None:
    with world["A"].write(CLERK_A) as w:
        resolve(w, the_conflict(world), {"keep": 1}, "")
    with world["A"].write(CLERK_A) as w:
        edit(w)
    world.settle()
    for site in (world["A"], world.hub):
        assert site.value("SELECT position FROM roster_group WHERE id = ?", *GROUP_A) == 77
        assert open_conflicts(site.db, site.replica) == []

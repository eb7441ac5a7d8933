"""What one save does to a row twice, or to two rows at once, is one change of each (C1)."""

import pytest

from shared.records.places import CalendarDay
from sync.capture import token_of
from tests.support.world import CLERK_A, DAY_A, World, assert_same_tables
from tests.sync.test_capture import GONE, insert_new, last_number, move_over_new, packed_since, u


@pytest.mark.parametrize("recursive_triggers", ["on", "off"], ids=["python", "shell"])
def test_a_key_update_over_an_old_row_edits_that_row(world: World, recursive_triggers: str) -> None:
    """C1, C3: UPDATE OR REPLACE wipes it without a delete trigger; the log must tell the same as the table."""
    node = world["A"]
    with node.write(CLERK_A) as w:
        insert_new(w)
    world.settle()
    before = last_number(node)
    node.db.conn.execute(f"PRAGMA recursive_triggers = {recursive_triggers}")
    with node.write(CLERK_A) as w:
        move_over_new(w)
    assert sorted(packed_since(node, before)) == sorted([GONE, u("note")])
    world.settle()
    assert_same_tables(world)


def test_a_stale_field_of_a_row_that_the_same_save_deletes_is_not_written(world: World) -> None:
    """C9: a changeset holds one change of a row; with two the hub would refuse the whole save."""
    node = world["A"]
    token = token_of(node.db, node.replica, CalendarDay, DAY_A)
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "newer"})
    with node.write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "stale"}, token)
        w.delete(CalendarDay, DAY_A)
    world.settle()
    assert_same_tables(world)
    assert world.hub.value("SELECT count(*) FROM _changeset WHERE state <> 'applied'") == 0

"""A node hides a bad value among good ones: what was not looked at is not thought clean (C9)."""

from __future__ import annotations

import pytest

from tests.support.world import World
from tests.sync.forging import changeset_of, link_after, send
from tests.sync.test_hostile_nodes import day


@pytest.mark.parametrize("date", ["2026-02-31", "2026-10-02"])
def test_what_waited_is_looked_at_when_it_comes_free_with_good_rows(world: World, date: str) -> None:
    """The second of a stream comes first and waits; the first brings the same columns with good values."""
    node = world["A"]
    first = changeset_of(node, day())
    second = link_after(first, changeset_of(node, day(date=date), action="SECOND"))
    send(world, node, second)
    assert world.hub.value("SELECT state FROM _changeset WHERE hash = ?", second.hash) == "waiting"
    send(world, node, first)
    assert world.hub.value("SELECT state FROM _changeset WHERE hash = ?", first.hash) == "applied"
    state = "quarantined" if date == "2026-02-31" else "applied"
    assert world.hub.value("SELECT state FROM _changeset WHERE hash = ?", second.hash) == state

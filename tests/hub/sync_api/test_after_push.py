"""What the hub adds to an exchange may fail; what the node sent is stored and receipted all the same (C1, C11)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from hub.sync_api.after_push import kept_apart
from shared.errors import NotFound
from shared.records.places import CalendarDay
from sync.capture import write
from sync.replica import Replica
from tests.support.world import CLERK_A, DAY_A, OFFICE, World, assert_same_tables, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("fault", [NotFound, ValueError])
def test_a_rule_that_fails_at_the_hub_does_not_lose_what_a_node_sent(
    world: World, caplog: pytest.LogCaptureFixture, fault: type[Exception]
) -> None:
    """Nor does anything of the rule's half a write stay, and people can read of it."""

    def rule(replica: Replica, db: Database) -> None:
        with write(replica, db, OFFICE) as w:
            w.update(CalendarDay, DAY_A, {"note": "half"})
        raise fault()

    world.port.after = kept_apart(rule, logging.getLogger("hub"))
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "sent"})
    assert world.sync("A").done
    assert world.hub.value("SELECT note FROM calendar_day WHERE campus = ? AND date = ?", *DAY_A) == "sent"
    assert "within an exchange" in caplog.text
    world.port.after = None
    world.settle()
    assert_same_tables(world)

"""A hub restored from an old copy takes back from the nodes what it has lost, and adopts it (C6, C11)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.records.people import Account
from shared.records.places import CalendarDay
from shared.records.pupils import Pupil, RosterGroup
from sync.errors import HubUnreachable
from sync.replica import setting
from sync.status import refusals, sync_status
from sync.steps.erase import erase
from sync.steps.release import release
from sync.verify import verify
from tests.support.world import (
    CLERK_A,
    CLERK_B,
    DAY_A,
    DAY_B,
    OFFICE,
    PUPIL_A,
    TEACHER_A,
    Site,
    World,
    assert_same_tables,
    make_world,
)  # fmt: skip


def a_day(world: World) -> None:
    """Work everywhere that a backup of the morning knows nothing of."""
    with world.hub.write(OFFICE) as w:
        w.update(RosterGroup, ("B-21-x",), {"name": "by the hub"})
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "by A"})
        w.update(Pupil, PUPIL_A, {"name": "of A"})
    with world["B"].write(CLERK_B) as w:
        w.update(CalendarDay, DAY_B, {"note": "by B"})
    world.settle()


def verdicts(site: Site) -> list[tuple[object, ...]]:
    """What the log of a site says, entry by entry, without its numbers."""
    return site.rows(
        "SELECT e.kind, o.name, c.scope, c.seq, e.received_at, e.effective, e.verdict, e.reason, e.reason_data"
        " FROM _entry AS e JOIN _changeset AS c USING (n) JOIN _origin AS o USING (o) WHERE o.name NOT LIKE 'H%'"
        " ORDER BY c.scope, e.hub_seq"
    )


def all_well(world: World) -> None:
    """Everybody agrees, every log proves itself, nobody owes the hub anything."""
    world.settle()
    assert_same_tables(world)
    for site in world.sites():
        assert verify(site.replica, site.db) == []
        assert sync_status(site.db, site.replica).waiting == 0
    epoch = setting(world.hub.db, "epoch")
    assert {setting(node.db, "epoch") for node in world.nodes.values()} == {epoch}
    for node in world.nodes.values():
        assert sync_status(node.db, node.replica).backlog_changesets == 0


def test_a_restored_hub_gets_the_lost_day_back_as_it_was(world: World) -> None:
    """C11: changesets, receipts and verdicts; the hub's own writes too, as far as a node held them."""
    backup = world.hub.backup_bytes()
    a_day(world)
    before, epoch = verdicts(world.hub), setting(world.hub.db, "epoch")
    world.hub.restore(backup)
    assert setting(world.hub.db, "epoch") != epoch
    assert world.hub.value("SELECT note FROM calendar_day WHERE campus = 'A'") != "by A"
    first = world.sync("A")
    assert (first.epochs, first.done, first.changesets_back > 0) == (1, True, True)
    all_well(world)
    assert sorted(map(repr, verdicts(world.hub))) == sorted(map(repr, before))
    assert world.hub.value("SELECT name FROM roster_group WHERE id = 'B-21-x'") == "by the hub"

"""Play one seed from its first deed to the quiet at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.simulation.checks import check_cursors, check_quiet
from tests.simulation.deeds import one_deed
from tests.simulation.promises import check_promises, promises_of
from tests.simulation.sticks import sync_by_stick
from tests.simulation.world import Site, World

DEEDS_A_WORLD = 60
ROUNDS_UNTIL_QUIET = 8
# How many worlds have no line at the end, only sticks.
STICK_SHARE = 0.4


def play(seed: int, folder: Path, *, deeds: int = DEEDS_A_WORLD, said: Callable[[str], None] = lambda _: None) -> None:
    """Raises AssertionError where something did not hold, and whatever the product raised."""
    world = World(seed, folder, said)
    try:
        for number in range(deeds):
            said(f"--- {number}")
            look_at_once(world, one_deed(world))
        said("--- all lines heal")
        heal(world)
        check_quiet(world)
        check_promises(world)
    finally:
        world.close()


def look_at_once(world: World, site: Site) -> None:
    """What must hold after every deed; where it put an older hub back, what the nodes hold becomes a promise."""
    if world.disk_died:
        world.promised, world.disk_died = promises_of(world), False
    if site is not world.hub:
        check_cursors(world, site)


def heal(world: World) -> None:
    """Everybody syncs, online or by stick, until a whole round has brought nothing to anybody."""
    by_stick = world.random.random() < STICK_SHARE
    for _ in range(ROUNDS_UNTIL_QUIET):
        before = [_size(site) for site in world.sites]
        for node in world.nodes:
            done = sync_by_stick(world, node) if by_stick else world.sync(node, fault_share=0.0)
            assert done, f"{node.name} was not done on a good {'stick' if by_stick else 'line'}"
        if before == [_size(site) for site in world.sites]:
            return
    raise AssertionError(f"not quiet after {ROUNDS_UNTIL_QUIET} rounds")


def _size(site: Site) -> tuple[int, ...]:
    sql = "SELECT (SELECT count(*) FROM _changeset), (SELECT count(*) FROM _entry)"
    return tuple(site.db.conn.execute(sql).fetchone())

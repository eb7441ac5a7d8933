"""The second carrier of a simulated world: bundles on sticks, loaded late, twice, in the wrong order, or never."""

from __future__ import annotations

from sync.answer_by_file import Loaded, make_answer
from sync.by_file import load_bundle, make_request, note_made
from sync.errors import SyncError
from sync.status import backlog
from tests.simulation.promises import remember_told
from tests.simulation.world import Site, Stick, World

# A node that was put back, or a second copy of it, is told so by the first answer and asks for its own by the next;
# one that owes a restored hub what it holds gives it back first.
STICKS_UNTIL_SYNCED = 8


def ask_by_stick(world: World, node: Site) -> Stick:
    """A node makes a bundle."""
    made = make_request(node.replica, node.db)
    note_made(node.replica, node.db, made)
    world.said(f"{node.name} made a bundle of {made.label.changesets} changesets")
    return Stick(True, node.replica.node, made.file)


def answer_by_stick(world: World, node: str, *, re: str = "") -> Stick:
    """The hub makes a bundle for a node."""
    hub = world.hub
    made = make_answer(hub.replica, hub.db, node, re=re)
    note_made(hub.replica, hub.db, made)
    world.said(f"hub made a bundle of {made.label.changesets} changesets, {made.label.receipts} receipts for {node}")
    return Stick(False, node, made.file)


def load_stick(world: World, site: Site, stick: Stick) -> Loaded:
    """A stick is loaded at a site. Raises SyncError."""
    policy = world.policy if site is world.hub else None
    loaded = load_bundle(site.replica, site.db, stick.file, policy=policy, after=world.after if policy else None)
    world.said(f"{site.name} loaded a bundle: {loaded.report}{' again' if loaded.again else ''}")
    return loaded


def make_stick(world: World, site: Site) -> None:
    """Somebody makes a bundle; it may lie in a drawer for ever."""
    if site is world.hub:
        world.sticks.append(answer_by_stick(world, world.random.choice(world.nodes).replica.node))
    else:
        world.sticks.append(ask_by_stick(world, site))


def take_any_stick(world: World, site: Site) -> None:
    """Somebody finds a stick and loads it where he is, right or wrong; the hub often writes the answer at once."""
    for_here = [s for s in world.sticks if s.for_hub == (site is world.hub) and (s.for_hub or s.node == _name(site))]
    found = for_here if world.random.random() < 0.9 else world.sticks
    if not found:
        return
    stick = world.random.choice(found)
    try:
        loaded = load_stick(world, site, stick)
    except SyncError as error:
        world.said(f"{site.name} refused a bundle: {error!r}")
        return
    if site is not world.hub:
        remember_told(world, site)
    elif world.random.random() < 0.7:
        world.sticks.append(answer_by_stick(world, stick.node, re=loaded.id))


def _name(site: Site) -> str:
    return site.replica.node


def sync_by_stick(world: World, node: Site) -> bool:
    """There and back with nothing lost on the way; True when all that the node had to say is across."""
    for _ in range(STICKS_UNTIL_SYNCED):
        loaded = load_stick(world, world.hub, ask_by_stick(world, node))
        try:
            back = load_stick(world, node, answer_by_stick(world, _name(node), re=loaded.id))
        except SyncError as error:
            world.said(f"{node.name} refused a bundle: {error!r}")
            continue
        if back.synced:
            assert backlog(node.db) == (0, 0), f"{node.name}: synced, it says, without the hub's receipts (C14)"
            return True
    return False

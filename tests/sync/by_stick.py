"""Sticks between the sites of a small world: bundles are made, kept as files, and loaded in whatever order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from sync.answer_by_file import Loaded, Made, make_answer
from sync.by_file import load_bundle, make_request, note_made
from tests.support.world import RolesInTables, Site, World


def request(node: Site) -> Made:
    """A bundle of the node's for the hub, written to a stick."""
    made = make_request(node.replica, node.db)
    note_made(node.replica, node.db, made)
    return made


def answer(world: World, node: Site, *, re: str = "") -> Made:
    """A bundle of the hub's for a node."""
    made = make_answer(world.hub.replica, world.hub.db, node.replica.node, re=re)
    note_made(world.hub.replica, world.hub.db, made)
    return made


def load(site: Site, file: bytes) -> Loaded:
    """Load a bundle at a site, hub or node."""
    return load_bundle(site.replica, site.db, file, policy=RolesInTables() if site.name == "hub" else None)


def there_and_back(world: World, name: str) -> Loaded:
    """One stick to the hub and back."""
    node = world[name]
    loaded = load(world.hub, request(node).file)
    return load(node, answer(world, node, re=loaded.id).file)


def settle_by_stick(world: World, rounds: int = 3) -> None:
    """Every node in turn, until everyone has heard everything."""
    for _ in range(rounds):
        for name in world.nodes:
            world.wait_ms(1_000)
            assert there_and_back(world, name).synced


@dataclass
class Drawer:
    """Where sticks lie until somebody takes one, again and again: (who can read it, the file)."""

    random: random.Random
    sticks: list[tuple[Site, bytes]] = field(default_factory=list)

    def put(self, reader: Site, file: bytes) -> None:
        """One more stick."""
        self.sticks.append((reader, file))

    def any(self) -> tuple[Site, bytes]:
        """One of all there ever were."""
        return self.random.choice(self.sticks)

"""Worlds of three releases: any writes, syncs over a bad line and upgrades in any order (C3, C12)."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

from shared.database import transaction
from shared.errors import InvalidInput
from sync.conflicts import open_conflicts, resolve
from sync.errors import SyncError
from sync.journal import apply_changesets
from sync.opened import open_changeset
from sync.verify import causal_shuffle, rebuild, verify
from tests.simulation.line import FaultyLine
from tests.simulation.play import DEEDS_A_WORLD
from tests.support.world import Site, tables_of_site
from tests.sync.skew import (
    CLERK,
    NEW,
    NEWEST,
    NOTICE,
    OFFICE,
    REPLY,
    TEACHER,
    SkewedWorld,
    assert_as_if_new_from_the_start,
    skewed_world,
)

IDS = ["A-1", "A-2", "A-3", "A-long-id-of-newer", "A-still-longer-id-of-newest"]
# What only the newest release can hold.
WIDEST = {"title": "t" * 30, "copies": 500, "mark": 500, "colour": "ultramarine", "weight": 50}
FAULT_SHARE = 0.25


class Play:
    """What people, lines and releases do in one world."""

    def __init__(self, world: SkewedWorld, seed: int, fault_share: float = 0.0) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.line = FaultyLine(world.port.exchange, self.chance, fault_share)

    def site(self) -> Site:
        return self.chance.choice(self.world.sites())

    def step(self) -> None:
        kinds = {"edit": 8, "insert": 3, "delete": 1, "resolve": 2, "reply": 2, "sync": 7}
        kind = self.chance.choices(list(kinds), list(kinds.values()))[0]
        if kind == "sync":
            with contextlib.suppress(SyncError):
                self.world.sync(self.chance.choice(list(self.world.nodes)), self.line)
        else:
            getattr(self, kind)(self.site())

    def author(self, site: Site) -> object:
        return OFFICE if site.name == "hub" else self.chance.choice([CLERK, TEACHER])

    def values(self, schema: int) -> dict[str, object]:
        """A value for every field, some of them such as only the newer release can hold."""
        pick, wide = self.chance.choice, schema >= NEW
        values: dict[str, object] = {
            "title": pick(["a", "b", "c", "a title of twelve", "another long title"][: 5 if wide else 3]),
            "kind": pick(["plain", "eclipse"][: 2 if wide else 1]),
            "copies": pick([1, 2, 50, 60] if wide else [1, 2]),
            "room": pick([None, "r1", "a room afar"][: 3 if wide else 2]),
            "hour": pick([None, 8, 25][: 3 if wide else 2]),
            "mark": pick([None, 3, 30][: 3 if wide else 2]),
        }
        if wide:
            values |= {"colour": pick(["white", "red"]), "weight": pick([None, 5])}
        if schema >= NEWEST:
            values |= {"keeper": pick([None, "k"]), **pick([{}, dict(WIDEST)])}
        return values

    def insert(self, site: Site) -> None:
        schema = site.replica.schema
        key = self.chance.choice(IDS[: 2 + schema])
        if not site.rows("SELECT 1 FROM notice WHERE id = ?", key):
            with site.write(self.author(site)) as w:  # type: ignore[arg-type]
                w.insert(NOTICE[schema](id=key, **self.values(schema)))

    def edit(self, site: Site) -> None:
        schema = site.replica.schema
        values = self.values(schema)
        with site.write(self.author(site)) as w:  # type: ignore[arg-type]
            for (key,) in site.rows("SELECT id FROM notice"):
                if self.chance.random() < 0.6:
                    names = self.chance.sample(sorted(values), self.chance.randint(1, 3))
                    w.update(NOTICE[schema], (str(key),), {n: values[n] for n in names})  # type: ignore[misc]

    def delete(self, site: Site) -> None:
        with site.write(self.author(site)) as w:  # type: ignore[arg-type]
            w.delete(NOTICE[site.replica.schema], (self.chance.choice(IDS),))

    def resolve(self, site: Site) -> None:
        for conflict in open_conflicts(site.db, site.replica)[:2]:
            values = self.chance.choice(conflict.heads).values
            try:
                with site.write(self.author(site)) as w:  # type: ignore[arg-type]
                    resolve(w, conflict, dict(values), "settled")
            except InvalidInput:
                assert site.replica.schema < NEWEST

    def reply(self, site: Site) -> None:
        record = REPLY.get(site.replica.schema)
        if record is not None:
            key = (self.chance.choice(IDS[: 2 + site.replica.schema]), self.chance.choice("pq"))
            with site.write(self.author(site)) as w:  # type: ignore[arg-type]
                if self.chance.random() < 0.2:
                    w.delete(record, key)
                else:
                    w.put(record(notice_id=key[0], person_id=key[1], words=self.chance.choice(["yes", "no"])))


def check(world: SkewedWorld, chance: random.Random) -> None:
    """All of a release show the same, the logs prove it, and any causal order gives it."""
    for schema in NOTICE:
        sites = [site for site in world.sites() if site.replica.schema == schema]
        for site in sites:
            assert tables_of_site(site) == tables_of_site(sites[0]), f"{site.name} and {sites[0].name}"
            assert verify(site.replica, site.db) == [], site.name
        if sites:
            shuffled(sites[0], chance)
    bad = world.hub.rows("SELECT reason, reason_data FROM _changeset WHERE state NOT IN ('applied')")
    assert bad == []


def shuffled(site: Site, chance: random.Random) -> None:
    """The same tables from the log in another causal order and other batches."""
    before = tables_of_site(site)
    order = causal_shuffle(site.db, chance)
    with transaction(site.db):
        rebuild(site.replica.tables, site.db, order=[])
        while order:
            size = chance.randint(1, 6)
            opened = [open_changeset(site.db, n) for n in order[:size]]
            apply_changesets(site.db, site.replica.tables, opened)
            order = order[size:]
    assert tables_of_site(site) == before, f"{site.name} in another order"


def play_skewed(
    seed: int, folder: Path, *, deeds: int = DEEDS_A_WORLD, said: Callable[[str], None] = lambda _: None
) -> None:
    """A hub and three to five nodes, each of any of three releases and upgraded at any moment, some twice.

    Raises AssertionError where something did not hold, and whatever the product raised.
    """
    chance = random.Random(f"three releases {seed}")
    names = ["hub", "A", "A2", "B", "B2", "A3"][: chance.randint(4, 6)]
    releases = {name: chance.choice(list(NOTICE)) for name in names}
    said(f"releases: {releases}")
    world = skewed_world(folder, **releases)
    play = Play(world, seed, FAULT_SHARE)
    for deed in range(deeds):
        play.step()
        late = [site for site in world.sites() if site.replica.schema < NEWEST]
        if late and deed > deeds // 3 and chance.random() < 0.08:
            site = chance.choice(late)
            to = chance.choice([release for release in NOTICE if release > site.replica.schema])
            said(f"--- {deed} {site.name} upgraded to {to}")
            world.upgrade(site.name, to=to)
    world.settle()
    check(world, chance)
    world.upgrade(*(site.name for site in world.sites() if site.replica.schema < NEWEST), to=NEWEST)
    check(world, chance)
    world.settle()
    assert_as_if_new_from_the_start(world, NEWEST)
    check(world, chance)
    world.close()

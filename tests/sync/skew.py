"""Three releases of a small school's notice board, and replicas of any that can be upgraded."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database, Migrations

from shared.migrations import rebuild_table
from shared.records.declare import Declaration, Rule, coded, integer, record, text
from shared.records.people import AccountRole
from shared.records.places import Campus
from shared.schema import tables_of
from sync.change import Author
from sync.opening import create_replica, open_replica
from sync.steps.enrol import enrol, issue_code
from tests.support.world import DirectHub, FakeClock, SeededRandomness, Site, World, opened, tables_of_site

OLD, NEW, NEWEST = 1, 2, 3
OFFICE, CLERK, TEACHER = Author("H-1-x", rank="office"), Author("A-1-x", rank="office"), Author("A-2-x", rank="person")
_ANY = frozenset({"hub", "any"})


@record(Declaration("notice", "通知", "notice", "con", _ANY))
class OldNotice:
    """A notice as the older release knows it."""

    id: str = text("编号", "id", high=12, key=True)
    title: str = text("标题", "title", high=8)
    kind: str = coded("种类", "kind", "day_kind", default="plain")
    copies: int = integer("份数", "copies", 0, 9, default=1)
    room: str | None = text("地点", "room", high=6, null=True, default=None, unit="place")
    hour: int | None = integer("钟点", "hour", 0, 23, null=True, default=None, unit="place")
    mark: int | None = integer("分数", "mark", 0, 9, null=True, default=None, rule=Rule.RANK)


@record(Declaration("notice", "通知", "notice", "con", _ANY))
class Notice:
    """The same a release later: longer ids and titles, more copies, places and marks; two fields more."""

    id: str = text("编号", "id", high=24, key=True)
    title: str = text("标题", "title", high=20)
    kind: str = coded("种类", "kind", "day_kind", default="plain")
    copies: int = integer("份数", "copies", 0, 99, default=1)
    room: str | None = text("地点", "room", high=12, null=True, default=None, unit="place")
    hour: int | None = integer("钟点", "hour", 0, 30, null=True, default=None, unit="place")
    mark: int | None = integer("分数", "mark", 0, 99, null=True, default=None, rule=Rule.RANK)
    colour: str = text("颜色", "colour", high=8, default="white")
    weight: int | None = integer("重量", "weight", 0, 9, null=True, default=None, rule=Rule.RANK)


@record(Declaration("reply", "答复", "reply", "con", _ANY))
class Reply:
    """A table that only the newer release has."""

    notice_id: str = text("通知", "notice", high=24, key=True)
    person_id: str = text("人", "person", high=20, key=True)
    words: str = text("内容", "words", high=20)


@record(Declaration("visitor", "来访", "visitor", "con", _ANY, erasable=True))
class Visitor:
    """An erasable table that only the newer release has."""

    id: str = text("编号", "id", high=24, key=True)
    name: str = text("姓名", "name", high=20)


@record(Declaration("notice", "通知", "notice", "con", _ANY))
class NewestNotice:
    """The same two releases later: everything wider once more, and one field more."""

    id: str = text("编号", "id", high=30, key=True)
    title: str = text("标题", "title", high=40)
    kind: str = coded("种类", "kind", "day_kind", default="plain")
    copies: int = integer("份数", "copies", 0, 999, default=1)
    room: str | None = text("地点", "room", high=20, null=True, default=None, unit="place")
    hour: int | None = integer("钟点", "hour", 0, 40, null=True, default=None, unit="place")
    mark: int | None = integer("分数", "mark", 0, 999, null=True, default=None, rule=Rule.RANK)
    colour: str = text("颜色", "colour", high=16, default="white")
    weight: int | None = integer("重量", "weight", 0, 99, null=True, default=None, rule=Rule.RANK)
    keeper: str | None = text("保管", "keeper", high=10, null=True, default=None)


@record(Declaration("reply", "答复", "reply", "con", _ANY))
class NewestReply:
    """The newer table, wider."""

    notice_id: str = text("通知", "notice", high=30, key=True)
    person_id: str = text("人", "person", high=20, key=True)
    words: str = text("内容", "words", high=40)
    pinned: int = integer("置顶", "pinned", 0, 1, default=0)


COMMON = (Campus, AccountRole)
RECORDS = {
    OLD: (*COMMON, OldNotice), NEW: (*COMMON, Notice, Reply, Visitor),
    NEWEST: (*COMMON, NewestNotice, NewestReply, Visitor),
}  # fmt: skip
NOTICE = {OLD: OldNotice, NEW: Notice, NEWEST: NewestNotice}
REPLY = {NEW: Reply, NEWEST: NewestReply}


def steps_to(schema: int) -> Migrations:
    """The migrations that a release ships: the older one's, then its own."""
    steps = Migrations("records")

    @steps()
    def first(db: Database) -> None:
        for table in tables_of(RECORDS[OLD]).values():
            rebuild_table(db, table)

    if schema >= NEW:

        @steps()
        def second(db: Database) -> None:
            for table in tables_of(RECORDS[NEW][len(COMMON) :]).values():
                rebuild_table(db, table)
            # A step may touch rows; nobody shall take that for an edit.
            db.conn.execute("UPDATE campus SET position = position + 1")
            db.conn.execute("UPDATE campus SET position = position - 1")

    if schema >= NEWEST:

        @steps()
        def third(db: Database) -> None:
            for table in tables_of((NewestNotice, NewestReply)).values():
                rebuild_table(db, table)

    return steps


@dataclass
class SkewedWorld(World):
    """A hub and nodes of campus A and B, each of its own release."""

    folder: Path

    def add(self, name: str, schema: int) -> Site:
        """One more node, enrolled and with everything it may hold."""
        site = _site(self.folder, name, schema)
        site.clock.set_wall(self.hub.clock.now_ms())
        site.world = self
        self.nodes[name] = site
        code = issue_code(self.hub.db, self.hub.replica, campus=site.campus)
        enrol(site.replica, site.db, self.port, code)
        self.sync(name)
        return site

    def upgrade(self, *names: str, to: int = NEW) -> None:
        """Close and open again as a newer release does."""
        for site in (self.hub if name == "hub" else self.nodes[name] for name in names):
            site.db.close()
            site.replica = open_replica(
                site.replica.path, records=RECORDS[to], clock=site.clock, randomness=site.replica.randomness,
                schema=to, steps=lambda: steps_to(to),
            )  # fmt: skip
            site.db = opened(site.replica.path)

    def put(self, name: str, row: object | None = None, author: Author = CLERK, **changes: object) -> None:
        """Insert a row at a site, or change fields of notice `id`."""
        site = self.hub if name == "hub" else self.nodes[name]
        with site.write(author) as w:
            if row is not None:
                w.insert(row)
            else:
                key = changes.pop("id")
                w.update(NOTICE[site.replica.schema], (key,), changes)  # type: ignore[arg-type]  # a test's values


def skewed_world(folder: Path, **schemas: int) -> SkewedWorld:
    """`skewed_world(tmp_path, hub=OLD, A=NEW)`: with the people who may write, in sync."""
    hub = _site(folder, "hub", schemas.pop("hub"))
    world = SkewedWorld(hub, {}, DirectHub(hub), folder)
    hub.world = world
    with hub.write(OFFICE) as w:
        w.insert(AccountRole(person_id="H-1-x", role="general_principal", campus="*", begin="2026-08-01"))
        for campus in "AB":
            w.insert(Campus(code=campus, school_code="3700000000", name=campus))
        w.insert(AccountRole(person_id="A-1-x", role="clerk", campus="*", begin="2026-08-01"))
        w.insert(AccountRole(person_id="A-2-x", role="teacher", campus="*", begin="2026-08-01"))
    for name, schema in schemas.items():
        world.add(name, schema)
    return world


def _site(folder: Path, name: str, schema: int) -> Site:
    clock = FakeClock()
    replica = create_replica(
        folder / f"{name}.db", role="hub" if name == "hub" else "node", records=RECORDS[schema], clock=clock,
        randomness=SeededRandomness(name), schema=schema, steps=lambda: steps_to(schema),
    )  # fmt: skip
    return Site(name, replica, opened(replica.path), clock)


def notice_at(site: Site, id_: str) -> Mapping[str, object] | None:
    """A notice as a site's table shows it, or None."""
    cursor = site.db.conn.execute("SELECT * FROM notice WHERE id = ?", (id_,))
    names = [c[0] for c in cursor.description]
    row: sqlite3.Row | None = cursor.fetchone()
    return None if row is None else dict(zip(names, row, strict=True))


def assert_as_if_new_from_the_start(world: SkewedWorld, release: int = NEW) -> None:
    """Every site shows what a replica does that was new when the first changeset came (C3, C12)."""
    fresh = world.add("B9", release)
    wanted = tables_of_site(fresh)
    for site in world.sites():
        found = tables_of_site(site)
        for name in wanted:
            assert found[name] == wanted[name], f"{site.name} differs in {name}"

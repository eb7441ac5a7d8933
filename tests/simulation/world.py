"""A seeded world: one hub and three campuses with their nodes, open for the length of a test."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlite_utils import Database

from shared.database import open_database
from shared.records import (
    RECORDS,
    AccountRole,
    Campus,
    Person,
)  # fmt: skip
from sync.capture import write
from sync.change import Author
from sync.errors import SyncError
from sync.exchange import run_exchange, serve_exchange
from sync.opening import create_replica, open_replica
from sync.replica import Limits, Replica
from sync.status import backlog
from sync.steps.enrol import enrol, issue_code, serve_enrol
from tests.simulation.chance import OFFSETS_MS, CampusClock, SeededRandomness, WorldTime
from tests.simulation.line import FaultyLine

CAMPUSES = ("A", "B", "C")
# Of each campus: one who may write for it, one who only takes registers, one for all campuses, one for none.
PEOPLE = (("clerk", "clerk", ""), ("teacher", "homeroom_teacher", ""), ("roamer", "clerk", "*"), ("guest", "", ""))
TINY = Limits(frame_rows=1, frame_bytes=1, compression_level=1)
SMALL = Limits(frame_rows=7, frame_bytes=3000, compression_level=1)
ROOMY = Limits(compression_level=1)


class RolesOfTheHub:
    """The policy of a world: clerks may enter, others may not; what the hub's own table says now counts."""

    def roles_of(self, db: Database, person_id: str) -> frozenset[tuple[str, str]]:
        """See `Policy.roles_of`."""
        return frozenset(
            db.conn.execute("SELECT role, campus FROM account_role WHERE person_id = ?", (person_id,)).fetchall()
        )

    def ranks_of(self, roles: frozenset[tuple[str, str]], campus: str = "") -> frozenset[str]:
        """See `Policy.ranks_of`."""
        ranks = {"person", "derived"} | ({"office"} if any(role == "clerk" for role, _ in roles) else set())
        return frozenset(ranks)

    def objection(self, *_: object) -> str | None:
        """See `Policy.objection`: roles alone count here."""
        return None


@dataclass
class Site:
    """A replica with its open connection, its clock, and what people have on their screens there."""

    name: str
    campus: str
    replica: Replica
    db: Database
    clock: CampusClock
    tokens: dict[tuple[type, tuple], str] = field(default_factory=dict)
    copies: list[Path] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)


# (origin, scope, hash) of a changeset.
Name = tuple[str, str, bytes]


@dataclass
class Promises:
    """What a hub that was put back must know again: of each changeset the one receipt, (received, verdict), that all
    holders have, the smallest stamp that anybody was told, which were released, and which rows are dead."""

    receipts: dict[Name, tuple[int, str]] = field(default_factory=dict)
    stamps: dict[Name, int] = field(default_factory=dict)
    released: set[Name] = field(default_factory=set)
    dead: set[tuple[str, str]] = field(default_factory=set)
    seen: set[tuple[Name, int]] = field(default_factory=set)


@dataclass(frozen=True)
class Saved:
    """A changeset whose save was acknowledged to a person."""

    site: str
    origin: str
    scope: str
    seq: int
    hash: bytes


@dataclass(frozen=True)
class Stick:
    """A file that lies about: for the hub, or for the node of that name (of which there may be a copy)."""

    for_hub: bool
    node: str
    file: bytes


class World:
    """Everything of one seed. `said` takes the lines of the trace."""

    def __init__(
        self, seed: int, folder: Path, said: Callable[[str], None] = lambda line: None, limits: Limits | None = None
    ) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.said = said
        self.time = WorldTime()
        self.randomness = SeededRandomness(random.Random(seed + 1))
        self.limits = limits or self.random.choice((TINY, SMALL, ROOMY))
        self.saved: list[Saved] = []
        # Actions that nobody takes back: without campuses and people there is no world left to look at.
        self.founding: set[str] = set()
        # Action → every row as its site showed it before; told apart from the log, which is what is on trial.
        self.before_saves: dict[str, dict[tuple[str, tuple], dict]] = {}
        self.kept: list[bytes] = []
        self.sticks: list[Stick] = []
        self.promised: Promises | None = None
        self.restored_hub = self.disk_died = False
        self.policy = RolesOfTheHub()
        empty = self._new_site("empty", "")
        empty.db.close()
        self.hub = self._new_site("hub", "")
        self.nodes = [self._new_site(f"node{campus}", campus) for campus in CAMPUSES]
        self._found_consortium()

    @property
    def sites(self) -> list[Site]:
        """The hub and every node."""
        return [self.hub, *self.nodes]

    def _new_site(self, name: str, campus: str) -> Site:
        clock = CampusClock(self.time, self.random.choice(OFFSETS_MS))
        replica = create_replica(
            self.folder / f"{name}.db", role="node" if campus else "hub", records=RECORDS, clock=clock,
            randomness=self.randomness, limits=self.limits,
        )  # fmt: skip
        return Site(name, campus, replica, opened(replica), clock)

    def _found_consortium(self) -> None:
        with write(self.hub.replica, self.hub.db, Author("office", rank="office")) as w:
            for number, campus in enumerate(CAMPUSES):
                w.insert(Campus(code=campus, school_code=str(number) * 10, name=f"校区{campus}"))
                for person, role, at in PEOPLE:
                    w.insert(Person(id=f"{campus}-{person}", name=f"{campus}{person}", staff_number=person))
                    key = {"person_id": f"{campus}-{person}", "role": role, "campus": at or campus}
                    if role:
                        w.insert(AccountRole(**key, begin="2025-01-01"))
        self.founded()
        for node in self.nodes:
            code = issue_code(self.hub.db, self.hub.replica, campus=node.campus)
            enrol(node.replica, node.db, EnrolDesk(self), code)
            self.sync(node, fault_share=0.0)

    def founded(self) -> None:
        """Whatever the hub holds now is the ground on which the world stands."""
        names = "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o)"
        self.founding |= {name for (name,) in self.hub.db.conn.execute(names)}

    def line(self, node: Site, fault_share: float) -> FaultyLine:
        """A node's line to the hub."""
        return FaultyLine(self.serve, self.random, fault_share, self.said, self.kept, node.answered)

    def serve(self, sealed: bytes) -> bytes:
        """The hub's half of one exchange; a trip takes a while."""
        self.time.pass_by(self.random.randrange(1, 400))
        return serve_exchange(self.hub.replica, self.hub.db, self.policy, sealed)

    def sync(self, node: Site, *, fault_share: float) -> bool:
        """One run of exchanges; False when the line failed on the way."""
        try:
            report = run_exchange(node.replica, node.db, self.line(node, fault_share))
        except SyncError as error:
            if fault_share == 0.0:
                raise
            self.said(f"{node.name} sync failed: {error!r}")
            return False
        self.said(f"{node.name} sync: {report}")
        if report.done:
            assert backlog(node.db) == (0, 0), f"{node.name}: done, it says, without the hub's receipts (C14)"
        return report.done

    def remember(self, site: Site, numbers: list[int]) -> None:
        """Note which changesets a save made."""
        for n in numbers:
            row = site.db.conn.execute(
                "SELECT name, scope, seq, hash FROM _changeset JOIN _origin USING (o) WHERE n = ?", (n,)
            ).fetchone()
            self.saved.append(Saved(site.name, *row))

    def reopen(self, site: Site) -> None:
        """The process ends and a new one opens the same file."""
        site.db.close()
        self._open(site)

    def _open(self, site: Site) -> None:
        site.replica = open_replica(
            site.replica.path, records=RECORDS, clock=site.clock, randomness=self.randomness, limits=self.limits
        )
        site.db = opened(site.replica)
        site.tokens.clear()

    def copy(self, site: Site) -> None:
        """Somebody keeps a copy of the file, without the identity beside it."""
        path = self.folder / f"{site.name}.copy{len(site.copies)}"
        target = sqlite3.connect(path)
        site.db.conn.backup(target)
        target.close()
        site.copies.append(path)

    def restore(self, site: Site) -> None:
        """An older copy is put in place: what nobody holds any more is gone, and nobody lied."""
        before = self._held()
        site.db.close()
        for ending in ("-wal", "-shm"):
            site.replica.path.with_name(site.replica.path.name + ending).unlink(missing_ok=True)
        shutil.copy(self.random.choice(site.copies), site.replica.path)
        self._open(site)
        gone = before - self._held()
        self.saved = [s for s in self.saved if (s.origin, s.scope, s.hash) not in gone]
        self.disk_died = True
        self.restored_hub = self.restored_hub or site is self.hub

    def _held(self) -> set[Name]:
        """What anybody holds, for strict accounts of what went with a disk."""
        return set().union(*(holdings(site.db) for site in self.sites))

    def clone(self, site: Site) -> None:
        """The whole folder, identity included, is copied to a second computer that goes on by itself."""
        name = f"{site.name}x"
        path = self.folder / f"{name}.db"
        target = sqlite3.connect(path)
        site.db.conn.backup(target)
        target.close()
        identity = site.replica.path.name + ".identity"
        shutil.copy(self.folder / identity, self.folder / f"{name}.db.identity")
        clock = CampusClock(self.time, site.clock.offset_ms)
        twin = Site(name, site.campus, replace(site.replica, path=path), site.db, clock)
        self._open(twin)
        self.nodes.append(twin)

    def close(self) -> None:
        """Close every connection."""
        for site in self.sites:
            site.db.close()


@dataclass
class EnrolDesk:
    """The hub's enrolment over a line that works."""

    world: World

    def enrol(self, request: bytes) -> bytes:
        """See `HubPort.enrol`."""
        return serve_enrol(self.world.hub.replica, self.world.hub.db, request)

    def exchange(self, sealed: bytes) -> bytes:
        """Nothing is exchanged here."""
        raise NotImplementedError


def opened(replica: Replica) -> Database:
    """A connection without waiting for the disk: nobody pulls the plug in this world."""
    db = open_database(replica.path)
    db.conn.execute("PRAGMA synchronous=OFF")
    return db


def holdings(db: Database, where: str = "true") -> set[Name]:
    """(origin, scope, hash) of every changeset in a file, or of some."""
    sql = f"SELECT name, scope, hash FROM _changeset JOIN _origin USING (o) WHERE {where}"
    return set(db.conn.execute(sql).fetchall())

"""A seeded world: one hub and two to twelve nodes of up to six campuses, open for the length of a test."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
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
from sync.change import Author, Changeset
from sync.errors import HubUnreachable, SyncError
from sync.exchange import AfterPush, run_exchange, serve_exchange
from sync.floor import is_pruned
from sync.log import read_changeset
from sync.opening import open_replica
from sync.replica import Limits, Replica, set_setting
from sync.snapshot import make_snapshots
from sync.status import backlog
from sync.steps.enrol import enrol, issue_code, revoke
from tests.simulation.chance import OFFSETS_MS, CampusClock, SeededRandomness, WorldTime
from tests.simulation.line import EnrolDesk, FaultyLine
from tests.simulation.new_file import as_if_created
from tests.simulation.power import PowerCut, wal_path

CAMPUSES = ("A", "B", "C", "D", "E", "F")
# How many nodes a world has; the more of them, the longer it takes.
NODES = (2, 3, 3, 3, 3, 3, 4, 5, 7, 12)
# Of each campus: one who may write for it, one who only takes registers, one for all campuses, one for none.
PEOPLE = (("clerk", "clerk", ""), ("teacher", "homeroom_teacher", ""), ("roamer", "clerk", "*"), ("guest", "", ""))
TINY = Limits(frame_rows=1, frame_bytes=1, compression_level=1, prune_after_ms=0, prune_rows=3)
SMALL = Limits(frame_rows=7, frame_bytes=3000, compression_level=1, prune_after_ms=0)
ROOMY = Limits(compression_level=1, prune_after_ms=0)


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
    # How much of the journal was on the disk when this site last spoke to another.
    told_bytes: int = 0


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
        self, seed: int, folder: Path, said: Callable[[str], None] = lambda line: None, limits: Limits | None = None,
        nodes: int | None = None,
    ) -> None:  # fmt: skip
        self.random = random.Random(seed)
        self.folder = folder
        self.said = said
        self.time = WorldTime()
        self.randomness = SeededRandomness(random.Random(seed + 1))
        chosen = limits or self.random.choice((TINY, SMALL, ROOMY))
        # In half the worlds a snapshot is taken whenever there is one.
        self.limits = replace(chosen, snapshot_log_percent=self.random.choice((80, 10**9)))
        self.saved: list[Saved] = []
        # Actions that nobody takes back: without campuses and people there is no world left to look at.
        self.founding: set[str] = set()
        # Action → every row as its site showed it before; told apart from the log, which is what is on trial.
        self.before_saves: dict[str, dict[tuple[str, tuple], dict]] = {}
        self.kept: list[bytes] = []
        self.sticks: list[Stick] = []
        self.promised: Promises | None = None
        self.restored_hub = self.disk_died = False
        # Which copy of the hub's is its last verified backup, and how many computers came later.
        self.verified = self.joined = 0
        self.policy = RolesOfTheHub()
        # What the hub says to what came; a school answers for rooms.
        self.after: AfterPush | None = None
        # Nodes that the hub has revoked, and when the hub's power will fail: after so many more requests.
        self.out: list[Site] = []
        # Campuses that lost their last computer at some time, whatever joined later.
        self.unserved: set[str] = set()
        self.hub_fails_in: int | None = None
        empty = self._new_site("empty", "")
        empty.db.close()
        self.hub = self._new_site("hub", "")
        count = nodes or self.random.choice(NODES)
        self.campuses = CAMPUSES[: max(2, min(count, len(CAMPUSES)))]
        self.nodes = [self._new_site(*name) for name in islice(self._node_names(), count)]
        self._found_consortium()

    @property
    def sites(self) -> list[Site]:
        """The hub and every node."""
        return [self.hub, *self.nodes]

    def _node_names(self) -> Iterator[tuple[str, str]]:
        """A node for each campus, then a second one."""
        for ending in ("", "2"):
            yield from ((f"node{campus}{ending}", campus) for campus in self.campuses)

    def _new_site(self, name: str, campus: str) -> Site:
        clock = CampusClock(self.time, self.random.choice(OFFSETS_MS))
        path = self.folder / f"{name}.db"
        as_if_created(path, "node" if campus else "hub", self.randomness)
        replica = open_replica(
            path, records=RECORDS, clock=clock, randomness=self.randomness, limits=self.limits
        )
        return Site(name, campus, replica, opened(replica), clock)

    def _found_consortium(self) -> None:
        with write(self.hub.replica, self.hub.db, Author("office", rank="office")) as w:
            for number, campus in enumerate(self.campuses):
                w.insert(Campus(code=campus, school_code=str(number) * 10, name=f"校区{campus}"))
                for person, role, at in PEOPLE:
                    w.insert(Person(id=f"{campus}-{person}", name=f"{campus}{person}", staff_number=person))
                    key = {"person_id": f"{campus}-{person}", "role": role, "campus": at or campus}
                    if role:
                        w.insert(AccountRole(**key, begin="2025-01-01"))
        self.founded()
        for node in self.nodes:
            self._enrol(node)
            self.sync(node, fault_share=0.0)
        for site in self.sites:
            # No disk holds back for weeks: one that forgot the enrolment itself would be enrolled by hand again.
            site.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def founded(self) -> None:
        """Whatever the hub holds now is the ground on which the world stands."""
        names = "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o)"
        self.founding |= {name for (name,) in self.hub.db.conn.execute(names)}

    def line(self, node: Site, fault_share: float) -> FaultyLine:
        """A node's line to the hub."""

        def serve(sealed: bytes) -> bytes:
            # What a node sends it has on its disk.
            wal = wal_path(node.replica.path)
            node.told_bytes = wal.stat().st_size if wal.exists() else 0
            return self.serve(sealed)

        return FaultyLine(serve, self.random, fault_share, self.said, self.kept, node.answered)

    def serve(self, sealed: bytes) -> bytes:
        """The hub's half of one exchange; a trip takes a while. Raises HubUnreachable when its power fails in it."""
        self.time.pass_by(self.random.randrange(1, 400))
        if self.hub_fails_in is not None:
            self.hub_fails_in -= 1
            if self.hub_fails_in < 0:
                self.hub_fails_in = None
                with PowerCut(self, self.hub), contextlib.suppress(SyncError):
                    serve_exchange(self.hub.replica, self.hub.db, self.policy, sealed, after=self.after)
                raise HubUnreachable(why="power cut")
        return serve_exchange(self.hub.replica, self.hub.db, self.policy, sealed, after=self.after)

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
        self.open(site)

    def open(self, site: Site) -> None:
        """A new process opens a site's file."""
        site.replica = open_replica(
            site.replica.path, records=RECORDS, clock=site.clock, randomness=self.randomness, limits=self.limits
        )
        site.db = opened(site.replica)
        site.told_bytes = 0
        site.tokens.clear()

    def copy(self, site: Site) -> None:
        """Somebody keeps a copy of the file, without the identity beside it."""
        path = self.folder / f"{site.name}.copy{len(site.copies)}"
        target = sqlite3.connect(path)
        site.db.conn.backup(target)
        target.close()
        site.copies.append(path)

    def back_up(self) -> None:
        """A copy of the hub's file is known to be whole and safe: the hub says that its log is covered (C13)."""
        self.copy(self.hub)
        self.verified = len(self.hub.copies) - 1
        [top] = self.hub.db.conn.execute("SELECT coalesce(max(hub_seq), 0) FROM _entry").fetchone()
        set_setting(self.hub.db, "covered_hub_seq", str(top))
        make_snapshots(self.hub.replica, self.hub.db)
        # A disk that forgets what was covered is not started from: people take the backup.
        self.hub.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def join(self, campus: str) -> Site:
        """A campus gets one more computer, which has nothing yet."""
        self.joined += 1
        node = self._new_site(f"node{campus}new{self.joined}", campus)
        self._enrol(node)
        self.nodes.append(node)
        return node

    def _enrol(self, node: Site) -> None:
        code = issue_code(self.hub.db, self.hub.replica, campus=node.campus)
        enrol(node.replica, node.db, EnrolDesk(self), code)
        # No disk holds back for weeks: one that forgot the enrolment itself would be enrolled by hand again.
        for site in (self.hub, node):
            site.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def restore(self, site: Site) -> None:
        """An older copy is put in place: what nobody holds any more is gone, and nobody lied."""
        before = self.held()
        site.db.close()
        for ending in ("-wal", "-shm"):
            site.replica.path.with_name(site.replica.path.name + ending).unlink(missing_ok=True)
        # Of the hub nobody puts back a copy older than its last verified backup: nodes may have pruned what it lacks.
        usable = site.copies[self.verified :] if site is self.hub else site.copies
        shutil.copy(self.random.choice(usable), site.replica.path)
        self.open(site)
        if site is self.hub:
            self._enrol_the_forgotten()
        self.account_for(before, site)

    def _enrol_the_forgotten(self) -> None:
        """Nodes of which the hub's copy knows nothing yet."""
        known = {node for (node,) in self.hub.db.conn.execute("SELECT node FROM _node").fetchall()}
        for site in (*self.nodes, *self.out):
            if site.replica.node not in known:
                self._enrol(site)
                known.add(site.replica.node)

    def account_for(self, before: set[Name], site: Site) -> None:
        """What nobody holds any more, after a site's disk has died or lied, went with that disk."""
        gone = before - self.held()
        self.saved = [s for s in self.saved if (s.origin, s.scope, s.hash) not in gone]
        self.disk_died = True
        self.restored_hub = self.restored_hub or site is self.hub
        if site is self.hub:
            # A copy knows nothing of later revocations: people repeat them, as its board asks them to.
            for out in self.out:
                revoke(self.hub.db, self.hub.replica, out.replica.node)

    def held(self) -> set[Name]:
        """What anybody holds, for strict accounts of what went with a disk."""
        return set().union(*(holdings(site.db) for site in (*self.sites, *self.out)))

    def revoke(self, site: Site) -> None:
        """The hub revokes a node, and with it every copy of its folder."""
        revoke(self.hub.db, self.hub.replica, site.replica.node)
        self.out += [node for node in self.nodes if node.replica.node == site.replica.node]
        self.nodes = [node for node in self.nodes if node.replica.node != site.replica.node]
        self.unserved |= {site.campus} - {node.campus for node in self.nodes}

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
        self.open(twin)
        self.nodes.append(twin)

    def close(self) -> None:
        """Close every connection."""
        for site in (*self.sites, *self.out):
            site.db.close()


def opened(replica: Replica) -> Database:
    """A connection without waiting for the disk: how much of a journal a power cut leaves, the world decides."""
    db = open_database(replica.path)
    db.conn.execute("PRAGMA synchronous=OFF")
    # The journal only grows, so that it can be cut anywhere.
    db.conn.execute("PRAGMA wal_autocheckpoint=0")
    return db


def whole(world: World, db: Database, n: int) -> Changeset:
    """A changeset of a site's set with its body, which a pruned site leaves to the hub (C13)."""
    stored = read_changeset(db, n)
    if stored.parts is not None or not is_pruned(db, n):
        return stored
    [number] = world.hub.db.conn.execute(
        "SELECT n FROM _changeset JOIN _origin USING (o) WHERE name = ? AND scope = ? AND hash = ?",
        (stored.origin, stored.scope, stored.hash),
    ).fetchone()
    return read_changeset(world.hub.db, number)


def holdings(db: Database, where: str = "true") -> set[Name]:
    """(origin, scope, hash) of every changeset in a file, or of some."""
    sql = f"SELECT name, scope, hash FROM _changeset JOIN _origin USING (o) WHERE {where}"
    return set(db.conn.execute(sql).fetchall())

"""Small worlds: a hub and some nodes in one process, on clocks and ids that the test decides.

    world = make_world(tmp_path)                      # a hub, nodes "A" and "B", enrolled and in sync
    with world["A"].write(CLERK_A) as w:              # a second passes on all clocks before each write
        w.update(CalendarDay, DAY_A, {"note": "sports day"})
    world.settle()                                    # exchange until nobody has anything left to say
    assert tables_of_site(world["A"]) == tables_of_site(world.hub, ("con", "A"))

A node's name begins with its campus: "A2" is a second node of campus A. Files are copied from a template
made once a process (a schema costs 14 ms, a copy 0.14 ms).
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from sqlite_utils import Database

from shared.database import open_database
from shared.ids import ALPHABET
from shared.records import RECORDS
from shared.records.attendance import StaffDay
from shared.records.people import AccountRole, Person
from shared.records.places import CalendarDay, Campus
from shared.records.pupils import Pupil, RosterGroup
from shared.schema import Table, key_parts, quoted
from sync.capture import Writing, write
from sync.change import Author
from sync.exchange import AfterPush, run_exchange, serve_exchange
from sync.exchange_report import ExchangeReport
from sync.heads import unit_versions
from sync.opening import create_replica, open_replica
from sync.protocol import HubPort
from sync.replica import Limits, Replica
from sync.steps.enrol import enrol, issue_code, serve_enrol

# 2026-09-01 08:00 at school.
START_MS = 1_788_220_800_000

OFFICE = Author("H-1-x", rank="office")
CLERK_A, CLERK_B = Author("A-1-x", rank="office"), Author("B-1-x", rank="office")
TEACHER_A, TEACHER_B = Author("A-2-x", rank="person"), Author("B-2-x", rank="person")
TERMINAL_A = Author("A-1-x", rank="terminal")

DAY_A, DAY_B = ("A", "2026-09-01"), ("B", "2026-09-01")
PUPIL_A, PUPIL_B = ("A-11-x",), ("B-11-x",)
GROUP_A, GROUP_B = ("A-21-x",), ("B-21-x",)
STAFF_DAY_A, STAFF_DAY_B = ("A-2-x", "2026-09-01", "A"), ("B-2-x", "2026-09-01", "B")


class FakeClock:
    """A clock that a test moves. The wall can be set to anything; the monotonic side only runs on."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.wall_ms = now_ms
        self._monotonic_ms = 1_000

    def now_ms(self) -> int:
        """See `shared.clock.Clock`."""
        return self.wall_ms

    def monotonic_ms(self) -> int:
        """See `shared.clock.Clock`."""
        return self._monotonic_ms

    def wait_ms(self, duration_ms: int) -> None:
        """Let time pass on both sides."""
        self.wall_ms += duration_ms
        self._monotonic_ms += duration_ms

    def set_wall(self, now_ms: int) -> None:
        """Somebody (or a flat battery) sets the wall clock."""
        self.wall_ms = now_ms


class SeededRandomness:
    """Randomness that is the same in every run of a seed."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def text(self, length: int) -> str:
        """See `shared.ids.Randomness`."""
        return "".join(self._random.choice(ALPHABET) for _ in range(length))

    def raw(self, length: int) -> bytes:
        """See `shared.ids.Randomness`."""
        return self._random.randbytes(length)


class RolesInTables:
    """A policy read from account_role: an office role may claim any rank, others "person" and below."""

    OFFICE_ROLES = frozenset({"clerk", "general_principal", "campus_head", "system_operator"})

    def roles_of(self, db: Database, person_id: str) -> frozenset[tuple[str, str]]:
        """See `sync.steps.judge.Policy`."""
        if person_id == "rule":
            return frozenset({("program:rule", "*")})
        rows = db.conn.execute("SELECT role, campus FROM account_role WHERE person_id = ?", (person_id,))
        return frozenset((role, campus) for role, campus in rows)

    def ranks_of(self, roles: frozenset[tuple[str, str]], campus: str = "") -> frozenset[str]:
        """See `sync.steps.judge.Policy`."""
        office = {"office"} if any(role in self.OFFICE_ROLES for role, _ in roles) else set()
        return frozenset({"terminal", "derived", "person"} | office)

    def objection(self, *_: object) -> str | None:
        """See `sync.steps.judge.Policy`: these worlds ask for roles alone."""
        return None


@dataclass
class Site:
    """One replica with a connection that stays open."""

    name: str
    replica: Replica
    db: Database
    clock: FakeClock
    world: World | None = None

    @property
    def campus(self) -> str:
        """The campus that the site's name begins with; empty for the hub."""
        return "" if self.name == "hub" else self.name[0]

    @property
    def scopes(self) -> tuple[str, ...]:
        """What a node of this campus holds."""
        return ("con", self.campus)

    @contextmanager
    def write(self, author: Author) -> Iterator[Writing]:
        """A write, one second later than whatever happened before in this world."""
        if self.world is not None:
            self.world.wait_ms(1_000)
        with write(self.replica, self.db, author) as writing:
            yield writing

    def rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """Any SELECT, for looking."""
        return self.db.conn.execute(sql, parameters).fetchall()

    def value(self, sql: str, *parameters: object) -> object:
        """The one value of a SELECT."""
        return self.db.conn.execute(sql, parameters).fetchone()[0]

    def tables(self) -> dict[str, Table]:
        """The synced tables by name."""
        return self.replica.tables

    def limit(self, **limits: int) -> None:
        """Change limits of this replica from now on."""
        self.replica = replace(self.replica, limits=replace(self.replica.limits, **limits))

    def reopen(self, path: Path | None = None) -> None:
        """Close, and open the file again as a new process would (or another file, with its own identity)."""
        self.db.close()
        old = self.replica
        self.replica = open_replica(
            path or old.path, records=tuple(t.record for t in old.tables.values()), clock=self.clock,
            randomness=old.randomness, limits=old.limits,
        )  # fmt: skip
        self.db = opened(self.replica.path)

    def backup_bytes(self) -> bytes:
        """The database file as a backup would hold it (without the identity beside it)."""
        copy = sqlite3.connect(":memory:")
        self.db.conn.backup(copy)
        data = copy.serialize()
        copy.close()
        return data

    def restore(self, data: bytes) -> None:
        """Put an older database file in place, keep the identity file, and open again."""
        self.db.close()
        _replace_database(self.replica.path, data)
        self.reopen()


@dataclass
class DirectHub:
    """The hub as a node sees it, without a wire: implements HubPort. `requests` and `answers` are kept; `after` is
    what the hub says to what came."""

    hub: Site
    requests: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    after: AfterPush | None = None

    def exchange(self, sealed: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        self.requests.append(sealed)
        answer = serve_exchange(self.hub.replica, self.hub.db, RolesInTables(), sealed, after=self.after)
        self.answers.append(answer)
        return answer

    def enrol(self, request: bytes) -> bytes:
        """See `sync.protocol.HubPort`."""
        return serve_enrol(self.hub.replica, self.hub.db, request)


@dataclass
class World:
    """A hub, nodes by name, and the way between them. `world["A"]` is a node."""

    hub: Site
    nodes: dict[str, Site]
    port: DirectHub

    def __getitem__(self, name: str) -> Site:
        return self.nodes[name]

    def sites(self) -> list[Site]:
        """The hub, then the nodes."""
        return [self.hub, *self.nodes.values()]

    def wait_ms(self, duration_ms: int) -> None:
        """Time passes everywhere."""
        for site in self.sites():
            site.clock.wait_ms(duration_ms)

    def sync(self, name: str, port: HubPort | None = None, *, budget_bytes: int | None = None) -> ExchangeReport:
        """One run of exchanges of one node."""
        self.wait_ms(1_000)
        node = self.nodes[name]
        return run_exchange(node.replica, node.db, port or self.port, budget_bytes=budget_bytes)

    def settle(self, rounds: int = 3) -> None:
        """Every node in turn, until everyone has heard everything: what a node sends in one round, the
        others fetch in the next."""
        for _ in range(rounds):
            for name in self.nodes:
                self.sync(name)

    def close(self) -> None:
        """Close every connection."""
        for site in self.sites():
            site.db.close()


def opened(path: Path) -> Database:
    """A connection that does not wait for the disk: nobody pulls the plug in these tests."""
    db = open_database(path)
    db.conn.execute("PRAGMA synchronous = OFF")
    return db


def make_world(
    folder: Path, names: Sequence[str] = ("A", "B"), *, seed: int | str = 0, limits: Limits | None = None
) -> World:
    """A hub and enrolled nodes, in sync, with campuses, staff with roles, a few pupils and calendar days.

    Everything random afterwards follows from `seed`; node keys are the same in every world.
    """
    template = _template(tuple(names))
    sites = {}
    for name in ("hub", *names):
        path = folder / f"{name}.db"
        for suffix, data in template[name].items():
            path.with_name(path.name + suffix).write_bytes(data)
        clock = FakeClock(START_MS + 600_000)
        replica = open_replica(
            path, records=RECORDS, clock=clock, randomness=SeededRandomness(f"{seed}/{name}"), limits=limits
        )
        sites[name] = Site(name, replica, opened(path), clock)
    return _joined(sites)


def new_site(folder: Path, name: str, *, seed: int | str = 0, records: Sequence[type] = RECORDS) -> Site:
    """A lone replica that is not enrolled; "hub" makes a hub."""
    clock = FakeClock()
    role = "hub" if name == "hub" else "node"
    replica = create_replica(
        folder / f"{name}.db", role=role, records=records, clock=clock, randomness=SeededRandomness(f"{seed}/{name}")
    )
    return Site(name, replica, opened(replica.path), clock)


def add_node(world: World, folder: Path, name: str) -> Site:
    """One more node, created, enrolled and with everything it may hold."""
    site = new_site(folder, name, seed="later")
    site.clock.set_wall(world.hub.clock.now_ms())
    site.world = world
    world.nodes[name] = site
    enrol(site.replica, site.db, world.port, issue_code(world.hub.db, world.hub.replica, campus=site.campus))
    world.sync(name)
    return site


def clone_of(site: Site, path: Path) -> Site:
    """A second computer that goes on with a copy of a site's folder: file, key and all."""
    site.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("", ".identity"):
        path.with_name(path.name + suffix).write_bytes(
            site.replica.path.with_name(site.replica.path.name + suffix).read_bytes()
        )
    records = tuple(table.record for table in site.replica.tables.values())
    replica = open_replica(path, records=records, clock=site.clock, randomness=SeededRandomness("clone"))
    return Site(site.name, replica, opened(path), site.clock, site.world)


def tables_of_site(site: Site, scopes: Sequence[str] | None = None) -> dict[str, list[object]]:
    """The synced tables in key order with versions by name, the open heads and the deletes (C3).

    Local bookkeeping (row numbers, local changeset numbers) is left out. `scopes` keeps only rows of these.
    """
    names = dict(
        site.db.conn.execute(
            "SELECT n, name || '/' || seq || '/' || lower(hex(substr(hash, 1, 8)))"
            " FROM _changeset JOIN _origin USING (o)"
        )
    )
    dump: dict[str, list[object]] = {}
    for table in site.tables().values():
        columns = [c.name for c in table.columns]
        listed = ", ".join(map(quoted, columns))
        order = ", ".join(map(quoted, table.key))
        found: list[object] = []
        for row in site.db.conn.execute(f"SELECT {listed}, _v, _vx FROM {quoted(table.name)} ORDER BY {order}"):
            values = dict(zip(columns, row, strict=False))
            if scopes is None or table.scope_of([values[k] for k in table.key]) in scopes:
                found.append((*row[:-2], _versions_by_name(table, row, names)))
        dump[table.name] = found
    for own, listed in (("_head", "value, weight, deleted"), ("_delete", "NULL")):
        unit = "u" if own == "_head" else "0"
        rows = site.db.conn.execute(f"SELECT t, k, {unit}, v, {listed} FROM {own}").fetchall()
        dump[own] = list(
            sorted((t, k, u, names[v], *rest) for t, k, u, v, *rest in rows if _in_scopes(site, t, k, scopes))
        )
    return dump


def assert_same_tables(world: World) -> None:
    """Every node's tables equal the hub's in the scopes it holds, open conflicts included."""
    for node in world.nodes.values():
        ours, theirs = tables_of_site(node, node.scopes), tables_of_site(world.hub, node.scopes)
        for name in theirs:
            assert ours[name] == theirs[name], f"{node.name} differs from the hub in {name}"


def sync_state(site: Site) -> list[tuple[object, ...]]:
    """Everything the exchange may change: for "a refused message leaves no trace"."""
    state: list[tuple[object, ...]] = [*site.rows("SELECT n, state, effective, hub_seq FROM _changeset ORDER BY n")]
    state += site.rows("SELECT hub_seq, n, verdict FROM _entry ORDER BY hub_seq")
    return [*state, *sorted((name, str(rows)) for name, rows in tables_of_site(site).items())]


def _in_scopes(site: Site, table: str, key: str, scopes: Sequence[str] | None) -> bool:
    known = site.tables()[table]
    return scopes is None or known.scope_of(key_parts(known, key)) in scopes


def _versions_by_name(table: Table, row: Sequence[object], names: dict[int, str]) -> tuple[str, ...]:
    """Unit by unit the changeset that wrote it; "~" marks a unit with several heads."""
    if row[-2] is None:
        return ("not packed",)
    versions = unit_versions((str(row[-2]), row[-1]), table)  # type: ignore[arg-type]  # two SQLite values
    return tuple(f"{'~' if n < 0 else ''}{names[abs(n)]}" for n in versions.values())


def _joined(sites: dict[str, Site]) -> World:
    hub = sites.pop("hub")
    world = World(hub, sites, DirectHub(hub))
    for site in world.sites():
        site.world = world
    return world


def _replace_database(path: Path, data: bytes) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(data)


def first_rows(campuses: Sequence[str]) -> list[object]:
    """What the hub of a small world knows: campuses, staff with roles, pupils, classes, a day."""
    rows: list[object] = [
        Person(id="H-1-x", name="校长", staff_number="1"),
        AccountRole(person_id="H-1-x", role="general_principal", campus="*", begin="2026-08-01"),
        AccountRole(person_id="H-1-x", role="system_operator", campus="*", begin="2026-08-01"),
    ]
    for c in campuses:
        rows += [
            Campus(code=c, school_code="3700000000", name=f"{c}校区"),
            Person(id=f"{c}-1-x", name=f"{c}文员", staff_number=f"{c}1"),
            Person(id=f"{c}-2-x", name=f"{c}老师", staff_number=f"{c}2"),
            AccountRole(person_id=f"{c}-1-x", role="clerk", campus=c, begin="2026-08-01"),
            AccountRole(person_id=f"{c}-2-x", role="teacher", campus=c, begin="2026-08-01"),
            *(Pupil(id=f"{c}-{i}-x", name=f"学生{c}{i}") for i in range(11, 14)),
            RosterGroup(id=f"{c}-21-x", campus=c, name="一年级1班", begin="2026-09-01"),
            CalendarDay(campus=c, date="2026-09-01", kind="school_day"),
            StaffDay(person_id=f"{c}-2-x", date="2026-09-01", campus=c, status="present"),
        ]
    return rows


@lru_cache(maxsize=32)
def _template(names: tuple[str, ...]) -> dict[str, dict[str, bytes]]:
    """The files of a settled world: site → suffix → bytes."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        world = _joined({name: new_site(at, name, seed="template") for name in ("hub", *names)})
        with world.hub.write(OFFICE) as w:
            w.insert(*first_rows(sorted({name[0] for name in names})))
        for node in world.nodes.values():
            code = issue_code(world.hub.db, world.hub.replica, campus=node.campus)
            enrol(node.replica, node.db, world.port, code)
        world.settle()
        world.close()
        return {
            name: {suffix: (at / f"{name}.db{suffix}").read_bytes() for suffix in ("", ".identity")}
            for name in ("hub", *names)
        }

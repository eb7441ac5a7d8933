"""Honest status (C14): what waits, what was refused, what is in conflict, how far the clock is off."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sqlite_utils import Database

from shared.clock import instant_text
from shared.database import transaction
from shared.schema import Value, key_text, table_of
from sync.change import VersionName
from sync.conflicts import count_open
from sync.heads import read_row, unit_versions
from sync.log import find_version
from sync.opened import Key, open_changeset
from sync.replica import Replica, set_setting, setting


@dataclass(frozen=True)
class Refusal:
    """A row of a changeset that the hub refused, with the values for re-entry."""

    version: str
    reason: str
    table: str
    key: Key
    instant: str
    person_id: str
    values: dict[str, Value]
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SyncStatus:
    """What this replica knows about its own sync. Instants are text, None where there was none yet.

    forks: "origin/scope/seq" of every place at which a stream has two branches: a copy of some file was at work.
    """

    node: str
    campus: str
    enrolled: bool
    last_good_sync: str | None
    last_contact: str | None
    backlog_changesets: int
    backlog_rows: int
    open_conflicts: int
    open_reviews: int
    waiting: int
    parked: int
    refusals: list[Refusal]
    clock_offset_ms: int | None
    clock_doubtful: bool
    forks: list[str]


def sync_status(db: Database, replica: Replica) -> SyncStatus:
    """The status of this replica."""
    changesets, rows = backlog(db)
    conflicts, reviews = count_open(db, replica)
    states = dict(db.conn.execute("SELECT state, count(*) FROM _changeset WHERE state <> 'applied' GROUP BY state"))
    offset = setting(db, "clock_offset_ms")
    return SyncStatus(
        node=replica.node,
        campus=setting(db, "campus"),
        enrolled=replica.role == "hub" or bool(setting(db, "hub_node")),
        last_good_sync=_instant(setting(db, "last_good_sync_ms")),
        last_contact=_instant(setting(db, "last_contact_ms")),
        backlog_changesets=changesets,
        backlog_rows=rows,
        open_conflicts=conflicts,
        open_reviews=reviews,
        waiting=states.get("waiting", 0),
        parked=count_parked(db),
        refusals=refusals(db, replica),
        clock_offset_ms=int(offset) if offset else None,
        clock_doubtful=abs(int(offset or 0)) > replica.limits.clock_doubt_ms,
        forks=forks(db),
    )


def count_parked(db: Database) -> int:
    """How many values wait for a newer release: parked heads, and what has no table or column here (C12)."""
    row = db.conn.execute(
        "SELECT (SELECT count(*) FROM _head WHERE parked > 0 AND deleted = 0 AND u <> 0)"
        " + (SELECT coalesce(sum(unread), 0) FROM _changeset WHERE unread > 0 AND state = 'applied')"
    ).fetchone()
    return int(row[0])


def forks(db: Database, node: str | None = None) -> list[str]:
    """Where a stream (of one node, or of any) has two branches: the same number with two hashes (C10)."""
    rows = db.conn.execute(
        "SELECT name || '/' || scope || '/' || seq FROM _changeset JOIN _origin USING (o)"
        " WHERE node = coalesce(?, node) GROUP BY o, scope, seq HAVING count(*) > 1 ORDER BY o, scope, seq",
        (node,),
    )
    return [place for (place,) in rows]


def campuses_known_until(db: Database) -> dict[str, str]:
    """Campus → instant up to which a node knows it, as the hub said at the last sync.

    What is missing was never in sync; what this node records itself it knows at once.
    """
    told: dict[str, int] = json.loads(setting(db, "campuses_known", "{}"))
    return {campus: instant_text(known_ms) for campus, known_ms in told.items()}


def campuses_served(db: Database) -> frozenset[str]:
    """The campuses that have an enrolled node which is not revoked: at the hub as things are, at a node as the hub
    last said."""
    rows = db.conn.execute("SELECT DISTINCT campus FROM _node WHERE role = 'node' AND revoked_at IS NULL")
    return frozenset(campus for (campus,) in rows)


def hub_is_owed(db: Database) -> bool:
    """At a hub: it was put back from an old copy, and some node has not given back yet what it holds (C11)."""
    sql = "SELECT 1 FROM _node WHERE role = 'node' AND revoked_at IS NULL AND epoch <> ? LIMIT 1"
    return restored(db) is not None and db.conn.execute(sql, (setting(db, "epoch"),)).fetchone() is not None


def backlog(db: Database) -> tuple[int, int]:
    """(changesets, rows) of our own that the hub has not receipted."""
    row = db.conn.execute(
        "SELECT count(*), coalesce(sum(rows), 0) FROM _changeset JOIN _origin USING (o)"
        " WHERE mine = 1 AND hub_seq IS NULL"
    ).fetchone()
    return int(row[0]), int(row[1])


def refusals(db: Database, replica: Replica, scope: str | None = None) -> list[Refusal]:
    """Every row of every changeset in quarantine here (in one scope, or in all), newest first."""
    rows = db.conn.execute(
        "SELECT c.n, v.name, c.reason, c.reason_data, v.instant, c.person_id FROM _changeset AS c"
        " JOIN changeset_name AS v USING (n) WHERE c.state = 'quarantined' AND c.parts IS NOT NULL"
        " AND c.scope = coalesce(?, c.scope) ORDER BY c.n DESC",
        (scope,),
    ).fetchall()
    found = []
    for n, version, reason, data, instant, person in rows:
        for block in open_changeset(db, n).blocks:
            if block.table not in replica.tables:
                continue
            table = replica.tables[block.table]
            for i in range(block.count):
                values = {name: column[i] for name, column in block.columns.items()}
                # It may have been refused because a part of its key is missing.
                key = tuple(values.get(name, "") for name in table.key)
                about = json.loads(data or "{}")
                found.append(Refusal(version, reason or "", block.table, key, instant, person, values, about))
    return found


@dataclass(frozen=True)
class RestOfAction:
    """The other parts of a refused changeset's action: how many stand here, how many are in quarantine too, and how
    many a restored hub has not got back yet (or has only as holes)."""

    standing: int
    refused: int
    missing: int


def rest_of_actions(db: Database) -> dict[str, RestOfAction]:
    """Name of a changeset in quarantine → the rest of its action, where it has any. A release takes the refused ones
    with it; where some stand, half an action is in force until then; what is missing stays out when it comes."""
    rows = db.conn.execute(
        # The first condition is for the index of these few rows.
        "SELECT v.name, coalesce(sum(other.state = 'applied'), 0), coalesce(sum(other.state = 'quarantined'), 0),"
        " one.action_size - 1 FROM _changeset AS one JOIN changeset_name AS v USING (n) LEFT JOIN _changeset AS other"
        " ON other.action = one.action AND other.o = one.o AND other.n <> one.n"
        " WHERE one.state <> 'applied' AND one.state = 'quarantined' AND one.action_size > 1 GROUP BY one.n"
    )
    return {
        name: RestOfAction(standing, refused, max(0, others - standing - refused))
        for name, standing, refused, others in rows
    }


def record_state(db: Database, replica: Replica, cls: type, key: Key) -> str:
    """pending, received, conflict, quarantined, parked or unknown: the worst of the row's units."""
    table = replica.tables[table_of(cls).name]
    row = read_row(db, table, key)
    refused = any(r.table == table.name and r.key == key for r in refusals(db, replica, table.scope_of(key)))
    parked = db.conn.execute(
        "SELECT 1 FROM _head WHERE t = ? AND k = ? AND deleted = 0 AND parked > 0", (table.name, key_text(key))
    ).fetchone()
    if row is None:
        return "quarantined" if refused else "parked" if parked else "unknown"
    if row[-2] is None:
        return "pending"
    versions = unit_versions(row[-2:], table)
    heads = db.conn.execute(
        "SELECT 1 FROM _head WHERE t = ? AND k = ? AND deleted = 0 AND u >= 0"
        " GROUP BY u HAVING count(DISTINCT value) > 1",
        (table.name, key_text(key)),
    ).fetchone()
    if heads:
        return "conflict"
    numbers = json.dumps([abs(v) for v in versions.values()])
    unsent = db.conn.execute(
        "SELECT 1 FROM _changeset WHERE hub_seq IS NULL AND n IN (SELECT value FROM json_each(?))", (numbers,)
    ).fetchone()
    return "quarantined" if refused else "pending" if unsent else "parked" if parked else "received"


@dataclass(frozen=True)
class Entered:
    """Who wrote something, where and when. state: "pending" until the hub has it, then "received"."""

    person_id: str
    campus: str
    instant: str
    state: str


_ENTERED = "SELECT person_id, campus, instant, state FROM changeset_name WHERE n = ?"


def entered(db: Database, replica: Replica, cls: type, key: Key) -> Entered | None:
    """By whom and when a row came to be; None where there is none (any more), or it is not packed yet."""
    row = read_row(db, replica.tables[table_of(cls).name], key)
    found = db.conn.execute(_ENTERED, (row[-2],)).fetchone() if row and row[-2] else None
    return Entered(*found) if found else None


def entered_in(db: Database, version: str) -> Entered | None:
    """The same of a version by its name (origin/scope/seq/hash); None where it is not here."""
    origin, scope, seq, hash8 = version.split("/")
    number = find_version(db, scope, VersionName(origin, int(seq), bytes.fromhex(hash8)))
    found = db.conn.execute(_ENTERED, (number,)).fetchone() if number else None
    return Entered(*found) if found else None


@dataclass(frozen=True)
class Verified:
    """The last check of this replica by itself and against the hub: when, and how many places were wrong."""

    at_ms: int
    wrong: int

    @property
    def instant(self) -> str:
        """When, as text."""
        return instant_text(self.at_ms)


def note_verified(db: Database, replica: Replica, wrong: int) -> None:
    """Keep the outcome of a check for the pages, the next request and the hub's board (C14)."""
    with transaction(db):
        set_setting(db, "verified", json.dumps([replica.clock.now_ms(), wrong]))


def last_verified(db: Database) -> Verified | None:
    """The last check, or None before the first."""
    told = setting(db, "verified")
    return Verified(*json.loads(told)) if told else None


@dataclass(frozen=True)
class NodeState:
    """One enrolled node as the hub knows it. `owes`: the hub was restored from an old copy, and this node has not
    given back yet what it holds."""

    node: str
    campus: str
    enrolled_at: str | None
    revoked_at: str | None
    last_contact: str | None
    last_sync: str | None
    known_until: str | None
    backlog: int | None
    clock_offset_ms: int | None
    conflicts: int | None
    quarantined: int
    app_version: str | None
    forks: int = 0
    parked: int | None = None
    owes: bool = False
    verified: Verified | None = None


def campus_boards(db: Database, replica: Replica) -> list[NodeState]:
    """Every node enrolled with this hub, by campus."""
    rows = db.conn.execute(
        "SELECT node, campus, enrolled_at, revoked_at, last_contact, last_sync, backlog, clock_offset_ms,"
        " open_conflicts, app_version, parked, epoch, verified_at, verified_wrong FROM _node WHERE role = 'node'"
        " ORDER BY campus, node"
    ).fetchall()
    found = []
    here = restored(db)
    for node, campus, enrolled, revoked, contact, sync, waiting, offset, conflicts, version, parked, *rest in rows:
        epoch, *checked = rest
        quarantined = db.conn.execute(
            "SELECT count(*) FROM _changeset JOIN _origin USING (o) WHERE state = 'quarantined' AND _origin.node = ?",
            (node,),
        ).fetchone()[0]
        # Everything up to the last complete sync is known, also on days on which nobody wrote anything.
        until = sync if sync is not None else _newest(db, node)
        found.append(
            NodeState(
                node, campus, _instant(enrolled), _instant(revoked), _instant(contact), _instant(sync),
                _instant(until), waiting, offset, conflicts, quarantined, version, len(forks(db, node)), parked,
                here is not None and revoked is None and epoch != setting(db, "epoch"),
                Verified(*checked) if checked[0] is not None else None,
            )  # fmt: skip
        )
    return found


@dataclass(frozen=True)
class Restored:
    """The hub came back from an old copy: when it was put in place, until when the copy knew what nodes sent."""

    since: str
    copy_until: str | None


def restored(db: Database) -> Restored | None:
    """At a hub: its last restore; None when it never was restored. What no node held of the time between is lost."""
    since = setting(db, "restored_ms")
    until = setting(db, "restored_until_ms")
    return Restored(instant_text(int(since)), _instant(until if until != "0" else "")) if since else None


@dataclass(frozen=True)
class SavedCopy:
    """The hub's last verified backup: when and where, and how many entries of the log came after it."""

    at: str
    place: str
    entries_since: int


def last_backup(db: Database) -> SavedCopy | None:
    """At a hub: its last verified backup, None when there never was one. What the hub alone holds rests on it."""
    made = setting(db, "backup_ms")
    if not made:
        return None
    [since] = db.conn.execute(
        "SELECT count(*) FROM _entry WHERE hub_seq > ?", (int(setting(db, "covered_hub_seq", "0")),)
    ).fetchone()
    return SavedCopy(instant_text(int(made)), setting(db, "backup_place"), int(since))


def _newest(db: Database, node: str) -> int | None:
    """The newest changeset of a node that has never come to the end of a sync."""
    newest: int | None = db.conn.execute(
        "SELECT max(effective) FROM _changeset JOIN _origin USING (o) WHERE _origin.node = ?", (node,)
    ).fetchone()[0]
    return newest


def _instant(value: str | int | None) -> str | None:
    return instant_text(int(value)) if value not in (None, "") else None

"""What the log proves by itself: bodies, links, the hub's log, signatures, and the columns drawn from them (C10).

Everything is read once, in the order in which it is stored; nothing is held in memory but the line at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlite_utils import Database
from zstandard import ZstdError

from shared.schema import Value
from sync.body import decode_header
from sync.chain import GENESIS, body_hash, entry_hash, head_statement, link_hash, part_hash, scope_statement
from sync.change import RANKS, State
from sync.entries import HubEntry
from sync.errors import BadMessage
from sync.floor import has_floor
from sync.keys import signed_by
from sync.log import unpack_parts
from sync.replica import Replica, setting


@dataclass(frozen=True)
class Finding:
    """One thing that does not verify: what kind, and where.

    place: a changeset "origin/scope/seq", an entry "scope/hub seq", or a row "table/key". Of a row also the table,
    the key, the field that differs and both values, as the tables say (`here`) and as the log says (`there`).
    """

    kind: str
    place: str
    table: str = ""
    key: tuple[Value, ...] = ()
    field: str = ""
    here: Value = None
    there: Value = None


def log_findings(replica: Replica, db: Database) -> Iterator[Finding]:
    """Everything in the log that does not prove itself. Call inside one reading."""
    yield from _bodies_and_links(db)
    yield from _predecessors(db)
    yield from _hub_log(db)
    yield from _verdicts(replica, db)
    yield from signature_findings(replica, db)


def signature_findings(replica: Replica, db: Database) -> Iterator[Finding]:
    """What is kept here of signatures, the hub's of its log and the writers' of their streams, and does not hold."""
    yield from _signed_log(replica, db)
    yield from _signed_heads(replica, db)


def _bodies_and_links(db: Database) -> Iterator[Finding]:
    rows = db.conn.execute(
        "SELECT state, name, scope, seq, prev, header, parts, body_hash, hash, person_id, campus, rank, schema, action,"
        " action_size, stamp FROM _changeset JOIN _origin USING (o) ORDER BY n"
    )
    pruned = has_floor(db)
    for state, origin, scope, seq, prev, header, parts, body, hash_, *told in rows:
        place = f"{origin}/{scope}"
        if parts is None and state == State.APPLIED.value and not pruned:
            # Where bodies were let go of, the node has signed of which (`sync.floor_proof`).
            yield Finding("body_missing", f"{place}/{seq}")
        if not _body_holds(parts, body):
            yield Finding("body_changed", f"{place}/{seq}")
        if link_hash(prev, place, seq, header, body) != hash_:
            yield Finding("link_changed", f"{place}/{seq}")
        elif told != _told_by(header):
            yield Finding("header_column_changed", f"{place}/{seq}")


def _body_holds(stored: bytes | None, body: bytes) -> bool:
    try:
        parts = unpack_parts(stored)
    except ZstdError:
        return False
    return parts is None or body_hash([part_hash(part) for part in parts]) == body


def _told_by(raw: bytes) -> list[object]:
    """What stands beside a changeset in columns, as its header says it."""
    try:
        header = decode_header(raw)
    except BadMessage:
        return []
    return [
        header.person_id, header.campus, RANKS.get(header.rank, 0), header.schema, header.action, header.action_size,
        header.stamp_ms,
    ]  # fmt: skip


def _predecessors(db: Database) -> Iterator[Finding]:
    """What waits may wait for its predecessor; nothing else lacks one."""
    rows = db.conn.execute(
        "SELECT name || '/' || scope || '/' || seq FROM _changeset AS c JOIN _origin USING (o) WHERE state <> ? AND"
        " CASE seq WHEN 1 THEN prev <> ? ELSE NOT EXISTS (SELECT 1 FROM _changeset AS p WHERE"
        " (p.o, p.scope, p.seq, p.hash) = (c.o, c.scope, c.seq - 1, c.prev)) END ORDER BY n",
        (State.WAITING.value, GENESIS),
    )
    for (place,) in rows:
        yield Finding("no_predecessor", place)


def _hub_log(db: Database) -> Iterator[Finding]:
    """The hub's log, scope by scope: each entry's changeset is here and the hashes follow one another."""
    rows = db.conn.execute(
        "SELECT e.scope, e.hub_seq, e.kind, o.name, c.seq, c.hash, e.received_at, e.effective, e.verdict, e.reason,"
        " e.reason_data, e.log_hash FROM _entry AS e LEFT JOIN _changeset AS c USING (n) LEFT JOIN _origin AS o"
        " USING (o) ORDER BY e.scope, e.hub_seq"
    )
    for scope, entries in groupby(rows, key=lambda row: str(row[0])):
        end = GENESIS
        for _, hub_seq, kind, origin, seq, hash_, *told, log_hash in entries:
            if hash_ is None:
                yield Finding("changeset_missing", f"{scope}/{hub_seq}")
            else:
                entry = HubEntry(hub_seq, scope, kind, origin, seq, hash_[:8], *told)
                if entry_hash(end, entry.hashed(hash_)) != log_hash:
                    yield Finding("log_changed", f"{scope}/{hub_seq}")
            end = log_hash
        yield from _cursor(db, scope, hub_seq, end)


def _cursor(db: Database, scope: str, hub_seq: int, log_hash: bytes) -> Iterator[Finding]:
    row = db.conn.execute("SELECT hub_seq, log_hash FROM _cursor WHERE scope = ?", (scope,)).fetchone()
    if row is not None and row != (hub_seq, log_hash):
        yield Finding("cursor_off_the_log", f"{scope}/{row[0]}")


def _verdicts(replica: Replica, db: Database) -> Iterator[Finding]:
    """Receipt, stamp and state of every changeset are what the entries say. A node gets no log of scopes that it
    does not hold, and one that a restored hub has not told again has lost its receipt."""
    held = ("con", setting(db, "campus")) if replica.role == "node" else ()
    told = (
        "WITH told AS (SELECT n, min(effective) AS effective, max(kind = 'release' OR verdict = 'accepted') AS let_in"
        " FROM (SELECT n, effective, kind, verdict FROM _entry UNION ALL SELECT n, effective, kind, verdict FROM"
        " _former_entry) GROUP BY n)"
        " SELECT o.name || '/' || c.scope || '/' || c.seq, c.scope, c.state, c.hub_seq, c.effective, c.stamp,"
        " told.effective, told.let_in, e.n, c.n FROM _changeset AS c JOIN _origin AS o USING (o)"
        " LEFT JOIN told ON told.n = c.n LEFT JOIN _entry AS e ON e.hub_seq = c.hub_seq ORDER BY c.n"
    )
    for place, scope, state, hub_seq, effective, stamp, told_effective, let_in, receipt_of, n in db.conn.execute(told):
        if held and scope not in held:
            continue
        if hub_seq is not None and receipt_of != n:
            yield Finding("receipt_missing", place)
        if effective != min(stamp, stamp if told_effective is None else told_effective):
            yield Finding("stamp_changed", place)
        if hub_seq is not None and not let_in and state == State.APPLIED.value:
            yield Finding("verdict_changed", place)


def _signed_log(replica: Replica, db: Database) -> Iterator[Finding]:
    """Where the hub signed its log, as kept here: the entry is there, and the signature is the hub's."""
    hub = replica.verify_key if replica.role == "hub" else _hub_key(db)
    rows = db.conn.execute(
        "SELECT scope, hub_seq, log_hash, signature, EXISTS (SELECT 1 FROM _entry AS e WHERE e.hub_seq = s.hub_seq"
        " AND e.log_hash = s.log_hash AND e.scope = s.scope) OR EXISTS (SELECT 1 FROM _former_entry AS e WHERE"
        " e.hub_seq = s.hub_seq AND e.log_hash = s.log_hash AND e.scope = s.scope) FROM _signed_top AS s"
    )
    for scope, hub_seq, log_hash, signature, here in rows:
        if not here:
            yield Finding("signed_log_missing", f"{scope}/{hub_seq}")
        if not signed_by(hub, scope_statement(scope, hub_seq, log_hash), signature):
            yield Finding("log_signature_wrong", f"{scope}/{hub_seq}")
    unsigned = db.conn.execute(
        "SELECT scope, hub_seq FROM _cursor WHERE hub_seq > 0 AND (scope, log_hash) NOT IN"
        " (SELECT scope, log_hash FROM _signed_top)"
    )
    for scope, hub_seq in unsigned:
        yield Finding("log_unsigned", f"{scope}/{hub_seq}")


def _signed_heads(replica: Replica, db: Database) -> Iterator[Finding]:
    """What the writers, or the hub for them, signed of their streams."""
    keys = dict(db.conn.execute("SELECT node, verify_key FROM _node").fetchall())
    hub = replica.verify_key if replica.role == "hub" else _hub_key(db)
    rows = "SELECT name, node, scope, seq, hash, signature FROM _signed_head JOIN _origin USING (o)"
    for name, node, scope, seq, hash_, signature in db.conn.execute(rows):
        # A node that a restored hub has forgotten has no key here.
        if node in keys and not any(
            signed_by(key, head_statement(f"{name}/{scope}", seq, hash_), signature) for key in (keys[node], hub)
        ):
            yield Finding("head_signature_wrong", f"{name}/{scope}/{seq}")


def _hub_key(db: Database) -> bytes:
    row = db.conn.execute("SELECT verify_key FROM _node WHERE node = ?", (setting(db, "hub_node"),)).fetchone()
    return bytes(row[0]) if row else b""

"""SQL of the changeset log: origins, versions, streams, receipts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import zstandard
from sqlite_utils import Database

from shared.schema import Table
from sync.chain import GENESIS, HASH8
from sync.change import Changeset, Header, State, VersionName

# SQL for a changeset whose body was pruned (C13); a refused one without a body is a hole.
PRUNED = "parts IS NULL AND state = 'applied'"
# How hard bodies are pressed in the file: a class's rows in a tenth of a millisecond.
STORED_LEVEL = 3


@dataclass(frozen=True)
class Logged:
    """A row of the log, without its body."""

    n: int
    origin: str
    scope: str
    seq: int
    hash: bytes
    state: str
    person_id: str
    campus: str
    rank: int
    effective: int
    hub_seq: int | None


def origin_number(db: Database, name: str) -> int:
    """The local number of an origin, made at first sight."""
    row = db.conn.execute("SELECT o FROM _origin WHERE name = ?", (name,)).fetchone()
    if row:
        return int(row[0])
    node = name.split(".", 1)[0]
    return int(db.conn.execute("INSERT INTO _origin (name, node) VALUES (?, ?)", (name, node)).lastrowid or 0)


def find_version(db: Database, scope: str, name: VersionName) -> int | None:
    """The local number of a version, or None when it is not here. A hole counts as here (point 4)."""
    row = db.conn.execute(
        "SELECT n FROM _changeset JOIN _origin USING (o)"
        " WHERE name = ? AND scope = ? AND seq = ? AND substr(hash, 1, ?) = ? AND state <> 'waiting'",
        (name.origin, scope, name.seq, HASH8, name.hash8),
    ).fetchone()
    return int(row[0]) if row else None


def version_by_hash(db: Database, scope: str, hash8: bytes) -> list[int]:
    """The version of a scope with this hash, as a list of one; empty when it is not here."""
    rows = db.conn.execute(
        "SELECT n FROM _changeset WHERE scope = ? AND substr(hash, 1, ?) = ? AND state <> 'waiting' LIMIT 1",
        (scope, HASH8, hash8),
    )
    return [n for (n,) in rows]


def version_names(db: Database, numbers: Iterable[int]) -> dict[int, VersionName]:
    """Local numbers as names."""
    wanted = json.dumps(sorted(set(numbers)))
    rows = db.conn.execute(
        "SELECT n, name, seq, hash FROM _changeset JOIN _origin USING (o)"
        " WHERE n IN (SELECT value FROM json_each(?))",
        (wanted,),
    )
    return {n: VersionName(name, seq, hash_[:HASH8]) for n, name, seq, hash_ in rows}


def logged(db: Database, numbers: Iterable[int]) -> dict[int, Logged]:
    """Log rows by local number."""
    rows = db.conn.execute(
        "SELECT n, name, scope, seq, hash, state, person_id, campus, rank, effective, hub_seq"
        " FROM _changeset JOIN _origin USING (o) WHERE n IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(set(numbers))),),
    )
    return {row[0]: Logged(*row) for row in rows}


def stream_end(db: Database, origin: int, scope: str) -> tuple[int, bytes]:
    """The last (seq, hash) of one of our own streams; (0, GENESIS) for an empty one."""
    row = db.conn.execute(
        "SELECT seq, hash FROM _changeset WHERE o = ? AND scope = ? ORDER BY seq DESC, n DESC LIMIT 1", (origin, scope)
    ).fetchone()
    return (int(row[0]), row[1]) if row else (0, GENESIS)


# (origin, scope, seq, hash): what a changeset is known by.
Place = tuple[str, str, int, bytes]


def place_of(changeset: Changeset) -> Place:
    """What a changeset is known by."""
    return (changeset.origin, changeset.scope, changeset.seq, changeset.hash)


@dataclass(frozen=True)
class Stored:
    """Where a changeset stands in the log: its local number, its state, the stamp it claims."""

    n: int
    state: str
    stamp: int


def stored_among(db: Database, changesets: Iterable[Changeset], *, before: bool = False) -> dict[Place, Stored]:
    """Which of these are in the log; `before`: of their predecessors, too."""
    places = {(c.origin, c.scope, seq) for c in changesets for seq in ((c.seq - 1, c.seq) if before else (c.seq,))}
    rows = db.conn.execute(
        "SELECT name, c.scope, c.seq, c.hash, c.n, c.state, c.stamp FROM json_each(?) AS j"
        " CROSS JOIN _origin ON name = json_extract(j.value, '$[0]')"
        " CROSS JOIN _changeset AS c ON c.o = _origin.o AND c.scope = json_extract(j.value, '$[1]')"
        " AND c.seq = json_extract(j.value, '$[2]')",
        (json.dumps(list(places)),),
    )
    return {row[:4]: Stored(*row[4:]) for row in rows}


def has_link(db: Database, origin: int, scope: str, seq: int, hash_: bytes) -> bool:
    """Whether a changeset with this very hash is in the log (the predecessor of an incoming one)."""
    if seq == 0:
        return hash_ == GENESIS
    row = db.conn.execute(
        "SELECT 1 FROM _changeset WHERE o = ? AND scope = ? AND seq = ? AND hash = ?", (origin, scope, seq, hash_)
    ).fetchone()
    return row is not None


@dataclass(frozen=True)
class Entry:
    """What the log keeps about a changeset beside the changeset itself. `due` is the state that a waiting one
    takes when what it needs is here; None while nobody has judged it."""

    header: Header
    rows: int
    rank: int
    state: State
    effective: int
    due: State | None = None


def append(db: Database, changeset: Changeset, entry: Entry) -> int:
    """Store a changeset; the local number. Call inside a transaction."""
    return append_all(db, [(changeset, entry)])[0]


def append_all(db: Database, found: Sequence[tuple[Changeset, Entry]]) -> list[int]:
    """Store changesets, one statement for all; their local numbers. Call inside a transaction."""
    row = db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = '_changeset'").fetchone()
    first = int(row[0]) + 1 if row else 1
    origins = {name: origin_number(db, name) for name in {changeset.origin for changeset, _ in found}}
    packer = zstandard.ZstdCompressor(level=STORED_LEVEL)
    db.conn.executemany(
        "INSERT INTO _changeset (n, o, scope, seq, hash, prev, header, body_hash, parts, person_id, campus, rank,"
        " schema, action, action_size, rows, stamp, effective, state, due)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            (
                n, origins[changeset.origin], changeset.scope, changeset.seq, changeset.hash, changeset.prev,
                changeset.header, changeset.body_hash, pack_parts(changeset.parts, packer), entry.header.person_id,
                entry.header.campus, entry.rank, entry.header.schema, entry.header.action, entry.header.action_size,
                entry.rows, entry.header.stamp_ms, entry.effective, entry.state.value,
                entry.due.value if entry.due else None,
            )
            for n, (changeset, entry) in enumerate(found, first)
        ),
    )  # fmt: skip
    return list(range(first, first + len(found)))


def read_changeset(db: Database, n: int) -> Changeset:
    """One stored changeset. Its parts are None for a hole or a pruned body."""
    row = db.conn.execute(
        "SELECT name, scope, seq, prev, header, parts, body_hash, hash FROM _changeset JOIN _origin USING (o)"
        " WHERE n = ?",
        (n,),
    ).fetchone()
    name, scope, seq, prev, header, parts, body, hash_ = row
    return Changeset(name, scope, seq, prev, header, unpack_parts(parts), body, hash_)


def pack_parts(parts: Sequence[bytes] | None, packer: zstandard.ZstdCompressor | None = None) -> bytes | None:
    """Body parts as stored: length-framed and compressed. `packer`: one for many, which is faster."""
    if parts is None:
        return None
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return (packer or zstandard.ZstdCompressor(level=STORED_LEVEL)).compress(framed)


def unpack_parts(stored: bytes | None) -> tuple[bytes, ...] | None:
    """The reverse."""
    if stored is None:
        return None
    framed, parts, at = zstandard.ZstdDecompressor().decompress(stored), [], 0
    while at < len(framed):
        size = int.from_bytes(framed[at : at + 4], "big")
        parts.append(framed[at + 4 : at + 4 + size])
        at += 4 + size
    return tuple(parts)


def version_sql(table: Table, unit: int, alias: str) -> str:
    """SQL for the local changeset number that last wrote a unit of a row (unit 0: the whole row)."""
    if unit >= len(table.units):
        raise KeyError(unit)
    return f"abs(coalesce(json_extract({alias}._vx, '$.\"{unit}\"'), {alias}._v))"

"""A damaged node file: what it still tells of this node, and a new file fetched from the hub in its place (C1, C11).

The damaged file is only read, changeset by changeset: one that does not hash to what it says is left where it is.
What was saved here and never reached the hub goes into the new file under its old name, so that the hub takes it as
it was made; what cannot be read, or follows what cannot, is told to people.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database
from zstandard import ZstdError

from shared.database import transaction
from shared.errors import DatabaseUnusable
from sync.body import decode_header, decode_parts
from sync.chain import body_hash, link_hash, part_hash
from sync.change import Block, Changeset
from sync.errors import BadMessage
from sync.journal import apply_changesets
from sync.keys import Identity, read_identity
from sync.log import has_link, origin_number, unpack_parts
from sync.opened import open_changeset
from sync.replica import Replica, start_incarnation
from sync.steps.receive import Arrival, is_complete, receive


@dataclass(frozen=True)
class LostSave:
    """A save that could not be brought over: its place, and what of its rows can still be read."""

    place: str
    blocks: list[Block]


@dataclass
class Salvage:
    """What came out of a damaged file. `unreadable`: changesets of anybody that could not be read at all; None when
    not even their number could."""

    saved: int = 0
    rows: int = 0
    lost: list[LostSave] = field(default_factory=list)
    unreadable: int | None = 0


def identity_of(database: Path) -> Identity:
    """Who the node of a damaged file is. Raises DatabaseUnusable: "identity_missing" where nothing tells, or
    "not_enrolled_here": there is no hub to fetch anything from."""
    identity = read_identity(database)
    if identity is None:
        raise DatabaseUnusable("identity_missing", path=str(database))
    if not identity.about.get("hub_key") or identity.about.get("role") != "node":
        raise DatabaseUnusable("not_enrolled_here", path=str(database))
    return identity


def salvage(replica: Replica, db: Database, damaged: Path) -> Salvage:
    """Bring into a fetched file the saves of its node that only the damaged one holds."""
    found = Salvage()
    with contextlib.closing(_read_only(damaged)) as source:
        own = list(_own_changesets(source, replica.node, found))
    with transaction(db):
        for changeset in own:
            number = origin_number(db, changeset.origin)
            if has_link(db, number, changeset.scope, changeset.seq, changeset.hash):
                continue  # the hub had it
            if not _is_sound(changeset) or not is_complete(db, changeset, decode_header(changeset.header)):
                found.lost.append(LostSave(_place(changeset), _readable(changeset)))
                continue
            ready = receive(replica, db, [Arrival(changeset)])
            found.saved += 1
            found.rows += apply_changesets(db, replica.tables, [open_changeset(db, n) for n in ready]).rows
            db.conn.execute("UPDATE _origin SET mine = 1 WHERE o = ?", (number,))
        # The old streams are sent to their ends and never written on.
        start_incarnation(db, replica.randomness)
    return found


def _read_only(damaged: Path) -> sqlite3.Connection:
    """The file with its journal as it stands; nothing is written back into it."""
    return sqlite3.connect(f"file:{damaged.as_posix()}?mode=ro", uri=True)


def _own_changesets(source: sqlite3.Connection, node: str, found: Salvage) -> Iterator[Changeset]:
    """The node's own changesets in the order in which they were made, as far as they can be read."""
    try:
        origins = dict(source.execute("SELECT o, name FROM _origin WHERE node = ?", (node,)).fetchall())
        [top] = source.execute("SELECT seq FROM sqlite_sequence WHERE name = '_changeset'").fetchone()
    except (sqlite3.Error, TypeError):
        found.unreadable = None
        return
    for n in range(1, int(top) + 1):
        try:
            row = source.execute(
                "SELECT o, scope, seq, prev, header, parts, body_hash, hash FROM _changeset WHERE n = ?", (n,)
            ).fetchone()
            if row is not None and row[0] in origins:
                _, scope, seq, prev, header, parts, body, hash_ = row
                yield Changeset(origins[row[0]], scope, seq, prev, header, unpack_parts(parts), body, hash_)
        except (sqlite3.Error, ZstdError, MemoryError, TypeError, ValueError):
            found.unreadable = (found.unreadable or 0) + 1


def _is_sound(one: Changeset) -> bool:
    """Whether a changeset is to the bit what was hashed when it was saved."""
    if one.parts is None or body_hash([part_hash(part) for part in one.parts]) != one.body_hash:
        return False
    return link_hash(one.prev, f"{one.origin}/{one.scope}", one.seq, one.header, one.body_hash) == one.hash


def _readable(one: Changeset) -> list[Block]:
    try:
        return decode_parts(one.parts or (b"[]",))
    except BadMessage:
        return []


def _place(one: Changeset) -> str:
    return f"{one.origin}/{one.scope}/{one.seq}"


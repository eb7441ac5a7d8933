"""Fill: the body of what the hub has only as a hole comes from its own node (C9, C11).

A restored hub takes refused changesets back from whoever gives first, and others than the writer's node have no
bodies of them. The hub names them in every answer to that node until it has them; the node sends them with its next
request, and the hub knows them by their hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlite_utils import Database

from sync.chain import body_hash, part_hash
from sync.errors import BadMessage
from sync.log import read_changeset
from sync.replica import Replica
from sync.steps.push import FrameSize
from sync.steps.receive import count_rows, fill_hole
from sync.wire import PieceReader, bytes_of, text_rows


@dataclass
class Filling:
    """Bodies for one frame: the list for the request's head, their pieces, and the hashes of what they belong to."""

    head: list[list[Any]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)


def wanted(db: Database, node: str, limit: int) -> list[list[str]]:
    """Hub half: the node's own changesets of which only holes are here, as [origin, scope, hash]."""
    rows = db.conn.execute(
        # The first condition says nothing new; without it SQLite would not look into the index of these few rows.
        "SELECT name, scope, lower(hex(hash)) FROM _changeset JOIN _origin USING (o)"
        " WHERE state <> 'applied' AND state = 'hole' AND parts IS NULL AND node = ? LIMIT ?",
        (node, limit),
    )
    return [list(row) for row in rows]


def filling(db: Database, named: Sequence[Any], tried: set[str], size: FrameSize, taken: int = 0) -> Filling:
    """Node half: the bodies that the hub named, as many as a frame has room for beside `taken` bytes; none of those
    that were `tried` in this run. Raises BadMessage("damaged")."""
    frame = Filling()
    for origin, scope, hash_ in text_rows(named, 3):
        if hash_ in tried:
            continue
        if taken >= size.bytes or len(frame.head) >= size.rows:
            break
        row = db.conn.execute(
            "SELECT n FROM _changeset JOIN _origin USING (o) WHERE name = ? AND scope = ? AND hash = ?"
            " AND parts IS NOT NULL",
            (origin, scope, bytes_of(hash_)),
        ).fetchone()
        if row is not None:
            parts = read_changeset(db, row[0]).parts or ()
            frame.head.append([origin, scope, hash_, len(parts)])
            frame.pieces += parts
            frame.hashes.append(hash_)
            taken += sum(map(len, parts))
    return frame


def take_bodies(replica: Replica, db: Database, node: str, raw: object, reader: PieceReader) -> list[int]:
    """Hub half: fill the holes whose bodies their own node has sent; the numbers of those that are filled now.

    What is no hole here (any more) is passed over: an answer may have been lost. Raises BadMessage:
    "foreign_origin", "unknown_changeset", "bad_body", "too_many_rows", "damaged".
    """
    filled = []
    for item in raw if isinstance(raw, list) else [None]:
        if not (isinstance(item, list) and len(item) == 4 and type(item[3]) is int):
            raise BadMessage("damaged")
        [(origin, scope, hash_)] = text_rows([item[:3]], 3)
        parts = tuple(reader.take(item[3]))
        if origin.split(".", 1)[0] != node:
            raise BadMessage("foreign_origin", origin=origin)
        row = db.conn.execute(
            "SELECT n FROM _changeset JOIN _origin USING (o) WHERE name = ? AND scope = ? AND hash = ?",
            (origin, scope, bytes_of(hash_)),
        ).fetchone()
        if row is None:
            raise BadMessage("unknown_changeset", origin=origin)
        whole = replace(read_changeset(db, row[0]), parts=parts)
        if not parts or body_hash([part_hash(part) for part in parts]) != whole.body_hash:
            raise BadMessage("bad_body")
        count_rows(whole, replica.limits.changeset_rows)
        if fill_hole(db, replica, whole):
            filled.append(int(row[0]))
    return filled

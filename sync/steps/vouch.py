"""Vouch: signatures over streams and over the hub's log, made on one side and checked and kept on the other (C10).

A node vouches for its streams, the hub for its log, and for streams that it has taken back from other nodes after
a restore when the writer's own signature did not come with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from sync.chain import head_statement, link_hash, scope_statement
from sync.change import Changeset
from sync.entries import scope_end
from sync.errors import BadMessage
from sync.hub_log import log_of
from sync.keys import sign, signed_by
from sync.log import origin_number
from sync.replica import Replica
from sync.wire import PieceReader

# Stream → hash → changeset, of what no later changeset of the message follows. A fork has several ends.
Ends = dict[tuple[str, str], dict[bytes, Changeset]]


def extend(ends: Ends, changeset: Changeset) -> None:
    """Note one more changeset: the one it follows is no end any more."""
    stream = ends.setdefault((changeset.origin, changeset.scope), {})
    stream.pop(changeset.prev, None)
    stream[changeset.hash] = changeset


def ends_of(changesets: Sequence[Changeset]) -> list[Changeset]:
    """Those that none of the others follows."""
    ends: Ends = {}
    for changeset in changesets:
        extend(ends, changeset)
    return [end for stream in ends.values() for end in stream.values()]


def signature_of(db: Database, end: Changeset) -> bytes | None:
    """The signature kept here of a stream up to a changeset."""
    row = db.conn.execute(
        "SELECT signature FROM _signed_head JOIN _origin USING (o)"
        " WHERE name = ? AND scope = ? AND seq = ? AND hash = ?",
        (end.origin, end.scope, end.seq, end.hash),
    ).fetchone()
    return row[0] if row else None


def keep_head(db: Database, origin: str, scope: str, place: tuple[int, bytes], signature: bytes) -> None:
    """Keep a checked signature of a stream up to `place`, its (seq, hash): whoever relays it cuts there."""
    db.conn.execute(
        "INSERT OR IGNORE INTO _signed_head (o, scope, seq, hash, signature) VALUES (?, ?, ?, ?, ?)",
        (origin_number(db, origin), scope, *place, signature),
    )


def sign_end(replica: Replica, end: Changeset) -> bytes:
    """This replica's signature of a stream up to a changeset."""
    return sign(replica.seed, head_statement(f"{end.origin}/{end.scope}", end.seq, end.hash))


def vouched(replica: Replica, db: Database, end: Changeset) -> tuple[list[bytes], bytes]:
    """Hub half: what proves a stream up to `end`: its signature, or the links (header, body hash) from there to the
    nearest signed changeset, which may still wait here for something."""
    if end.origin.split(".", 1)[0] == replica.node:
        return [], sign_end(replica, end)
    signature = signature_of(db, end)
    rows = db.conn.execute(
        "SELECT c.prev, c.hash, c.header, c.body_hash, s.signature FROM _changeset AS c JOIN _origin AS o USING (o)"
        " LEFT JOIN _signed_head AS s ON (s.o, s.scope, s.seq, s.hash) = (c.o, c.scope, c.seq, c.hash)"
        " WHERE o.name = ? AND c.scope = ? AND c.seq > ? ORDER BY c.seq",
        (end.origin, end.scope, end.seq),
    )
    tail: list[bytes] = []
    last = end.hash
    while signature is None:
        row = rows.fetchone()
        if row is None:
            raise BadMessage("unsigned_stretch", stream=f"{end.origin}/{end.scope}")
        if row[0] == last:
            tail += row[2:4]
            last, signature = row[1], row[4]
    return tail, signature


def check_ends(
    db: Database, raw: Sequence[Any], reader: PieceReader, changesets: Sequence[Changeset], keys: Mapping[str, bytes]
) -> None:
    """Node half: every stream in the answer must end in a changeset that its own node signed, or the hub when it
    took the stream back after a restore. What was checked is kept: it proves the stream to a restored hub."""
    unsigned = ends_of(changesets)
    for item in raw:
        try:
            origin, scope, seq, links = str(item[0]), str(item[1]), int(item[2]), int(item[3])
        except (IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadMessage("damaged") from error
        tail = reader.take(2 * links)
        [signature] = reader.take()
        ends = [end for end in unsigned if (end.origin, end.scope, end.seq) == (origin, scope, seq)]
        checked = []
        for end in ends:
            place = (seq + links, _follow(end, tail))
            if head_signed(keys, origin, scope, place, signature):
                keep_head(db, origin, scope, place, signature)
                checked.append(end)
        if not checked:
            raise BadMessage("bad_signature", stream=f"{origin}/{scope}")
        unsigned = [end for end in unsigned if end not in checked]
    if unsigned:
        raise BadMessage("bad_signature")


def head_signed(
    keys: Mapping[str, bytes], origin: str, scope: str, place: tuple[int, bytes], signature: bytes
) -> bool:
    """Whether the writer's node, or the hub (`keys["hub"]`) in its place, vouches for a stream up to (seq, hash)."""
    statement = head_statement(f"{origin}/{scope}", *place)
    writer = keys.get(origin.split(".", 1)[0], b"")
    return signed_by(writer, statement, signature) or signed_by(keys["hub"], statement, signature)


def _follow(end: Changeset, tail: Sequence[bytes]) -> bytes:
    """The hash of a stream after more links, given as header and body hash in turn."""
    hash_ = end.hash
    for i in range(0, len(tail), 2):
        hash_ = link_hash(hash_, f"{end.origin}/{end.scope}", end.seq + 1 + i // 2, tail[i], tail[i + 1])
    return hash_


def signed_top(replica: Replica, db: Database, scope: str, top: int) -> bytes:
    """Hub half: the signature of its log in one scope up to an entry."""
    _, log_hash = log_of(db).heads(scope, until=top)[scope]
    return sign(replica.seed, scope_statement(scope, top, log_hash))


def check_tops(db: Database, tops: Mapping[str, Any], reader: PieceReader, keys: Mapping[str, bytes]) -> None:
    """Node half: the hub's log as stored here must hash to what the hub signed. The cursor moves; the signature is
    kept, since only with it a restored hub believes what it once said (C11)."""
    for scope, top in tops.items():
        [signature] = reader.take()
        hub_seq, log_hash = scope_end(db, str(scope), until=int(top))
        if hub_seq != int(top):
            raise BadMessage("bad_log", scope=str(scope))
        keep_top(db, str(scope), (hub_seq, log_hash), signature, keys)
        db.conn.execute(
            "INSERT INTO _cursor (scope, epoch, hub_seq, log_hash) VALUES (?, coalesce("
            "(SELECT value FROM _setting WHERE name = 'epoch'), ''), ?, ?) ON CONFLICT DO UPDATE SET"
            " epoch = excluded.epoch, hub_seq = excluded.hub_seq, log_hash = excluded.log_hash"
            " WHERE excluded.hub_seq > hub_seq",
            (str(scope), hub_seq, log_hash),
        )


def keep_top(
    db: Database, scope: str, place: tuple[int, bytes], signature: bytes, keys: Mapping[str, bytes]
) -> None:
    """Check the hub's signature of its log up to (hub sequence, log hash) and keep it. Raises BadMessage."""
    if not signed_by(keys["hub"], scope_statement(scope, *place), signature):
        raise BadMessage("bad_log", scope=scope)
    db.conn.execute(
        "INSERT OR IGNORE INTO _signed_top (scope, hub_seq, log_hash, signature) VALUES (?, ?, ?, ?)",
        (scope, *place, signature),
    )

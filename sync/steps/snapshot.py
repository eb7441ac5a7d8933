"""Snapshot start: a node that has nothing yet, or was away for long, gets a signed snapshot in slices (C13).

Hub half: `slice_for`. Node half: `slices_wanted` (what it asks for) and `take_slice`. The message between them is the
member `snapshot` of both heads; whoever does not know it reads the log as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from sync.body import NUMBER_MAX
from sync.entries import scope_end
from sync.errors import BadMessage
from sync.loading import Loaded, load_snapshot
from sync.log import PRUNED
from sync.replica import Replica, setting
from sync.snapshot import Snapshot, keep_snapshot
from sync.steps.hello import places_told
from sync.steps.push import FrameSize
from sync.steps.vouch import keep_top, signed_top
from sync.wire import PieceReader

SLICE_BYTES_MIN = 4096


def slices_wanted(db: Database) -> dict[str, list[Any]]:
    """Node half: scope → [digest, bytes here] of a snapshot that has come in part, ["", 0] for none, for each scope of
    which this node would load one.

    Not where something is pruned whose receipt a restored hub has yet to give again: a snapshot might lack it.
    """
    found: dict[str, list[Any]] = {}
    for scope in ("con", setting(db, "campus")):
        cursor = db.conn.execute("SELECT hub_seq FROM _cursor WHERE scope = ?", (scope,)).fetchone()
        beyond = db.conn.execute(
            f"SELECT 1 FROM _changeset WHERE scope = ? AND {PRUNED} AND coalesce(hub_seq > ?, 1) LIMIT 1",
            (scope, cursor[0] if cursor else 0),
        ).fetchone()
        if beyond is None:
            found[scope] = ["", 0]
    rows = db.conn.execute("SELECT scope, lower(hex(digest)), length(data) FROM _snapshot").fetchall()
    return found | {scope: [digest, length] for scope, digest, length in rows if scope in found}


def slice_for(
    replica: Replica, db: Database, node: str, head: Mapping[str, Any], cursors: Mapping[str, int], size: FrameSize
) -> tuple[dict[str, Any], list[bytes]] | None:
    """Hub half: the next slice of a snapshot for the asker, or None where the log is the better way.

    cursors: where the asker stands, by scope, important ones first. Pieces: the slice, the hub's signature of the
    snapshot, and its signature of the log there.
    """
    asked = head.get("snapshot")
    if not isinstance(asked, dict) or head.get("schema") != replica.schema:
        return None
    for scope, cursor in cursors.items():
        row = db.conn.execute(
            "SELECT s.hub_seq, s.log_hash, s.size, lower(hex(s.digest)), s.signature FROM _snapshot AS s"
            " JOIN _entry AS e ON e.hub_seq = s.hub_seq AND e.log_hash = s.log_hash WHERE s.scope = ?",
            (scope,),
        ).fetchone()
        if row is None or scope not in asked or row[0] <= cursor or _lacks_its_own(db, node, head, scope):
            continue
        hub_seq, log_hash, length, digest, signature = row
        if not _is_cheaper(replica, db, scope, (cursor, hub_seq), length):
            continue
        at = _resumed(asked.get(scope), digest, length)
        take = max(size.bytes, SLICE_BYTES_MIN)
        [part] = db.conn.execute(
            "SELECT substr(data, ?, ?) FROM _snapshot WHERE scope = ?", (at + 1, take, scope)
        ).fetchone()
        told = [scope, hub_seq, log_hash.hex(), length, at, digest]
        return {"snapshot": told, "more": True}, [part, signature, signed_top(replica, db, scope, hub_seq)]
    return None


def _lacks_its_own(db: Database, node: str, head: Mapping[str, Any], scope: str) -> bool:
    """Whether the hub knows changesets of the asker's that it does not hold (any more): these come with the log, with
    their bodies."""
    held = places_told(head, "held")
    rows = db.conn.execute(
        "SELECT name, max(seq) FROM _changeset JOIN _origin USING (o) WHERE node = ? AND scope = ? GROUP BY o",
        (node, scope),
    )
    return any(seq > held.get(f"{name}/{scope}", 0) for name, seq in rows)


def _is_cheaper(replica: Replica, db: Database, scope: str, span: tuple[int, int], size: int) -> bool:
    [log] = db.conn.execute(
        "SELECT coalesce(sum(length(c.header) + coalesce(length(c.parts), 0)), 0) FROM _entry AS e"
        " JOIN _changeset AS c USING (n) WHERE e.scope = ? AND e.hub_seq > ? AND e.hub_seq <= ?",
        (scope, *span),
    ).fetchone()
    return bool(size * 100 <= log * replica.limits.snapshot_log_percent)


def _resumed(told: object, digest: str, length: int) -> int:
    """How much of this very snapshot the asker has; 0 for another, and for anything that is no such place."""
    if isinstance(told, list) and len(told) == 2 and told[0] == digest and type(told[1]) is int:
        return told[1] if 0 <= told[1] < length else 0
    return 0


def take_slice(
    replica: Replica, db: Database, head: Mapping[str, Any], reader: PieceReader, keys: Mapping[str, bytes]
) -> Loaded:
    """Node half, inside one transaction: keep a slice; when it was the last, load the whole.

    Raises BadMessage("damaged", "bad_snapshot"). A slice that does not follow what is here is passed over.
    """
    try:
        scope, hub_seq, log_hash, length, at, digest = head["snapshot"]
        numbers = (int(hub_seq), int(length), int(at))
        hashes = (bytes.fromhex(log_hash), bytes.fromhex(digest))
    except (TypeError, ValueError) as error:
        raise BadMessage("damaged") from error
    if not all(0 <= number <= NUMBER_MAX for number in numbers) or numbers[1] > replica.limits.snapshot_bytes:
        raise BadMessage("damaged")
    part, signature, top = reader.take(3)
    row = db.conn.execute("SELECT data FROM _snapshot WHERE scope = ? AND digest = ?", (scope, hashes[1])).fetchone()
    data: bytes = row[0] if row else b""
    if numbers[2] != len(data) or len(data) + len(part) > numbers[1]:
        return Loaded()
    one = Snapshot(str(scope), numbers[0], *hashes, signature, data + part)
    keep_snapshot(db, one, size=numbers[1])
    if len(one.data) < numbers[1]:
        return Loaded()
    forget_slices(db)
    if one.hub_seq <= scope_end(db, one.scope)[0]:
        return Loaded()  # the log came meanwhile, by stick perhaps: no cursor goes back
    loaded = load_snapshot(replica, db, one, keys["hub"])
    keep_top(db, one.scope, (one.hub_seq, one.log_hash), top, keys)
    return loaded


def forget_slices(db: Database) -> None:
    """Node half: what came of a snapshot is loaded, or was no good."""
    db.conn.execute("DELETE FROM _snapshot")

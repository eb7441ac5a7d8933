"""Give back, the node's half: a hub restored from an old copy gets from the nodes what it has lost (C6, C11).

The hub tells places of its log; from the highest that both logs have, the node sends the entries it holds with their
changesets, in stretches that end where the hub itself once signed: nothing in them can be forged, changed or left
out. When all is given, the node lets go of that end of the log and follows the hub's new one. The hub's half is
`take_back`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.capture import commit_pending
from sync.chain import GENESIS, HASH8
from sync.change import LOCAL_OPERATOR, Author, Changeset
from sync.entries import HubEntry, scope_end, told_since
from sync.errors import BadMessage
from sync.log import read_changeset
from sync.replica import Replica, set_setting
from sync.steps.fill import filling
from sync.steps.push import FrameSize
from sync.steps.vouch import ends_of, keep_top, sign_end, signature_of
from sync.wire import PieceReader, changeset_pieces


@dataclass
class Giving:
    """One frame that gives back: its member of the request's head, its pieces, and what it carries."""

    head: dict[str, Any]
    pieces: list[bytes] = field(default_factory=list)
    tops: list[bytes] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    changesets: list[Changeset] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def full(self, size: FrameSize) -> bool:
        """Whether no more should go into this frame."""
        return self.rows >= size.rows or self.bytes >= size.bytes or len(self.head["e"]) >= size.rows


@dataclass(frozen=True)
class Stretch:
    """Entries that the hub once signed: where they begin, each with its changeset's number, the end, the signature."""

    scope: str
    prev: bytes
    entries: list[tuple[HubEntry, int]]
    log_hash: bytes
    signature: bytes


# Scope → (hub sequence, log hash, the hub's signature) of the highest place that both logs have.
Shared = dict[str, tuple[int, bytes, bytes]]


def giving(
    replica: Replica, db: Database, told: Mapping[str, Any], shared: Shared, tried: set[str], size: FrameSize
) -> Giving | None:
    """Node half: the next frame of what the hub lacks; None when all of it is given. `told` is the head of the hub's
    last answer, `tried` the bodies it asked for that were sent."""
    frame = Giving({"to": str(told["epoch"]), "e": [], "g": [], "h": [], "b": []})
    signatures: list[bytes] = []
    for stretch in _stretches(db, shared, frame.head["to"]):
        if frame.full(size):
            break
        for entry, n in stretch.entries:
            _add(db, frame, entry, n)
        frame.head["g"].append([stretch.scope, len(stretch.entries)])
        frame.tops.append(stretch.log_hash)
        signatures += [stretch.prev, stretch.signature]
    frame.pieces += signatures
    _add_heads(replica, db, frame)
    _add_bodies(db, frame, told.get("wanted", []), tried, size)
    return frame if frame.tops or frame.bodies else None


def shared_places(db: Database, told: Mapping[str, Any], reader: PieceReader) -> Shared:
    """Node half: the highest place of each scope that the hub told of and that this node's log has too."""
    shared: Shared = {}
    try:
        for scope, places in told["places"].items():
            for hub_seq, hash8 in places:
                [signature] = reader.take()
                row = db.conn.execute(
                    "SELECT log_hash FROM _entry WHERE scope = ? AND hub_seq = ?", (scope, hub_seq)
                ).fetchone()
                if row is not None and row[0][:HASH8].hex() == hash8 and hub_seq > shared.get(scope, (0,))[0]:
                    shared[scope] = (hub_seq, row[0], signature)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadMessage("damaged") from error
    return shared


def _stretches(db: Database, shared: Shared, epoch: str) -> Iterator[Stretch]:
    """What was signed after the shared places and not yet given in this epoch. The present log comes first, then
    the former ones, the last one first: each names only what is in itself, or in those before it here."""
    turns = [turn for (turn,) in db.conn.execute("SELECT DISTINCT turn FROM _former_entry ORDER BY turn DESC")]
    for turn in (0, *turns):
        sql = "SELECT DISTINCT scope FROM told_entry WHERE turn = ? ORDER BY scope <> 'con', scope"
        for (scope,) in db.conn.execute(sql, (turn,)).fetchall():
            place = 0 if turn else shared.get(scope, (0,))[0]
            yield from _signed_stretches(db, epoch, turn, scope, place)


def _signed_stretches(db: Database, epoch: str, turn: int, scope: str, place: int) -> Iterator[Stretch]:
    entries: list[tuple[HubEntry, int]] = []
    prev = _before(db, turn, scope, place)
    for entry, n, log_hash in told_since(db, scope, place, turn=turn):
        entries.append((entry, n))
        top = db.conn.execute(
            "SELECT signature, given FROM _signed_top WHERE scope = ? AND log_hash = ?", (scope, log_hash)
        ).fetchone()
        if top is not None:
            if top[1] != epoch:
                yield Stretch(scope, prev, entries, log_hash, top[0])
            entries, prev = [], log_hash


def _before(db: Database, turn: int, scope: str, place: int) -> bytes:
    """The log's hash before the first entry to give."""
    if turn == 0:
        return scope_end(db, scope, until=place)[1]
    row = db.conn.execute(
        "SELECT prev_hash FROM _former_entry WHERE turn = ? AND scope = ? ORDER BY hub_seq LIMIT 1", (turn, scope)
    ).fetchone()
    found: bytes = row[0]
    return found


def _add(db: Database, frame: Giving, entry: HubEntry, n: int) -> None:
    count = None
    if entry.kind in ("receipt", "release"):
        changeset = read_changeset(db, n)
        count, pieces = changeset_pieces(changeset)
        frame.pieces += [changeset.prev[:HASH8], *pieces]
        frame.bytes += sum(map(len, pieces))
        frame.changesets.append(changeset)
        frame.rows += db.conn.execute("SELECT rows FROM _changeset WHERE n = ?", (n,)).fetchone()[0]
    frame.head["e"].append(
        [entry.scope, entry.hub_seq, entry.kind, entry.origin, entry.seq, entry.hash8.hex(), entry.received_at,
         entry.effective, entry.verdict, entry.reason, entry.data, count]
    )  # fmt: skip


def _add_heads(replica: Replica, db: Database, frame: Giving) -> None:
    """The writers' signatures, so that the hub need not vouch for them itself when it relays them."""
    own = [c for c in frame.changesets if c.origin.split(".", 1)[0] == replica.node]
    found = [(end, sign_end(replica, end)) for end in ends_of(own)]
    found += [(c, known) for c in frame.changesets if (known := signature_of(db, c)) is not None]
    for changeset, signature in found:
        frame.head["h"].append([changeset.origin, changeset.scope, changeset.hash.hex()])
        frame.pieces.append(signature)


def _add_bodies(db: Database, frame: Giving, named: Sequence[Any], tried: set[str], size: FrameSize) -> None:
    """Refused changesets of our own of which the hub has only holes, taken back from others who had no more."""
    if not frame.full(size):
        bodies = filling(db, named, tried, size, frame.bytes)
        frame.head["b"] = bodies.head
        frame.pieces += bodies.pieces
        frame.bodies += bodies.hashes


def note_given(db: Database, frame: Giving) -> None:
    """Node half: the hub has these stretches; a run that is broken off goes on after them."""
    with transaction(db):
        db.conn.executemany(
            "UPDATE _signed_top SET given = ? WHERE log_hash = ?", [(frame.head["to"], top) for top in frame.tops]
        )


def come_over(
    replica: Replica, db: Database, told: Mapping[str, Any], shared: Shared, keys: Mapping[str, bytes]
) -> None:
    """Node half, when all is given: let go of the log after the shared places and follow the hub's new one.

    In one transaction; receipts that went with the log are set back until the new log brings them (C14). What was
    let go is kept aside: a hub put back once more may lack it again.
    """
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        [turn] = db.conn.execute("SELECT coalesce(max(turn), 0) + 1 FROM _former_entry").fetchone()
        for (scope,) in db.conn.execute("SELECT DISTINCT scope FROM _entry").fetchall():
            _let_go(db, turn, scope, shared.get(scope), (str(told["epoch"]), keys))
        # The log of other scopes never comes here: what was refused for its scope is asked again.
        db.conn.execute(
            "UPDATE _changeset SET hub_seq = NULL, received_at = NULL WHERE scope NOT IN"
            " (SELECT scope FROM _entry) AND o IN (SELECT o FROM _origin WHERE mine = 1)"
        )
        set_setting(db, "epoch", str(told["epoch"]))


def _let_go(
    db: Database, turn: int, scope: str, place: tuple[int, bytes, bytes] | None, hub: tuple[str, Mapping[str, bytes]]
) -> None:
    hub_seq, log_hash, signature = place or (0, GENESIS, b"")
    db.conn.execute(
        "INSERT INTO _former_entry SELECT ?, hub_seq, scope, kind, n, received_at, effective, verdict, reason,"
        " reason_data, log_hash, lag(log_hash, 1, ?) OVER (ORDER BY hub_seq) FROM _entry"
        " WHERE scope = ? AND hub_seq > ?",
        (turn, log_hash, scope, hub_seq),
    )
    db.conn.execute("DELETE FROM _entry WHERE scope = ? AND hub_seq > ?", (scope, hub_seq))
    db.conn.execute(
        "UPDATE _changeset SET hub_seq = NULL, received_at = NULL WHERE scope = ? AND hub_seq > ?", (scope, hub_seq)
    )
    db.conn.execute("DELETE FROM _cursor WHERE scope = ?", (scope,))
    if place is not None:
        epoch, keys = hub
        keep_top(db, scope, (hub_seq, log_hash), signature, keys)
        db.conn.execute(
            "INSERT INTO _cursor (scope, epoch, hub_seq, log_hash) VALUES (?, ?, ?, ?)",
            (scope, epoch, hub_seq, log_hash),
        )

"""Push: stretches of the node's own streams, cut at whole actions, each ending in a signed head.

Node half: `outgoing`. Hub half: `take_push`. The message between them is a list of stretches in the head of
the request, with headers and parts among its pieces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from sync.body import NUMBER_MAX
from sync.chain import GENESIS, head_statement
from sync.change import Changeset
from sync.errors import BadMessage
from sync.keys import sign, signed_by
from sync.log import read_changeset
from sync.replica import Replica
from sync.wire import PieceReader, changeset_from, changeset_pieces

NAME_MAX = 40


@dataclass(frozen=True)
class FrameSize:
    """How much one message may carry."""

    rows: int
    bytes: int


@dataclass(frozen=True)
class Outgoing:
    """A push frame: the stretches for the head, the pieces, what it holds, and whether more is waiting."""

    stretches: list[dict[str, Any]]
    pieces: list[bytes]
    sent: dict[tuple[int, str], int]
    changesets: int
    rows: int
    complete: bool


def outgoing(replica: Replica, db: Database, sent: Mapping[tuple[int, str], int], size: FrameSize) -> Outgoing:
    """Node half: the next frame of what the hub has not receipted and this run has not sent.

    A frame never splits an action: the hub judges an action as a whole (C9).
    """
    rows = db.conn.execute(
        "SELECT n, o, scope, seq, rows, action, coalesce(length(parts), 0) FROM _changeset JOIN _origin USING (o)"
        " WHERE mine = 1 AND hub_seq IS NULL ORDER BY n"
    )
    chosen: list[tuple[int, int, str, int]] = []
    row_count = byte_count = 0
    last_action, complete = "", True
    for n, o, scope, seq, count, action, length in rows:
        if seq <= sent.get((o, scope), 0):
            continue
        if chosen and action != last_action and (row_count + count > size.rows or byte_count + length > size.bytes):
            complete = False
            break
        chosen.append((n, o, scope, seq))
        last_action, row_count, byte_count = action, row_count + count, byte_count + length
    stretches, pieces, ends = _stretches(replica, db, chosen)
    return Outgoing(stretches, pieces, ends, len(chosen), row_count, complete)


def unreceipted(db: Database, sent: Mapping[tuple[int, str], int]) -> bool:
    """Node half: whether the hub still owes a receipt for anything that was sent in this run."""
    return any(
        db.conn.execute(
            "SELECT 1 FROM _changeset WHERE hub_seq IS NULL AND o = ? AND scope = ? AND seq <= ?", (*stream, seq)
        ).fetchone()
        for stream, seq in sent.items()
    )


def _stretches(
    replica: Replica, db: Database, chosen: Sequence[tuple[int, int, str, int]]
) -> tuple[list[dict[str, Any]], list[bytes], dict[tuple[int, str], int]]:
    runs: list[tuple[tuple[int, str], list[Changeset]]] = []
    for n, o, scope, _ in chosen:
        changeset = read_changeset(db, n)
        # A forked stream has two runs with the same numbers; what follows neither begins one of its own. A stretch is
        # relayed whole: a long one would never get through to a node on a bad line.
        run = next((run for stream, run in runs if stream == (o, scope) and run[-1].hash == changeset.prev), None)
        if run is None or len(run) >= replica.limits.stretch_changesets:
            runs.append(((o, scope), [changeset]))
        else:
            run.append(changeset)
    stretches, pieces, ends = [], [], dict[tuple[int, str], int]()
    for stream, changesets in runs:
        counts = []
        for changeset in changesets:
            count, its_pieces = changeset_pieces(changeset)
            counts.append(count)
            pieces += its_pieces
        last = changesets[-1]
        place = f"{last.origin}/{last.scope}"
        pieces += [changesets[0].prev, sign(replica.seed, head_statement(place, last.seq, last.hash))]
        stretches.append({"o": last.origin, "s": last.scope, "q": changesets[0].seq, "p": counts})
        ends[stream] = max(last.seq, ends.get(stream, 0))
    return stretches, pieces, ends


@dataclass(frozen=True)
class Stretch:
    """A verified run of consecutive changesets of one stream and the signature over its end."""

    changesets: list[Changeset]
    signature: bytes


def take_push(raw: Sequence[Any], reader: PieceReader, node: str, verify_key: bytes) -> list[Stretch]:
    """Hub half: rebuild the stretches, computing every hash, and check the signed ends.

    Raises BadMessage: "foreign_origin" (not the sender's own), "bad_signature" (which a broken chain, a
    changed header or a changed body also gives, since the hash signed is the hash computed), "damaged".
    """
    stretches = []
    if not isinstance(raw, list | tuple):
        raise BadMessage("damaged")
    for item in raw:
        try:
            origin, scope, seq, counts = str(item["o"]), str(item["s"]), int(item["q"]), [int(c) for c in item["p"]]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadMessage("damaged") from error
        if seq > NUMBER_MAX or not _is_name(origin) or not _is_name(scope):
            raise BadMessage("damaged")
        if origin.split(".", 1)[0] != node:
            raise BadMessage("foreign_origin", origin=origin)
        stretches.append(_read_stretch(reader, (origin, scope, seq), counts, verify_key))
    return stretches


def _is_name(value: str) -> bool:
    # A version is called ORIGIN/SCOPE/SEQ.
    return value.isascii() and "/" not in value and value.isprintable() and len(value) <= NAME_MAX


def _read_stretch(
    reader: PieceReader, place: tuple[str, str, int], counts: Sequence[int], verify_key: bytes
) -> Stretch:
    origin, scope, seq = place
    if not counts or seq < 1:
        raise BadMessage("damaged")
    # The first link's predecessor stands behind the stretch's own pieces, as does the signature.
    taken = [reader.take(2 if count == -1 else 1 + count) for count in counts]
    prev, signature = reader.take(2)
    if len(prev) != len(GENESIS):
        raise BadMessage("damaged")
    changesets = []
    for offset, (count, pieces) in enumerate(zip(counts, taken, strict=True)):
        changeset = changeset_from(PieceReader(pieces), origin, scope, seq + offset, prev, count)
        changesets.append(changeset)
        prev = changeset.hash
    last = changesets[-1]
    if not signed_by(verify_key, head_statement(f"{origin}/{scope}", last.seq, last.hash), signature):
        raise BadMessage("bad_signature", stream=f"{origin}/{scope}")
    return Stretch(changesets, signature)

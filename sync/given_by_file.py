"""Giving back by file: a hub that was restored from an old copy gets what it has lost over sticks, too (C6, C11).

The steps are those of an exchange (`steps/give_back`, `steps/take_back`); between two of them lies a stick's way. The
hub answers a bundle of its former epoch with the places of its log; the node's next bundle gives back; and when
nothing is left to give, the node follows the new log and its next bundle is one like any other.
"""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.bundle_notes import MADE, Note, last_note
from sync.errors import BundleRefused
from sync.exchange import about_hub, hub_keys
from sync.replica import Replica, set_setting, setting
from sync.steps.give_back import come_over, giving, shared_places
from sync.steps.hello import ask, check_versions
from sync.steps.judge import Sender
from sync.steps.pace import whole_frame
from sync.steps.take_back import take_back
from sync.wire import PieceReader, pack, unpack

# The hub's last answer from its new epoch, as hex, while this node has something to give back.
TOLD = "restored_hub_told"


def fits_in_bundle(replica: Replica, frames: int, size: int) -> bool:
    """Whether so many frames of so many bytes together make a bundle within the limits."""
    # The armor takes a third more, and a little.
    return frames <= replica.limits.bundle_frames and size * 3 // 2 <= replica.limits.bundle_bytes


class _NothingOfThis(Exception):
    """Takes back what was written while frames were put together."""


def frames_to_give(replica: Replica, db: Database) -> tuple[list[bytes], dict[str, Any]] | None:
    """Node: the frames that give back what the hub lacks, and what to remember of them; None when nothing is owed."""
    packed = setting(db, TOLD)
    if not packed:
        return None
    told, pieces = unpack(bytes.fromhex(packed), replica.limits)
    frames: list[bytes] = []
    tops, bodies = list[str](), set[str]()
    shared, size = shared_places(db, told, PieceReader(pieces)), 0
    try:
        with transaction(db):
            while (frame := giving(replica, db, told, shared, bodies, whole_frame(replica))) is not None:
                head = {**ask(replica, db), "push": [], "complete": False, "gives": frame.head}
                message = pack(head, frame.pieces, replica.limits)
                size += len(message)
                if frames and not fits_in_bundle(replica, len(frames) + 1, size):
                    break
                frames.append(message)
                tops += [top.hex() for top in frame.tops]
                bodies.update(frame.bodies)
                _mark_given(db, str(told["epoch"]), [top.hex() for top in frame.tops])
            # A stick may be lost: given is only what the hub says it has.
            raise _NothingOfThis
    except _NothingOfThis:
        pass
    return frames, {"ends": [], "to": told["epoch"], "tops": tops, "bodies": sorted(bodies)}


def _mark_given(db: Database, epoch: str, tops: list[str]) -> None:
    marks = [(epoch, bytes.fromhex(top)) for top in tops]
    db.conn.executemany("UPDATE _signed_top SET given = ? WHERE log_hash = ?", marks)


def take_given(replica: Replica, db: Database, sender: Sender, frames: list[bytes]) -> None:
    """Hub, in the caller's transaction: adopt what a bundle of a former epoch gives back."""
    for frame in frames:
        head, pieces = unpack(frame, replica.limits)
        check_versions(head)
        take_back(replica, db, sender, head, PieceReader(pieces))


def places_frame(replica: Replica, db: Database, sender: Sender) -> bytes:
    """Hub: the one frame that answers a bundle of a former epoch."""
    told, pieces = take_back(replica, db, sender, {}, PieceReader([]))
    return pack({**about_hub(replica, db, sender.node, {}), **told}, pieces, replica.limits)


def take_places(replica: Replica, db: Database, re: str, frame: bytes) -> None:
    """Node, in the caller's transaction: what the restored hub has is marked as given; either the rest is given with
    the next bundle, or this node comes over to the new log.

    Raises BundleRefused("bundle_other_log") unless it answers the newest bundle of this node, made in the epoch that
    it is in: anything else is older than what is known here.
    """
    told, pieces = unpack(frame, replica.limits)
    check_versions(told)
    note: Note | None = last_note(db, MADE, setting(db, "hub_node"))
    if "places" not in told or note is None or note.id != re or note.label.epoch != setting(db, "epoch"):
        raise BundleRefused("bundle_other_log")
    if note.about.get("to") == told["epoch"]:
        _mark_given(db, str(told["epoch"]), note.about["tops"])
    shared = shared_places(db, told, PieceReader(pieces))
    if giving(replica, db, told, shared, set(note.about.get("bodies", [])), whole_frame(replica)) is not None:
        set_setting(db, TOLD, frame.hex())
        return
    come_over(replica, db, told, shared, hub_keys(db))
    set_setting(db, TOLD, "")

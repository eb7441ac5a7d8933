"""The answer by file: receipts and what a node lacks, made by the hub and loaded by the node (C11, C14)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.bundle import ANSWER, Bundle, Label, write_bundle
from sync.bundle_notes import LOADED, MADE, Note, last_note, note_answered, note_of, remember
from sync.capture import commit_pending
from sync.chain import HASH8
from sync.change import LOCAL_OPERATOR, Author
from sync.entries import scope_end
from sync.errors import BadMessage, BundleRefused
from sync.exchange import answer_from, take_frame
from sync.exchange_report import ExchangeReport
from sync.given_by_file import TOLD, fits_in_bundle, places_frame, take_places
from sync.replica import Replica, set_setting, setting
from sync.steps.hello import (
    check_versions,
    cursors_told,
    keep_turn,
    learn_campuses,
    learn_cover,
    learn_nodes,
    note_heard,
    sender_of,
)
from sync.steps.judge import Sender
from sync.steps.pull import asides
from sync.steps.push import unreceipted
from sync.wire import PieceReader, pack, unpack

# Set when the hub knew more of this node's own streams than the node: its next request asks for them too.
ASK_OWN = "ask_own_streams"
# Bodies of which the hub has only holes, as its last answer named them: they go with the next request.
WANTED = "bodies_wanted"


@dataclass(frozen=True)
class Made:
    """A bundle ready to be written: say `note_made` when it is in its place."""

    id: str
    file: bytes
    label: Label
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """What loading a bundle did. again: it was loaded before, and nothing was left to do; synced: it holds the
    receipts of all that was in the bundle it answers, which held all there was; wrote: this node had something to say
    to it, so that another bundle is worth its way; restored: the hub was put back from an old copy, and the next
    bundle gives back what it lacks, or goes on where it stands."""

    id: str
    label: Label
    report: ExchangeReport
    again: bool = False
    synced: bool = False
    wrote: bool = False
    restored: bool = False


def make_answer(replica: Replica, db: Database, node: str, *, re: str = "") -> Made:
    """Hub: receipts, and what a node lacks, from where it stood when it made the bundle `re`; without one, from where
    it last told to stand. Up to the limits.

    Raises NotEnrolled, Revoked.
    """
    sender, key = sender_of(db, node)
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        note = note_of(db, LOADED, re) if re else _newest_from(db, node)
        if note is not None and note.label.writer != node:
            note = None
        head: dict[str, Any] = {"cursors": {}}
        if note is not None and note.label.epoch != setting(db, "epoch"):
            frames, counts = [places_frame(replica, db, sender)], _Counts()
        else:
            head = note.about if note is not None else _as_last_told(db, sender)
            frames, counts = _answer_frames(replica, db, sender, head)
        label = Label(
            ANSWER, replica.node, node, replica.node, sender.campus, setting(db, "epoch"), replica.clock.now_ms(),
            counts.changesets, counts.rows, counts.receipts, counts.begin_ms, counts.end_ms, counts.complete,
            note.id if note is not None else "", head["cursors"],
        )  # fmt: skip
    id_, file = write_bundle(replica.seed, key, label, frames)
    return Made(id_, file, label)


def _newest_from(db: Database, node: str) -> Note | None:
    """The last bundle loaded from a node, unless it has told newer places since, online."""
    note = last_note(db, LOADED, node)
    [turn] = db.conn.execute("SELECT turn FROM _node WHERE node = ?", (node,)).fetchone()
    return note if note is not None and note.about["turn"] == turn else None


def _as_last_told(db: Database, sender: Sender) -> dict[str, Any]:
    """Where a node stood when it last told, as a request's head would say it."""
    [frontier] = db.conn.execute("SELECT frontier FROM _node WHERE node = ?", (sender.node,)).fetchone()
    held = db.conn.execute(
        "SELECT name || '/' || scope, max(seq) FROM _changeset JOIN _origin USING (o) WHERE node = ? GROUP BY o, scope",
        (sender.node,),
    )
    head = {"cursors": json.loads(frontier), "held": dict(held.fetchall()), "x": []}
    try:
        cursors_told(db, head)
    except BadMessage:
        head["cursors"] = {}  # places of a log that is no more
    return head


@dataclass
class _Counts:
    changesets: int = 0
    rows: int = 0
    receipts: int = 0
    begin_ms: int = 0
    end_ms: int = 0
    complete: bool = False


def _answer_frames(
    replica: Replica, db: Database, sender: Sender, head: Mapping[str, Any]
) -> tuple[list[bytes], _Counts]:
    cursors, frames, size = cursors_told(db, head), list[bytes](), 0
    entries: list[list[Any]] = []
    more = True
    while more:
        told, pieces = answer_from(replica, db, sender.node, head, cursors)
        told["x"] = [] if frames else asides(db, [(o, s, q, bytes.fromhex(h)) for o, s, q, h in head["x"]])
        packed = pack(told, pieces, replica.limits)
        if frames and not fits_in_bundle(replica, len(frames) + 1, size + len(packed)):
            break
        frames.append(packed)
        entries += told["e"]
        cursors, size, more = {**cursors, **told["t"]}, size + len(packed), told["more"]
    return frames, _counted(db, entries, not more)


def _counted(db: Database, entries: list[list[Any]], complete: bool) -> _Counts:
    carried = [entry for entry in entries if entry[-1] is not None]
    stamps = [entry[7] for entry in carried] or [0]
    numbers = json.dumps([entry[1] for entry in carried])
    [rows] = db.conn.execute(
        "SELECT coalesce(sum(rows), 0) FROM _entry JOIN _changeset USING (n)"
        " WHERE _entry.hub_seq IN (SELECT value FROM json_each(?))",
        (numbers,),
    ).fetchone()
    return _Counts(len(carried), rows, len(entries) - len(carried), min(stamps), max(stamps), complete)


def load_answer(replica: Replica, db: Database, bundle: Bundle) -> Loaded:
    """Node: take the hub's answer. Raises BundleRefused, UpgradeNeeded, BadMessage; then nothing of it is stored."""
    report, label = ExchangeReport(), bundle.label
    if label.epoch != setting(db, "epoch"):
        with transaction(db):
            take_places(replica, db, label.re, bundle.frames[0])
            remember(replica, db, LOADED, bundle.id, label, {})
            note_answered(replica, db, label.re)
        return Loaded(bundle.id, label, report, restored=True)
    try:
        with transaction(db):
            if note_of(db, LOADED, bundle.id) is not None:
                return Loaded(bundle.id, label, report, again=True)
            commit_pending(replica, db, Author(LOCAL_OPERATOR))
            opened = [open_frame(replica, db, frame) for frame in bundle.frames]
            _check_places(db, label.places)
            older = label.made_ms < int(setting(db, "hub_seen_ms", "0"))
            for head, pieces in opened:
                learn_nodes(db, head.get("nodes", ()), older=older)
                learn_cover(db, head)
                more = take_frame(replica, db, (head, PieceReader(pieces)), report)
                set_setting(db, WANTED, json.dumps(head.get("wanted", [])))
                keep_turn(db, head)
            if not older:
                note_heard(db, label.made_ms)
                if not more:
                    learn_campuses(db, head)
            set_setting(db, ASK_OWN, "")
            set_setting(db, TOLD, "")
            remember(replica, db, LOADED, bundle.id, label, {})
            synced = not more and _answers(replica, db, label.re)
    except BadMessage as error:
        if error.code not in ("unknown_changeset", "bad_chain"):
            raise
        # Another branch of a stream of ours, or one that went with a disk: the next request asks for it (C10).
        with transaction(db):
            set_setting(db, ASK_OWN, "1")
        raise BundleRefused("bundle_other_copy") from error
    return Loaded(bundle.id, label, report, synced=synced)


def _check_places(db: Database, places: Mapping[str, list[Any]]) -> None:
    """An answer goes on from where the node stood: that place must be in the log that is here.

    Raises BundleRefused: "bundle_gap" (an earlier bundle is missing), "bundle_other_log".
    """
    for scope, (hub_seq, hash8) in places.items():
        last, log_hash = scope_end(db, scope, until=hub_seq)
        if last < hub_seq:
            raise BundleRefused("bundle_gap")
        if log_hash[:HASH8].hex() != hash8:
            raise BundleRefused("bundle_other_log")


def _answers(replica: Replica, db: Database, id_: str) -> bool:
    """Note that a bundle of ours is answered; whether all that this node had to say when it made it has its receipt.

    Then "synced" is true of the time at which it was made, and may be said (C14).
    """
    note = note_of(db, MADE, id_)
    if note is None or is_open_request(db, note):
        return False
    note_answered(replica, db, id_)
    if not note.label.complete:
        return False
    last, now = int(setting(db, "last_good_sync_ms", "0")), replica.clock.now_ms()
    if note.at_ms > last or last > now:
        set_setting(db, "last_good_sync_ms", str(note.at_ms))
    return True


def open_frame(replica: Replica, db: Database, frame: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Head and pieces of a frame of this epoch. Raises BundleRefused("bundle_other_log"), UpgradeNeeded, BadMessage."""
    head, pieces = unpack(frame, replica.limits)
    check_versions(head)
    if head.get("epoch") != setting(db, "epoch"):
        raise BundleRefused("bundle_other_log")
    return head, pieces


def is_open_request(db: Database, note: Note) -> bool:
    """Whether the hub still owes a receipt for anything in a bundle made here."""
    names = dict(db.conn.execute("SELECT name, o FROM _origin").fetchall())
    return unreceipted(db, {(names[name], scope): seq for name, scope, seq in note.about["ends"]})

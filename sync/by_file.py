"""The exchange by file: a node's requests in one bundle, and the hub's answer in another (DESIGN §4).

The frames are those of `exchange`, and the same functions store them; only the conversation is missing. So a bundle
made twice says everything that has no receipt yet, a bundle loaded twice, late or out of order says nothing new, and
an answer goes on from where its request stood. A bundle is taken whole, in one transaction, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.bundle import ANSWER, REQUEST, Bundle, Label, read_bundle, write_bundle
from sync.bundle_notes import LOADED, MADE, Note, is_own, last_note, note_answered, note_of, remember
from sync.capture import clock_corrected_ms, commit_pending
from sync.chain import HASH8
from sync.change import LOCAL_OPERATOR, Author, Changeset
from sync.entries import scope_end
from sync.errors import BadMessage, BundleRefused, NotEnrolled, Revoked
from sync.exchange import ExchangeReport, Said, answer_from, aside_names, compose, frame_size, take_frame, take_in
from sync.replica import Replica, note_progress, set_setting, setting
from sync.steps.fill import Filling, filling
from sync.steps.hello import (
    check_versions,
    cursors_told,
    keep_turn,
    learn_campuses,
    learn_nodes,
    made_at,
    note_heard,
    note_sender,
    peer_keys,
    places_told,
    sender_of,
)
from sync.steps.judge import Policy, Sender
from sync.steps.pull import asides
from sync.steps.push import unreceipted
from sync.wire import PieceReader, pack, unpack

# What a node does with what a bundle brought, in writes of its own; True when it wrote anything.
AfterLoading = Callable[[Replica, Database], bool]
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
    """What loading a bundle did. again: it was loaded before, and nothing was left to do; whole: nothing was left
    out of it; synced: it holds the receipts of all that was in the bundle it answers, which held all there was;
    wrote: this node had something to say to it, so that another bundle is worth its way."""

    id: str
    label: Label
    report: ExchangeReport
    again: bool = False
    synced: bool = False
    wrote: bool = False


def make_request(replica: Replica, db: Database) -> Made:
    """Node: everything the hub has given no receipt for, in one bundle, up to the limits. No cursor moves.

    Raises NotEnrolled.
    """
    hub = setting(db, "hub_node")
    said = Said(forked=setting(db, ASK_OWN) == "1")
    said.bodies = filling(db, json.loads(setting(db, WANTED, "[]")), set(), frame_size(replica))
    frames: list[bytes] = []
    changesets = rows = size = 0
    complete = False
    while not complete:
        frame, head = compose(replica, db, said)
        packed = pack(head, [*frame.pieces, *said.bodies.pieces], replica.limits)
        if frames and not _fits(replica, len(frames) + 1, size + len(packed)):
            break
        frames.append(packed)
        said.sent.update(frame.sent)
        said.bodies = Filling()
        changesets, rows, size = changesets + frame.changesets, rows + frame.rows, size + len(packed)
        complete = frame.complete
    begin_ms, end_ms = _span(db, said.sent)
    label = Label(
        REQUEST, replica.node, hub, hub, setting(db, "campus"), setting(db, "epoch"), clock_corrected_ms(replica, db),
        changesets, rows, 0, begin_ms, end_ms, complete,
    )  # fmt: skip
    id_, file = write_bundle(replica.seed, peer_keys(db)[hub], label, frames)
    ends = [[_origin_name(db, o), scope, seq] for (o, scope), seq in said.sent.items()]
    return Made(id_, file, label, {"ends": ends})


def _fits(replica: Replica, frames: int, size: int) -> bool:
    # The armor takes a third more, and a little.
    return frames <= replica.limits.bundle_frames and size * 3 // 2 <= replica.limits.bundle_bytes


def _span(db: Database, ends: Mapping[tuple[int, str], int]) -> tuple[int, int]:
    """The first and last stamp of our changesets without a receipt up to the ends; (0, 0) when there are none."""
    stamps = [
        stamp
        for (o, scope), seq in ends.items()
        for (stamp,) in db.conn.execute(
            "SELECT stamp FROM _changeset WHERE hub_seq IS NULL AND o = ? AND scope = ? AND seq <= ?", (o, scope, seq)
        )
    ]
    return (min(stamps), max(stamps)) if stamps else (0, 0)


def _origin_name(db: Database, o: int) -> str:
    return str(db.conn.execute("SELECT name FROM _origin WHERE o = ?", (o,)).fetchone()[0])


def note_made(replica: Replica, db: Database, made: Made) -> None:
    """Remember a bundle that was written, so that its answer and the file itself are known again."""
    remember(replica, db, MADE, made.id, made.label, made.about, file=made.file)


def load_bundle(
    replica: Replica, db: Database, file: bytes, *, policy: Policy | None = None, after: AfterLoading | None = None
) -> Loaded:
    """Take a bundle: at the hub a node's request (`policy` is asked by its judge), at a node the hub's answer, with
    `after` when that left nothing out.

    Raises BundleRefused, NotEnrolled, Revoked, UpgradeNeeded, BadMessage; then nothing of it is stored.
    """
    if is_own(db, file):
        raise BundleRefused("bundle_own")
    if replica.role == "node" and not setting(db, "hub_node"):
        raise NotEnrolled()
    bundle = read_bundle(replica.seed, file, lambda label: _writer_key(replica, db, label), replica.limits)
    if bundle.label.kind == REQUEST and policy is not None:
        return _load_request(replica, db, policy, bundle)
    if bundle.label.kind != ANSWER or replica.role != "node":
        raise BundleRefused("bundle_not_for_us")
    loaded = _load_answer(replica, db, bundle)
    # Also of one that comes again: the process may have died between the two.
    return replace(loaded, wrote=bool(loaded.label.complete and after is not None and after(replica, db)))


def _writer_key(replica: Replica, db: Database, label: Label) -> bytes:
    """The key of the writer, if it is one that may write to us. Raises BundleRefused, NotEnrolled, Revoked."""
    if label.reader != replica.node:
        raise BundleRefused("bundle_not_for_us")
    if replica.role == "node":
        if label.writer != setting(db, "hub_node"):
            raise NotEnrolled("bundle_stranger", node=label.writer)
        return peer_keys(db)[label.writer]
    try:
        return sender_of(db, label.writer)[1]
    except Revoked as error:
        raise Revoked("bundle_revoked", node=label.writer) from error
    except NotEnrolled as error:
        raise NotEnrolled("bundle_stranger", node=label.writer) from error


def _load_request(replica: Replica, db: Database, policy: Policy, bundle: Bundle) -> Loaded:
    report, label = ExchangeReport(), bundle.label
    with transaction(db):
        if note_of(db, LOADED, bundle.id) is not None:
            return Loaded(bundle.id, label, report, again=True)
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        before = _held(db)
        asker, pushed = sender_of(db, label.writer), list[Changeset]()
        for frame in bundle.frames:
            head, pieces = _opened(replica, db, frame)
            cursors = cursors_told(db, head)
            taken = take_in(replica, db, policy, asker, (head, PieceReader(pieces)))
            at_ms = made_at(db, cursors, label.made_ms, replica.clock.now_ms())
            note_sender(replica, db, asker[0], head, at_ms=at_ms)
            pushed += taken.pushed
            report.refused += taken.refused
        about = {
            "cursors": head["cursors"], "held": places_told(head, "held"), "nodes": head.get("nodes"),
            "turn": head["turn"],
            "x": [[*name, hash_.hex()] for *name, hash_ in aside_names(asker[0], pushed)],
        }  # fmt: skip
        remember(replica, db, LOADED, bundle.id, label, about)
        after = _held(db)
    report.changesets_up, report.rows_up = after[0] - before[0], after[1] - before[1]
    note_progress(replica, db)
    return Loaded(bundle.id, label, report)


def _held(db: Database) -> tuple[int, int]:
    row = db.conn.execute("SELECT count(*), coalesce(sum(rows), 0) FROM _changeset").fetchone()
    return int(row[0]), int(row[1])


def _opened(replica: Replica, db: Database, frame: bytes) -> tuple[dict[str, Any], list[bytes]]:
    head, pieces = unpack(frame, replica.limits)
    check_versions(head)
    if head.get("epoch") != setting(db, "epoch"):
        raise BundleRefused("bundle_other_log")
    return head, pieces


def make_answer(replica: Replica, db: Database, node: str, *, re: str = "") -> Made:
    """Hub: receipts, and what a node lacks, from where it stood when it made the bundle `re`; without one, from where
    it last told to stand. Up to the limits.

    Raises NotEnrolled, Revoked.
    """
    sender, key = sender_of(db, node)
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        note = note_of(db, LOADED, re) if re else _newest_from(db, node)
        if note is not None and (note.label.writer, note.label.epoch) != (node, setting(db, "epoch")):
            note = None
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
        if frames and not _fits(replica, len(frames) + 1, size + len(packed)):
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


def _load_answer(replica: Replica, db: Database, bundle: Bundle) -> Loaded:
    report, label = ExchangeReport(), bundle.label
    try:
        with transaction(db):
            if note_of(db, LOADED, bundle.id) is not None:
                return Loaded(bundle.id, label, report, again=True)
            commit_pending(replica, db, Author(LOCAL_OPERATOR))
            opened = [_opened(replica, db, frame) for frame in bundle.frames]
            _check_places(db, label.places)
            older = label.made_ms < int(setting(db, "hub_seen_ms", "0"))
            for head, pieces in opened:
                learn_nodes(db, head.get("nodes", ()), older=older)
                more = take_frame(replica, db, (head, PieceReader(pieces)), report)
                set_setting(db, WANTED, json.dumps(head.get("wanted", [])))
                keep_turn(db, head)
            if not older:
                note_heard(db, label.made_ms)
                if not more:
                    learn_campuses(db, head)
            set_setting(db, ASK_OWN, "")
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


def unanswered(db: Database, peer: str) -> Note | None:
    """The bundle last made for a peer, as long as nothing has answered it, by file or online (C14)."""
    note = last_note(db, MADE, peer)
    if note is None or note.answered_ms is not None:
        return None
    synced_since = int(setting(db, "last_good_sync_ms", "0")) >= note.at_ms
    return None if synced_since and not is_open_request(db, note) else note


def is_open_request(db: Database, note: Note) -> bool:
    """Whether the hub still owes a receipt for anything in a bundle made here."""
    names = dict(db.conn.execute("SELECT name, o FROM _origin").fetchall())
    return unreceipted(db, {(names[name], scope): seq for name, scope, seq in note.about["ends"]})

"""The exchange by file: a node's requests in one bundle, and the hub's answer in another (DESIGN §4).

The frames are those of `exchange`, and the same functions store them; only the conversation is missing. So a bundle
made twice says everything that has no receipt yet, a bundle loaded twice, late or out of order says nothing new, and
an answer goes on from where its request stood. A bundle is taken whole, in one transaction, or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.answer_by_file import ASK_OWN, WANTED, Loaded, Made, is_open_request, load_answer, open_frame
from sync.bundle import ANSWER, REQUEST, Bundle, Label, read_bundle, write_bundle
from sync.bundle_notes import LOADED, MADE, Note, is_own, last_note, note_of, remember
from sync.capture import clock_corrected_ms, commit_pending
from sync.change import LOCAL_OPERATOR, Author, Changeset
from sync.errors import BundleRefused, NotEnrolled, Revoked
from sync.exchange import Said, aside_names, compose, take_in
from sync.exchange_report import ExchangeReport
from sync.given_by_file import fits_in_bundle, frames_to_give, take_given
from sync.replica import Replica, note_progress, setting
from sync.steps.fill import Filling, filling
from sync.steps.hello import (
    cursors_told,
    made_at,
    note_sender,
    peer_keys,
    places_told,
    sender_of,
)
from sync.steps.judge import Policy
from sync.steps.pace import whole_frame
from sync.wire import PieceReader, pack

# What a site does with what a bundle brought, in writes of its own; at a node, something true when it wrote anything.
AfterLoading = Callable[[Replica, Database], object]


def make_request(replica: Replica, db: Database) -> Made:
    """Node: everything the hub has given no receipt for, in one bundle, up to the limits. No cursor moves.

    Raises NotEnrolled.
    """
    hub = setting(db, "hub_node")
    owed = frames_to_give(replica, db) if hub else None
    if owed is not None and owed[0]:
        return _made(replica, db, owed[0], _Sums(), owed[1])
    # Slices of a snapshot follow each other at once, which files do not.
    said = Said(forked=setting(db, ASK_OWN) == "1", slices=False)
    said.bodies = filling(db, json.loads(setting(db, WANTED, "[]")), set(), whole_frame(replica))
    frames: list[bytes] = []
    sums, size = _Sums(), 0
    while not sums.complete:
        frame, head = compose(replica, db, said, whole_frame(replica))
        packed = pack(head, [*frame.pieces, *said.bodies.pieces], replica.limits)
        if frames and not fits_in_bundle(replica, len(frames) + 1, size + len(packed)):
            break
        frames.append(packed)
        said.sent.update(frame.sent)
        said.bodies = Filling()
        size += len(packed)
        sums = _Sums(sums.changesets + frame.changesets, sums.rows + frame.rows, complete=frame.complete)
    begin_ms, end_ms = _span(db, said.sent)
    ends = [[_origin_name(db, o), scope, seq] for (o, scope), seq in said.sent.items()]
    return _made(replica, db, frames, replace(sums, begin_ms=begin_ms, end_ms=end_ms), {"ends": ends})


@dataclass(frozen=True)
class _Sums:
    """What a request holds, in numbers."""

    changesets: int = 0
    rows: int = 0
    begin_ms: int = 0
    end_ms: int = 0
    complete: bool = False


def _made(replica: Replica, db: Database, frames: list[bytes], sums: _Sums, about: dict[str, Any]) -> Made:
    hub = setting(db, "hub_node")
    label = Label(
        REQUEST, replica.node, hub, hub, setting(db, "campus"), setting(db, "epoch"), clock_corrected_ms(replica, db),
        sums.changesets, sums.rows, 0, sums.begin_ms, sums.end_ms, sums.complete,
    )  # fmt: skip
    id_, file = write_bundle(replica.seed, peer_keys(db)[hub], label, frames)
    return Made(id_, file, label, about)


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
    """Take a bundle: at the hub a node's request (`policy` is asked by its judge), at a node the hub's answer; then
    `after`, at a node when the answer left nothing out.

    Raises BundleRefused, NotEnrolled, Revoked, UpgradeNeeded, BadMessage; then nothing of it is stored.
    """
    if is_own(db, file):
        raise BundleRefused("bundle_own")
    if replica.role == "node" and not setting(db, "hub_node"):
        raise NotEnrolled()
    bundle = read_bundle(replica.seed, file, lambda label: _writer_key(replica, db, label), replica.limits)
    if bundle.label.kind == REQUEST and policy is not None:
        loaded = _load_request(replica, db, policy, bundle)
        if after is not None:
            after(replica, db)
        return loaded
    if bundle.label.kind != ANSWER or replica.role != "node":
        raise BundleRefused("bundle_not_for_us")
    loaded = load_answer(replica, db, bundle)
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
        restored = label.epoch != setting(db, "epoch")
        if restored:
            take_given(replica, db, sender_of(db, label.writer)[0], bundle.frames)
            remember(replica, db, LOADED, bundle.id, label, {"turn": -1})
        else:
            about = _take_frames(replica, db, policy, bundle, report)
            remember(replica, db, LOADED, bundle.id, label, about)
        after = _held(db)
    note_progress(replica, db)
    report.changesets_up, report.rows_up = after[0] - before[0], after[1] - before[1]
    return Loaded(bundle.id, label, report, restored=restored)


def _take_frames(
    replica: Replica, db: Database, policy: Policy, bundle: Bundle, report: ExchangeReport
) -> dict[str, Any]:
    """Take the frames as so many requests; where the node stood, for the answer."""
    asker, pushed = sender_of(db, bundle.label.writer), list[Changeset]()
    for frame in bundle.frames:
        head, pieces = open_frame(replica, db, frame)
        cursors = cursors_told(db, head)
        taken = take_in(replica, db, policy, asker, (head, PieceReader(pieces)))
        at_ms = made_at(db, cursors, bundle.label.made_ms, replica.clock.now_ms())
        note_sender(replica, db, asker[0], head, at_ms=at_ms)
        pushed += taken.pushed
        report.refused += taken.refused
    return {
        "cursors": head["cursors"], "held": places_told(head, "held"), "nodes": head.get("nodes"),
        "turn": head["turn"], "x": [[*name, hash_.hex()] for *name, hash_ in aside_names(asker[0], pushed)],
    }  # fmt: skip


def _held(db: Database) -> tuple[int, int]:
    row = db.conn.execute("SELECT count(*), coalesce(sum(rows), 0) FROM _changeset").fetchone()
    return int(row[0]), int(row[1])


def unanswered(db: Database, peer: str) -> Note | None:
    """The bundle last made for a peer, as long as nothing has answered it, by file or online (C14)."""
    note = last_note(db, MADE, peer)
    if note is None or note.answered_ms is not None:
        return None
    synced_since = int(setting(db, "last_good_sync_ms", "0")) >= note.at_ms
    return None if synced_since and not is_open_request(db, note) else note



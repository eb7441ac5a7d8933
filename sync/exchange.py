"""READ FIRST: one exchange between a node and the hub, both halves (DESIGN §4).

The node sends who it is, what it holds and the next frame of what the hub lacks; the answer carries receipts,
verdicts and the next frame of what the node lacks. Each request stands alone and may be repeated: what was
stored already is passed over, and cursors move only with the data they speak of (C11). A hub that was restored
from an old copy answers with another epoch: the node first gives back what the hub has lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from shared.database import transaction
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author, Changeset
from sync.conflicts import count_open
from sync.entries import data_text, receipt_time
from sync.errors import BadMessage, HubRestored, HubUnreachable, LineCut, NotEnrolled, UpgradeNeeded
from sync.exchange_report import ExchangeReport
from sync.hub_log import Receipt, Word, log_of
from sync.journal import apply_changesets
from sync.keys import seal, unseal
from sync.opened import Readings
from sync.protocol import VERSIONS_SPOKEN, HubPort
from sync.replica import Replica, note_progress, setting, start_incarnation
from sync.steps.fill import Filling, filling, take_bodies, wanted
from sync.steps.give_back import come_over, giving, note_given, shared_places
from sync.steps.hello import (
    ask,
    campuses_known,
    check_answer,
    check_versions,
    cursors_told,
    known_nodes,
    learn_campuses,
    learn_cover,
    learn_nodes,
    note_contact,
    note_sender,
    noted_turn,
    peer_keys,
    places_told,
    sender_of,
)
from sync.steps.judge import Policy, Sender, judge_actions
from sync.steps.pace import asked_frame, frame_now, slow_down, speed_up, told_frame
from sync.steps.pull import Asker, asides, news, take_asides, take_news
from sync.steps.push import FrameSize, Outgoing, outgoing, take_push, unreceipted
from sync.steps.receive import Arrival, receive
from sync.steps.shape import Refusal
from sync.steps.snapshot import forget_slices, slice_for, slices_wanted, take_slice
from sync.steps.take_back import take_back
from sync.steps.vouch import keep_head
from sync.steps.whole import let_in_the_rest, parts_with
from sync.wire import PieceReader, pack, unpack

NODE_NAME_BYTES = 8
# A hub that is put back again and again while a node gives back needs a person.
EPOCHS_A_RUN_MAX = 5
Progress = Callable[[int, int], None]
# What a hub has to say to what came, in writes of its own inside the same transaction.
AfterPush = Callable[[Replica, Database], object]
# The head of an answer and the pieces that go with it.
Answer = tuple[dict[str, Any], PieceReader]


def run_exchange(
    replica: Replica, db: Database, hub: HubPort, *, budget_bytes: int | None = None, progress: Progress | None = None
) -> ExchangeReport:
    """Node: exchange until neither side has anything left, or the byte budget is spent.

    Raises NotEnrolled, HubUnreachable, HubRestored, Revoked, UpgradeNeeded, BadMessage; what was acknowledged stays.
    """
    report = ExchangeReport()
    said, done = Said(), False
    while not done and not _spent(report, budget_bytes):
        frame, asked = compose(replica, db, said, frame_now(replica, db))
        began = replica.clock.monotonic_ms()
        answer = _say_unless_cut(replica, db, hub, (asked, [*frame.pieces, *said.bodies.pieces]), report, said)
        if answer is None:
            continue
        if answer[0].get("epoch") != setting(db, "epoch"):
            if not _give_back(replica, db, hub, answer, report, budget_bytes):
                break
            said = Said()
            continue
        more = _take_unless_forked(replica, db, answer, began, report, said)
        if more is None:
            continue
        speed_up(replica, db)
        said.got_through(frame)
        said.bodies = filling(db, answer[0].get("wanted", []), said.tried, frame_now(replica, db))
        report.changesets_up += frame.changesets
        report.rows_up += frame.rows
        done = frame.complete and not more and not said.bodies.head
        if progress is not None:
            progress(report.changesets_up, report.changesets_down)
    # An answer without the receipts of what was sent is an old one: nothing may be called synced (C14).
    report.done = done and not unreceipted(db, said.sent)
    if report.done:
        note_contact(replica, db, complete=True)
    report.conflicts_open = count_open(db, replica)[0]
    return report


@dataclass
class Said:
    """What a run has said in this epoch: stream → last seq sent, the bodies sent for the hub's holes and those that
    go next, whether another branch of our own streams was asked for, whether a snapshot may come in slices, and how
    often in a row the line was cut."""

    sent: dict[tuple[int, str], int] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    bodies: Filling = field(default_factory=Filling)
    forked: bool = False
    slices: bool = True
    cuts: int = 0

    def got_through(self, frame: Outgoing) -> None:
        """A request was answered, and the answer is stored."""
        self.sent.update(frame.sent)
        self.tried.update(self.bodies.hashes)


def compose(replica: Replica, db: Database, said: Said, size: FrameSize) -> tuple[Outgoing, dict[str, Any]]:
    """The next request: its frame and its head. Rows left by the sqlite3 shell become a changeset first."""
    if not setting(db, "hub_node"):
        raise NotEnrolled()
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
    frame = outgoing(replica, db, said.sent, size)
    head = {**ask(replica, db, forked=said.forked), **told_frame(replica, size)}
    head |= {"push": frame.stretches, "complete": frame.complete}
    if said.slices:
        head["snapshot"] = slices_wanted(db)
    if said.bodies.head:
        head["gives"] = {"to": head["epoch"], "b": said.bodies.head}
    # What this very frame carries no longer waits once the hub reads it.
    head["backlog"] = 0 if frame.complete else max(0, head["backlog"] - frame.changesets)
    return frame, head


def _say(
    replica: Replica, db: Database, hub: HubPort, request: tuple[Mapping[str, Any], Sequence[bytes]],
    report: ExchangeReport,
) -> Answer:  # fmt: skip
    """One round trip: a head and its pieces, sealed for the hub, and the answer to this very request."""
    head, pieces = request
    key = peer_keys(db)[setting(db, "hub_node")]
    sealed = replica.node.encode() + seal(replica.seed, key, pack(head, pieces, replica.limits))
    answer = hub.exchange(sealed)
    report.round_trips += 1
    report.bytes_up += len(sealed)
    report.bytes_down += len(answer)
    told, told_pieces = unpack(unseal(replica.seed, key, answer), replica.limits)
    check_versions(told)
    check_answer(db, head, told)
    return told, PieceReader(told_pieces)


def _say_unless_cut(
    replica: Replica, db: Database, hub: HubPort, request: tuple[Mapping[str, Any], Sequence[bytes]],
    report: ExchangeReport, said: Said,
) -> Answer | None:  # fmt: skip
    """The same; None where the line was cut and less may get through. Raises HubUnreachable after too many cuts."""
    try:
        answer = _say(replica, db, hub, request, report)
    except HubUnreachable as error:
        slow_down(replica, db)
        if not isinstance(error, LineCut) or said.cuts >= replica.limits.cuts_in_a_row:
            raise
        said.cuts += 1
        return None
    said.cuts = 0
    return answer


def _take_unless_forked(
    replica: Replica, db: Database, answer: Answer, began_ms: int, report: ExchangeReport, said: Said
) -> bool | None:
    """Store an answer. None where it speaks of another branch of a stream of ours (somebody goes on with a copy of
    this file, C10): once a run that is asked for. Raises BadMessage."""
    try:
        return _take_answer(replica, db, answer, began_ms, report)
    except BadMessage as error:
        if said.forked or error.code not in ("unknown_changeset", "bad_chain"):
            raise
        said.forked = True
        return None


def _give_back(
    replica: Replica, db: Database, hub: HubPort, answer: Answer, report: ExchangeReport, budget_bytes: int | None
) -> bool:
    """The hub has begun a new epoch: give back what it lacks, frame by frame, and follow its new log.

    False when the budget is spent: the next run goes on. Raises HubRestored when the epoch will not stay.
    """
    told, reader = answer
    shared, tried = shared_places(db, told, reader), set[str]()
    report.epochs += 1
    if report.epochs > EPOCHS_A_RUN_MAX:
        raise HubRestored(epoch=str(told.get("epoch")))
    while (frame := giving(replica, db, told, shared, tried, frame_now(replica, db))) is not None:
        if _spent(report, budget_bytes):
            return False
        head = {**ask(replica, db), "push": [], "complete": False, "gives": frame.head}
        told, reader = _say(replica, db, hub, (head, frame.pieces), report)
        if told.get("epoch") != frame.head["to"]:
            return True  # put back once more: nothing of this was taken
        note_given(db, frame)
        tried.update(frame.bodies)
        report.changesets_back += len(frame.changesets)
        shared = shared_places(db, told, reader)
    come_over(replica, db, told, shared, hub_keys(db))
    return True


def hub_keys(db: Database) -> dict[str, bytes]:
    """Node → public key, the hub's also under its own name."""
    keys = peer_keys(db)
    return {**keys, "hub": keys[setting(db, "hub_node")]}


def _spent(report: ExchangeReport, budget_bytes: int | None) -> bool:
    return budget_bytes is not None and report.bytes_up + report.bytes_down >= budget_bytes


def _take_answer(replica: Replica, db: Database, answer: Answer, began_ms: int, report: ExchangeReport) -> bool:
    """Everything an answer brings is stored in one transaction, cursors included. True: the hub has more."""
    head, _ = answer
    take = _take_slice if "snapshot" in head else take_frame
    try:
        with transaction(db):
            commit_pending(replica, db, Author(LOCAL_OPERATOR))
            learn_nodes(db, head.get("nodes", ()))
            if take is take_frame:
                forget_slices(db)
            more = take(replica, db, answer, report)
            note_contact(replica, db, hub_now_ms=int(head["now"]), began_ms=began_ms)
            learn_cover(db, head)
            if not more:
                learn_campuses(db, head)
    except BadMessage:
        # Slices that were no good, or do not fit together, come anew.
        with transaction(db):
            forget_slices(db)
        raise
    return more


def take_frame(replica: Replica, db: Database, answer: Answer, report: ExchangeReport) -> bool:
    """What an answer brings, inside the caller's transaction. True: the hub has more."""
    head, reader = answer
    taken = take_news(replica, db, head, reader, hub_keys(db))
    if taken.behind_itself:
        # The hub knows more of this incarnation than we do: the file is a restored copy or a clone.
        start_incarnation(db, replica.randomness)
    report.changesets_down += taken.changesets
    report.rows_down += taken.rows
    report.rows_by_path += taken.rows_by_path
    report.refused += taken.refused
    return bool(head.get("more"))


def _take_slice(replica: Replica, db: Database, answer: Answer, report: ExchangeReport) -> bool:
    """The same for a slice of a snapshot, which comes in place of entries; there is more in any case."""
    head, reader = answer
    loaded = take_slice(replica, db, head, reader, hub_keys(db))
    take_asides(replica, db, head)
    report.changesets_down += loaded.changesets
    report.rows_down += loaded.rows
    return True


def serve_exchange(
    replica: Replica, db: Database, policy: Policy, sealed: bytes, *, after: AfterPush | None = None
) -> bytes:
    """Hub: answer one request. Raises NotEnrolled, Revoked, UpgradeNeeded, BadMessage; then nothing is stored.

    after: done once a node has sent all it had, so that what it writes goes out with this very answer.
    """
    node = sealed[:NODE_NAME_BYTES].decode("ascii", "replace")
    sender, key = sender_of(db, node)
    head, pieces = unpack(unseal(replica.seed, key, sealed[NODE_NAME_BYTES:]), replica.limits)
    check_versions(head)
    with transaction(db):
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
        if head.get("epoch") == setting(db, "epoch"):
            pushed = take_in(replica, db, policy, (sender, key), (head, PieceReader(pieces))).pushed
            note_sender(replica, db, sender, head)
            if after is not None and head.get("complete") is True:
                after(replica, db)
            answer, answer_pieces = answer_from(replica, db, sender.node, head, cursors_told(db, head))
            answer["x"] = asides(db, aside_names(sender, pushed))
        else:
            told, answer_pieces = take_back(replica, db, sender, head, PieceReader(pieces))
            answer = {**about_hub(replica, db, node, head), **told}
    note_progress(replica, db)
    return seal(replica.seed, key, pack(answer, answer_pieces, replica.limits))


def aside_names(sender: Sender, pushed: Sequence[Changeset]) -> list[tuple[str, str, int, bytes]]:
    """(origin, scope, seq, hash) of what was pushed into scopes that its sender does not hold."""
    return [(c.origin, c.scope, c.seq, c.hash) for c in pushed if c.scope not in sender.scopes]


@dataclass(frozen=True)
class TakenIn:
    """What a frame pushed, and how many of its changesets were refused."""

    pushed: list[Changeset]
    refused: int


def take_in(
    replica: Replica, db: Database, policy: Policy, asker: tuple[Sender, bytes], request: Answer
) -> TakenIn:
    """Hub, inside the caller's transaction: receive, judge, receipt and apply what a frame pushes."""
    (sender, key), (head, reader) = asker, request
    stretches = take_push(head.get("push", ()), reader, sender.node, key)
    pushed = [changeset for stretch in stretches for changeset in stretch.changesets]
    readings = Readings(db)
    ready = receive(replica, db, [Arrival(changeset, state=None) for changeset in pushed], readings)
    for stretch in stretches:
        last = stretch.changesets[-1]
        keep_head(db, last.origin, last.scope, (last.seq, last.hash), stretch.signature)
    gives = head.get("gives")
    if isinstance(gives, dict):
        take_bodies(replica, db, sender.node, gives.get("b", []), reader)
    refused = _judge(replica, db, policy, sender, ready, readings)
    if pushed or gives:
        let_in_the_rest(replica, db)
    return TakenIn(pushed, refused)


def _judge(
    replica: Replica, db: Database, policy: Policy, sender: Sender, ready: Sequence[int], readings: Readings
) -> int:
    """Give everything that is ready its verdict and its receipt, and apply what was accepted; how many were not."""
    refused = judge_actions(replica, db, policy, sender, ready, readings)
    now, parts = receipt_time(replica, db), parts_with(db, ready)
    words = [_word(readings.changeset(n), now, refused.get(n), parts.get(n, {})) for n in ready]
    log_of(db).append(words)
    apply_changesets(db, replica.tables, [readings.opened(n) for n in ready if n not in refused])
    return len(refused)


def _word(changeset: Changeset, now: int, refusal: Refusal | None, parts: Mapping[str, str]) -> Word:
    if refusal is None:
        return Word(changeset, Receipt(now, data=data_text(parts)))
    return Word(changeset, Receipt(now, verdict="refused", reason=refusal.reason, data=data_text(refusal.data)))


def answer_from(
    replica: Replica, db: Database, node: str, head: Mapping[str, Any], asked: Mapping[str, int]
) -> tuple[dict[str, Any], list[bytes]]:
    """Hub: one frame of what a node lacks, from the hub sequences `asked` on, scope by scope."""
    sender, _ = sender_of(db, node)
    cursors = {scope: asked.get(scope, 0) for scope in ("con", *sorted(sender.scopes - {"con"}))}
    size = asked_frame(replica, head)
    told, pieces = slice_for(replica, db, node, head, cursors, size) or news(
        replica, db, Asker(node, places_told(head, "held")), cursors, size
    )
    named = wanted(db, node, replica.limits.frame_rows)
    holes = {"wanted": named} if named else {}
    return {**about_hub(replica, db, node, head), **known_nodes(db, head), **holes, **told}, pieces


def about_hub(replica: Replica, db: Database, node: str, head: Mapping[str, Any]) -> dict[str, Any]:
    """Hub: what the head of every answer to a node says, `head` being its request's."""
    return {
        "v": VERSIONS_SPOKEN[-1], "schema": replica.schema, "now": replica.clock.now_ms(),
        "epoch": setting(db, "epoch"),
        # What it answers, the newest request noted, and up to where a verified backup covers the log (C13).
        "re": str(head.get("nonce")), "turn": noted_turn(db, node), "covered": int(setting(db, "covered_hub_seq", "0")),
        "known": campuses_known(db),
    }  # fmt: skip


__all__ = ["ExchangeReport", "UpgradeNeeded", "run_exchange", "serve_exchange"]

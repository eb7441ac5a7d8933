"""The third carrier: a folder that node and hub both dial out to, holding the same sealed bundles (DESIGN §4).

Each end puts what it has to say and takes what the other has put, whenever it comes by. A name says nothing: random
letters, and a tag that only the two ends of a pair can make or know. So what belongs to others, also to another school,
is passed over without being read; what is answered is cleared away by whoever put or loaded it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nacl.public import Box
from nacl.signing import SigningKey, VerifyKey
from sqlite_utils import Database

from sync.age import binary_form
from sync.answer_by_file import Loaded, make_answer
from sync.by_file import AfterLoading, load_bundle, make_request, note_made, unanswered
from sync.errors import BadMessage, BundleRefused, NotEnrolled, Revoked, UpgradeNeeded
from sync.protocol import PART, Mailbox
from sync.replica import Replica, setting
from sync.status import backlog
from sync.steps.hello import peer_keys
from sync.steps.judge import Policy

RANDOM_LENGTH, TAG_LENGTH = 20, 20


@dataclass
class Visit:
    """What one look into the mailbox did. refused: code of each file that could not be taken; done: a node's hub had
    everything when it answered, and this node has nothing more to say."""

    loaded: int = 0
    sent: int = 0
    bytes_down: int = 0
    bytes_up: int = 0
    changesets_up: int = 0
    changesets_down: int = 0
    refused: list[str] = field(default_factory=list)
    done: bool = False


class Slot:
    """The names of what one of a pair puts for the other. `writer`, `reader`: their node names."""

    def __init__(self, seed: bytes, peer_key: bytes, writer: str, reader: str) -> None:
        ours, theirs = SigningKey(seed).to_curve25519_private_key(), VerifyKey(peer_key).to_curve25519_public_key()
        shared = Box(ours, theirs).shared_key()
        self._secret = hashlib.sha256(b"mailbox\0" + f"{writer}>{reader}".encode() + b"\0" + shared).digest()

    def name(self, replica: Replica) -> str:
        """A fresh name."""
        random = replica.randomness.text(RANDOM_LENGTH).lower()
        return random + self._tag(random)

    def mine(self, names: Iterable[str]) -> list[str]:
        """Those of a mailbox's names that belong here."""
        return [name for name in names if len(name) == RANDOM_LENGTH + TAG_LENGTH and self._fits(name)]

    def _fits(self, name: str) -> bool:
        random, tag = name[:RANDOM_LENGTH], name[RANDOM_LENGTH:]
        return hmac.compare_digest(tag.encode(), self._tag(random).encode())

    def _tag(self, random: str) -> str:
        return hmac.new(self._secret, random.encode(), hashlib.sha256).hexdigest()[:TAG_LENGTH]


def visit_as_node(replica: Replica, db: Database, mailbox: Mailbox, *, after: AfterLoading | None = None) -> Visit:
    """Node: load the hub's answers, then put what the hub has not received, unless it lies there already.

    Raises NotEnrolled, MailboxUnreachable, MailboxRefused, and what loading does; what was stored stays.
    """
    visit, hub = Visit(), setting(db, "hub_node")
    if not hub:
        raise NotEnrolled()
    key, names = peer_keys(db)[hub], mailbox.names()
    answers = Slot(replica.seed, key, hub, replica.node).mine(names)
    loaded = list(_load_all(replica, db, mailbox, answers, visit, after=after))
    whole = any(each.label.complete and not each.wrote for each in loaded)
    if not whole or backlog(db)[0]:
        _put_request(replica, db, mailbox, Slot(replica.seed, key, replica.node, hub), names, visit)
    visit.done = whole and backlog(db)[0] == 0
    return visit


def _put_request(replica: Replica, db: Database, mailbox: Mailbox, slot: Slot, names: list[str], visit: Visit) -> None:
    """One request lies there at most: a newer one says all that an older one said."""
    lying = _lying(mailbox, slot, names)
    last = unanswered(db, setting(db, "hub_node"))
    if lying and last is not None and not visit.loaded and last.label.changesets == backlog(db)[0]:
        return
    made = make_request(replica, db)
    _put(mailbox, slot, replica, made.file, visit)
    note_made(replica, db, made)
    _clear(mailbox, lying)


def visit_as_hub(
    replica: Replica, db: Database, mailbox: Mailbox, policy: Policy, *, after: AfterLoading | None = None
) -> Visit:
    """Hub: load what the campuses have put, and put the answer to each; what is answered is cleared away.

    Raises MailboxUnreachable, MailboxRefused, and what loading does; what was stored stays.
    """
    visit, names = Visit(), mailbox.names()
    nodes = db.conn.execute(
        "SELECT node, verify_key FROM _node WHERE role = 'node' AND revoked_at IS NULL ORDER BY node"
    ).fetchall()
    for node, key in nodes:
        waiting = Slot(replica.seed, key, node, replica.node).mine(names)
        if not waiting:
            continue
        loaded = list(_load_all(replica, db, mailbox, waiting, visit, policy=policy, after=after, keep=True))
        if loaded:
            newest = max(loaded, key=lambda each: each.label.made_ms)
            answers = Slot(replica.seed, key, replica.node, node)
            lying = _lying(mailbox, answers, names)
            made = make_answer(replica, db, node, re=newest.id)
            _put(mailbox, answers, replica, made.file, visit)
            note_made(replica, db, made)
            # An answer begins where its request stood, so it says all that those before it said.
            _clear(mailbox, lying)
        _clear(mailbox, waiting)
    visit.done = True
    return visit


def _load_all(
    replica: Replica, db: Database, mailbox: Mailbox, names: list[str], visit: Visit, *,
    policy: Policy | None = None, after: AfterLoading | None = None, keep: bool = False,
) -> Iterator[Loaded]:  # fmt: skip
    """Load files, in whatever order they fit; what cannot be taken is counted by its code. What was said in a file
    that is spoilt has no receipt and is said again, so all are cleared away, unless the caller does it (`keep`)."""
    waiting, gaps = list(names), 1
    while waiting and gaps:
        gaps, missed = 0, list[str]()
        for name in waiting:
            file = mailbox.get(name, replica.limits.bundle_bytes)
            visit.bytes_down += len(file)
            try:
                loaded = load_bundle(replica, db, file, policy=policy, after=after)
            except (BundleRefused, BadMessage, UpgradeNeeded, NotEnrolled, Revoked) as error:
                missed.append(name) if error.code == "bundle_gap" else visit.refused.append(error.code)
                continue
            visit.loaded += 1
            visit.changesets_up += loaded.report.changesets_up
            visit.changesets_down += loaded.report.changesets_down
            yield loaded
        gaps = len(missed) if len(missed) < len(waiting) else 0
        if not gaps:
            visit.refused += ["bundle_gap"] * len(missed)
        waiting = missed
    if not keep:
        _clear(mailbox, names)


def _put(mailbox: Mailbox, slot: Slot, replica: Replica, file: bytes, visit: Visit) -> None:
    file = binary_form(file)
    mailbox.put(slot.name(replica), file)
    visit.sent += 1
    visit.bytes_up += len(file)


def _lying(mailbox: Mailbox, slot: Slot, names: list[str]) -> list[str]:
    """What we have put there earlier; half of a file, left by a process that died, is cleared away at once."""
    halves = slot.mine(name.removesuffix(PART) for name in names if name.endswith(PART))
    _clear(mailbox, [name + PART for name in halves])
    return slot.mine(names)


def _clear(mailbox: Mailbox, names: Iterable[str]) -> None:
    for name in names:
        mailbox.delete(name)

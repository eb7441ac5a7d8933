"""READ FIRST of comparing: one comparison between a node and the hub, both halves (`sync.steps.compare`).

It goes through a door of its own, sealed like an exchange, and changes nothing on either side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlite_utils import Database

from shared.database import reading, transaction
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author
from sync.errors import NotEnrolled
from sync.exchange import NODE_NAME_BYTES
from sync.keys import seal, unseal
from sync.replica import Replica, setting
from sync.steps.compare import CompareLimits, Comparison, compare, serve_compare
from sync.steps.hello import check_answer, check_versions, peer_keys, sender_of
from sync.wire import pack, unpack


class ComparePort(Protocol):
    """The hub as somebody who compares sees it."""

    def compare(self, sealed: bytes) -> bytes:
        """Send one sealed request, get the sealed answer. Raises SyncError."""


def run_comparison(
    replica: Replica, db: Database, hub: ComparePort, *, limits: CompareLimits | None = None
) -> Comparison:
    """Node: compare everything that both have had, and name what differs.

    Raises NotEnrolled, HubUnreachable, HubMovedOn (sync first), Revoked, UpgradeNeeded, BadMessage.
    """
    if not setting(db, "hub_node"):
        raise NotEnrolled()
    report = Comparison()
    key = peer_keys(db)[setting(db, "hub_node")]

    def say(head: Mapping[str, Any]) -> Mapping[str, Any]:
        sealed = replica.node.encode() + seal(replica.seed, key, pack(head, (), replica.limits))
        answer = hub.compare(sealed)
        report.bytes_up += len(sealed)
        report.bytes_down += len(answer)
        told, _ = unpack(unseal(replica.seed, key, answer), replica.limits)
        check_versions(told)
        check_answer(db, head, told)
        return told

    return compare(replica, db, say, report, limits)


def serve_comparison(
    replica: Replica, db: Database, sealed: bytes, *, limits: CompareLimits | None = None
) -> bytes:
    """Hub: answer one request. Raises NotEnrolled, Revoked, UpgradeNeeded, HubMovedOn, BadMessage."""
    sender, key = sender_of(db, sealed[:NODE_NAME_BYTES].decode("ascii", "replace"))
    head, _ = unpack(unseal(replica.seed, key, sealed[NODE_NAME_BYTES:]), replica.limits)
    check_versions(head)
    with transaction(db):
        # What the shell left here becomes a change that the asker cannot have yet.
        commit_pending(replica, db, Author(LOCAL_OPERATOR))
    with reading(db):
        answer = serve_compare(replica, db, sender, head, limits)
    return seal(replica.seed, key, pack(answer, (), replica.limits))


__all__ = ["CompareLimits", "ComparePort", "Comparison", "run_comparison", "serve_comparison"]

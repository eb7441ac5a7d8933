"""The protocol's version with its history, and what a node may ask of a hub, whatever carries it."""

from __future__ import annotations

from typing import Final, Protocol

# 1 (November 2026): first version. One exchange is one round trip; see docs/sync-protocol.md.
SYNC_VERSION: Final = 1
VERSIONS_SPOKEN: Final = (1,)
APP_VERSION: Final = "0.1.0"


class HubPort(Protocol):
    """The hub as a node sees it: HTTP, a mailbox, a file or a test's faulty line carry the same bytes."""

    def exchange(self, sealed: bytes) -> bytes:
        """Send one sealed request, get the sealed answer. Raises SyncError."""

    def enrol(self, request: bytes) -> bytes:
        """Send an enrolment request, get the answer. Raises SyncError."""

"""The protocol's version with its history, and what a node may ask of a hub, whatever carries it."""

from __future__ import annotations

from typing import Final, Protocol

# 1 (November 2026): first version. One exchange is one round trip; see docs/sync-protocol.md.
SYNC_VERSION: Final = 1
VERSIONS_SPOKEN: Final = (1,)
APP_VERSION: Final = "0.1.0"


# What is being put into a mailbox has this ending until it is whole.
PART: Final = ".part"


class Mailbox(Protocol):
    """A folder somewhere on the net, whatever it is spoken to with. Every method raises MailboxUnreachable (try
    again later) and MailboxRefused (a person is needed)."""

    def names(self) -> list[str]:
        """The files that are there; one that is not whole yet ends in PART."""

    def get(self, name: str, bytes_max: int) -> bytes:
        """A file's bytes, no more than `bytes_max` and one; none when it is gone."""

    def put(self, name: str, data: bytes) -> None:
        """Put a file in one step: nobody sees half of it."""

    def delete(self, name: str) -> None:
        """Take a file away; one that is gone is no error."""

    def close(self) -> None:
        """Close the connection."""


class HubPort(Protocol):
    """The hub as a node sees it: HTTP, a mailbox, a file or a test's faulty line carry the same bytes."""

    def exchange(self, sealed: bytes) -> bytes:
        """Send one sealed request, get the sealed answer. Raises SyncError."""

    def enrol(self, request: bytes) -> bytes:
        """Send an enrolment request, get the answer. Raises SyncError."""

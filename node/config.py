"""What a running node is handed: limits of its clock, and the doors to the world outside.

Where it listens, how often and how much it syncs are settings of the command that serves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class ClockLimits:
    """How far off a clock may be before a person is asked for the date.

    doubt_ms: between this node and the phone that shows its page; slack_ms: before the newest record, so
    that a correction by a few seconds asks nobody.
    """

    doubt_ms: int = 600_000
    slack_ms: int = 60_000


@dataclass(frozen=True)
class SyncerState:
    """What the background sync is doing; `failure` is the error code of its last try, None if it was good."""

    running: bool = False
    failure: str | None = None


class Syncer(Protocol):
    """The background sync of a running node, as its pages see it."""

    def ask(self) -> None:
        """Sync as soon as possible; returns at once."""

    def state(self) -> SyncerState:
        """What it is doing."""


def _nowhere() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class NodePorts:
    """The outside, handed in by the command that serves the node.

    enrol: takes a hub's address and a one-time code, raises SyncError; None where that is not offered.
    syncer: None where this server does not sync. addresses: URLs under which phones reach this node.
    """

    enrol: Callable[[str, str], object] | None = None
    syncer: Syncer | None = None
    addresses: Callable[[], tuple[str, ...]] = field(default=_nowhere)


@dataclass(frozen=True)
class NodeConfig:
    """All that the rooms of a node may ask for beside the replica."""

    hub_url: str
    clock: ClockLimits
    ports: NodePorts

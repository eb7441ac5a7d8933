"""The line between a node and the hub: it loses, repeats, replays and cuts what it carries."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.comparison import serve_comparison
from sync.errors import HubUnreachable, SyncError
from sync.steps.enrol import serve_enrol

if TYPE_CHECKING:
    from tests.simulation.world import World

FAULTS = ("lose_request", "lose_reply", "twice", "replay_older", "cut_request", "cut_reply", "older_reply")
Serve = Callable[[bytes], bytes]


@dataclass
class FaultyLine:
    """A HubPort over `serve`. `fault_share` of the requests meet one of `faults`; 0 is a healed line.

    `kept` holds every request of the world so far, `answered` every answer to this node: both may come again.
    """

    serve: Serve
    random: random.Random
    fault_share: float = 0.0
    said: Callable[[str], None] = lambda line: None
    kept: list[bytes] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)
    faults: tuple[str, ...] = FAULTS

    def exchange(self, sealed: bytes) -> bytes:
        """See `HubPort.exchange`. Raises HubUnreachable where a real line would be silent."""
        self.kept.append(sealed)
        if self.random.random() >= self.fault_share:
            self.answered.append(self.serve(sealed))
            return self.answered[-1]
        fault = self.random.choice(self.faults)
        self.said(f"  line: {fault}")
        return self._faulty(fault, sealed)

    def _faulty(self, fault: str, sealed: bytes) -> bytes:
        if fault == "lose_request":
            raise HubUnreachable(why=fault)
        if fault == "cut_request":
            return self.serve(sealed[: self.random.randrange(len(sealed))])
        if fault == "replay_older":
            self._replay(self.random.choice(self.kept))
        answer = self.serve(sealed)
        self.answered.append(answer)
        if fault == "older_reply":
            return self.random.choice(self.answered)
        if fault == "lose_reply":
            raise HubUnreachable(why=fault)
        if fault == "twice":
            return self.serve(sealed)
        return answer[: self.random.randrange(len(answer))] if fault == "cut_reply" else answer

    def _replay(self, older: bytes) -> None:
        """An older request, of any node, arrives again; its answer reaches nobody."""
        with contextlib.suppress(SyncError):
            self.serve(older)

    def enrol(self, request: bytes) -> bytes:
        """Enrolment has tests of its own; no node of a world enrols over this line."""
        raise HubUnreachable(why="not carried here")


@dataclass
class EnrolDesk:
    """The hub's enrolment over a line that works."""

    world: World

    def enrol(self, request: bytes) -> bytes:
        """See `HubPort.enrol`."""
        return serve_enrol(self.world.hub.replica, self.world.hub.db, request)

    def exchange(self, sealed: bytes) -> bytes:
        """Nothing is exchanged here."""
        raise NotImplementedError


@dataclass
class HubDoor:
    """The hub's door for comparisons; a line that works."""

    world: World

    def compare(self, sealed: bytes) -> bytes:
        """See `ComparePort.compare`."""
        return serve_comparison(self.world.hub.replica, self.world.hub.db, sealed)

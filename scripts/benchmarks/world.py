"""A consortium of the real size in a folder: a hub and the main campus's node, enrolled and in step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.sync_api.policy import SchoolPolicy
from scripts.commands.folder import Folder, Settings
from scripts.commands.site import Site, make_site
from scripts.demo_play.consortium import write_consortium
from scripts.demo_play.data import Invented, Size
from shared.bookings.answering import answer_unserved
from shared.clock import Clock
from shared.ids import Randomness
from sync.exchange import run_exchange, serve_exchange
from sync.exchange_report import ExchangeReport
from sync.replica import Replica, connect
from sync.steps.enrol import enrol, issue_code, serve_enrol


@dataclass(frozen=True)
class DirectHub:
    """A hub in this process: the same bytes as over HTTP, without the line."""

    replica: Replica

    def exchange(self, sealed: bytes) -> bytes:
        """See `HubPort.exchange`."""
        with connect(self.replica) as db:
            return serve_exchange(self.replica, db, SchoolPolicy(self.replica.clock), sealed, after=answer_unserved)

    def enrol(self, request: bytes) -> bytes:
        """See `HubPort.enrol`."""
        with connect(self.replica) as db:
            return serve_enrol(self.replica, db, request)


@dataclass(frozen=True)
class World:
    """A hub, a node of the main campus, and who is who."""

    hub: Site
    node: Site
    consortium: Invented

    def exchange(self) -> ExchangeReport:
        """Bring the two in step."""
        with connect(self.node.replica) as db:
            return run_exchange(self.node.replica, db, DirectHub(self.hub.replica))


def make_world(folder: Path, sizes: tuple[Size, ...], *, clock: Clock, randomness: Randomness) -> World:
    """Make both sites; nothing has been exchanged yet but the enrolment."""
    hub = make_site(Folder(folder / "hub"), Settings("hub"), clock=clock, randomness=randomness)
    node = make_site(
        Folder(folder / "node"), Settings("node", sync_minutes=0), clock=clock, randomness=randomness
    )
    with connect(hub.replica) as db:
        consortium = write_consortium(hub.replica, db, sizes)
        code = issue_code(db, hub.replica, campus=sizes[0].code)
    with connect(node.replica) as db:
        enrol(node.replica, db, DirectHub(hub.replica), code)
    return World(hub, node, consortium)

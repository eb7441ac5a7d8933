"""A node of campus A, enrolled with a real hub in the same process, with a class and its people."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlite_utils import Database

from node.app import create_app
from node.config import NodePorts
from shared.clock import SettableClock
from shared.ids import SystemRandomness
from shared.records import (
    RECORDS,
    CalendarDay,
    GroupMember,
    Pupil,
    Register,
    RegisterException,
    RollSession,
    RosterGroup,
)
from sync.capture import Author, write
from sync.opening import create_replica
from sync.replica import Replica, connect
from sync.steps.enrol import enrol, issue_code, serve_enrol
from tests.web.small_site import CONFIG, clock_at, fill, people, person

DAY = "2025-09-15"
ADDRESS = "http://192.168.1.23:8080/"
HUB = "http://192.168.1.10:8090"


@dataclass
class Pair:
    """A hub and a node that may be enrolled with it."""

    hub: Replica
    node: Replica
    clock: SettableClock
    code: str

    def enrol(self, url: str, code: str) -> None:
        """What the command hands to the pages: the node half against the hub half, no wire between."""
        with connect(self.hub) as at_hub, connect(self.node) as at_node:
            enrol(self.node, at_node, Line(self.hub, at_hub), code)


@dataclass
class Line:
    """A line that never fails."""

    replica: Replica
    db: Database

    def enrol(self, request: bytes) -> bytes:
        """See HubPort."""
        return serve_enrol(self.replica, self.db, request)

    def exchange(self, sealed: bytes) -> bytes:
        """Nothing here needs it."""
        raise NotImplementedError


def make_pair(folder: Path, *, enrolled: bool = True) -> Pair:
    """A hub with a fresh code for campus A, and a node; enrolled and filled unless said otherwise."""
    clock = clock_at()
    replicas = [
        create_replica(folder / f"{role}.db", role=role, records=RECORDS, clock=clock, randomness=SystemRandomness())
        for role in ("hub", "node")
    ]
    with connect(replicas[0]) as db:
        code = issue_code(db, replicas[0], campus="A")
    pair = Pair(replicas[0], replicas[1], clock, code)
    if enrolled:
        pair.enrol(HUB, code)
        fill(pair.node, [*people(), *campus_a()])
    return pair


def campus_a() -> list[object]:
    """Monday, week 3; two sessions; class 2 of Wang Min with three pupils, class 1 of somebody else; a clerk."""
    return [
        *person("A-4-AA", "周教务", "zjw", ("clerk", "A")),
        *person("B-1-AA", "赵西", "zx", ("teacher", "B")),
        *person("A-5-AA", "孙门卫", "smw", ("gate", "A")),
        CalendarDay(campus="A", date=DAY, kind="school_day", follows_weekday=1, week=3),
        RollSession(campus="A", code="am", name="上午", name_en="morning", begin="08:00", end="11:30"),
        RollSession(campus="A", code="pm", name="下午", name_en="afternoon", begin="14:00", end="16:30"),
        RosterGroup(id="A-11-AA", campus="A", name="三年级1班", position=1, begin="2025-09-01"),
        RosterGroup(id="A-12-AA", campus="A", name="三年级2班", position=2, begin="2025-09-01", homeroom_id="A-1-AA"),
        *[Pupil(id=f"A-2{i}-AA", name=name) for i, name in enumerate(("陈雨桐", "邓子轩", "冯嘉怡"))],
        *[
            GroupMember(group_id="A-12-AA", member_id=f"A-2{i}-AA", begin="2025-09-01", seat_number=i + 1)
            for i in range(3)
        ],
    ]


def take_register(replica: Replica, session: str = "am", *, day: str = DAY, late: int = 8) -> None:
    """Wang Min takes the register of her class; one pupil is late."""
    with connect(replica) as db, write(replica, db, Author("A-1-AA")) as w:
        w.put(
            Register(
                group_id="A-12-AA", date=day, session=session, taken_by="A-1-AA", taken_at=f"{day}T00:06:00.000Z",
                roster_size=3, roster_digest="0" * 16,
            )
        )  # fmt: skip
        w.put(
            RegisterException(
                group_id="A-12-AA", date=day, session=session, person_id="A-21-AA", source="teacher",
                mark="late", minutes=late,
            )
        )  # fmt: skip


def make_node(pair: Pair, **ports: Any) -> Flask:
    """The app of the pair's node."""
    doors: dict[str, Any] = {"enrol": pair.enrol, "addresses": lambda: (ADDRESS,), **ports}
    return create_app(pair.node, CONFIG, hub_url=HUB, ports=NodePorts(**doors))

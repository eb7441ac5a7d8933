"""A second campus with a node of its own, and rooms that both want; the line between them is cut until told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.app import create_app as node_app
from node.config import NodePorts
from scripts.commands.site import exchange_and_answer
from shared.records import BellPeriod, Room, TimetableSlot, TimetableVersion
from shared.web.config import SiteConfig
from sync.exchange_report import ExchangeReport
from sync.http import HttpHub
from sync.replica import Replica, connect
from sync.steps.enrol import enrol, issue_code
from tests.browser.consortium import CHEAP, CLASS, CLERK_A, OFFICE, TEACHER, World, _replica, fill, opened_world
from tests.support.browser import served

LAB, SMALL, MUSIC = "A-71-AA", "A-72-AA", "B-73-AA"
BELLS = (
    ("第1节", "08:20", "09:00"), ("第2节", "09:10", "09:50"), ("第3节", "10:20", "11:00"), ("第4节", "11:10", "11:50"),
)  # fmt: skip
# The west rings ten minutes earlier: its third period lies across the main campus's third.
BELLS_B = (
    ("第1节", "08:10", "08:50"), ("第2节", "09:00", "09:40"), ("第3节", "10:10", "10:50"), ("第4节", "11:00", "11:40"),
)  # fmt: skip
# What the school typed itself stands in no catalogue.
ROOM_NAMES = frozenset({"科学实验室", "小实验室", "音乐教室", "磁铁实验", "种子发芽", "第", "节"})


@dataclass
class TwoCampuses:
    """The first campus's world, and the node of campus B beside it."""

    first: World
    node_b: Replica
    url_b: str = ""

    def sync(self, campus: str) -> ExchangeReport:
        """One run of a campus's node, as its command makes it: exchange, answer, once more if it answered."""
        node = self.first.node if campus == "A" else self.node_b
        with connect(node) as db, closing(HttpHub(self.first.hub_url)) as hub:
            return exchange_and_answer(node, db, hub)


@contextmanager
def opened_two(folder: Path) -> Iterator[TwoCampuses]:
    """Both campuses running, all in sync, nobody syncing by himself."""
    with opened_world(folder) as first:
        node_b, clock = _replica(folder / "node_b.db", "node")
        clock.set_to(first.node_clock.now_ms())
        both = TwoCampuses(first, node_b)
        with connect(first.hub) as db:
            code = issue_code(db, first.hub, campus="B")
        with connect(node_b) as db, closing(HttpHub(first.hub_url)) as hub:
            enrol(node_b, db, hub, code)
        fill(first.hub, OFFICE, [
            Room(id=MUSIC, campus="B", name="音乐教室", kind="music_room", seats=40), *bells("B", BELLS_B)
        ])  # fmt: skip
        fill(first.node, CLERK_A, premises())
        with connect(first.hub) as db:
            days = "UPDATE calendar_day SET follows_weekday = strftime('%w', date) WHERE kind = 'school_day'"
            db.conn.execute(days)
        for campus in "ABA":
            both.sync(campus)
        shell = SiteConfig(secret_key=b"b" * 32, cookie_name="tongxin_b", password=CHEAP)
        app = node_app(node_b, shell, hub_url=first.hub_url, ports=NodePorts(addresses=lambda: ()))
        with served(app) as both.url_b:
            yield both


def premises() -> list[object]:
    """Campus A's laboratories and bells, and its science lesson each Monday in the second period."""
    return [
        Room(id=LAB, campus="A", name="科学实验室", kind="science_lab", seats=48, position=1),
        Room(id=SMALL, campus="A", name="小实验室", kind="science_lab", seats=20, position=2),
        *bells("A", BELLS),
        TimetableVersion(id="A-80-AA", campus="A", name="课表", begin="2025-09-01", status="published"),
        TimetableSlot(
            version_id="A-80-AA", group_id=CLASS, weekday=1, weeks="every", period=2, subject="science",
            teacher_id=TEACHER, room_id=LAB,
        ),
    ]  # fmt: skip


def bells(campus: str, periods: tuple[tuple[str, str, str], ...]) -> list[object]:
    """A campus's default bells."""
    return [
        BellPeriod(schedule=campus, period=n, name=name, begin=begin, end=end)
        for n, (name, begin, end) in enumerate(periods, 1)
    ]

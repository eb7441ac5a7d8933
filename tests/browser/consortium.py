"""A hub and the node of campus A, both served, in sync over HTTP: Monday of the third week, five past eight."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hub.app import create_app as hub_app
from hub.config import HubConfig
from node.app import create_app as node_app
from node.config import NodePorts
from scripts.commands.syncing import SyncLoop
from shared.clock import SettableClock, SystemClock, instant_ms
from shared.ids import SystemRandomness
from shared.records import (
    RECORDS,
    Account,
    AccountRole,
    CalendarDay,
    Campus,
    Consortium,
    Evidence,
    GroupMember,
    Person,
    Pupil,
    RollSession,
    RosterGroup,
    SchoolYear,
    StaffDay,
    StaffMembership,
    Term,
)
from shared.text import initials_of
from shared.web.config import PasswordCost, SiteConfig
from shared.web.passwords import hash_password
from sync.capture import write
from sync.change import Author
from sync.exchange import run_exchange
from sync.exchange_report import ExchangeReport
from sync.http import HttpHub
from sync.opening import create_replica
from sync.replica import Replica, connect
from sync.steps.enrol import enrol, issue_code
from tests.support.browser import served

TODAY = "2025-09-15"
NOW_MS = instant_ms(f"{TODAY}T00:05:00.000Z")
PASSWORD = "芝麻开门2025"
CHEAP = PasswordCost(memory_kib=8, passes=1, lanes=1)
TEACHER, PRINCIPAL, CLERK, OPERATOR, WANG, ZHAO = (f"A-{n}-AA" for n in range(1, 7))
OFFICE, CLERK_A = Author(PRINCIPAL, rank="office"), Author(CLERK, rank="office")
CLASS, OTHER_CLASS = "A-11-AA", "A-12-AA"
FIRST_DAY, LAST_DAY = date(2025, 9, 1), date(2025, 9, 26)

# id: name, login, role, campus of the role, category, campuses (home first)
STAFF = {
    TEACHER: ("王敏", "wangmin", "homeroom_teacher", "A", "homeroom_teacher", "A"),
    PRINCIPAL: ("李建国", "lijianguo", "general_principal", "*", "middle_leader", "A"),
    CLERK: ("周文", "zhouwen", "clerk", "A", "support_staff", "A"),
    OPERATOR: ("陈操作", "chen", "system_operator", "*", "support_staff", "A"),
    WANG: ("王小明", "wangxm", "teacher", "A", "teacher", "AB"),
    ZHAO: ("赵强", "zhaoqiang", "teacher", "B", "teacher", "B"),
}
PUPILS = (
    "陈雨桐 邓子轩 冯嘉怡 高梓涵 何俊熙 黄一诺 李浩然 刘思远 马欣怡 彭宇航 钱诗琪 孙明哲 唐语嫣 王子涵 徐嘉乐 "
    "杨若曦 张天佑 赵可欣 周睿 朱安然 胡泽宇 郭晓彤 林沐阳 梁静怡 欧阳文博"
).split()


@dataclass
class World:
    """Both sites: files, clocks, addresses. `syncer` is the node's background sync."""

    hub: Replica
    node: Replica
    hub_clock: SettableClock
    node_clock: SettableClock
    hub_url: str
    node_url: str = ""
    syncer: SyncLoop | None = None

    def sync(self) -> ExchangeReport:
        """One run of exchanges of the node with the hub, over HTTP."""
        with connect(self.node) as db, closing(HttpHub(self.hub_url)) as hub:
            return run_exchange(self.node, db, hub)

    def rows(self, replica: Replica, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Plain SQL on one of the files."""
        with connect(replica) as db:
            return list(db.conn.execute(sql, values).fetchall())

    def names(self) -> frozenset[str]:
        """What the school typed itself: the same in every language."""
        return NAMES


@contextmanager
def opened_world(folder: Path) -> Iterator[World]:
    """The consortium, running; everything has been exchanged once."""
    hub, hub_clock = _replica(folder / "hub.db", "hub")
    node, node_clock = _replica(folder / "node.db", "node")
    fill(hub, OFFICE, [*places(), *staff(), *groups(), *office_facts()])
    config = SiteConfig(secret_key=b"h" * 32, kind="hub", cookie_name="tongxin_hub", password=CHEAP)
    with ExitStack() as stack:
        hub_url = stack.enter_context(served(hub_app(hub, HubConfig(site=config))))
        world = World(hub, node, hub_clock, node_clock, hub_url)
        _enrol(world)
        world.sync()
        fill(node, CLERK_A, node_facts())
        world.sync()
        first_run = threading.Event()
        world.syncer = SyncLoop(lambda: _then(first_run, world.sync), every_ms=0, last_wait_ms=5_000)
        ports = NodePorts(syncer=world.syncer, addresses=lambda: ("http://192.168.1.23:8080/",))
        shell = SiteConfig(secret_key=b"n" * 32, password=CHEAP)
        world.node_url = stack.enter_context(served(node_app(node, shell, hub_url=hub_url, ports=ports)))
        stack.enter_context(world.syncer)
        # Else the sync at start may carry news from one side before a test has written on the other.
        assert first_run.wait(20), "the sync at start never ended"
        yield world


@contextmanager
def opened_beside(world: World, folder: Path, campus: str) -> Iterator[World]:
    """A node of another campus beside the first, on the same hub; nobody syncs it but the test."""
    node, clock = _replica(folder / f"node_{campus}.db", "node")
    clock.set_to(world.node_clock.now_ms())
    beside = World(world.hub, node, world.hub_clock, clock, world.hub_url)
    _enrol(beside, campus)
    beside.sync()
    shell = SiteConfig(secret_key=b"b" * 32, cookie_name=f"tongxin_{campus}", password=CHEAP)
    with served(node_app(node, shell, hub_url=world.hub_url, ports=NodePorts(addresses=lambda: ()))) as url:
        beside.node_url = url
        yield beside


def _then(over: threading.Event, run: Callable[[], ExchangeReport]) -> ExchangeReport:
    try:
        return run()
    finally:
        over.set()


def _replica(path: Path, role: str) -> tuple[Replica, SettableClock]:
    clock = SettableClock(SystemClock())
    clock.set_to(NOW_MS)
    return create_replica(path, role=role, records=RECORDS, clock=clock, randomness=SystemRandomness()), clock


def _enrol(world: World, campus: str = "A") -> None:
    with connect(world.hub) as db:
        code = issue_code(db, world.hub, campus=campus)
    with connect(world.node) as db, closing(HttpHub(world.hub_url)) as hub:
        enrol(world.node, db, hub, code)


def fill(replica: Replica, author: Author, records: list[object]) -> None:
    """Write records as a person would."""
    with connect(replica) as db, write(replica, db, author) as w:
        w.insert(*records)


def places() -> list[object]:
    """A consortium of two campuses, a term with its days, two sessions."""
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    return [
        Consortium(code="X", name="云岭教联体"),
        Campus(code="A", school_code="3301000001", name="中心校区", main=1, position=1),
        Campus(code="B", school_code="3301000002", name="西校区", position=2),
        SchoolYear(code="2025", name="2025–2026学年", begin="2025-09-01", end="2026-09-01"),
        Term(code="2025A", school_year="2025", name="2025年秋季学期", begin="2025-09-01", end="2026-01-24"),
        *(
            CalendarDay(
                campus=campus, date=day.isoformat(), kind=_kind(day), week=1 + (day - FIRST_DAY).days // 7,
                follows_weekday=day.isoweekday() if _kind(day) == "school_day" else None,
            )
            for campus in "AB"
            for day in days
        ),
        RollSession(campus="A", code="am", name="上午", name_en="morning", begin="08:00", end="11:40"),
        RollSession(campus="A", code="pm", name="下午", name_en="afternoon", begin="14:00", end="16:30"),
    ]


def _kind(day: date) -> str:
    return "weekend" if day.weekday() > 4 else "school_day"


def staff() -> list[object]:
    """Six people who can log in."""
    hashed = hash_password(PASSWORD, CHEAP)
    made: list[object] = []
    for number, (id_, (name, login, role, at, category, campuses)) in enumerate(STAFF.items(), 1):
        made += [
            Person(id=id_, name=name, staff_number=f"{number:04}", initials=initials_of(name)),
            Account(person_id=id_, login=login, password_hash=hashed),
            AccountRole(person_id=id_, role=role, campus=at, begin="2025-08-01"),
        ]
        made += [
            StaffMembership(
                id=f"{campus}-{50 + number}-AA", person_id=id_, campus=campus, category=category, begin="2024-09-01",
                home=int(campus == campuses[0]),
            )
            for campus in campuses
        ]  # fmt: skip
    return made


def groups() -> list[object]:
    """The teacher's class of twenty-five, and somebody else's small one."""
    made: list[object] = [
        RosterGroup(id=CLASS, campus="A", name="三年级2班", position=2, begin="2025-09-01", homeroom_id=TEACHER),
        RosterGroup(id=OTHER_CLASS, campus="A", name="三年级1班", position=1, begin="2025-09-01"),
    ]
    for number, name in enumerate(PUPILS, 1):
        group = CLASS if number < 24 else OTHER_CLASS
        made += [
            Pupil(id=pupil_id(number), name=name, initials=initials_of(name)),
            GroupMember(group_id=group, member_id=pupil_id(number), begin="2025-09-01", seat_number=number),
        ]
    return made


def pupil_id(number: int) -> str:
    """The id of the n-th pupil, from 1."""
    return f"A-{100 + number}-AA"


def office_facts() -> list[object]:
    """What the office enters at the hub: days at campus B, lessons, inspections."""
    late: dict[str, Any] = {"late_minutes": 9, "note": "雨天路滑"}
    days: list[tuple[str, str, dict[str, Any]]] = [(WANG, "2025-09-04", late), (ZHAO, "2025-09-03", {})]
    return [
        *(
            StaffDay(person_id=who, date=day, campus="B", status="present", entered_by=PRINCIPAL, **more)
            for who, day, more in days
        ),
        *(
            Evidence(
                id=f"A-{200 + n}-AA", person_id=who, campus="A", date="2025-09-12", kind=kind, quantity=quantity,
                subject=subject, entered_by=PRINCIPAL,
            )
            for n, (who, kind, quantity, subject) in enumerate(
                [
                    (WANG, "weekly_lessons", "12", "maths"),
                    (WANG, "inspection_round", "92", None),
                    (WANG, "observed_lessons", "7", None),
                    (ZHAO, "weekly_lessons", "10", "chinese"),
                ]
            )
        ),
    ]  # fmt: skip


def node_facts() -> list[object]:
    """What the clerk of campus A enters on the node: the first two weeks of staff days."""
    made: list[object] = []
    for who in (TEACHER, WANG):
        for n in range(12):
            day = FIRST_DAY + timedelta(days=n)
            if _kind(day) == "school_day":
                late = 4 if who == WANG and n == 1 else 0
                made.append(
                    StaffDay(
                        person_id=who, date=day.isoformat(), campus="A", status="present", late_minutes=late,
                        entered_by=CLERK,
                    )
                )  # fmt: skip
    return made


NAMES = frozenset(
    {name for name, *_ in STAFF.values()}
    | set(PUPILS)
    | {"云岭教联体", "中心校区", "西校区", "学年", "年秋季学期", "三年级", "班", "雨天路滑", "同心"}
    # Holidays as the State Council's notice names them, which is what the calendar stores.
    | {"国庆节", "中秋节", "元旦", "春节", "清明节", "劳动节", "端午节"}
)

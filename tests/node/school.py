"""A small campus in a real file, and an app of the rooms under test: what these tests start from.

Campus A (its node) and campus B (another's); Monday 2025-09-15 is a school day, 2025-09-14 a Sunday,
2025-09-28 a make-up Sunday.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from flask import Blueprint, Flask
from flask.testing import FlaskClient

from shared.clock import SettableClock, SystemClock, instant_ms
from shared.ids import SystemRandomness
from shared.records import (
    RECORDS,
    Account,
    AccountRole,
    CalendarDay,
    Campus,
    GroupMember,
    Person,
    Pupil,
    RollSession,
    RosterGroup,
    StaffMembership,
)
from shared.web.app import make_app
from shared.web.config import PasswordCost, SiteConfig
from shared.web.passwords import hash_password
from sync.capture import write
from sync.change import Author
from sync.opening import create_replica
from sync.replica import Replica, connect

MONDAY = "2025-09-15"
SUNDAY = "2025-09-14"
MAKE_UP_SUNDAY = "2025-09-28"
CLASS, OTHER_CLASS, DORM, FOREIGN_CLASS = "A-1-00", "A-2-00", "A-3-00", "B-1-00"
HOMEROOM, TEACHER, CLERK, HEAD, DORM_KEEPER, BURSAR = "A-11-00", "A-12-00", "A-13-00", "A-14-00", "A-15-00", "A-16-00"
GUEST = "B-21-00"  # a teacher of campus B only
ROLES = {
    HOMEROOM: "homeroom_teacher", TEACHER: "teacher", CLERK: "clerk", HEAD: "campus_head",
    DORM_KEEPER: "dorm_supervisor", BURSAR: "bursar",
}  # fmt: skip
PASSWORD = "long-enough-1"
CHEAP = PasswordCost(memory_kib=8, passes=1, lanes=1)


def pupil_id(number: int) -> str:
    """The id of the class's n-th pupil, from 1."""
    return f"A-{100 + number}-00"


@dataclass
class School:
    """The campus's file, its clock (to be set) and the app under test."""

    replica: Replica
    clock: SettableClock
    app: Flask

    def at(self, local: str) -> None:
        """Set the clock to a local time, `2025-09-15 08:05`."""
        day, _, time = local.partition(" ")
        self.clock.set_to(instant_ms(f"{day}T{time or '08:05'}:00.000Z") - 8 * 3600 * 1000)

    def log_in(self, person: str) -> tuple[FlaskClient, str]:
        """A browser in which this person is logged in, and its CSRF token."""
        client = self.app.test_client()
        answer = client.post("/login", json={"login": person.lower(), "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return client, answer.get_json()["csrf_token"]

    def rows(self, sql: str, *values: object) -> list[tuple]:
        """Plain SQL on the campus's file."""
        with connect(self.replica) as db:
            return db.conn.execute(sql, values).fetchall()


def open_school(folder: Path, rooms: Sequence[Blueprint], routes: Mapping[str, str], *, pupils: int = 8) -> School:
    """A fresh school of one class with so many pupils, on Monday at five past eight."""
    clock = SettableClock(SystemClock())
    clock.set_to(instant_ms("2025-09-01T00:00:00.000Z"))
    replica = create_replica(
        folder / "campus.db", role="node", campus="A", records=RECORDS, clock=clock, randomness=SystemRandomness()
    )
    with connect(replica) as db, write(replica, db, Author("A-10-00", rank="office")) as w:
        w.insert(*places(), *staff(), *groups(pupils))
    config = SiteConfig(secret_key=b"k" * 32, password=CHEAP)
    app = make_app("node", replica=replica, config=config, rooms=rooms, routes=routes)
    school = School(replica, clock, app)
    school.at(f"{MONDAY} 08:05")
    return school


def places() -> list[object]:
    """Two campuses, a month of calendar days, the sessions of campus A."""
    first = date(2025, 8, 25)
    days = [first + timedelta(days=n) for n in range(60)]
    return [
        Campus(code="A", school_code="3600000001", name="东校区", main=1),
        Campus(code="B", school_code="3600000002", name="西校区", main=0),
        *(
            CalendarDay(campus=campus, date=day.isoformat(), kind=_kind(day), week=1 + (day - first).days // 7)
            for day in days
            for campus in ("A", "B")
        ),
        RollSession(campus="A", code="am", name="上午", name_en="morning", begin="08:00", end="11:40"),
        RollSession(campus="A", code="pm", name="下午", name_en="afternoon", begin="14:00", end="16:30"),
        RollSession(campus="A", code="night", name="熄灯查寝", begin="21:00", end="21:40", group_kind="dorm_room"),
    ]


def _kind(day: date) -> str:
    if day.isoformat() == MAKE_UP_SUNDAY:
        return "make_up"
    return "weekend" if day.weekday() > 4 else "school_day"


def staff() -> list[object]:
    """One person a role, each with a place at A and a log-in; the teacher belongs to B as well."""
    names = dict(zip(ROLES, ["王敏", "李芳", "陈刚", "周启明", "何秀英", "吴会计"], strict=True))
    made: list[object] = []
    hashed = hash_password(PASSWORD, CHEAP)
    for person, role in ROLES.items():
        made += [
            Person(id=person, name=names[person], staff_number=person, initials="xx"),
            StaffMembership(
                id=f"A-5{person[2:]}", person_id=person, campus="A", category="teacher", begin="2025-08-25"
            ),
            Account(person_id=person, login=person.lower(), password_hash=hashed),
            AccountRole(person_id=person, role=role, campus="A", begin="2025-08-25"),
        ]
    made += [
        Person(id=GUEST, name="郑客人", staff_number=GUEST),
        Account(person_id=GUEST, login=GUEST.lower(), password_hash=hashed),
        AccountRole(person_id=GUEST, role="teacher", campus="B", begin="2025-08-25"),
    ]
    made.append(
        StaffMembership(
            id="B-512-00", person_id=TEACHER, campus="B", category="teacher", begin="2025-08-25", home=0, share="0.4"
        )
    )
    return made


FAMILY = "陈邓冯高何黄李刘马彭钱孙唐王徐杨张赵周朱"
GIVEN = ("雨桐", "子轩", "嘉怡", "梓涵", "俊熙", "一诺", "浩然", "思远", "欣怡", "宇航", "诗琪", "明哲")


def groups(pupils: int) -> list[object]:
    """Class with pupils (the last one joins on the 16th), another class, a dorm room, a class of campus B."""
    made: list[object] = [
        RosterGroup(
            id=CLASS, campus="A", cohort="2023", name="三年级2班", homeroom_id=HOMEROOM, begin="2025-08-25", position=2
        ),
        RosterGroup(id=OTHER_CLASS, campus="A", cohort="2024", name="二年级1班", begin="2025-08-25", position=1),
        RosterGroup(id=DORM, campus="A", kind="dorm_room", name="301室", begin="2025-08-25"),
        RosterGroup(id=FOREIGN_CLASS, campus="B", cohort="2023", name="三年级1班", begin="2025-08-25"),
    ]
    for number in range(1, pupils + 1):
        name = FAMILY[number % len(FAMILY)] + GIVEN[number % len(GIVEN)]
        made += [
            Pupil(id=pupil_id(number), name=name, initials="xyz"[: number % 3 + 1]),
            GroupMember(group_id=CLASS, member_id=pupil_id(number), begin="2025-08-25", seat_number=number),
        ]
    made += [
        Pupil(id=pupil_id(900), name="新来的", initials="xld"),
        GroupMember(group_id=CLASS, member_id=pupil_id(900), begin="2025-09-16", seat_number=900),
        GroupMember(group_id=DORM, member_id=pupil_id(1), begin="2025-08-25", seat_number=1),
    ]
    return made

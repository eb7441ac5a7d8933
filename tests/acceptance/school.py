"""Two campuses made of real pupils, four nodes and a hub as real processes, registers through the HTTP API."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from scripts.commands.clock_file import chosen_clock, set_clock_file
from scripts.commands.folder import Folder, Settings
from scripts.commands.site import Site, exchange, make_site, open_site
from scripts.demo_play.consortium import PASSWORD
from scripts.demo_play.servers import Server, serving
from scripts.demo_play.session import Session
from scripts.demo_play.term import SCHOOL_YEAR, TERM, TERM_BEGIN, TERM_END, term_days
from shared.clock import SystemClock, midnight_ms
from shared.ids import SystemRandomness
from shared.records import (
    Account,
    AccountRole,
    Campus,
    Consortium,
    GroupMember,
    Person,
    Pupil,
    RollSession,
    RosterGroup,
    SchoolYear,
    StaffMembership,
    Term,
)
from shared.web.config import PasswordCost
from shared.web.passwords import hash_password
from sync.capture import Author, Writing, write
from sync.change import LOCAL_OPERATOR
from sync.http import HttpHub
from sync.replica import connect
from sync.steps.enrol import enrol, issue_code
from tests.acceptance.uci import CLASS_SIZE, Student

BEGIN = TERM_BEGIN.isoformat()
HOUR_MS = 3_600_000
DAYS_LOGGED_IN = 160


@dataclass
class School:
    """The running consortium. classes: (campus, class number) → group id; nodes: "A1" → its server and site."""

    folder: Path
    students: Mapping[str, Sequence[Student]]
    hub: Site
    pupils: dict[tuple[str, int], str] = field(default_factory=dict)
    classes: dict[tuple[str, int], str] = field(default_factory=dict)
    teachers: dict[tuple[str, int], str] = field(default_factory=dict)
    nodes: dict[str, Server] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)

    def set_day(self, day: date) -> None:
        """Eight in the morning of a day, on every clock."""
        set_clock_file(self.folder / "clock", midnight_ms(day) + 8 * HOUR_MS)

    def sync(self, node: str) -> None:
        """One exchange of a node, until nothing is left to say."""
        assert exchange(self.sites[node], wait_s=60).done

    def absent(self, campus: str, number: int, missed: frozenset[int]) -> list[dict[str, str]]:
        """The exceptions of one class's register: those of its pupils who miss that day."""
        own = [s.number for s in self.students[campus] if s.class_number == number and s.number in missed]
        return [{"person_id": self.pupils[campus, pupil], "mark": "absent"} for pupil in own]


@contextlib.contextmanager
def running_school(folder: Path, students: Mapping[str, Sequence[Student]], names: Sequence[str]) -> Iterator[School]:
    """Make, enrol and serve everything; `names` are the nodes, "A1" being the first of campus A."""
    randomness = SystemRandomness()
    clock = chosen_clock(None, folder / "clock", SystemClock())
    set_clock_file(folder / "clock", midnight_ms(TERM_BEGIN - timedelta(days=1)))
    hub = make_site(Folder(folder / "hub"), Settings("hub"), clock=clock, randomness=randomness)
    school = School(folder, students, hub)
    with connect(hub.replica) as db, write(hub.replica, db, Author(LOCAL_OPERATOR, rank="office")) as writing:
        _found(writing, school)
    with contextlib.ExitStack() as ends:
        def serve(name: str, kind: str) -> Server:
            clock_words = ("--clock-file", str(folder / "clock"))
            words = ("scripts.tongxin", kind, "serve", "--data", str(folder / name), *clock_words)
            return ends.enter_context(serving(name, words, folder, SystemClock()))

        server = serve("hub", "hub")
        for name in names:
            _enrol(school, name, server.url)
        with ThreadPoolExecutor(2) as pool:
            school.nodes |= zip(names, pool.map(lambda name: serve(name, "node"), names), strict=True)
        yield school


def _enrol(school: School, name: str, hub_url: str) -> None:
    clock, randomness = school.hub.replica.clock, SystemRandomness()
    settings = Settings("node", hub_url=hub_url, sync_minutes=0, session_minutes=DAYS_LOGGED_IN * 24 * 60)
    folder = Folder(school.folder / name)
    site = make_site(folder, settings, clock=clock, randomness=randomness)
    with connect(school.hub.replica) as db:
        code = issue_code(db, school.hub.replica, campus=name[0])
    with connect(site.replica) as db, contextlib.closing(HttpHub(hub_url)) as hub:
        enrol(site.replica, db, hub, code)
    school.sites[name] = open_site(folder, "node", clock=clock, randomness=randomness)
    school.sync(name)


def _found(writing: Writing, school: School) -> None:
    hashed = hash_password(PASSWORD, PasswordCost())
    records: list[object] = [
        Consortium(code="UCI", name="UCI"),
        SchoolYear(code=SCHOOL_YEAR, name=SCHOOL_YEAR, begin=BEGIN, end="2026-09-01"),
        Term(code=TERM, school_year=SCHOOL_YEAR, name=TERM, begin=BEGIN, end=TERM_END.isoformat()),
    ]
    for place, campus in enumerate(school.students):
        records.append(Campus(code=campus, school_code=f"000000000{place}", name=campus, main=int(place == 0)))
        records.append(RollSession(campus=campus, code="am", name="上午", begin="08:00", end="12:00"))
        records += term_days(campus)
        records += _person(writing, campus, f"clerk-{campus}", "support_staff", ("clerk", "campus_head"), hashed)
    writing.insert(*records)
    for campus, students in school.students.items():
        _classes(writing, school, campus, students, hashed)


def _person(
    writing: Writing, campus: str, login: str, category: str, roles: Sequence[str], hashed: str
) -> list[object]:
    person = Person(id=writing.mint(campus), name=login, staff_number=login)
    return [
        person,
        StaffMembership(id=writing.mint(campus), person_id=person.id, campus=campus, category=category, begin=BEGIN),
        Account(person_id=person.id, login=login, password_hash=hashed),
        *(AccountRole(person_id=person.id, role=role, campus=campus, begin="2025-01-01") for role in roles),
    ]


def _classes(
    writing: Writing, school: School, campus: str, students: Sequence[Student], hashed: str
) -> None:
    for number in range(-(-len(students) // CLASS_SIZE)):
        records = _person(writing, campus, f"t-{campus}-{number}", "homeroom_teacher", ("homeroom_teacher",), hashed)
        teacher = records[0]
        assert isinstance(teacher, Person)
        group = RosterGroup(id=writing.mint(campus), campus=campus, name=f"{number + 1}班", position=number,
                            homeroom_id=teacher.id, begin=BEGIN)
        school.classes[campus, number], school.teachers[campus, number] = group.id, teacher.id
        writing.insert(*records, group)
    for student in students:
        pupil = Pupil(id=writing.mint(campus), name=f"{campus}{student.number}")
        school.pupils[campus, student.number] = pupil.id
        writing.insert(pupil, GroupMember(group_id=school.classes[campus, student.class_number], member_id=pupil.id,
                                          begin=BEGIN, seat_number=student.number + 1))


def clerk_of(school: School, node: str) -> Session:
    """The clerk of a node's campus, who enters registers from paper."""
    return Session(school.nodes[node].url, f"clerk-{node[0]}", PASSWORD)

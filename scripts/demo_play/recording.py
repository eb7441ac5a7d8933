"""One school day at one campus, through its node's HTTP API: every class's registers, and the staff's day."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date

from scripts.commands.clock_file import chosen_clock
from scripts.commands.site import open_site
from scripts.demo_play.data import Invented
from scripts.demo_play.fortnight import STORM_DAY, marks, sessions_of, staff_days
from scripts.demo_play.session import Session
from scripts.demo_play.stage import Stage
from scripts.demo_play.telling import Bar
from shared.ids import SystemRandomness
from shared.records import CalendarDay, RosterGroup
from sync.capture import Author, write
from sync.replica import connect

STORM_CAMPUS = "B"
# The hour at which each session's registers are taken.
HOURS = {"am": 8, "pm": 14, "night": 21}


def registers(consortium: Invented, campus: str, day: date, session: str) -> Iterator[RosterGroup]:
    """The groups of a campus for which a register is taken in a session; a storm closes school, not the dorm."""
    for group in consortium.groups:
        if group.campus == campus and session in sessions_of(group) and not (
            closed(campus, day) and group.kind == "class"
        ):
            yield group


def closed(campus: str, day: date) -> bool:
    """The one day on which the boarding campus had no lessons."""
    return campus == STORM_CAMPUS and day == STORM_DAY


def units(consortium: Invented, campus: str, day: date) -> int:
    """How many requests a day of a campus takes: for the progress bar."""
    taken = sum(1 for session in HOURS for _ in registers(consortium, campus, day, session))
    return taken + 2 * (not closed(campus, day))


class Phones:
    """The phones of one campus's people: each logs in once, at its first use, and stays so for two weeks."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._password = password
        self._open = contextlib.ExitStack()
        self._sessions: dict[str, Session] = {}

    def __enter__(self) -> Phones:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def of(self, login: str) -> Session:
        """The phone of whoever has this log-in."""
        if login not in self._sessions:
            self._sessions[login] = self._open.enter_context(Session(self._url, login, self._password))
        return self._sessions[login]


@dataclass
class Counted:
    """What was recorded at one campus so far."""

    registers: int = 0
    exceptions: int = 0
    staff_days: int = 0


@dataclass(frozen=True)
class Recorder:
    """Who records at one campus: its people, their phones, what came of it."""

    campus: str
    consortium: Invented
    phones: Phones
    bar: Bar
    counted: Counted = field(default_factory=Counted)

    def take_registers(self, day: date, session: str) -> None:
        """Every group's register of one session, each by its own teacher."""
        for group in registers(self.consortium, self.campus, day, session):
            absent = [asdict(one) for one in marks(group, self.consortium.members[group.id], day, session)]
            path = f"/api/v1/registers/{group.id}/{day}/{session}"
            self.phones.of(self._taker(group)).json("PUT", path, {"exceptions": absent})
            self.counted.registers += 1
            self.counted.exceptions += len(absent)
            self.bar.advance()

    def record_staff(self, day: date) -> None:
        """The office's list of who was there, late or on leave; itinerant teachers where they were that day."""
        if closed(self.campus, day):
            return
        entries = [asdict(one) for one in staff_days(self.consortium, self.campus, day)]
        clerk = self.phones.of(self.consortium.who("clerk", self.campus).login)
        clerk.json("PUT", f"/api/v1/staff-days/{self.campus}/{day}", {"entries": entries})
        self.counted.staff_days += len(entries)
        self.bar.advance()

    def _taker(self, group: RosterGroup) -> str:
        if group.kind == "dorm_room":
            return self.consortium.who("dorm_supervisor", self.campus).login
        return next(each.login for each in self.consortium.staff if each.person.id == group.homeroom_id)


def close_for_storm(stage: Stage) -> None:
    """The head of the boarding campus closes school for a day, on the campus's own node."""
    clock = chosen_clock(None, stage.clock_file, stage.clock)
    site = open_site(stage.node_folder(STORM_CAMPUS), "node", clock=clock, randomness=SystemRandomness())
    head = stage.consortium.who("campus_head", STORM_CAMPUS).person.id
    changes = {"kind": "closed", "note": "暴雨停课"}
    with connect(site.replica) as db, write(site.replica, db, Author(head, rank="office")) as writing:
        writing.update(CalendarDay, (STORM_CAMPUS, STORM_DAY.isoformat()), changes)

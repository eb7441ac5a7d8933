"""What happens on which day of the two weeks: pure, seeded by place and date, never by id or by order.

About one pupil in thirty is not simply present at a register, about one member of staff in twenty is late or
on leave on a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from scripts.demo_play.data import SEED, Invented, Staffed
from scripts.demo_play.lessons import VISIT_DAYS
from scripts.demo_play.term import weekday_of
from shared.records import RosterGroup

FORTNIGHT_BEGIN = date(2025, 9, 15)
FORTNIGHT_END = date(2025, 9, 29)  # half-open: the make-up Sunday of 28 September belongs to it
STORM_DAY = date(2025, 9, 26)

_PUPIL_LEAVES = (("sick_leave", 60), ("personal_leave", 35), ("official_leave", 5))
_PUPIL_MARKS = (("late", 70), ("absent", 20), ("early_leave", 10))
_STAFF_MARKS = (
    ("late", 40), ("personal_leave", 25), ("sick_leave", 20), ("sick_leave_no_note", 3), ("official_leave", 10),
    ("statutory_leave", 2),
)


@dataclass(frozen=True)
class Marked:
    """One pupil who is not simply present."""

    person_id: str
    mark: str
    minutes: int = 0


@dataclass(frozen=True)
class StaffDayPlayed:
    """One person's day at one campus."""

    person_id: str
    status: str
    part: str = "full"
    late_minutes: int = 0
    note: str = ""


def sessions_of(group: RosterGroup) -> tuple[str, ...]:
    """The sessions in which a register is taken for a group."""
    return ("night",) if group.kind == "dorm_room" else ("am", "pm")


def marks(group: RosterGroup, pupils: Sequence[str], day: date, session: str) -> list[Marked]:
    """The exceptions of one register. A pupil on leave in the morning is on leave in the afternoon too."""
    whole = _random(group.campus, group.kind, group.position, day)
    part = _random(group.campus, group.kind, group.position, day, session)
    found: list[Marked] = []
    for pupil in pupils:
        lasting, passing = whole.random(), part.random()
        if lasting < 0.018:
            found.append(Marked(pupil, _chosen(whole, _PUPIL_LEAVES)))
        elif passing < 0.015:
            mark = _chosen(part, _PUPIL_MARKS)
            found.append(Marked(pupil, mark, part.randint(1, 20) if mark == "late" else 0))
    return found


def staff_days(consortium: Invented, campus: str, day: date) -> list[StaffDayPlayed]:
    """The staff days recorded at one campus: its own people and those who travel to it that day."""
    return [_staff_day(each, campus, day) for each in consortium.staff if works_at(each, campus, day)]


def works_at(staffed: Staffed, campus: str, day: date) -> bool:
    """Own people every day; an itinerant teacher is at the other campus on the visit days only."""
    travels = bool(staffed.also_at) and weekday_of(day) in VISIT_DAYS
    return staffed.also_at == campus if travels else staffed.campus == campus


def _staff_day(staffed: Staffed, campus: str, day: date) -> StaffDayPlayed:
    random = _random(staffed.person.staff_number, campus, day)
    person = staffed.person.id
    if random.random() >= 0.05:
        return StaffDayPlayed(person, "present")
    mark = _chosen(random, _STAFF_MARKS)
    if mark == "late":
        return StaffDayPlayed(person, "present", late_minutes=random.choice((3, 4, 5, 8, 12, 20)))
    part = random.choice(("full", "full", "am", "pm"))
    note = "走教交通" if staffed.also_at == campus else ""
    return StaffDayPlayed(person, mark, part, note=note)


def _chosen(random: Random, weighted: Sequence[tuple[str, int]]) -> str:
    return random.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]


def _random(*place: object) -> Random:
    return Random("/".join(map(str, (SEED, *place))))

"""A hub with two campuses and a few people on a real SQLite file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.clock import instant_ms
from shared.ids import SystemRandomness
from shared.records import RECORDS
from shared.records.attendance import StaffDay
from shared.records.evidence import EthicsEvent, Evidence
from shared.records.people import Person, StaffMembership
from shared.records.places import CalendarDay, Campus, Consortium, SchoolYear, Term
from sync.capture import write
from sync.change import Author
from sync.opening import create_replica
from sync.replica import Replica, connect

OFFICE = Author("A-1-AA", rank="office")
DAYS = ("2025-09-01", "2025-09-02", "2025-09-03", "2025-09-04", "2025-09-05")
END = "2025-09-06"


@dataclass
class StillClock:
    """A clock that stands until it is told otherwise."""

    at_ms: int

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_ms(self) -> int:
        return self.at_ms

    def wait_ms(self, duration_ms: int) -> None:
        self.at_ms += duration_ms


PEOPLE = {
    # id: name, memberships (campus, category, home)
    "A-1-AA": ("陈静", [("A", "middle_leader", 1)]),
    "A-2-AA": ("王小明", [("A", "teacher", 1), ("B", "teacher", 0)]),
    "A-3-AA": ("李红", [("A", "homeroom_teacher", 1), ("A", "middle_leader", 1)]),
    "B-1-AA": ("赵强", [("B", "teacher", 1)]),
    "B-2-AA": ("孙丽", [("B", "support_staff", 1)]),
}


def new_hub(folder: Path, *, now: str = "2025-09-08T00:00:00.000Z") -> Replica:
    """An empty hub replica at a given instant."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = StillClock(instant_ms(now))
    return create_replica(
        folder / "hub.db", role="hub", records=RECORDS, clock=clock, randomness=SystemRandomness(), campus="A"
    )


def place_records() -> list[object]:
    """The consortium, two campuses, a term, and five school days on both."""
    return [
        Consortium(code="X", name="云岭教联体"),
        Campus(code="A", school_code="0000000001", name="中心校", main=1, position=1),
        Campus(code="B", school_code="0000000002", name="西校区", position=2),
        SchoolYear(code="2025", name="2025学年", begin="2025-09-01", end="2026-07-10"),
        Term(code="2025A", school_year="2025", name="2025年秋季学期", begin="2025-09-01", end="2026-01-20"),
        *(CalendarDay(campus=campus, date=day, kind="school_day") for campus in "AB" for day in DAYS),
    ]


def people_records() -> list[object]:
    """Five people, one of them on both campuses."""
    found: list[object] = []
    for number, (id_, (name, places)) in enumerate(PEOPLE.items(), 1):
        found.append(Person(id=id_, name=name, staff_number=f"{number:04}"))
        found += [
            StaffMembership(id=f"{campus}-{number}{index}-MM", person_id=id_, campus=campus, category=category,
                            home=home, begin="2024-09-01")
            for index, (campus, category, home) in enumerate(places)
        ]  # fmt: skip
    return found


def day_records() -> list[object]:
    """Everybody present on all days but what is said here."""
    special: dict[tuple[str, str, str], dict[str, Any]] = {
        ("A-2-AA", DAYS[1], "A"): {"late_minutes": 4},
        ("A-2-AA", DAYS[3], "B"): {"late_minutes": 9, "note": "雨天路滑"},
        ("B-1-AA", DAYS[2], "B"): {"status": "personal_leave"},
    }
    found: list[object] = []
    for id_, (_, places) in PEOPLE.items():
        for campus in dict.fromkeys(place[0] for place in places):
            for day in DAYS:
                more = {"status": "present", "entered_by": "A-1-AA", **special.get((id_, day, campus), {})}
                found.append(StaffDay(person_id=id_, date=day, campus=campus, **more))
    return found


def evidence(id_: str, person: str, kind: str, quantity: str, **more: Any) -> Evidence:
    """One row of evidence, dated inside the five days unless said."""
    campus = person[0]
    given = {"campus": campus, "date": DAYS[4], "entered_by": "A-1-AA", **more}
    return Evidence(id=id_, person_id=person, kind=kind, quantity=quantity, **given)


def evidence_records() -> list[object]:
    """Lessons, rounds and results of some; the others lack them."""
    return [
        evidence("A-101-AA", "A-2-AA", "weekly_lessons", "9", subject="maths"),
        evidence("B-101-AA", "A-2-AA", "weekly_lessons_itinerant", "4", subject="maths", campus="B"),
        evidence("A-102-AA", "A-2-AA", "inspection_round", "92"),
        evidence("A-103-AA", "A-2-AA", "observed_lessons", "7"),
        evidence("A-104-AA", "A-2-AA", "result_growth", "25.5"),
        evidence("A-105-AA", "A-2-AA", "line_task", "3"),
        evidence("A-106-AA", "A-2-AA", "line_task", "1.2", replaces_id="A-105-AA", note="更正"),
        evidence("A-107-AA", "A-3-AA", "homeroom_line", "9"),
        evidence("A-108-AA", "A-3-AA", "assigned_work", "8"),
        EthicsEvent(id="A-109-AA", person_id="A-3-AA", campus="A", date=DAYS[2], kind="deduction", points="2",
                    note="不外传", entered_by="A-1-AA"),
    ]  # fmt: skip


def filled_hub(folder: Path, **more: str) -> Replica:
    """A hub with all of the above, written as the office writes it."""
    replica = new_hub(folder, **more)
    with connect(replica) as db:
        for records in (place_records(), people_records(), day_records(), evidence_records()):
            with write(replica, db, OFFICE) as w:
                w.insert(*records)
    return replica

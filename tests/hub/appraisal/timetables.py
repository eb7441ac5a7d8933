"""A hub whose two campuses have a timetable: the worked person's 16 lessons a week, of which 4 at campus B."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from shared.records.attendance import StaffDay
from shared.records.places import CalendarDay, Campus, Consortium, SchoolYear, Term
from shared.records.pupils import RosterGroup
from shared.records.timetable import LessonDay, LessonOverride, TimetableSlot, TimetableVersion
from sync.capture import write
from sync.replica import Replica, connect
from tests.hub.appraisal.worlds import OFFICE, evidence, new_hub, people_records

WANG, CHEN, ZHAO = "A-2-AA", "A-1-AA", "B-1-AA"
TERM_BEGIN = date(2025, 9, 1)  # a Monday
WEEKS = 20
SCHOOL_DAYS = tuple(TERM_BEGIN + timedelta(days=7 * week + day) for week in range(WEEKS) for day in range(5))
TERM_END = (TERM_BEGIN + timedelta(days=7 * WEEKS)).isoformat()
FRIDAYS = tuple(day.isoformat() for day in SCHOOL_DAYS if day.isoweekday() == 5)
MONDAYS = tuple(day.isoformat() for day in SCHOOL_DAYS if day.isoweekday() == 1)
WEDNESDAYS = tuple(day.isoformat() for day in SCHOOL_DAYS if day.isoweekday() == 3)
CLOSED_AT = "2025-09-01T09:00:00.000Z"


def places() -> list[object]:
    """Two campuses, a term of twenty whole weeks, three classes."""
    return [
        Consortium(code="X", name="云岭教联体"),
        Campus(code="A", school_code="0000000001", name="中心校", main=1, position=1),
        Campus(code="B", school_code="0000000002", name="西校区", position=2),
        SchoolYear(code="2025", name="2025学年", begin="2025-09-01", end="2026-07-10"),
        Term(code="2025A", school_year="2025", name="秋季", begin="2025-09-01", end=TERM_END),
        RosterGroup(id="A-21-AA", campus="A", cohort="2024级", name="二年级1班", begin="2025-09-01"),
        RosterGroup(id="A-22-AA", campus="A", cohort="2023级", name="三年级1班", begin="2025-09-01"),
        RosterGroup(id="B-21-AA", campus="B", cohort="2024级", name="二年级", begin="2025-09-01"),
        *(
            CalendarDay(campus=campus, date=day.isoformat(), kind="school_day", follows_weekday=day.isoweekday(),
                        week=number // 5 + 1, parity=("odd", "even")[number // 5 % 2])
            for campus in "AB" for number, day in enumerate(SCHOOL_DAYS)
        ),
    ]  # fmt: skip


def version(campus: str, **more: Any) -> TimetableVersion:
    """The term's published timetable of a campus."""
    given = {"name": "秋季", "begin": "2025-09-01", "status": "published", **more}
    return TimetableVersion(**{"id": f"{campus}-50-AA", "campus": campus, **given})


def slot(group: str, weekday: int, period: int, teacher: str, **more: Any) -> TimetableSlot:
    """One maths lesson a week."""
    given = {"version_id": f"{group[0]}-50-AA", "weeks": "every", "subject": "maths", **more}
    return TimetableSlot(group_id=group, weekday=weekday, period=period, teacher_id=teacher, **given)


def timetable() -> list[object]:
    """Wang: four lessons on Monday, Tuesday and Thursday at A, four on Wednesday at B; Chen: Friday at A."""
    return [
        version("A"), version("B"),
        *(slot("A-21-AA", weekday, period, WANG) for weekday in (1, 2, 4) for period in (1, 2, 3, 4)),
        *(slot("B-21-AA", 3, period, WANG) for period in (1, 2, 3, 4)),
        slot("A-21-AA", 5, 1, CHEN),
    ]  # fmt: skip


def cover(number: int, day: str, *, teacher: str = CHEN, by: str = WANG, period: int = 1) -> LessonOverride:
    """Somebody takes the lesson of somebody else at A."""
    return LessonOverride(
        id=f"A-{600 + number}-AA", group_id="A-21-AA", date=day, period=period, kind="cover", teacher_id=teacher,
        new_teacher_id=by, reason="leave", entered_by=CHEN,
    )  # fmt: skip


def closed(campus: str, days: Sequence[str], person: str = "*", by: str = CHEN) -> list[LessonDay]:
    """Somebody said that the lessons of these days were held."""
    return [LessonDay(campus=campus, date=day, person_id=person, closed_by=by, closed_at=CLOSED_AT) for day in days]


ALL_DAYS = tuple(day.isoformat() for day in SCHOOL_DAYS)


def worked_days() -> list[object]:
    """The worked person's attendance (RECORDS), with the leave on Fridays, on which he has no lessons."""
    special: dict[str, dict[str, Any]] = {
        MONDAYS[0]: {"late_minutes": 4}, MONDAYS[1]: {"late_minutes": 4}, MONDAYS[2]: {"late_minutes": 9},
        **{day: {"status": "personal_leave"} for day in FRIDAYS[:3]},
        **{day: {"status": "sick_leave"} for day in FRIDAYS[3:9]},
    }  # fmt: skip
    return [
        StaffDay(person_id=WANG, date=day, campus="A", entered_by=CHEN, **{"status": "present", **special.get(day, {})})
        for day in ALL_DAYS
    ]  # fmt: skip


def worked_evidence() -> list[object]:
    """What the worked person has beside lessons."""
    kinds = (("post", "2"), ("inspection_round", "90"), ("inspection_round", "94"), ("observed_lessons", "7"),
             ("result_growth", "25.5"), ("line_task", "1.2"))  # fmt: skip
    return [evidence(f"A-{100 + n}-AA", WANG, kind, quantity) for n, (kind, quantity) in enumerate(kinds)]


def hub_with(folder: Path, *more: object) -> Replica:
    """A hub with places, people, the timetable, and whatever else is given."""
    replica = new_hub(folder, now="2026-01-25T00:00:00.000Z")
    with connect(replica) as db:
        for records in (places(), people_records(), timetable(), more):
            with write(replica, db, OFFICE) as w:
                w.insert(*records)
    return replica

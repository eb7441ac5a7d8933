"""A small timetable for the pair of `small_node`: two campuses with different bells, a teacher who goes between.

Monday 2025-09-15 to Friday; 王敏 teaches 数学 at A, 李芳 语文 at A, 赵西 art at both (A on Monday 1, B on
Monday 3, which begins an hour after A's first lesson ends), 钱老师 science at A.
"""

from datetime import date, timedelta
from typing import Any

from shared.records import (
    BellPeriod,
    CalendarDay,
    LeaveApproval,
    LeaveRequest,
    LessonDay,
    LessonOverride,
    Room,
    RosterGroup,
    StaffMembership,
    Term,
    TimetableSlot,
    TimetableVersion,
    TravelTime,
)
from tests.web.small_site import person

MONDAY, TUESDAY, FRIDAY, SATURDAY = "2025-09-15", "2025-09-16", "2025-09-19", "2025-09-20"
LAST_FRIDAY = "2025-09-12"
WANG, ITINERANT, LI, QIAN, CLERK, HEAD = "A-1-AA", "B-1-AA", "A-6-AA", "A-7-AA", "A-4-AA", "A-8-AA"
CLASS_1, CLASS_2, CLASS_B = "A-11-AA", "A-12-AA", "B-11-AA"
HALL, LAB, ROOM_B = "A-41-AA", "A-42-AA", "B-41-AA"
FIRST = date(2025, 9, 8)
# (group, weekday, period) -> subject, teacher, room
WEEK = {
    (CLASS_1, 1, 1): ("art", ITINERANT, None),
    (CLASS_1, 1, 2): ("chinese", LI, None),
    (CLASS_1, 1, 3): ("science", QIAN, LAB),
    (CLASS_1, 2, 1): ("chinese", LI, None),
    (CLASS_2, 1, 1): ("maths", WANG, None),
    (CLASS_2, 1, 2): ("maths", WANG, None),
    (CLASS_2, 1, 4): ("chinese", LI, None),
    (CLASS_2, 2, 1): ("maths", WANG, None),
    (CLASS_2, 2, 2): ("science", QIAN, LAB),
    (CLASS_2, 5, 1): ("maths", WANG, None),
    (CLASS_B, 1, 3): ("art", ITINERANT, ROOM_B),
}
BELLS = {
    "A": (("08:20", "09:00"), ("09:10", "09:50"), ("10:20", "11:00"), ("11:10", "11:50"), ("14:00", "14:40")),
    "B": (("08:40", "09:20"), ("09:30", "10:10"), ("10:40", "11:20"), ("11:30", "12:10"), ("14:20", "15:00")),
}


def timetable() -> list[object]:
    """Everything a lesson follows from, and the people who hold them."""
    return [
        Term(code="2025A", school_year="2025", name="2025年秋季学期", begin="2025-09-01", end="2026-01-24"),
        *person(LI, "李芳", "lf", ("teacher", "A")),
        *person(QIAN, "钱进", "qj", ("teacher", "A")),
        *person(HEAD, "何校长", "hxz", ("campus_head", "A")),
        *person(ITINERANT, "赵西", "zx", ("teacher", "A"), ("teacher", "B")),
        *(_member(who, at, at == "A" or who == ITINERANT) for who, at in _PLACES),
        *(_day(campus, n) for campus in "AB" for n in range(14)),
        *(_bell(campus, n, *span) for campus, spans in BELLS.items() for n, span in enumerate(spans, 1)),
        TravelTime(from_campus="A", to_campus="B", minutes=30),
        Room(id=HALL, campus="A", name="礼堂", kind="hall"),
        Room(id=LAB, campus="A", name="科学室", kind="science_lab"),
        Room(id=ROOM_B, campus="B", name="美术室", kind="art_room"),
        RosterGroup(id=CLASS_B, campus="B", name="一年级", begin="2025-09-01"),
        *(
            TimetableVersion(id=f"{at}-31-AA", campus=at, name="秋", begin="2025-09-01", status="published")
            for at in "AB"
        ),
        *(_slot(place, *what) for place, what in WEEK.items()),
    ]


_PLACES = ((WANG, "A"), (LI, "A"), (QIAN, "A"), (HEAD, "A"), (ITINERANT, "A"), (ITINERANT, "B"))


def _member(who: str, at: str, home: bool) -> StaffMembership:
    return StaffMembership(
        id=f"{at}-{700 + _PLACES.index((who, at))}-AA", person_id=who, campus=at, category="teacher",
        home=int(home and at == who[0]), begin="2025-08-01",
    )  # fmt: skip


def _day(campus: str, n: int) -> CalendarDay:
    day = FIRST + timedelta(days=n)
    school = day.isoweekday() < 6
    return CalendarDay(
        campus=campus, date=day.isoformat(), kind="school_day" if school else "weekend",
        follows_weekday=day.isoweekday() if school else None, week=2 + n // 7, parity="even" if n < 7 else "odd",
    )  # fmt: skip


def _bell(campus: str, period: int, begin: str, end: str) -> BellPeriod:
    return BellPeriod(schedule=campus, period=period, name=f"第{period}节", begin=begin, end=end)


def _slot(place: tuple[str, int, int], subject: str, teacher: str, room: str | None) -> TimetableSlot:
    group, weekday, period = place
    return TimetableSlot(
        version_id=f"{group[0]}-31-AA", group_id=group, weekday=weekday, weeks="every", period=period,
        subject=subject, teacher_id=teacher, room_id=room,
    )  # fmt: skip


def cover(number: int, group: str, day: str, period: int, new: str, **more: object) -> LessonOverride:
    """A cover as the office would have written it."""
    fields = {"kind": "cover", "new_teacher_id": new, "entered_by": CLERK, "reason": "leave", **more}
    return LessonOverride(id=f"{group[0]}-{800 + number}-AA", group_id=group, date=day, period=period, **fields)  # type: ignore[arg-type] # fields


def closed(day: str, who: str, campus: str = "A") -> LessonDay:
    """A closed day."""
    return LessonDay(campus=campus, date=day, person_id=who, closed_by=who, closed_at=f"{day}T09:00:00.000Z")


def leave(
    number: int, who: str, begin: str, end: str, *, decision: str = "approved", step: str = "first", **more: object
) -> list[Any]:
    """A request, and its answer unless `decision` is empty."""
    request = LeaveRequest(id=f"A-{900 + number}-AA", person_id=who, kind="sick_leave", begin=begin, end=end, **more)  # type: ignore[arg-type] # fields
    answer = LeaveApproval(
        request_id=request.id, person_id=who, step=step, decision=decision or "approved", decided_by=HEAD,
        decided_at=f"{MONDAY}T00:00:00.000Z",
    )
    return [request, answer] if decision else [request]

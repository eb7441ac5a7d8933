"""What a person's day consists of: pure decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.leave.rules import Leave
from shared.lessons.held import EVERYBODY, Closing
from shared.lessons.rules import Lesson
from shared.records import LessonOverride, RollSession, RosterGroup

NO_LESSONS = frozenset({"weekend", "holiday", "vacation", "closed"})
# Rooms of the boarders, buses and events go on when there are no lessons.
LESSON_GROUPS = frozenset({"class", "after_school", "club"})


@dataclass(frozen=True)
class Taken:
    """A register that was taken: when, by whom, for how many, and how many of them it names."""

    taken_at: str
    taken_by: str
    roster_size: int
    exceptions: int


@dataclass(frozen=True)
class Slot:
    """One session of one group today. state: "taken", "due" (its time has begun), "later"."""

    session: RollSession
    state: str
    taken: Taken | None


@dataclass(frozen=True)
class GroupDay:
    """A group and its sessions today."""

    group: RosterGroup
    slots: tuple[Slot, ...]

    @property
    def due(self) -> int:
        """How many registers should have been taken and were not."""
        return sum(slot.state == "due" for slot in self.slots)


def has_lessons(kind: str | None) -> bool:
    """False only where the calendar says so: an unknown day is worked."""
    return kind not in NO_LESSONS


def group_days(
    groups: Iterable[RosterGroup],
    sessions: Sequence[RollSession],
    taken: Mapping[tuple[str, str], Taken],
    *,
    time_of_day: str,
    lessons: bool,
) -> list[GroupDay]:
    """Every group that meets today, with the state of its sessions at a time (`HH:MM`)."""
    days = []
    for group in groups:
        if not lessons and group.kind in LESSON_GROUPS:
            continue
        own = [each for each in sessions if each.group_kind == group.kind]
        slots = tuple(_slot(each, taken.get((group.id, each.code)), time_of_day) for each in own)
        if slots:
            days.append(GroupDay(group, slots))
    return days


def _slot(session: RollSession, taken: Taken | None, time_of_day: str) -> Slot:
    if taken is not None:
        return Slot(session, "taken", taken)
    return Slot(session, "due" if session.begin <= time_of_day else "later", None)


def mine(days: Iterable[GroupDay], person_id: str) -> list[GroupDay]:
    """The groups of which this person is homeroom teacher or deputy."""
    return [each for each in days if person_id in (each.group.homeroom_id, each.group.deputy_id)]


def totals(days: Iterable[GroupDay]) -> dict[str, int]:
    """How many registers are taken, due, and still to come."""
    found = {"taken": 0, "due": 0, "later": 0}
    for each in days:
        for slot in each.slots:
            found[slot.state] += 1
    return found


@dataclass(frozen=True)
class MyLesson:
    """A lesson of my day, at whatever campus. phase: over, now or later.

    mark: "" as timetabled, cover (I stand in), covered (another does), cancelled, moved, moved_in or room.
    """

    lesson: Lesson
    mark: str
    phase: str

    @property
    def mine(self) -> bool:
        """False for what a change has taken from me."""
        return self.mark not in ("covered", "cancelled", "moved")


def my_lessons(lessons: Iterable[Lesson], person_id: str, time_of_day: str) -> list[MyLesson]:
    """A person's lessons of one date at all campuses by time, those a change has taken away too."""
    own = [each for each in lessons if person_id in (*each.teachers, *each.planned_teachers)]
    found = [MyLesson(each, _mark(each, person_id), _phase(each, time_of_day)) for each in own]
    return sorted(found, key=lambda each: (each.lesson.begin, each.lesson.period, each.lesson.campus))


def _mark(lesson: Lesson, person_id: str) -> str:
    if lesson.state != "planned":
        return lesson.state
    if person_id not in lesson.teachers:
        return "covered"
    if person_id not in lesson.planned_teachers:
        return "cover"
    if lesson.moved_from:
        return "moved_in"
    return "room" if lesson.room_id != lesson.planned_room_id else ""


def _phase(lesson: Lesson, time_of_day: str) -> str:
    if lesson.end and lesson.end <= time_of_day:
        return "over"
    return "now" if lesson.begin and lesson.begin <= time_of_day else "later"


def closing_state(day: Iterable[MyLesson], closed: Collection[Closing], campus: str, date: str, person_id: str) -> str:
    """"" without lessons at this campus, else "closed" or "open": another campus's half is closed there."""
    if not any(each.mine and each.lesson.campus == campus for each in day):
        return ""
    shut = (campus, date, person_id) in closed or (campus, date, EVERYBODY) in closed
    return "closed" if shut else "open"


@dataclass(frozen=True)
class Notice:
    """Something to know today. kind: one the page has words for; number, when and id: what the words need."""

    kind: str
    tone: str
    number: int = 0
    when: str = ""
    id: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


def notices_of(
    *, covers: Sequence[LessonOverride], leaves: Sequence[Leave], to_decide: int, today: str, answered_since: str
) -> list[Notice]:
    """What came in for a person: covers to give from tomorrow on, answers about leave, leave to decide.

    answered_since: instant after which an answer is news. Other rooms' news are further lists beside this one.
    """
    found = [Notice("to_decide", "warn", to_decide)] if to_decide else []
    ahead = sorted({(each.date, each.group_id, each.period) for each in covers if each.date > today})
    if ahead:
        found.append(Notice("covers_ahead", "info", len(ahead), when=ahead[0][0]))
    for each in leaves:
        answer = each.decided
        if answer is not None and each.state in ("approved", "refused") and answer.decided_at >= answered_since:
            tone = "ok" if each.state == "approved" else "bad"
            found.append(Notice(f"leave_{each.state}", tone, when=each.request.begin, id=each.request.id))
    return found

"""From a timetable and its changes to the lessons of dates: pure, the same on every node and on the hub.

A lesson is named by where the timetable plans it: (group, date, period). An override names it so too, also
when another one moves it; a place that nothing is planned at, but to which a lesson was moved, names that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.lessons.bells import Bells, Times
from shared.records.places import CalendarDay
from shared.records.timetable import LessonOverride, SlotTeacher, TimetableSlot, TimetableVersion

# An exam day is a school day without lessons of the timetable.
TAUGHT_DAYS = ("school_day", "make_up")

Place = tuple[str, str, int]  # group, date, period


@dataclass(frozen=True)
class Lesson:
    """One lesson of one group on one date, after all changes.

    begin, end: "HH:MM", "" where no bell is known. teachers: who teaches it after all changes, the main one
    first; who is replaced by nobody yet is left out. state: planned, cancelled, or moved (moved away; it
    appears again at its new place with state planned). changes: the overrides that touch it, in id order.
    """

    campus: str
    date: str
    group_id: str
    period: int
    begin: str
    end: str
    subject: str
    title: str
    teachers: tuple[str, ...]
    planned_teachers: tuple[str, ...]
    room_id: str | None
    planned_room_id: str | None
    joint: str
    version_id: str
    state: str = "planned"
    changes: tuple[LessonOverride, ...] = ()
    moved_from: tuple[str, int] | None = None
    moved_to: tuple[str, int] | None = None

    @property
    def planned_at(self) -> Place:
        """Where the timetable plans it: what an override of this lesson names."""
        return (self.group_id, *(self.moved_from or (self.date, self.period)))

    @property
    def name(self) -> str:
        """`group/date/period` of that place, which no other lesson has: two may have been moved to one."""
        return "/".join(str(part) for part in self.planned_at)


@dataclass(frozen=True)
class Plan:
    """All that lessons follow from. own_rooms: group → its own room. Withdrawn overrides are ignored."""

    versions: Sequence[TimetableVersion] = ()
    slots: Sequence[TimetableSlot] = ()
    co_teachers: Sequence[SlotTeacher] = ()
    days: Sequence[CalendarDay] = ()
    bells: Bells = field(default_factory=lambda: Bells({}))
    own_rooms: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[LessonOverride] = ()


def lessons_of(plan: Plan) -> list[Lesson]:
    """All lessons of the plan's days, cancelled and moved ones too, by date, begin, campus, group, period.

    Several overrides of one lesson apply in the order of their ids; that they disagree is a finding (C7).
    """
    times = _times_of(plan)
    planned = _planned(plan, times)
    changes = _changes(plan, planned)
    found: list[Lesson] = []
    for place, lesson in planned.items():
        touched = changes.by_place.get(place)
        found += _changed(lesson, touched, changes, times) if touched else (lesson,)
    return sorted(found, key=order_of)


def orphans_of(plan: Plan) -> list[LessonOverride]:
    """Overrides that change nothing, in id order: their lesson is not there (or not yet known here), the other
    half of their swap is missing or withdrawn, or the teacher they replace does not teach that lesson."""
    planned = _planned(plan, _times_of(plan))
    changes = _changes(plan, planned)
    idle = [
        each
        for place, touched in changes.by_place.items()
        for each in touched
        if not _has_effect(each, planned[place], touched, changes)
    ]
    return sorted([*changes.lost, *idle], key=lambda each: each.id)


def order_of(lesson: Lesson) -> tuple[str, str, str, str, int]:
    """The order in which lessons are told: date, begin, campus, group, period."""
    return lesson.date, lesson.begin, lesson.campus, lesson.group_id, lesson.period


def version_on(versions: Iterable[TimetableVersion], campus: str, date: str) -> TimetableVersion | None:
    """The timetable of a campus in force on a date: the published one that began last, by id at a tie."""
    valid = [
        each
        for each in versions
        if each.campus == campus and each.status == "published"
        and each.begin <= date and (each.end is None or date < each.end)
    ]  # fmt: skip
    return max(valid, key=lambda each: (each.begin, each.id), default=None)


def counts_on(slot: TimetableSlot, day: CalendarDay) -> bool:
    """True when a slot is taught on a day: the weekday the day follows, in its odd or even week."""
    return day.kind in TAUGHT_DAYS and slot.weekday == day.follows_weekday and slot.weeks in ("every", day.parity)


@dataclass(frozen=True)
class _Changes:
    """Overrides by the lesson they touch, in the order in which they apply, and those that touch none."""

    by_place: Mapping[Place, Sequence[LessonOverride]]
    lost: Sequence[LessonOverride]
    by_id: Mapping[str, LessonOverride]

    def target(self, change: LessonOverride) -> tuple[str, int] | None:
        """Where a move or swap takes its lesson; None while the other half of a swap is not there."""
        if change.kind == "move":
            own = change.period if change.new_period is None else change.new_period
            return change.new_date or change.date, own
        half = self.by_id.get(change.pair_id or "")
        return (half.date, half.period) if half and half.kind == "swap" and half.pair_id == change.id else None


def _times_of(plan: Plan) -> dict[tuple[str, str], Times]:
    """(campus, date) → period → begin, end, for the plan's days; ("campus", "") holds the default."""
    rung: dict[tuple[str, str | None], Times] = {}
    found: dict[tuple[str, str], Times] = {}
    for day in plan.days:
        key = (day.campus, day.bell_schedule)
        if key not in rung:
            rung[key] = plan.bells.times(day.campus, day)
        found[day.campus, day.date] = rung[key]
    campuses = {version.campus for version in plan.versions}
    return {**found, **{(campus, ""): plan.bells.times(campus, None) for campus in campuses}}


def _planned(plan: Plan, times: Mapping[tuple[str, str], Times]) -> dict[Place, Lesson]:
    """The timetable laid over the days. A slot of odd or even weeks stands before one of every week."""
    slots: dict[tuple[str, int], list[TimetableSlot]] = defaultdict(list)
    for slot in sorted(plan.slots, key=lambda each: each.weeks == "every", reverse=True):
        slots[slot.version_id, slot.weekday].append(slot)
    teachers = _teachers(plan)
    versions: dict[str, list[TimetableVersion]] = defaultdict(list)
    for each in plan.versions:
        versions[each.campus].append(each)
    found: dict[Place, Lesson] = {}
    for day in plan.days:
        version = version_on(versions.get(day.campus, ()), day.campus, day.date)
        if version is None or day.kind not in TAUGHT_DAYS or day.follows_weekday is None:
            continue
        rung = times[day.campus, day.date]
        for slot in slots.get((version.id, day.follows_weekday), ()):
            if counts_on(slot, day):
                begin, end = rung.get(slot.period, ("", ""))
                people = teachers[_slot_key(slot)]
                room = slot.room_id or plan.own_rooms.get(slot.group_id)
                found[slot.group_id, day.date, slot.period] = Lesson(
                    day.campus, day.date, slot.group_id, slot.period, begin, end, slot.subject, slot.title,
                    people, people, room, room, slot.joint, version.id,
                )
    return found


def _slot_key(slot: TimetableSlot | SlotTeacher) -> tuple[str, str, int, str, int]:
    return slot.version_id, slot.group_id, slot.weekday, slot.weeks, slot.period


def _teachers(plan: Plan) -> dict[tuple[str, str, int, str, int], tuple[str, ...]]:
    """Slot → its teachers, the main one first, then the others by id."""
    others: dict[tuple[str, str, int, str, int], list[str]] = defaultdict(list)
    for each in plan.co_teachers:
        others[_slot_key(each)].append(each.person_id)
    found = {}
    for slot in plan.slots:
        key = _slot_key(slot)
        main = [slot.teacher_id] if slot.teacher_id else []
        found[key] = tuple(dict.fromkeys([*main, *sorted(others.get(key, ()))]))
    return found


def _changes(plan: Plan, planned: Mapping[Place, Lesson]) -> _Changes:
    live = sorted((each for each in plan.overrides if not each.withdrawn_at), key=lambda each: each.id)
    by_id = {each.id: each for each in live}
    by_place: dict[Place, list[LessonOverride]] = defaultdict(list)
    others: list[LessonOverride] = []
    for each in live:
        place = (each.group_id, each.date, each.period)
        if place in planned:
            by_place[place].append(each)
        else:
            others.append(each)
    known = _Changes(by_place, (), by_id)
    arrived: dict[Place, Place] = {}
    for place, touched in by_place.items():
        target = _outcome(touched, known)[1]
        if target:
            arrived[place[0], target[0], target[1]] = place
    lost: list[LessonOverride] = []
    for each in others:
        home = arrived.get((each.group_id, each.date, each.period))
        (by_place[home] if home else lost).append(each)
    return _Changes(by_place, lost, by_id)


def _outcome(touched: Sequence[LessonOverride], changes: _Changes) -> tuple[str, tuple[str, int] | None]:
    """(state, where to): the last of the cancellations and moves decides."""
    state: str = "planned"
    target: tuple[str, int] | None = None
    for change in touched:
        if change.kind == "cancel":
            state, target = "cancelled", None
        elif change.kind in ("move", "swap"):
            where = changes.target(change)
            if where:
                state, target = "planned", where
    return state, target


def _covered(lesson: Lesson, touched: Iterable[LessonOverride]) -> tuple[str, ...]:
    """Who teaches after all covers. A cover names a planned teacher, or who replaces one already."""
    now: list[str | None] = list(lesson.planned_teachers)
    for change in touched:
        if change.kind != "cover":
            continue
        at = _replaced(lesson, now, change.teacher_id)
        if at is not None:
            now[at] = change.new_teacher_id
        elif change.teacher_id is None and change.new_teacher_id:
            now.append(change.new_teacher_id)  # nobody was planned
    return tuple(dict.fromkeys(each for each in now if each))


def _replaced(lesson: Lesson, now: Sequence[str | None], teacher_id: str | None) -> int | None:
    """The place among the teachers that a cover concerns, the main teacher's when it names nobody."""
    if teacher_id is None:
        return 0 if now else None
    for people in (lesson.planned_teachers, now):
        if teacher_id in people:
            return people.index(teacher_id)
    return None


def _has_effect(
    change: LessonOverride, lesson: Lesson, touched: Sequence[LessonOverride], changes: _Changes
) -> bool:
    if change.kind == "swap":
        return changes.target(change) is not None
    if change.kind == "cover" and change.teacher_id is not None:
        known = {each.new_teacher_id for each in touched if each.kind == "cover" and each is not change}
        return change.teacher_id in lesson.planned_teachers or change.teacher_id in known
    return True


def _changed(
    lesson: Lesson, touched: Sequence[LessonOverride], changes: _Changes, times: Mapping[tuple[str, str], Times]
) -> Iterator[Lesson]:
    """The lesson as it is after its changes; a moved one twice, where it was planned and where it is now."""
    state, target = _outcome(touched, changes)
    room = next((each.new_room_id for each in reversed(touched) if each.new_room_id), lesson.room_id)
    applied = tuple(sorted(touched, key=lambda each: each.id))
    here = replace(lesson, teachers=_covered(lesson, touched), room_id=room, state=state, changes=applied)
    planned = (lesson.date, lesson.period)
    if target is None or target == planned:
        yield here
        return
    yield replace(here, state="moved", moved_to=target)
    date, period = target
    rung = times.get((lesson.campus, date), times[lesson.campus, ""])
    begin, end = rung.get(period, ("", ""))
    yield replace(here, date=date, period=period, begin=begin, end=end, moved_from=planned)

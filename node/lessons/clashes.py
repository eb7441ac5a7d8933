"""Who would be in two places: pure, on clock minutes, with the way between campuses.

Back to back is no clash (half-open), and lessons with the same joint mark and teacher are one (D4, 78 and 90).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.bookings.rules import Busy
from shared.findings.model import minutes_of
from shared.findings.teacher_two_places import TRAVEL_MINUTES_DEFAULT
from shared.ids import campus_of
from shared.lessons.bells import Times
from shared.lessons.rules import Lesson, Place
from shared.records import LessonOverride

Travel = Mapping[tuple[str, str], int]  # (from, to) campus → minutes


@dataclass(frozen=True)
class Placed:
    """A lesson where it takes place, or a room booked. begin, end: "HH:MM", "" where no bell is known.

    booking: what the room is booked for; then there is no class and no teacher.
    """

    campus: str
    date: str
    period: int
    begin: str
    end: str
    group_id: str
    teachers: tuple[str, ...]
    room_id: str | None
    joint: str
    planned_at: Place
    booking: str = ""


@dataclass(frozen=True)
class Clash:
    """Two lessons that want the same. kind: teacher, class or room; who: its id; minutes: the way needed."""

    kind: str
    who: str
    other: Placed
    minutes: int = 0


def placed(lesson: Lesson) -> Placed:
    """A lesson as it stands."""
    return Placed(
        lesson.campus, lesson.date, lesson.period, lesson.begin, lesson.end, lesson.group_id, lesson.teachers,
        lesson.room_id, lesson.joint, lesson.planned_at,
    )  # fmt: skip


def booked(busy: Busy) -> Placed:
    """A booking as what stands in a room."""
    at = (f"booking {busy.key}", busy.date, 0)
    return Placed(
        campus_of(busy.room_id), busy.date, 0, busy.begin, busy.end, "", (), busy.room_id, "", at, busy.title or "–"
    )


def after(lesson: Lesson, change: LessonOverride, bells: Times) -> Placed | None:
    """A lesson as it would be with one change more; None when it is cancelled. bells: of the new date."""
    now = placed(lesson)
    if change.kind == "cancel":
        return None
    fields = dict(now.__dict__)
    if change.kind == "cover" and change.new_teacher_id:
        fields["teachers"] = _replaced(lesson, change)
    if change.kind == "room":
        fields["room_id"] = change.new_room_id
    if change.kind in ("move", "swap") and change.new_date and change.new_period is not None:
        begin, end = bells.get(change.new_period, ("", ""))
        fields |= {"date": change.new_date, "period": change.new_period, "begin": begin, "end": end}
    return Placed(**fields)


def _replaced(lesson: Lesson, change: LessonOverride) -> tuple[str, ...]:
    new = change.new_teacher_id or ""
    gone = change.teacher_id or (lesson.planned_teachers[0] if lesson.planned_teachers else "")
    if gone in lesson.teachers:
        return tuple(new if each == gone else each for each in lesson.teachers)
    # Somebody covers already: the newest cover takes his place.
    return (new, *lesson.teachers[1:])


def clashes(changed: Sequence[Placed], standing: Iterable[Placed], travel: Travel) -> list[Clash]:
    """What the changed lessons run into, among each other and among those that stand, once each."""
    found: dict[tuple[str, str, Place], Clash] = {}
    ours = {each.planned_at for each in changed}
    around = [*changed, *(each for each in standing if each.planned_at not in ours)]
    for one in changed:
        for other in around:
            if one.date == other.date and one.planned_at != other.planned_at:
                for clash in _between(one, other, travel):
                    found.setdefault((clash.kind, clash.who, other.planned_at), clash)
    return list(found.values())


def _between(one: Placed, other: Placed, travel: Travel) -> list[Clash]:
    found = []
    joined = together(one, other)
    if not joined:
        way = max(way_minutes(travel, one.campus, other.campus), way_minutes(travel, other.campus, one.campus))
        if meet(one, other, travel):
            found += [Clash("teacher", who, other, way) for who in one.teachers if who in other.teachers]
    if one.campus == other.campus and meet(one, other, {}):
        if one.group_id == other.group_id:
            found.append(Clash("class", one.group_id, other))
        if one.room_id and one.room_id == other.room_id and not joined:
            found.append(Clash("room", one.room_id, other))
    return found


def together(one: Placed, other: Placed) -> bool:
    """True for groups that are taught as one: the same joint mark on the same campus at the same time."""
    place = (one.campus, one.date, one.begin, one.joint)
    return bool(one.joint) and place == (other.campus, other.date, other.begin, other.joint)


def meet(one: Placed, other: Placed, travel: Travel) -> bool:
    """True when nobody can be at both: clock times overlap, the way between campuses included.

    Where a bell is missing, the same period of the same campus meets itself and nothing else.
    """
    if one.date != other.date:
        return False
    if not (one.begin and other.begin):
        return (one.campus, one.period) == (other.campus, other.period)
    there = way_minutes(travel, one.campus, other.campus)
    back = way_minutes(travel, other.campus, one.campus)
    one_begins, one_ends, other_begins, other_ends = map(minutes_of, (one.begin, one.end, other.begin, other.end))
    return one_begins < other_ends + back and other_begins < one_ends + there


def way_minutes(travel: Travel, here: str, there: str) -> int:
    """The way from one campus to another; where nobody has said how long it is, what the findings assume too, so
    that no change is saved without a warning and found to be a clash a minute later."""
    return 0 if here == there else travel.get((here, there), TRAVEL_MINUTES_DEFAULT)

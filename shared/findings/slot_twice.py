"""One lesson of one date changed twice, and the changes do not agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from shared.findings.model import CONSORTIUM, Finding, Side, finding_of, subject_of
from shared.ids import campus_of
from shared.records import LessonOverride

KIND = "slot_twice"
READS = frozenset({CONSORTIUM})

LessonKey = tuple[str, str, int]  # group, date, period


def slot_twice(overrides: Iterable[LessonOverride], mains: Mapping[LessonKey, str]) -> list[Finding]:
    """One finding a lesson, with every change that disagrees with another one.

    mains: lesson → its main teacher by the timetable, so that a cover that names nobody is known to be his.
    A cover and a room change go together, and so do covers of two teachers of one lesson.
    """
    by_id = {each.id: each for each in overrides if not each.withdrawn_at}
    lessons: dict[LessonKey, list[LessonOverride]] = defaultdict(list)
    for each in by_id.values():
        lessons[each.group_id, each.date, each.period].append(each)
    found = []
    for lesson, changes in sorted(lessons.items()):
        disagreeing = _disagreeing(changes, by_id, mains.get(lesson, ""))
        if disagreeing:
            sides = [_side(each, by_id) for each in disagreeing]
            found.append(finding_of(KIND, subject_of(*lesson), lesson[1], sides))
    return found


def _disagreeing(
    changes: Sequence[LessonOverride], by_id: Mapping[str, LessonOverride], main: str
) -> list[LessonOverride]:
    ids: set[str] = set()
    for one, other in combinations(changes, 2):
        if not _pair(one, other) and _disagree(_meaning(one, by_id, main), _meaning(other, by_id, main)):
            ids |= {one.id, other.id}
    return [each for each in changes if each.id in ids]


def _pair(one: LessonOverride, other: LessonOverride) -> bool:
    """The two halves of one swap."""
    return one.kind == other.kind == "swap" and one.pair_id == other.id and other.pair_id == one.id


def _meaning(change: LessonOverride, by_id: Mapping[str, LessonOverride], main: str) -> tuple[str, tuple[object, ...]]:
    """(what of the lesson it changes, into what); reason, note and author are not what is done."""
    match change.kind:
        case "cover":
            return f"teacher {change.teacher_id or main}", (change.new_teacher_id,)
        case "room":
            return "room", (change.new_room_id,)
        case "swap":
            other = by_id.get(change.pair_id or "")
            return "time", ("swap", *((other.group_id, other.date, other.period) if other else (change.pair_id,)))
        case "move":
            return "time", ("move", change.new_date, change.new_period)
        case _:
            return "time", (change.kind,)


def _disagree(one: tuple[str, tuple[object, ...]], other: tuple[str, tuple[object, ...]]) -> bool:
    if one[0] == other[0]:
        return one[1] != other[1]
    # Who teaches and where go together; a lesson that is cancelled or moved is not what the other change was for.
    return "time" in (one[0], other[0])


def _side(change: LessonOverride, by_id: Mapping[str, LessonOverride]) -> Side:
    other = by_id.get(change.pair_id or "")
    said = (
        ("kind", change.kind), ("teacher_id", change.teacher_id), ("new_teacher_id", change.new_teacher_id),
        ("new_room_id", change.new_room_id),
        ("new_date", change.new_date or (other.date if other else None)),
        ("new_period", change.new_period if change.new_period is not None else (other.period if other else None)),
    )  # fmt: skip
    return Side(
        "lesson_override", change.id, campus_of(change.group_id), change.entered_by, group_id=change.group_id,
        period=change.period, title=change.note, said=tuple((n, str(v)) for n, v in said if v is not None),
    )  # fmt: skip

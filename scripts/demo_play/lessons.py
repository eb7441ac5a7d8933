"""The demo's rooms, timetables and the way between the campuses, for the invented consortium."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from scripts.demo_play.term import TERM_BEGIN
from scripts.demo_play.week import Timed, lessons_of_week, timetable
from shared.records import Building, Room, RosterGroup, TeachingAssignment, TimetableSlot, TimetableVersion, TravelTime

if TYPE_CHECKING:
    from scripts.demo_play.data import Staffed

Mint = Callable[[str], str]
# Tuesday and Thursday: the itinerant teachers are at the boarding campus.
VISIT_DAYS = (2, 4)
TRAVEL_MINUTES = 25
RECORDING_ROOM = "录播教室"
_SPECIAL = {
    "A": (
        ("科学实验室", "science_lab", 56, "science"), ("音乐教室", "music_room", 56, "music"),
        ("美术教室", "art_room", 56, "art"), ("计算机教室", "computer_room", 60, "it"),
        (RECORDING_ROOM, "recording_room", 60, ""), ("会议室", "meeting_room", 40, ""), ("阅览室", "library", 60, ""),
        ("礼堂", "hall", 400, ""),
    ),
    "B": (
        ("科学实验室", "science_lab", 24, "science"), ("音乐教室", "music_room", 24, "music"),
        ("会议室", "meeting_room", 20, ""),
    ),
}  # fmt: skip


def rooms_of(campus: str, groups: Sequence[RosterGroup], mint: Mint) -> tuple[list[object], dict[str, str]]:
    """A building, a room for each class, special rooms; and group → its own room."""
    building = Building(id=mint(campus), campus=campus, name="教学楼")
    own = {group.id: mint(campus) for group in groups}
    made: list[object] = [building]
    made += [
        Room(id=own[group.id], campus=campus, name=f"{group.name}教室", building_id=building.id, seats=60, bookable=0,
             position=n)
        for n, group in enumerate(groups)
    ]  # fmt: skip
    made += [
        Room(id=mint(campus), campus=campus, name=name, kind=kind, seats=seats, position=500 + n)
        for n, (name, kind, seats, _) in enumerate(_SPECIAL.get(campus, ()))
    ]
    return made, own


def timetables(
    staff: Sequence[Staffed], groups: Sequence[RosterGroup], rooms: Sequence[object], mint: Mint, seed: int
) -> Iterator[object]:
    """A published timetable for each campus; the itinerant teachers give music at the other one on two days."""
    travelling = [each for each in staff if each.also_at]
    for campus in dict.fromkeys(group.campus for group in groups):
        classes = [g for g in groups if g.campus == campus and g.kind == "class" and g.stage == "primary"]
        guests = [each.person.id for each in travelling if each.also_at == campus]
        visiting = {guest: [g.id for g in classes[n :: len(guests)][:2]] for n, guest in enumerate(guests)}
        pool = [each.person.id for each in staff if each.campus == campus and _teaches_subjects(each, campus)]
        leads = [(g.id, g.homeroom_id or "") for g in classes]
        away = {each.person.id: VISIT_DAYS for each in travelling if each.campus == campus}
        taught = lessons_of_week(leads, pool, visiting, VISIT_DAYS)
        yield from _records(campus, timetable(taught, away, Random(f"{seed}/week/{campus}")), rooms, mint)
    for here, there in (("A", "B"), ("B", "A")):
        yield TravelTime(from_campus=here, to_campus=there, minutes=TRAVEL_MINUTES)


def _teaches_subjects(staffed: Staffed, campus: str) -> bool:
    # Where there are few teachers, the head and the middle leader teach as well.
    small = {"campus_head", "middle_leader"} if campus == "B" else set()
    return staffed.category in {"teacher", "supply_teacher", *small}


def _records(campus: str, timed: Sequence[Timed], rooms: Sequence[object], mint: Mint) -> Iterator[object]:
    version = TimetableVersion(
        id=mint(campus), campus=campus, name="2025年秋季课表", begin=TERM_BEGIN.isoformat(), status="published"
    )
    yield version
    subject_of = {name: subject for name, _, _, subject in _SPECIAL.get(campus, ()) if subject}
    own = [each for each in rooms if isinstance(each, Room) and each.campus == campus]
    special = {subject_of[room.name]: room.id for room in own if room.name in subject_of}
    taken: set[tuple[str, int, int]] = set()
    weekly: dict[tuple[str, str, str], int] = {}
    for each in timed:
        lesson, place = each.lesson, (special.get(each.lesson.subject, ""), each.weekday, each.period)
        room = place[0] if place[0] and place not in taken else None
        taken.add(place)
        yield TimetableSlot(
            version_id=version.id, group_id=lesson.group_id, weekday=each.weekday, weeks="every", period=each.period,
            subject=lesson.subject, teacher_id=lesson.teacher_id, room_id=room,
        )  # fmt: skip
        key = (lesson.group_id, lesson.subject, lesson.teacher_id)
        weekly[key] = weekly.get(key, 0) + 1
    for (group, subject, teacher), count in weekly.items():
        yield TeachingAssignment(
            version_id=version.id, group_id=group, title=subject, person_id=teacher, subject=subject,
            weekly_lessons=count,
        )  # fmt: skip

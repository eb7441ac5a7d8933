"""The demo's invented week: every class full, nobody twice at a time, the travelling teachers really away."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from scripts.demo_play.data import FULL, SMALL, Invented, Size, invented
from scripts.demo_play.lessons import VISIT_DAYS
from scripts.demo_play.week import PERIODS, WEEKDAYS, WEEKLY, Taught, timetable
from shared.records import TimetableSlot, TimetableVersion


def consortium(sizes: tuple[Size, ...]) -> Invented:
    """Invented with ids that count."""
    counted: Counter[str] = Counter()

    def mint(campus: str) -> str:
        counted[campus] += 1
        return f"{campus}-{counted[campus]}-DM"

    return invented(sizes, mint, "")


@pytest.mark.parametrize("sizes", [FULL, SMALL], ids=["full", "small"])
def test_every_class_has_a_full_week_and_nobody_is_in_two_places(sizes: tuple[Size, ...]) -> None:
    made = consortium(sizes)
    slots = [record for record in made.records if isinstance(record, TimetableSlot)]
    classes = sum(size.classes for size in sizes)
    assert len(slots) == classes * WEEKDAYS * PERIODS == classes * sum(WEEKLY.values())
    for who in ("group_id", "teacher_id", "room_id"):
        met = Counter((getattr(slot, who), slot.weekday, slot.period) for slot in slots if getattr(slot, who))
        assert max(met.values()) == 1, who


def test_the_travelling_teachers_are_at_the_other_campus_on_their_days_and_nowhere_else_then() -> None:
    made = consortium(FULL)
    campus_of = {r.id: r.campus for r in made.records if isinstance(r, TimetableVersion)}
    for each in made.staff:
        if each.also_at:
            there = {
                (campus_of[r.version_id], r.weekday in VISIT_DAYS)
                for r in made.records
                if isinstance(r, TimetableSlot) and r.teacher_id == each.person.id
            }
            assert there == {("A", False), ("B", True)}


def test_the_same_seed_gives_the_same_week() -> None:
    assert consortium(SMALL).records == consortium(SMALL).records


def test_a_week_that_cannot_be_is_refused() -> None:
    """A teacher with 31 lessons has no 31st place."""
    too_many = [Taught(f"g{n}", "maths", "t") for n in range(WEEKDAYS * PERIODS + 1)]
    with pytest.raises(ValueError, match="no day left"):
        timetable(too_many, {}, Random(1))


@pytest.mark.parametrize("seed", range(20))
def test_any_week_that_fits_is_placed_without_a_clash_seed(seed: int) -> None:
    random = Random(seed)
    teachers = [f"t{n}" for n in range(8)]
    load = Counter({teacher: 0 for teacher in teachers})
    lessons = []
    for group in range(6):
        for _ in range(20):
            teacher = min(random.sample(teachers, 3), key=lambda each: load[each])
            load[teacher] += 1
            lessons.append(Taught(f"g{group}", "maths", teacher))
    placed = timetable(lessons, {}, random)
    for who in ("group_id", "teacher_id"):
        met = Counter((getattr(each.lesson, who), each.weekday, each.period) for each in placed)
        assert max(met.values()) == 1 and len(placed) == len(lessons)

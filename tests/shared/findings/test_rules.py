"""The validators over small tables of cases: what collides, and what only looks so (C7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.bookings.rules import Busy
from shared.bookings.store import lessons_busy
from shared.findings.model import minutes_of, subject_of
from shared.findings.register_twice import Mark, TakenTwice, Taking, register_twice
from shared.findings.room_twice import room_twice
from shared.findings.slot_twice import slot_twice
from shared.findings.teacher_two_places import teacher_two_places
from shared.lessons.rules import Lesson
from shared.records import LessonOverride

DAY = "2025-09-17"
WAYS = {("A", "B"): 15, ("B", "A"): 25}


def lesson(campus: str, period: int, begin: str, end: str, *teachers: str, group: str = "1", **more) -> Lesson:
    group_id = f"{campus}-{group}-AA"
    plain = Lesson(
        campus, DAY, group_id, period, begin, end, "maths", "", teachers or ("A-1-AA",), teachers or ("A-1-AA",),
        None, None, "", "A-9-AA",
    )  # fmt: skip
    return replace(plain, **more)


def clashes(*lessons: Lesson) -> int:
    return len(teacher_two_places(lessons, WAYS, unknown_minutes=20))


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        pytest.param(("A", "08:00", "08:40"), ("A", "08:30", "09:10"), 1, id="overlap_on_one_campus"),
        pytest.param(("A", "08:00", "08:40"), ("A", "08:40", "09:20"), 0, id="they_touch_on_one_campus"),
        pytest.param(("A", "08:00", "08:40"), ("B", "08:40", "09:20"), 1, id="they_touch_on_two_campuses"),
        pytest.param(("A", "08:00", "08:40"), ("B", "08:55", "09:30"), 0, id="just_the_way_between"),
        pytest.param(("A", "08:00", "08:40"), ("B", "08:54", "09:30"), 1, id="a_minute_short_of_the_way"),
        pytest.param(("B", "08:00", "08:40"), ("A", "08:55", "09:30"), 1, id="the_way_back_takes_longer"),
        pytest.param(("B", "08:00", "08:40"), ("A", "09:05", "09:30"), 0, id="the_way_back"),
        pytest.param(("A", "08:00", "08:40"), ("C", "08:59", "09:30"), 1, id="an_unknown_way_too_short"),
        pytest.param(("A", "08:00", "08:40"), ("C", "09:00", "09:30"), 0, id="an_unknown_way"),
        pytest.param(("A", "10:00", "10:40"), ("B", "08:00", "08:40"), 0, id="long_apart"),
        pytest.param(("A", "", ""), ("B", "08:00", "08:40"), 0, id="bells_unknown_on_another_campus"),
    ],
)
def test_a_teacher_s_lessons_are_compared_in_clock_minutes_with_the_way_between(first, second, count) -> None:
    """The same period number everywhere: it says nothing (bells differ from campus to campus)."""
    one, other = lesson(first[0], 3, *first[1:]), lesson(second[0], 3, *second[1:], group="2")
    assert clashes(one, other) == clashes(other, one) == count


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({}, 1),
        ({"state": "cancelled"}, 0),
        ({"state": "moved"}, 0),
        ({"teachers": ("A-2-AA",)}, 0),
        ({"teachers": ("A-2-AA", "A-1-AA")}, 1),
    ],
    ids=["as_planned", "cancelled", "moved_away", "covered_by_another", "as_a_co_teacher"],
)
def test_only_what_the_teacher_has_to_teach_counts(change, count) -> None:
    one = lesson("A", 3, "08:00", "08:40")
    other = lesson("A", 3, "08:00", "08:40", group="2")
    assert clashes(one, replace(other, **change)) == count


def test_a_cover_counts_for_who_covers() -> None:
    covered = lesson("A", 3, "08:00", "08:40", "A-5-AA", group="2", planned_teachers=("A-2-AA",))
    (found,) = teacher_two_places([lesson("A", 3, "08:00", "08:40", "A-5-AA"), covered], WAYS)
    assert found.people == ("A-5-AA",) and [side.group_id for side in found.detail] == ["A-1-AA", "A-2-AA"]


def test_classes_taught_together_are_one_lesson_also_over_video() -> None:
    one = lesson("A", 3, "08:00", "08:40", joint="sport")
    same = lesson("A", 3, "08:00", "08:40", group="2", joint="sport")
    far = lesson("B", 2, "08:00", "08:40", group="3", joint="sport")
    other = lesson("A", 3, "08:00", "08:40", group="4", joint="choir")
    assert (clashes(one, same), clashes(one, far), clashes(one, other)) == (0, 0, 1)
    assert teacher_two_places([one, same, other], WAYS) == teacher_two_places([other, same, one], WAYS)


def test_two_lessons_moved_to_one_place_are_told_apart() -> None:
    """C7: whoever leaves one of these findings as it is has said nothing about the others."""
    moved = [lesson("A", 3, "10:00", "10:40", moved_from=(DAY, period)) for period in (1, 2)]
    found = teacher_two_places([*moved, lesson("B", 3, "10:00", "10:40")], WAYS)
    assert len(found) == len({each.subject for each in found}) == 3


def test_two_lessons_moved_into_a_booked_room_are_told_apart() -> None:
    """C7, C8."""
    moved = [
        lesson("B", 3, "10:00", "10:40", room_id="B-7-AA", moved_from=("2025-09-16", period)) for period in (1, 2)
    ]
    found = room_twice([*lessons_busy(moved), busy("B-1-AA/1", "10:00", "10:40")], {})
    assert len(found) == len({each.subject for each in found}) == 2


def test_a_lesson_keeps_the_name_of_a_finding_wherever_the_date_moves_it() -> None:
    """C7: what was left as it is opens again, as the same."""
    there, other = lesson("A", 3, "10:00", "10:40"), lesson("A", 4, "10:20", "11:00", group="2")
    (before,) = teacher_two_places([there, other], WAYS)
    (after,) = teacher_two_places([replace(there, period=4, begin="10:20", moved_from=(DAY, 3)), other], WAYS)
    assert before.subject == after.subject and before.digest != after.digest


def test_without_bells_only_the_same_period_of_one_campus_is_the_same_time() -> None:
    assert clashes(lesson("A", 3, "", ""), lesson("A", 3, "", "", group="2")) == 1
    assert clashes(lesson("A", 3, "", ""), lesson("A", 4, "", "", group="2")) == 0


def busy(key: str, begin: str, end: str, state: str = "confirmed", room: str = "B-7-AA", date: str = DAY) -> Busy:
    kind = "lesson" if state == "lesson" else "booking"
    return Busy(room, date, begin, end, kind, key, f"who {key}", state, "")


LESSON = busy(f"B-1-AA/{DAY}/3", "10:00", "10:40", "lesson")


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        pytest.param(busy("B-1-AA/1", "10:00", "10:40"), LESSON, 1, id="a_booking_and_a_lesson"),
        pytest.param(busy("B-1-AA/1", "10:00", "10:40"), busy("B-2-AA/1", "10:30", "11:00"), 1, id="two_bookings"),
        pytest.param(busy("B-1-AA/1", "10:00", "10:40"), busy("B-2-AA/1", "10:40", "11:00"), 0, id="they_touch"),
        pytest.param(busy("B-1-AA/1", "10:00", "10:40", "requested"), LESSON, 0, id="one_is_only_asked_for"),
        pytest.param(busy("B-1-AA/1", "10:00", "10:40", room="B-8-AA"), LESSON, 0, id="another_room"),
        pytest.param(busy("B-1-AA/1", "10:00", "10:40", date="2025-09-18"), LESSON, 0, id="another_day"),
        pytest.param(replace(LESSON, key=f"B-2-AA/{DAY}/3"), LESSON, 0, id="two_lessons_are_the_timetable_s_affair"),
    ],
)
def test_a_room_is_used_twice_when_two_fixed_uses_overlap(one, other, count) -> None:
    assert len(room_twice([one, other], {})) == len(room_twice([other, one], {})) == count


def test_each_pair_of_three_is_a_finding_of_its_own_and_names_the_campuses_that_booked() -> None:
    three = [busy(f"B-{n}-AA/1", "10:00", "11:00") for n in (1, 2, 3)]
    found = room_twice(three, {"B-3-AA/1": "A"})
    assert [each.subject for each in found] == [
        f"B-7-AA|{DAY}|B-{one}-AA.1|B-{other}-AA.1" for one, other in ((1, 2), (1, 3), (2, 3))
    ]
    assert [each.campuses for each in found] == [("B",), ("A", "B"), ("A", "B")]


def change(id_: str, kind: str, **more) -> LessonOverride:
    return LessonOverride(id=id_, group_id="A-1-AA", date=DAY, period=3, kind=kind, **more)


MAIN = {("A-1-AA", DAY, 3): "T"}
COVER = change("A-1-AA", "cover", new_teacher_id="X")


@pytest.mark.parametrize(
    ("other", "count"),
    [
        pytest.param(change("A-2-AA", "cover", new_teacher_id="Y"), 1, id="two_covers"),
        pytest.param(change("A-2-AA", "cover", teacher_id="T", new_teacher_id="Y"), 1, id="the_main_teacher_by_name"),
        pytest.param(change("A-2-AA", "cover", new_teacher_id="X", note="别的说明"), 0, id="the_same_cover"),
        pytest.param(change("A-2-AA", "cover", teacher_id="C", new_teacher_id="Y"), 0, id="the_co_teacher_s_cover"),
        pytest.param(change("A-2-AA", "room", new_room_id="R"), 0, id="a_cover_in_another_room"),
        pytest.param(change("A-2-AA", "cancel"), 1, id="cancelled"),
        pytest.param(change("A-2-AA", "move", new_date="2025-09-19", new_period=1), 1, id="moved"),
        pytest.param(change("A-2-AA", "cancel", withdrawn_at="t"), 0, id="withdrawn"),
        pytest.param(replace(change("A-2-AA", "cancel"), period=4), 0, id="another_lesson"),
    ],
)
def test_two_changes_of_one_lesson_that_disagree_are_a_finding(other, count) -> None:
    found = slot_twice([COVER, other], MAIN)
    assert len(found) == count and found == slot_twice([other, COVER], MAIN)


def test_a_change_that_agrees_with_the_others_is_not_put_before_anyone() -> None:
    room = change("A-4-AA", "room", new_room_id="R")
    (found,) = slot_twice([COVER, room, change("A-2-AA", "cover", new_teacher_id="Y")], MAIN)
    assert [side.key for side in found.detail] == ["A-1-AA", "A-2-AA"]


def test_the_halves_of_a_swap_agree_and_a_second_swap_of_one_lesson_does_not() -> None:
    one = change("A-1-AA", "swap", pair_id="A-2-AA")
    half = replace(change("A-2-AA", "swap", pair_id="A-1-AA"), period=5)
    third = change("A-3-AA", "swap", pair_id="A-4-AA")
    fourth = replace(change("A-4-AA", "swap", pair_id="A-3-AA"), period=6)
    again = change("A-5-AA", "swap", pair_id="A-6-AA")
    sixth = replace(change("A-6-AA", "swap", pair_id="A-5-AA"), period=5)
    assert slot_twice([one, half], MAIN) == []
    assert [each.subject for each in slot_twice([one, half, third, fourth], MAIN)] == [f"A-1-AA|{DAY}|3"]
    assert slot_twice([one, half, again, sixth], MAIN) == [], "both swap the same two lessons"
    together = change("A-7-AA", "swap", pair_id="A-8-AA")
    assert slot_twice([together, change("A-8-AA", "swap", pair_id="A-7-AA")], MAIN) == []


def taken(*marks: tuple[str, str, set[int]], takers: str = "XY") -> TakenTwice:
    takings = tuple(Taking(f"v{n}", who, "") for n, who in enumerate(takers))
    rows = tuple(Mark(pupil, mark, 0, "", frozenset(by)) for pupil, mark, by in marks)
    return TakenTwice("A-1-AA", DAY, "am", takings, rows)


@pytest.mark.parametrize(
    ("marks", "differing"),
    [
        pytest.param((), [], id="both_say_all_present"),
        pytest.param((("p", "late", {0, 1}),), [], id="both_build_on_the_same_row"),
        pytest.param((("p", "late", {0}), ("p", "late", {1})), [], id="both_say_the_same"),
        pytest.param((("p", "late", {0}), ("p", "absent", {1})), ["p"], id="two_marks"),
        pytest.param((("p", "late", {0}),), ["p"], id="one_says_present"),
        pytest.param((("p", "late", {0}), ("q", "late", {1}), ("r", "sick", {0, 1})), ["p", "q"], id="other_pupils"),
        pytest.param((("p", "late", set()),), [], id="written_by_a_third_since"),
    ],
)
def test_a_register_taken_twice_is_a_finding_when_the_exceptions_differ(marks, differing) -> None:
    """RECORDS, register: two takers are a domain conflict only if the exceptions differ."""
    found = register_twice([taken(*marks)])
    assert [pupil for each in found for pupil, _ in each.detail[0].said] == differing


def test_one_taking_is_none_and_three_are_three_sides() -> None:
    assert register_twice([taken(("p", "late", {0}), takers="X")]) == []
    (found,) = register_twice([taken(("p", "late", {0}), takers="XYZ")])
    assert len(found.detail) == 3 and found.people == ("X", "Y", "Z")


def test_the_digest_follows_what_is_where_and_not_what_it_is_called() -> None:
    first, second = busy("B-1-AA/1", "10:00", "10:40"), busy("B-2-AA/1", "10:30", "11:00")
    (before,) = room_twice([first, second], {})
    (renamed,) = room_twice([replace(first, title="班会"), second], {})
    (longer,) = room_twice([replace(first, end="10:50"), second], {})
    assert before.digest == renamed.digest != longer.digest and before.subject == longer.subject
    assert len(before.digest) == 16


def test_a_subject_fits_into_a_key() -> None:
    longest = subject_of("A" * 40, DAY, f"{'A' * 40}/{DAY}/20", f"{'B' * 40}/{DAY}/20")
    assert "/" not in longest and len(longest) <= 200


def test_clock_time_in_minutes() -> None:
    assert minutes_of("08:05") == 485

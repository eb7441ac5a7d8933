"""A joint lesson is moved, swapped and put elsewhere as one, and rooms that are not in use are warned of."""

import pytest

from shared.records import Room, TimetableSlot
from sync.capture import Author, write
from sync.replica import connect
from tests.node.lessons.test_changes import change, lessons
from tests.node.lessons.test_pages import School, lesson_path
from tests.node.timetable import CLASS_1, CLASS_2, HALL, LI, TUESDAY, WANG
from tests.web.small_site import fill

DAY = "2025-09-17"
CHANGES = (
    "SELECT group_id, period, kind, new_room_id, new_date, new_period FROM lesson_override"
    " WHERE withdrawn_at = '' ORDER BY group_id, period, kind"
)


def slot(group, period, teacher=WANG, joint="体育", weekday=3):
    return TimetableSlot(
        version_id="A-31-AA", group_id=group, weekday=weekday, weeks="every", period=period, subject="pe",
        teacher_id=teacher, joint=joint,
    )  # fmt: skip


@pytest.fixture
def school(tmp_path):
    """Both classes have PE together on Wednesday, first period; later each has Chinese, or one has not."""
    school = School(tmp_path)
    fill(school.pair.node, [slot(group, 1) for group in (CLASS_1, CLASS_2)])
    return school


def saved(school, **form):
    answer = change(school, (CLASS_1, DAY, 1), confirmed="1", **form)
    assert answer.status_code == 303, answer.text
    return school.rows(CHANGES)


def when(school):
    """Where each class has PE now."""
    found = lessons(school)
    return {(group, day, period) for (group, day, period), each in found.items() if each.joint}


def test_another_room_is_every_group_s_room(school):
    assert saved(school, kind="room", new_room_id=HALL) == [
        (group, 1, "room", HALL, None, None) for group in (CLASS_1, CLASS_2)
    ]
    assert {each.room_id for each in lessons(school).values() if each.joint} == {HALL}


def test_a_move_takes_all_groups_along(school):
    assert len(saved(school, kind="move", new_date=TUESDAY, new_period="4")) == 2
    assert when(school) == {(CLASS_1, TUESDAY, 4), (CLASS_2, TUESDAY, 4)}


def test_a_swap_changes_places_with_each_group_s_own_lesson(school):
    fill(school.pair.node, [slot(CLASS_1, 3, LI, ""), slot(CLASS_2, 3, LI, "")])
    rows = saved(school, kind="swap", partner=f"{CLASS_1}/{DAY}/3")
    assert [row[:3] for row in rows] == [(group, n, "swap") for group in (CLASS_1, CLASS_2) for n in (1, 3)]
    assert when(school) == {(CLASS_1, DAY, 3), (CLASS_2, DAY, 3)}
    others = {place for place, each in lessons(school).items() if place[1] == DAY and not each.joint}
    assert others == {(CLASS_1, DAY, 1), (CLASS_2, DAY, 1)}


def test_a_group_that_has_nothing_then_moves_with_the_others(school):
    fill(school.pair.node, [slot(CLASS_1, 3, LI, "")])
    rows = saved(school, kind="swap", partner=f"{CLASS_1}/{DAY}/3")
    assert [row[:3] for row in rows] == [(CLASS_1, 1, "swap"), (CLASS_1, 3, "swap"), (CLASS_2, 1, "move")]
    assert when(school) == {(CLASS_1, DAY, 3), (CLASS_2, DAY, 3)}


def test_the_other_lesson_of_a_swap_may_be_the_joint_one(school):
    fill(school.pair.node, [slot(CLASS_1, 3, LI, "")])
    answer = change(school, (CLASS_1, DAY, 3), confirmed="1", kind="swap", partner=f"{CLASS_1}/{DAY}/1")
    assert answer.status_code == 303 and when(school) == {(CLASS_1, DAY, 3), (CLASS_2, DAY, 3)}


def test_the_page_says_with_whom_it_is_taught(school):
    page = school.get("zjw", lesson_path(CLASS_1, DAY, 1)).text
    assert "与三年级2班合上" in page and "都一起变" in page


@pytest.mark.parametrize(("span", "warned"), [({"end": DAY}, True), ({"begin": "2025-09-18"}, True), ({}, False)])
def test_a_room_that_is_not_in_use_that_day_is_warned_of_and_saved_all_the_same(school, span, warned):
    node = school.pair.node
    with connect(node) as db, write(node, db, Author("A-4-AA")) as w:
        w.update(Room, (HALL,), span or {"seats": 40})
    answer = change(school, (CLASS_1, DAY, 1), kind="room", new_room_id=HALL)
    assert (answer.status_code == 409) is warned and ("停用" in answer.text) is warned
    assert len(saved(school, kind="room", new_room_id=HALL) if warned else school.rows(CHANGES)) == 2

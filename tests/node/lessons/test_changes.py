"""Covers, swaps, moves, cancellations, rooms: entered once, warned before, withdrawn whole."""

import pytest

from shared.lessons.store import lessons_between
from shared.records import TimetableSlot
from sync.replica import connect
from tests.node.lessons.test_pages import School, lesson_path
from tests.node.timetable import (
    CLASS_1,
    CLASS_2,
    CLASS_B,
    CLERK,
    FRIDAY,
    HALL,
    ITINERANT,
    LI,
    MONDAY,
    QIAN,
    ROOM_B,
    SATURDAY,
    TUESDAY,
    WANG,
    cover,
    leave,
)
from tests.web.small_site import fill

CHANGES = "SELECT group_id, date, period, kind, new_teacher_id, entered_by FROM lesson_override ORDER BY _r"


@pytest.fixture
def school(tmp_path):
    return School(tmp_path)


def lessons(school, day=MONDAY):
    with connect(school.pair.node) as db:
        found = lessons_between(db, day, "2025-09-20")
    return {(each.group_id, each.date, each.period): each for each in found if each.state == "planned"}


def change(school, place=(CLASS_2, MONDAY, 1), login="zjw", **form):
    return school.post(login, lesson_path(*place) + "/change", **form)


def test_a_cover_is_one_tap_for_whoever_plans(school):
    assert change(school, kind="cover", new_teacher_id=QIAN, reason="leave").status_code == 303
    assert school.rows(CHANGES) == [(CLASS_2, MONDAY, 1, "cover", QIAN, CLERK)]
    assert lessons(school)[CLASS_2, MONDAY, 1].teachers == (QIAN,)
    assert "我代 王敏" in school.get("qj", "/lessons").text
    assert "代课（原 王敏）" in school.get("wm", "/lessons").text


@pytest.mark.parametrize("login", ["wm", "hxz", "smw"])
def test_teachers_and_the_gate_change_nothing(school, login):
    assert change(school, login=login, kind="cancel").status_code == 403
    assert school.rows(CHANGES) == []


def test_another_campus_s_lesson_is_changed_there(school):
    assert change(school, (CLASS_B, MONDAY, 3), kind="cancel").status_code == 403


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "cover"}, "没有填"),
        ({"kind": "cover", "new_teacher_id": WANG}, "本来就由这位教师上"),
        ({"kind": "cover", "new_teacher_id": "A-99-AA"}, "不在任何校区任教"),
        ({"kind": "room", "new_room_id": ROOM_B}, "不是本校区的教室"),
        ({"kind": "move", "new_date": SATURDAY, "new_period": "1"}, "不是本校区的上课日"),
        ({"kind": "move", "new_date": "soon", "new_period": "1"}, "不是日期"),
        ({"kind": "swap", "partner": f"{CLASS_2}/{FRIDAY}/5"}, "没有可以互换的课"),
        ({"kind": "swap"}, "没有填"),
        ({"kind": "feast"}, "改"),
    ],
)
def test_what_cannot_be_is_said_with_its_cure_and_nothing_is_saved(school, form, words):
    answer = change(school, **form)
    assert answer.status_code == 422 and words in answer.text
    assert school.rows(CHANGES) == []


def test_a_double_booked_teacher_is_warned_of_before_saving_and_saved_all_the_same(school):
    """D4, 92: the way between the campuses counts; 赵西 begins at B at 10:40 and has 30 minutes to go."""
    place = (CLASS_1, MONDAY, 3)  # 10:20 to 11:00
    answer = change(school, place, kind="cover", new_teacher_id=ITINERANT)
    assert answer.status_code == 409 and "赵西 那时已有课" in answer.text and "30 分钟" in answer.text
    assert 'name="new_teacher_id" value="B-1-AA"' in answer.text
    assert school.rows(CHANGES) == []
    assert change(school, place, kind="cover", new_teacher_id=ITINERANT, confirmed="1").status_code == 303
    assert len(school.rows(CHANGES)) == 1


def test_a_colleague_on_leave_is_warned_of(school):
    fill(school.pair.node, leave(1, QIAN, MONDAY, TUESDAY))
    answer = change(school, kind="cover", new_teacher_id=QIAN)
    assert answer.status_code == 409 and "钱进 9月15日 周一 已准假" in answer.text


def test_a_swap_is_one_action_with_two_sides_and_is_withdrawn_as_one(school):
    """D4, 79: a swap must not make people look free who are not."""
    answer = change(school, (CLASS_2, MONDAY, 4), kind="swap", partner=f"{CLASS_2}/{TUESDAY}/2")
    assert answer.status_code == 303
    there = lessons(school)
    assert there[CLASS_2, TUESDAY, 2].teachers == (LI,) and there[CLASS_2, MONDAY, 4].teachers == (QIAN,)
    pairs = school.rows("SELECT id, pair_id FROM lesson_override ORDER BY id")
    assert len(pairs) == 2 and pairs[0] == pairs[1][::-1]
    school.post("zjw", f"/lessons/changes/{pairs[0][0]}/withdraw")
    assert school.rows("SELECT DISTINCT withdrawn_by FROM lesson_override") == [(CLERK,)]
    assert lessons(school)[CLASS_2, MONDAY, 4].teachers == (LI,)


def test_a_lesson_that_was_swapped_is_not_swapped_on_before_that_is_withdrawn(school):
    """The second swap led to where the partner was planned: two lessons at one time and none at the other."""
    assert change(school, (CLASS_2, MONDAY, 4), kind="swap", partner=f"{CLASS_2}/{TUESDAY}/2").status_code == 303
    before = sorted(lessons(school))
    for partner in (f"{CLASS_2}/{TUESDAY}/2", f"{CLASS_2}/{MONDAY}/1"):
        answer = change(school, (CLASS_2, MONDAY, 4), kind="swap", partner=partner, confirmed="1")
        assert answer.status_code == 422 and "请先撤销那次调课" in answer.text
    assert sorted(lessons(school)) == before and len(school.rows(CHANGES)) == 2


def test_a_swap_is_checked_for_both_teachers(school):
    # 李芳's Tuesday 1 with class 1 meets the lesson of class 2 that would come to that time.
    answer = change(school, (CLASS_2, MONDAY, 4), kind="swap", partner=f"{CLASS_2}/{TUESDAY}/1")
    assert answer.status_code == 409 and "李芳 那时已有课" in answer.text
    answer = change(school, (CLASS_2, TUESDAY, 1), kind="swap", partner=f"{CLASS_2}/{MONDAY}/4")
    assert answer.status_code == 409 and "李芳 那时已有课" in answer.text


def test_move_room_and_cancel_and_all_can_be_withdrawn(school):
    assert change(school, kind="move", new_date=TUESDAY, new_period="5").status_code == 303
    assert lessons(school)[CLASS_2, TUESDAY, 5].moved_from == (MONDAY, 1)
    moved = (CLASS_2, TUESDAY, 5)
    assert change(school, moved, kind="room", new_room_id=HALL).status_code == 303
    assert lessons(school)[moved].room_id == HALL
    assert change(school, moved, kind="cancel").status_code == 303
    assert moved not in lessons(school)
    for (id_,) in school.rows("SELECT id FROM lesson_override ORDER BY _r DESC"):
        assert school.post("zjw", f"/lessons/changes/{id_}/withdraw").status_code == 303
        assert school.post("zjw", f"/lessons/changes/{id_}/withdraw").status_code == 409
    assert lessons(school)[CLASS_2, MONDAY, 1].teachers == (WANG,)


def test_a_change_made_since_the_page_was_opened_is_looked_at_first(school):
    """C2: the page's own view of the lesson is its base."""
    fill(school.pair.node, [cover(1, CLASS_2, MONDAY, 1, QIAN)])
    answer = change(school, kind="cover", new_teacher_id=LI, seen="")
    assert answer.status_code == 422 and "打开以后又有新的内容" in answer.text
    assert change(school, kind="cancel", seen="A-801-AA").status_code == 303


def test_candidates_are_shown_with_reasons_and_the_fairness_of_the_term(school):
    fill(school.pair.node, [cover(n, CLASS_1, f"2025-09-0{n}", 2, QIAN) for n in (8, 9)])
    text = school.get("zjw", lesson_path(CLASS_1, MONDAY, 2)).text
    shown = text[text.index("choices") :]
    assert "本学期代课 2 节" in shown and "教这个班" in shown
    assert shown.index("赵西") < shown.index("钱进") < shown.index("王敏")  # 王敏 has a lesson then
    assert "李芳" not in shown[: shown.index("</fieldset>")]


def test_a_whole_day_is_covered_at_once(school):
    fill(school.pair.node, leave(1, LI, MONDAY, TUESDAY))
    board = school.get("zjw", f"/lessons/cover?date={MONDAY}").text
    assert "李芳" in board and "已准假" in board and "2 节待安排" in board
    assert "selected" in school.get("zjw", f"/lessons/cover?date={MONDAY}&person={LI}&suggest={LI}").text
    fields = {f"cover__{CLASS_1}__2": "", f"cover__{CLASS_2}__4": ""}
    answer = school.post("zjw", "/lessons/cover", date=MONDAY, person=LI, whole_day=QIAN, reason="leave", **fields)
    assert answer.status_code == 303
    assert {row[4] for row in school.rows(CHANGES)} == {QIAN} and len(school.rows(CHANGES)) == 2
    assert school.rows("SELECT DISTINCT reason, teacher_id FROM lesson_override") == [("leave", LI)]
    assert len({row[0] for row in school.rows("SELECT action FROM _changeset ORDER BY n DESC LIMIT 1")}) == 1
    assert "都安排好了" in school.get("zjw", f"/lessons/cover?date={MONDAY}").text


def test_a_day_lesson_by_lesson_leaves_open_what_was_left_open(school):
    fields = {f"cover__{CLASS_1}__2": QIAN, f"cover__{CLASS_2}__4": ""}
    school.post("zjw", "/lessons/cover", date=MONDAY, person=LI, reason="other", **fields)
    assert [row[:3] for row in school.rows(CHANGES)] == [(CLASS_1, MONDAY, 2)]
    assert "1 节待安排" in school.get("zjw", f"/lessons/cover?date={MONDAY}&person={LI}").text
    assert school.post("zjw", "/lessons/cover", date=MONDAY, person=LI).status_code == 303  # nobody chosen
    assert len(school.rows(CHANGES)) == 1


@pytest.mark.parametrize("form", [{"kind": "cover", "new_teacher_id": QIAN}, {"kind": "cancel"}])
def test_a_joint_lesson_is_covered_or_cancelled_for_all_its_groups(school, form):
    """Two small classes taught as one: nobody may be left behind by naming one of them."""
    fill(school.pair.node, [
        TimetableSlot(
            version_id="A-31-AA", group_id=group, weekday=3, weeks="every", period=1, subject="pe", teacher_id=WANG,
            joint="体育",
        )
        for group in (CLASS_1, CLASS_2)
    ])  # fmt: skip
    assert change(school, (CLASS_1, "2025-09-17", 1), **form).status_code == 303
    assert {row[:4] for row in school.rows(CHANGES)} == {
        (group, "2025-09-17", 1, form["kind"]) for group in (CLASS_1, CLASS_2)
    }

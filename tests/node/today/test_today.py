"""The front page: my registers, what is due, the campus for those who look after it."""

import json
from dataclasses import replace

import pytest

from node.today.rules import Taken, closing_state, group_days, has_lessons, mine, my_lessons, notices_of, totals
from shared.clock import instant_ms
from shared.leave.rules import LeaveLimits, leave_of
from shared.lessons.rules import Lesson
from shared.records import CalendarDay, RollSession, RosterGroup
from sync.capture import write
from sync.change import Author
from sync.replica import connect, set_setting
from tests.node import timetable
from tests.node.small_node import DAY, make_node, make_pair, take_register
from tests.web.small_site import fill, log_in

AM = RollSession(campus="A", code="am", name="上午", begin="08:00", end="11:30")
PM = RollSession(campus="A", code="pm", name="下午", begin="14:00", end="16:30")
NIGHT = RollSession(campus="A", code="night", name="查寝", begin="21:30", end="22:00", group_kind="dorm_room")
CLASS = RosterGroup(id="A-1-AA", campus="A", name="三1", begin="2025-09-01", homeroom_id="A-9-AA")
DORM = RosterGroup(id="A-2-AA", campus="A", name="101", kind="dorm_room", begin="2025-09-01", deputy_id="A-9-AA")
CLUB = RosterGroup(id="A-3-AA", campus="A", name="合唱", kind="club", begin="2025-09-01")
TAKEN = {("A-1-AA", "am"): Taken("2025-09-15T00:06:00.000Z", "王敏", 40, 2)}


@pytest.mark.parametrize(
    ("time_of_day", "lessons", "states"),
    [
        ("07:59", True, {"三1": ["taken", "later"], "101": ["later"]}),
        ("14:00", True, {"三1": ["taken", "due"], "101": ["later"]}),
        ("21:30", True, {"三1": ["taken", "due"], "101": ["due"]}),
        ("21:30", False, {"101": ["due"]}),
    ],
)
def test_a_session_is_taken_due_or_later(time_of_day, lessons, states):
    days = group_days([CLASS, DORM, CLUB], [AM, PM, NIGHT], TAKEN, time_of_day=time_of_day, lessons=lessons)
    assert {day.group.name: [slot.state for slot in day.slots] for day in days} == states


def test_homeroom_teacher_and_deputy_see_their_own_groups():
    days = group_days([CLASS, DORM], [AM, PM, NIGHT], {}, time_of_day="09:00", lessons=True)
    assert [day.group.name for day in mine(days, "A-9-AA")] == ["三1", "101"]
    assert mine(days, "A-8-AA") == []
    assert totals(days) == {"taken": 0, "due": 1, "later": 2}
    assert [day.due for day in days] == [1, 0]


@pytest.mark.parametrize(("kind", "answer"), [("make_up", True), ("exam", True), ("holiday", False), (None, True)])
def test_only_the_calendar_says_that_there_are_no_lessons(kind, answer):
    assert has_lessons(kind) is answer


@pytest.fixture
def pair(tmp_path):
    return make_pair(tmp_path)


def page(pair, login):
    client = make_node(pair).test_client()
    log_in(client, login)
    return client.get("/").text


def test_not_yet_taken_never_looks_like_taken(pair):
    assert "尚未点名" in page(pair, "wm") and "✓ 已点名" not in page(pair, "wm")
    take_register(pair.node)
    text = page(pair, "wm")
    assert "✓ 已点名 · 1 人例外" in text
    assert "14:00 开始" in text


def test_a_homeroom_teacher_finds_the_own_class_first(pair):
    text = page(pair, "wm")
    assert "我的班" in text
    assert text.index("三年级2班") < text.index("三年级1班")
    assert f"/registers/A-12-AA/{DAY}/am" in text
    assert "尚未点名</span></div>" not in text  # the campus tally is not hers


def test_the_office_sees_how_far_the_campus_is(pair):
    text = page(pair, "zjw")
    assert "全校点名进度" in text and "全部班级和小组" in text


def test_who_takes_no_register_is_told_so(pair):
    text = page(pair, "smw")
    assert "您在这个校区没有要点的名" in text
    assert "三年级2班" not in text


def test_a_day_without_lessons_says_so(pair):
    with connect(pair.node) as db, write(pair.node, db, Author("A-4-AA", rank="office")) as w:
        w.update(CalendarDay, ("A", DAY), {"kind": "holiday", "note": "校庆"})
    text = page(pair, "wm")
    assert "今天不上课：节假日" in text and "校庆" in text
    assert "三年级2班" not in text


def test_the_page_follows_the_clock_of_the_replica(pair):
    pair.clock.set_to(instant_ms("2025-09-15T06:30:00.000Z"))
    assert "2 个没点" in page(pair, "wm")


def test_english_is_one_switch_away(pair):
    client = make_node(pair).test_client()
    log_in(client, "wm")
    text = client.get("/?lang=en").text
    assert "My class" in text and "not yet taken" in text and "morning" in text


MONDAY_LESSON = Lesson(
    "A", DAY, "A-1-AA", 2, "09:10", "09:50", "maths", "", ("A-8-AA",), ("A-8-AA",), None, None, "", "A-3-AA"
)


@pytest.mark.parametrize(
    ("lesson", "time", "shown"),
    [
        (MONDAY_LESSON, "09:09", ("", "later")),
        (MONDAY_LESSON, "09:10", ("", "now")),
        (MONDAY_LESSON, "09:50", ("", "over")),
        (replace(MONDAY_LESSON, teachers=("A-7-AA",)), "09:10", ("covered", "now")),
        (replace(MONDAY_LESSON, planned_teachers=("A-7-AA",)), "08:00", ("cover", "later")),
        (replace(MONDAY_LESSON, state="cancelled"), "08:00", ("cancelled", "later")),
        (replace(MONDAY_LESSON, state="moved"), "08:00", ("moved", "later")),
        (replace(MONDAY_LESSON, moved_from=("2025-09-16", 1)), "08:00", ("moved_in", "later")),
        (replace(MONDAY_LESSON, room_id="A-4-AA"), "08:00", ("room", "later")),
        (replace(MONDAY_LESSON, begin="", end=""), "23:00", ("", "later")),
    ],
)
def test_my_lesson_says_what_a_change_did_to_it(lesson, time, shown):
    (found,) = my_lessons([lesson], "A-8-AA", time)
    assert (found.mark, found.phase) == shown
    assert my_lessons([lesson], "A-6-AA", time) == []


def test_my_day_is_open_until_it_is_closed_here():
    day = my_lessons([MONDAY_LESSON], "A-8-AA", "12:00")
    assert closing_state(day, set(), "A", DAY, "A-8-AA") == "open"
    assert closing_state(day, {("A", DAY, "A-8-AA")}, "A", DAY, "A-8-AA") == "closed"
    assert closing_state(day, {("A", DAY, "*")}, "A", DAY, "A-8-AA") == "closed"
    assert closing_state(day, set(), "B", DAY, "A-8-AA") == ""
    gone = my_lessons([replace(MONDAY_LESSON, teachers=())], "A-8-AA", "12:00")
    assert closing_state(gone, set(), "A", DAY, "A-8-AA") == ""


def test_notices_are_what_came_in():
    covers = [timetable.cover(n, "A-1-AA", day, 1, "A-8-AA") for n, day in enumerate((DAY, "2025-09-17", "2025-09-16"))]
    leaves = [
        leave_of(request, [answer], (), LeaveLimits())
        for request, answer in (
            timetable.leave(1, "A-7-AA", "2025-09-18", "2025-09-19"),
            timetable.leave(2, "A-7-AA", "2025-09-22", "2025-09-23", decision="refused"),
        )
    ]
    def told(since):
        return notices_of(covers=covers, leaves=leaves, to_decide=0, today=DAY, answered_since=since)

    found = told("2025-09-14T00:00:00.000Z")
    assert [(each.kind, each.number, each.when) for each in found] == [
        ("covers_ahead", 2, "2025-09-16"), ("leave_approved", 0, "2025-09-18"), ("leave_refused", 0, "2025-09-22"),
    ]  # fmt: skip
    assert [each.kind for each in told("2025-09-16T00:00:00.000Z")] == ["covers_ahead"]
    asked = notices_of(covers=[], leaves=[], to_decide=2, today=DAY, answered_since="")
    assert [(each.kind, each.number) for each in asked] == [("to_decide", 2)]


def test_today_merges_both_campuses_by_the_clock_and_dates_each_half(pair):
    fill(pair.node, timetable.timetable())
    with connect(pair.node) as db:
        set_setting(db, "campuses_known", json.dumps({"B": instant_ms("2025-09-14T15:40:00.000Z")}))
    text = page(pair, "zx")
    mine = text[text.index('class="day"') :]
    assert mine.index("08:20–09:00") < mine.index("10:40–11:20")
    assert "西校区 · 数据到 昨天 23:40" in text and "中心校区 · 本校区，此刻" in text


def test_a_cover_is_new_on_today_and_the_day_is_closed_with_one_tap(pair):
    fill(pair.node, [*timetable.timetable(), timetable.cover(1, timetable.CLASS_1, DAY, 2, timetable.WANG)])
    text = page(pair, "wm")
    assert "新 · 代 李芳" in text and "按课表上完" in text
    fill(pair.node, [timetable.closed(DAY, timetable.WANG)])
    text = page(pair, "wm")
    assert "今天已结课" in text and "按课表上完" not in text
    assert "由 王敏 代课" in page(pair, "lf")


def test_leave_to_decide_and_answers_stand_on_today(pair):
    fill(pair.node, timetable.timetable())
    fill(pair.node, timetable.leave(1, timetable.WANG, DAY, "2025-09-16", decision=""))
    assert "1 个请假等您审批" in page(pair, "hxz") and "等您审批" not in page(pair, "wm")
    fill(pair.node, timetable.leave(1, timetable.WANG, DAY, "2025-09-16")[1:])
    assert "的请假已同意" in page(pair, "wm") and "等您审批" not in page(pair, "hxz")

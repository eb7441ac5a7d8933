"""The front page: my registers, what is due, the campus for those who look after it."""

import pytest

from node.today.rules import Taken, group_days, has_lessons, mine, totals
from shared.clock import instant_ms
from shared.records import CalendarDay, RollSession, RosterGroup
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.node.small_node import DAY, make_node, make_pair, take_register
from tests.web.small_site import log_in

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

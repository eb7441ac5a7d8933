"""The week, closing and re-opening, exceptions: through the pages of a real node."""

import json
import re

import pytest

from shared.clock import instant_ms
from shared.records import LessonException
from sync.replica import connect, set_setting
from tests.node.small_node import make_node, make_pair
from tests.node.timetable import (
    CLASS_1,
    CLASS_2,
    CLASS_B,
    CLERK,
    ITINERANT,
    LAB,
    LAST_FRIDAY,
    LI,
    MONDAY,
    QIAN,
    SATURDAY,
    TUESDAY,
    WANG,
    cover,
    timetable,
)
from tests.web.small_site import fill, log_in, token_in

DAYS = "SELECT campus, date, person_id, closed_by FROM lesson_day ORDER BY date, person_id"
NOTES = "SELECT person_id, kind, minutes, entered_by FROM lesson_exception"


class School:
    """A node with a timetable, and browsers in it."""

    def __init__(self, folder):
        self.pair = make_pair(folder)
        fill(self.pair.node, timetable())
        self.app = make_node(self.pair)

    def get(self, login, path):
        client = self.app.test_client()
        log_in(client, login)
        return client.get(path)

    def post(self, login, path, **form):
        client = self.app.test_client()
        log_in(client, login)
        form["csrf_token"] = token_in(client.get("/password").text)
        return client.post(path, data={name.replace("__", "/"): value for name, value in form.items()})

    def rows(self, sql):
        with connect(self.pair.node) as db:
            return db.conn.execute(sql).fetchall()


@pytest.fixture
def school(tmp_path):
    return School(tmp_path)


def lesson_path(group=CLASS_2, day=MONDAY, period=1):
    return f"/lessons/{group}/{day}/{period}"


def test_my_lessons_come_first_and_every_name_leads_to_its_own_week(school):
    text = school.get("wm", "/lessons").text
    assert "<h1>我的课</h1>" in text and "三年级2班" in text and "三年级1班</a>" not in text
    assert f"of=group:{CLASS_2}" in text
    text = school.get("wm", f"/lessons?of=group:{CLASS_1}").text
    for of in (f"teacher:{LI}", f"teacher:{QIAN}", f"room:{LAB}"):
        assert f"of={of}" in text, of
    assert "科学室" in school.get("wm", f"/lessons?of=teacher:{QIAN}").text
    assert "三年级2班" in school.get("wm", f"/lessons?of=room:{LAB}").text


def test_a_week_has_a_way_back_and_forth_and_home(school):
    text = school.get("wm", f"/lessons?day={MONDAY}").text
    assert "day=2025-09-08" in text and "day=2025-09-22" in text and ">本周<" not in text
    assert ">本周<" in school.get("wm", "/lessons?day=2025-09-08").text
    assert school.get("wm", "/lessons?of=nobody").status_code == 422
    assert school.get("wm", "/lessons?day=now").status_code == 422


def test_an_itinerant_teacher_sees_both_campuses_in_one_week_each_dated(school):
    with connect(school.pair.node) as db:
        set_setting(db, "campuses_known", json.dumps({"B": instant_ms("2025-09-14T15:40:00.000Z")}))
    text = school.get("zx", "/lessons").text
    assert "西校区 · 数据到 昨天 23:40" in text and "中心校区 · 本校区，此刻" in text
    assert "8:20–9:00" in text and "10:40–11:20" in text
    with connect(school.pair.node) as db:
        set_setting(db, "campuses_known", "{}")
    assert "西校区 · 还没有收到过数据" in school.get("zx", "/lessons").text


def test_one_tap_closes_my_day_and_a_second_changes_nothing(school):
    answer = school.post("wm", f"/lessons/days/{MONDAY}/close", next="/lessons")
    assert answer.status_code == 303 and answer.location == "/lessons"
    school.post("wm", f"/lessons/days/{MONDAY}/close")
    assert school.rows(DAYS) == [("A", MONDAY, WANG, WANG)]
    assert "这一天已结课" in school.get("wm", "/lessons").text


@pytest.mark.parametrize(
    ("login", "day", "form", "status"),
    [
        ("wm", LAST_FRIDAY, {}, 303),  # late, and still
        ("wm", TUESDAY, {}, 422),  # tomorrow
        ("wm", "2025-09-13", {}, 422),  # a Saturday
        ("qj", LAST_FRIDAY, {}, 422),  # no lessons then
        ("wm", MONDAY, {"whole": "1"}, 403),
        ("wm", MONDAY, {"person": LI}, 403),
        ("zjw", MONDAY, {"whole": "1"}, 303),
        ("hxz", MONDAY, {"person": LI}, 303),
        ("smw", MONDAY, {}, 403),  # the gate closes nothing
    ],
)
def test_who_closes_which_day(school, login, day, form, status):
    assert school.post(login, f"/lessons/days/{day}/close", **form).status_code == status
    assert len(school.rows(DAYS)) == (status == 303)


def test_the_office_closes_the_campus_and_opens_it_again_with_a_reason(school):
    school.post("zjw", f"/lessons/days/{MONDAY}/close", whole="1")
    assert school.rows(DAYS) == [("A", MONDAY, "*", CLERK)]
    school.post("wm", f"/lessons/days/{MONDAY}/close")
    assert len(school.rows(DAYS)) == 1  # hers is closed with it
    refused = school.post("zjw", f"/lessons/days/{MONDAY}/reopen", person="*", reason=" ")
    assert refused.status_code == 422 and len(school.rows(DAYS)) == 1
    assert school.post("wm", f"/lessons/days/{MONDAY}/reopen", person="*", reason="x").status_code == 403
    school.post("zjw", f"/lessons/days/{MONDAY}/reopen", person="*", reason="记错了")
    assert school.rows(DAYS) == []
    assert "记错了" in school.rows("SELECT CAST(header AS TEXT) FROM _changeset ORDER BY n DESC LIMIT 1")[0][0]


def test_days_not_closed_are_counted(school):
    text = school.get("wm", "/lessons/open-days").text
    assert "3 天没结课" in text and "人没结课" not in text
    school.post("wm", f"/lessons/days/{LAST_FRIDAY}/close")
    assert "2 天没结课" in school.get("wm", "/lessons/open-days").text
    office = school.get("zjw", "/lessons/open-days").text
    assert "人没结课" in office and "王敏" in office and "已结课" in office


def test_an_exception_is_noted_changed_and_taken_back(school):
    path = lesson_path() + "/exception"
    assert school.post("wm", path, kind="late", minutes="").status_code == 422
    assert school.post("wm", path, kind="late", minutes="5", note="堵车").status_code == 303
    assert school.rows(NOTES) == [(WANG, "late", 5, WANG)]
    assert school.post("wm", path, kind="not_held", minutes="").status_code == 303
    assert school.rows(NOTES) == [(WANG, "not_held", 0, WANG)]
    assert school.post("wm", path, kind="").status_code == 303
    assert school.rows(NOTES) == []


def test_what_the_office_noted_is_not_the_teachers_to_take_back(school):
    path = lesson_path() + "/exception"
    school.post("hxz", path, kind="empty_class", person=WANG)
    assert school.post("wm", path, kind="").status_code == 403
    assert school.post("lf", path, kind="late", minutes="3", person=WANG).status_code == 403
    assert school.rows(NOTES) == [(WANG, "empty_class", 0, "A-8-AA")]
    assert "空堂" in school.get("wm", lesson_path()).text


def test_exceptions_are_for_those_who_teach_it_and_for_days_that_have_come(school):
    assert school.post("zjw", lesson_path() + "/exception", kind="not_held", person=LI).status_code == 422
    assert school.post("wm", lesson_path(day=TUESDAY) + "/exception", kind="not_held").status_code == 422
    assert school.post("zx", lesson_path(CLASS_B, MONDAY, 3) + "/exception", kind="not_held").status_code == 403
    assert school.get("wm", lesson_path(period=9)).status_code == 404
    assert school.get("wm", lesson_path(day=SATURDAY)).status_code == 404


def test_a_note_that_moved_under_the_page_is_kept_beside_ours(school):
    """C2: the form carries the version it showed."""
    path = lesson_path() + "/exception"
    page = school.get("hxz", lesson_path()).text
    (token,) = re.findall(rf'name="person" value="{WANG}"><input type="hidden" name="token" value="([^"]+)"', page)
    school.post("wm", path, kind="late", minutes="5", token="absent")
    school.post("hxz", path, kind="not_held", person=WANG, token=token)
    assert school.rows("SELECT count(DISTINCT value) FROM _head WHERE t = 'lesson_exception'") == [(2,)]


def test_whoever_covers_closes_the_day_in_which_he_covered(school):
    fill(school.pair.node, [cover(1, CLASS_1, "2025-09-10", 1, QIAN)])
    fill(school.pair.node, [cover(2, CLASS_2, LAST_FRIDAY, 1, QIAN)])
    assert school.post("qj", f"/lessons/days/{LAST_FRIDAY}/close").status_code == 303
    assert school.post("wm", f"/lessons/days/{LAST_FRIDAY}/close").status_code == 422


def test_a_teacher_without_a_role_here_sees_the_week_and_closes_nothing(school):
    fill(school.pair.node, [LessonException(
        group_id=CLASS_1, date=MONDAY, period=1, person_id=ITINERANT, kind="not_held", entered_by=CLERK
    )])  # fmt: skip
    text = school.get("smw", lesson_path(CLASS_1)).text
    assert "未上" in text and "exception\"" not in text

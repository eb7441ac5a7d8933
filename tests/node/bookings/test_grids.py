"""What the grids show: lessons, bookings and their states in words, free cells, paper and workbook."""

import io
import re
import zipfile
from html import unescape

import pytest
from python_calamine import CalamineWorkbook

from node.bookings.rules import Column, clashing, columns_of, fitting, outside, within
from shared.bookings.rules import Busy
from shared.records import BellPeriod, BookingOccurrence, BookingSeries, CalendarDay
from sync.capture import Author, write
from sync.replica import connect
from tests.node.bookings.rooms import HOLIDAY, LAB, MUSIC, OFFICE, SMALL, ask, open_rooms
from tests.node.school import BURSAR, CLERK, GUEST, HOMEROOM, MAKE_UP_SUNDAY, MONDAY, TEACHER, School


@pytest.fixture
def school(tmp_path) -> School:
    return open_rooms(tmp_path)


def page(school: School, path: str, person: str = TEACHER) -> str:
    client, _csrf = school.log_in(person)
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def row_of(text: str, room: str) -> list[str]:
    """The cells of a row as plain text, its heading first."""
    row = next(r for r in re.findall(r"<tr.*?</tr>", text, re.S) if room in r and 'scope="row"' in r)
    cells = re.findall(r"<t[hd].*?</t[hd]>", row, re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in cells]


def test_a_day_shows_lessons_bookings_requests_and_free_periods_in_words(school):
    ask(school, HOMEROOM)
    ask(school, HOMEROOM, room_id=MUSIC, title="合唱")
    text = page(school, "/rooms")
    assert row_of(text, "科学实验室") == [
        "科学实验室 48 座 · 本校区决定", "＋", "三年级2班 科学 课表占用 李芳", "磁铁实验 已定 王敏 · 10:20–11:00", "＋",
    ]  # fmt: skip
    assert row_of(text, "音乐教室")[:1] == ["西校区 音乐教室 40 座 · 西校区决定"]
    assert row_of(text, "音乐教室")[3] == "合唱 待西校区答复 王敏 · 10:20–11:00"
    rows = re.findall(r'<th scope="row"><a [^>]*>([^<]+)<', text)
    assert rows == ["科学实验室", "小实验室", "西校区 音乐教室"], "own campus first"
    assert "第1节" in text and "08:20–09:00" in text


def test_a_plus_opens_a_form_that_is_filled_in(school):
    """GibbonEdu/core#636."""
    client, _csrf = school.log_in(TEACHER)
    links = [unescape(m) for m in re.findall(r'<a class="item free" href="([^"]+)"', client.get("/rooms").text)]
    link = next(each for each in links if LAB in each)
    form = client.get(link).text
    assert f'value="{LAB}" selected' in form
    assert f'name="date" value="{MONDAY}"' in form
    assert 'name="begin" value="08:20"' in form and 'name="end" value="09:00"' in form


def test_a_period_that_is_over_and_a_day_gone_by_have_no_plus(school):
    school.at(f"{MONDAY} 09:20")
    assert row_of(page(school, "/rooms"), "科学实验室")[1] == ""
    assert "item free" not in page(school, "/rooms?date=2025-09-12")


def test_who_may_not_book_sees_the_grid_without_a_plus(school):
    client, _csrf = school.log_in(GUEST)
    assert "item free" not in client.get("/rooms").text
    assert "item free" in page(school, "/rooms", BURSAR)


def test_two_that_stand_firm_at_once_are_a_clash_in_colour_and_word(school):
    """Both rows stay (C7, C8)."""
    with connect(school.replica) as db, write(school.replica, db, Author(GUEST)) as w:
        w.insert(BookingSeries(id="A-900-ZZ", room_id=LAB, campus="B", booked_by=GUEST, title="联合教研"))
        w.insert(
            BookingOccurrence(
                series_id="A-900-ZZ", number=1, room_id=LAB, date=MONDAY, begin="09:30", end="10:30", state="confirmed"
            )
        )
    cells = row_of(page(school, "/rooms"), "科学实验室")
    assert cells[2] == "三年级2班 科学 冲突 李芳 联合教研 冲突 郑客人 · 09:30–10:30"
    assert cells[3] == "联合教研 冲突 郑客人 · 09:30–10:30", "by the clock it reaches into the third period"


def test_what_lies_outside_all_periods_has_a_column_of_its_own(school):
    assert "其他时间" not in page(school, "/rooms")
    ask(school, TEACHER, begin="18:30", end="20:00", title="家长会")
    text = page(school, "/rooms")
    assert "其他时间" in text and row_of(text, "科学实验室")[5] == "家长会 已定 李芳 · 18:30–20:00"


def test_one_room_over_a_week_by_its_own_campus_s_bells(school):
    with connect(school.replica) as db, write(school.replica, db, OFFICE) as w:
        w.insert(BellPeriod(schedule="B", period=1, name="头一节", begin="07:50", end="08:30"))
    text = page(school, f"/rooms/{MUSIC}")
    assert "头一节" in text and "07:50–08:30" in text and "09:10" not in text
    text = page(school, f"/rooms/{LAB}")
    assert row_of(text, "9月15日 周一")[2] == "三年级2班 科学 课表占用 李芳"
    assert row_of(text, "9月16日 周二")[2] == "＋"


def test_summer_and_winter_bells_in_one_week_are_laid_out_by_each_day_s_clock(school):
    """mrbs-code#3993: period times differ by day."""
    with connect(school.replica) as db, write(school.replica, db, OFFICE) as w:
        w.insert(BellPeriod(schedule="A-short", period=1, name="短1", begin="12:30", end="13:00"))
        w.put(CalendarDay(campus="A", date="2025-09-16", kind="school_day", follows_weekday=2, bell_schedule="A-short"))
    ask(school, TEACHER, date="2025-09-16", begin="12:30", end="13:00", title="短课")
    assert row_of(page(school, f"/rooms/{LAB}"), "9月16日 周二")[1] == "短课 已定 李芳 · 12:30–13:00"


def test_a_week_has_its_weekend_days_with_school_and_no_others(school):
    text = page(school, f"/rooms?date={MAKE_UP_SUNDAY}")
    assert "9月28日 周日" in text and "9月27日 周六" not in text
    assert page(school, f"/rooms?date={HOLIDAY}").count("周") > 5


def test_rooms_are_filtered_by_campus_and_kind(school):
    assert "小实验室" not in page(school, "/rooms?campus=B")
    assert "西校区 音乐教室" not in page(school, "/rooms?kind=science_lab")
    assert "没有可预约的教室" in page(school, "/rooms?kind=gym")


def test_a_campus_without_bells_is_shown_by_the_hour(school):
    with connect(school.replica) as db, write(school.replica, db, OFFICE) as w:
        w.db.conn.execute("DELETE FROM bell_period")
    text = page(school, "/rooms")
    assert "08:00–09:00" in text and "17:00–18:00" in text


def test_a_week_goes_out_as_a_workbook_with_a_sheet_a_day_and_no_formula(school):
    """classroombookings#66: the office asks for a weekly sheet and gets it."""
    ask(school, TEACHER, title="=1+1")
    client, _csrf = school.log_in(CLERK)
    data = client.get(f"/rooms/week.xlsx?date={MONDAY}").data
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert book.sheet_names == ["9月15日 周一", "9月16日 周二", "9月17日 周三", "9月18日 周四", "9月19日 周五"]
    rows = book.get_sheet_by_name("9月15日 周一").to_python()
    assert rows[0][1] == "第1节\n08:20–09:00"
    assert rows[1][:4] == [
        "科学实验室\n48 座 · 本校区决定", "", "三年级2班 科学 · 课表占用 · 李芳", "=1+1 · 已定 · 李芳 · 10:20–11:00",
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_a_week_is_printed_a_day_a_sheet(school):
    text = page(school, "/rooms/week")
    assert text.count('class="sheet"') == 5


def test_what_is_no_date_and_no_room_is_refused_in_words(school):
    client, _csrf = school.log_in(TEACHER)
    assert client.get("/rooms?date=x").status_code == 422
    assert client.get("/rooms/A-404-00").status_code == 404
    assert client.get("/bookings/new?date=x").status_code == 422
    assert client.get("/bookings/A-404-00").status_code == 404


def busy(begin: str, end: str, key: str = "k", state: str = "confirmed", room: str = LAB) -> Busy:
    return Busy(room, MONDAY, begin, end, "booking", key, "", state, "")


def test_columns_come_in_order_of_time_and_by_the_hour_without_bells():
    assert columns_of({2: ("09:10", "09:50"), 1: ("08:20", "09:00")}) == [
        Column(1, "08:20", "09:00"), Column(2, "09:10", "09:50"),
    ]  # fmt: skip
    assert columns_of({})[0] == Column(None, "08:00", "09:00")
    assert fitting([Column(1, "08:00", "08:30")], [Column(1, "08:20", "09:00"), Column(2, "09:10", "09:50")]) == [
        Column(1, "08:00", "08:30"), Column(2, "09:10", "09:50"),
    ]  # fmt: skip


def test_cells_hold_what_shares_a_minute_with_them():
    column = Column(1, "08:20", "09:00")
    there = [busy("09:00", "09:10", "touches"), busy("08:50", "09:10", "late"), busy("08:00", "08:30", "early")]
    assert [each.key for each in within(there, column)] == ["early", "late"]
    assert [each.key for each in outside(there, [column])] == ["touches"]


def test_only_what_stands_firm_in_one_room_clashes():
    one, two = busy("08:00", "09:00", "1"), busy("08:30", "09:30", "2")
    assert clashing([one, two]) == {"1", "2"}
    assert clashing([one, busy("09:00", "09:30", "2")]) == set()
    assert clashing([one, busy("08:30", "09:30", "2", "requested")]) == set()
    assert clashing([one, busy("08:30", "09:30", "2", room=SMALL)]) == set()

"""Asking for a room: confirmed at once where this campus decides, tentative elsewhere, never twice (C8)."""

import re
import threading
from datetime import date

import pytest

from node.bookings.rules import BookingLimits
from node.bookings.saving import book, wish_from
from shared.database import transaction
from shared.records import BookingOccurrence, Room
from sync.capture import Author, write
from sync.replica import connect
from tests.node.bookings.rooms import (
    HOLIDAY,
    LAB,
    MUSIC,
    OFFICE,
    ROWS,
    SMALL,
    WISH,
    ask,
    open_rooms,
    post,
    state_rows,
)
from tests.node.school import BURSAR, CLERK, DORM_KEEPER, GUEST, HEAD, HOMEROOM, MONDAY, TEACHER, School


@pytest.fixture
def school(tmp_path) -> School:
    return open_rooms(tmp_path)


def test_the_deciding_campus_confirms_at_once(school):
    answer = ask(school, TEACHER)
    assert answer.status_code == 303
    ((series, number, day, begin, state, reason, decided_by, gone),) = school.rows(ROWS)
    assert series.startswith("A-") and (number, day, begin) == (1, MONDAY, "10:20")
    assert (state, reason, decided_by, gone) == ("confirmed", "none", TEACHER, "")


def test_another_campus_s_room_is_asked_for_and_the_page_says_how_far_the_answer_is(school):
    """C8: tentative until the deciding campus has answered; everyone sees how far away that is."""
    page = ask(school, TEACHER, room_id=MUSIC)
    ((series, *_rest, state, _reason, decided_by, _gone),) = school.rows(ROWS)
    assert series.startswith("B-") and (state, decided_by) == ("requested", "")
    client, _csrf = school.log_in(TEACHER)
    page = client.get(page.headers["Location"]).text
    assert "待西校区答复" in page and "西校区还没有同步过" in page


def test_a_form_sent_twice_books_once(school):
    """A double tap, or a reply that was lost."""
    first, second = ask(school, TEACHER), ask(school, TEACHER)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(school.rows(ROWS)) == 1
    foreign = [ask(school, TEACHER, room_id=MUSIC).headers["Location"] for _ in range(2)]
    assert foreign[0] == foreign[1] and len(school.rows(ROWS)) == 2


def test_a_wish_that_was_cancelled_can_be_made_again(school):
    where = ask(school, TEACHER).headers["Location"]
    post(school, TEACHER, f"{where}/cancel", number="1")
    assert ask(school, TEACHER).headers["Location"] != where


def test_a_room_with_a_lesson_is_not_booked_and_what_is_free_is_offered(school):
    answer = ask(school, HOMEROOM, begin="09:10", end="09:50")
    assert answer.status_code == 409 and school.rows(ROWS) == []
    assert "没有订上" in answer.text and "李芳" in answer.text
    assert f'value="{SMALL}|{MONDAY}|09:10|09:50"' in answer.text
    assert f'value="{LAB}|{MONDAY}|08:20|09:00"' in answer.text
    assert f'value="{LAB}|2025-09-16|09:10|09:50"' in answer.text


def test_one_tap_takes_the_alternative_with_what_was_typed(school):
    answer = ask(school, HOMEROOM, begin="09:10", end="09:50", instead=f"{SMALL}|{MONDAY}|09:10|09:50")
    assert answer.status_code == 303
    assert school.rows("SELECT s.title, o.room_id FROM booking_occurrence o JOIN booking_series s ON s.id = series_id")\
        == [("磁铁实验", SMALL)]


def test_the_enter_key_does_not_take_an_alternative(school):
    """Enter presses the first button of a form."""
    form = ask(school, HOMEROOM, begin="09:10", end="09:50").text.split('id="booking"')[1]
    first = re.findall(r"<button[^>]*>", form)[0]
    assert "name=" not in first


def test_only_rooms_with_enough_seats_are_offered(school):
    answer = ask(school, HOMEROOM, begin="09:10", end="09:50", head_count="30")
    assert f"{SMALL}|" not in answer.text and f"{LAB}|{MONDAY}|10:20" in answer.text


def test_of_two_people_at_once_one_gets_the_room_and_the_other_the_alternatives(school):
    """newtheatre/rooms#83: check and write are one transaction."""
    start, found = threading.Barrier(2), []

    def run(person: str) -> None:
        wish = wish_from({**WISH, "title": person}, booked_by=person, campus="A")
        with connect(school.replica) as db:
            start.wait(20)
            found.append(
                book(school.replica, db, Author(person), wish, today=date(2025, 9, 15), limits=BookingLimits())
            )

    threads = [threading.Thread(target=run, args=(person,)) for person in (TEACHER, HOMEROOM)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(bool(each.made) for each in found) == [False, True]
    assert [each.taken[0].by[0].kind for each in found if not each.made] == ["booking"]
    assert len(school.rows(ROWS)) == 1


def test_a_series_books_its_free_dates_and_names_the_others(school):
    """mrbs-code#611 skip and book, #464 what was skipped is named, indico#4180 it can be taken up again."""
    ask(school, HOMEROOM, date="2025-10-06", begin="08:20", end="09:00", title="早占")
    where = ask(school, TEACHER, begin="08:20", end="09:00", repeat="weekly", until="2025-10-13").headers["Location"]
    rows = [row for row in state_rows(school) if row[1] != "2025-10-06"]
    assert rows == [(1, MONDAY, "confirmed"), (3, "2025-09-29", "confirmed"), (5, "2025-10-13", "confirmed")]
    client, _csrf = school.log_in(TEACHER)
    page = client.get(where).text
    assert "没有订上的日子" in page and "早占 · 王敏" in page
    assert "不上课，跳过的日子" in page and "校庆" in page
    assert re.search(r"date=2025-10-06&amp;begin=10(:|%3A)20", page), "what is free is a link"


def test_a_series_of_which_nothing_is_free_books_nothing(school):
    answer = ask(school, HOMEROOM, begin="09:10", end="09:50", repeat="weekly", until="2025-10-06")
    assert answer.status_code == 409 and school.rows(ROWS) == []
    assert "校庆" in answer.text


def test_one_date_or_all_that_are_left_can_be_cancelled(school):
    where = ask(school, TEACHER, begin="08:20", end="09:00", repeat="weekly", until="2025-10-13").headers["Location"]
    post(school, TEACHER, f"{where}/cancel", number="3")
    gone = "SELECT number FROM booking_occurrence WHERE cancelled_by = ? ORDER BY number"
    assert school.rows(gone, TEACHER) == [(3,)]
    school.at("2025-09-30 08:00")
    assert "已取消 2 次" in post(school, TEACHER, f"{where}/cancel").text
    assert school.rows(gone, TEACHER) == [(3,), (4,), (5,)], "what is over stays"


@pytest.mark.parametrize(("person", "may"), [(TEACHER, True), (CLERK, True), (HEAD, True), (HOMEROOM, False)])
def test_the_booker_and_the_office_cancel_and_nobody_else(school, person, may):
    where = ask(school, TEACHER).headers["Location"]
    answer = post(school, person, f"{where}/cancel", number="1")
    assert (answer.status_code == 200) is may
    assert bool(school.rows("SELECT 1 FROM booking_occurrence WHERE cancelled_at <> ''")) is may


def test_who_works_here_may_book_and_a_guest_may_not(school):
    assert ask(school, BURSAR).status_code == 303
    # 生活老师 takes registers, so a room for the boarders is his to ask for.
    assert ask(school, DORM_KEEPER, begin="11:10", end="11:50").status_code == 303
    assert ask(school, GUEST, date="2025-09-16").status_code == 403


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"end": "10:20"}, 422, "结束早于开始"),
        ({"date": "2025-09-14"}, 422, "已经过去"),
        ({"date": "2026-09-14"}, 422, "太远"),
        ({"date": "2025-02-30"}, 422, "不是日期"),
        ({"begin": "25:00"}, 422, "不是时刻"),
        ({"title": ""}, 422, "没有填"),
        ({"title": "长" * 61}, 422, "太长"),
        ({"purpose": "party"}, 422, "不在可选项里"),
        ({"head_count": "49"}, 422, "座位不够"),
        ({"head_count": "many"}, 422, "不是整数"),
        ({"group_id": "A-404-00"}, 422, "没有找到"),
        ({"repeat": "weekly"}, 422, "没有填"),
        ({"repeat": "weekly", "until": "2025-09-08"}, 422, "结束早于开始"),
        ({"room_id": "A-404-00"}, 404, "没有这间教室"),
        ({"room_id": ""}, 422, "没有填"),
        ({"state": "confirmed"}, 422, "没有这个字段"),
        ({"instead": "x"}, 404, "没有这间教室"),
    ],
)
def test_a_wish_that_nobody_could_fulfil_names_what_is_wrong(school, changes, status, words):
    answer = ask(school, TEACHER, **changes)
    assert answer.status_code == status and words in answer.text
    assert school.rows(ROWS) == []
    if status == 422 and "title" not in changes:
        assert "磁铁实验" in answer.text, "what was typed is not lost"


def test_a_room_out_of_use_is_not_booked(school):
    with connect(school.replica) as db, write(school.replica, db, OFFICE) as w:
        w.update(Room, (LAB,), {"end": "2025-09-29"})
    where = ask(school, TEACHER, begin="08:20", end="09:00", repeat="weekly", until="2025-09-29").headers["Location"]
    assert state_rows(school) == [(1, MONDAY, "confirmed")]
    client, _csrf = school.log_in(TEACHER)
    assert "教室停用" in client.get(where).text
    assert "这一天不开放预约" in ask(school, TEACHER, date="2025-10-06").text


def test_a_request_that_came_before_is_answered_before_one_s_own_booking(school):
    """C8: whoever asked earlier is not overtaken by the deciding campus's own people."""
    foreign = {"room_id": LAB, "date": MONDAY, "begin": "10:20", "end": "11:00"}
    with connect(school.replica) as db, write(school.replica, db, Author(GUEST)) as w:
        w.insert(BookingOccurrence(series_id="A-900-ZZ", number=1, **foreign))
    assert ask(school, TEACHER).status_code == 409
    assert school.rows("SELECT state, decided_by FROM booking_occurrence") == [("confirmed", "rule")]


def test_a_holiday_can_be_had_when_it_is_asked_for_by_itself(school):
    assert ask(school, TEACHER, date=HOLIDAY).status_code == 303


def test_of_a_campus_without_a_computer_the_pages_say_that_the_main_campus_answers(school):
    """C8: who decides is said before one books, when one has, and on the booking's page."""
    with connect(school.replica) as db, transaction(db):
        db.conn.execute("UPDATE _node SET revoked_at = 1 WHERE campus = 'B'")
    client, _csrf = school.log_in(TEACHER)
    assert "40 座 · 由总校代答" in client.get("/rooms").text
    assert "西校区没有登记的电脑，由总校代答" in client.get(f"/bookings/new?room_id={MUSIC}").text
    where = ask(school, TEACHER, room_id=MUSIC).headers["Location"]
    page = client.get(where).text
    assert "待总校代答" in page and "西校区 · 由总校代答" in page and "待西校区答复" not in page

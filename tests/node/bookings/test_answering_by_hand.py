"""The clerk's and the campus head's own answers: at the deciding campus only, with a reason, never over another."""

import pytest

from shared.records import BookingOccurrence, BookingSeries
from sync.capture import Author, write
from sync.replica import connect
from tests.node.bookings.rooms import LAB, MUSIC, ask, open_rooms, post
from tests.node.school import BURSAR, CLERK, GUEST, HEAD, HOMEROOM, MONDAY, TEACHER, School

ANSWER = "SELECT state, reason, decided_by, answer_note FROM booking_occurrence WHERE series_id = ?"


@pytest.fixture
def school(tmp_path) -> School:
    return open_rooms(tmp_path)


def requested(school: School, series: str = "A-900-ZZ", begin: str = "10:20", end: str = "11:00") -> str:
    """A request that campus B's guest made on his own node; its page."""
    with connect(school.replica) as db, write(school.replica, db, Author(GUEST)) as w:
        w.insert(BookingSeries(id=series, room_id=LAB, campus="B", booked_by=GUEST, title="联合教研"))
        w.insert(
            BookingOccurrence(series_id=series, number=1, room_id=LAB, date=MONDAY, begin=begin, end=end)
        )
    return f"/bookings/{series}"


@pytest.mark.parametrize("person", [CLERK, HEAD])
def test_the_office_confirms_and_refuses_with_a_reason(school, person):
    where = requested(school)
    answer = post(school, person, f"{where}/1", state="confirmed", answer_note="可以")
    assert "已答复" in answer.text
    assert school.rows(ANSWER, "A-900-ZZ") == [("confirmed", "office", person, "可以")]
    post(school, person, f"{where}/1", state="rejected", answer_note="要检修")
    assert school.rows(ANSWER, "A-900-ZZ") == [("rejected", "office", person, "要检修")]


@pytest.mark.parametrize("person", [TEACHER, BURSAR, GUEST])
def test_nobody_else_answers(school, person):
    where = requested(school)
    assert post(school, person, f"{where}/1", state="confirmed").status_code == 403
    assert school.rows(ANSWER, "A-900-ZZ") == [("requested", "none", "", "")]


def test_a_refusal_needs_its_reason(school):
    where = requested(school)
    answer = post(school, CLERK, f"{where}/1", state="rejected", answer_note=" ")
    assert answer.status_code == 422 and "没有填" in answer.text
    assert school.rows(ANSWER, "A-900-ZZ")[0][0] == "requested"


def test_another_campus_s_room_is_not_answered_here(school):
    """C8: also not by somebody who may decide here."""
    where = ask(school, TEACHER, room_id=MUSIC).headers["Location"]
    answer = post(school, CLERK, f"{where}/1", state="confirmed")
    assert answer.status_code == 403 and "由别的校区决定" in answer.text


def test_a_person_too_does_not_book_over_what_stands(school):
    where = requested(school, begin="09:00", end="09:20")
    answer = post(school, CLERK, f"{where}/1", state="confirmed")
    assert answer.status_code == 409 and "已有别人占用" in answer.text
    assert school.rows(ANSWER, "A-900-ZZ")[0][0] == "requested"


@pytest.mark.parametrize(("form", "status"), [({"state": "cancelled"}, 422), ({"state": ""}, 422), ({}, 422)])
def test_what_is_no_answer_is_refused(school, form, status):
    assert post(school, CLERK, f"{requested(school)}/1", **form).status_code == status


def test_an_unknown_booking_or_date_is_not_found(school):
    requested(school)
    assert post(school, CLERK, "/bookings/A-404-ZZ/1", state="confirmed").status_code == 404
    assert post(school, CLERK, "/bookings/A-900-ZZ/7", state="confirmed").status_code == 404
    assert post(school, CLERK, "/bookings/A-404-ZZ/cancel").status_code == 404
    assert post(school, CLERK, "/bookings/A-900-ZZ/cancel", number="x").status_code == 422


def test_what_is_cancelled_or_over_is_not_answered(school):
    where = requested(school)
    post(school, CLERK, f"{where}/cancel", number="1")
    assert post(school, CLERK, f"{where}/1", state="confirmed").status_code == 409
    other = requested(school, "A-901-ZZ")
    school.at("2025-09-16 08:00")
    assert post(school, CLERK, f"{other}/1", state="confirmed").status_code == 409
    assert post(school, CLERK, f"{other}/cancel", number="1").status_code == 409


def test_an_answer_that_moved_under_the_page_is_kept_beside_the_other(school):
    """C2: two people answer from pages that showed the same; both answers are there to be settled."""
    where = requested(school)
    tokens = []
    for person in (CLERK, HEAD):
        client, _csrf = school.log_in(person)
        tokens.append(client.get(where).text.split('name="token" value="')[1].split('"')[0])
    post(school, CLERK, f"{where}/1", state="confirmed", answer_note="好", token=tokens[0])
    post(school, HEAD, f"{where}/1", state="rejected", answer_note="不行", token=tokens[1])
    assert len(school.rows("SELECT 1 FROM _head WHERE t = 'booking_occurrence'")) == 2


def test_the_list_shows_the_office_what_others_ask_and_everyone_his_own(school):
    requested(school, begin="11:10", end="11:50")
    ask(school, HOMEROOM)
    client, _csrf = school.log_in(CLERK)
    page = client.get("/bookings").text
    assert "别的校区申请本校区的教室" in page and "联合教研" in page and "磁铁实验" not in page
    client, _csrf = school.log_in(HOMEROOM)
    page = client.get("/bookings").text
    assert "别的校区申请" not in page and "磁铁实验" in page

"""Rooms over the JSON API: the same rules as the pages, in one error shape."""

import pytest

from node.api import views
from shared.records import BookingOccurrence, BookingSeries
from sync.capture import Author, write
from sync.replica import connect
from tests.node.bookings.rooms import LAB, MUSIC, SMALL, WISH, open_rooms
from tests.node.school import CLERK, GUEST, HOMEROOM, MONDAY, TEACHER, School


@pytest.fixture
def school(tmp_path) -> School:
    return open_rooms(tmp_path, api=views)


def call(school: School, person: str, method: str, path: str, body: object = None):
    client, csrf = school.log_in(person)
    return client.open(f"/api/v1{path}", method=method, json=body, headers={"X-CSRFToken": csrf})


def test_a_booking_is_made_once_read_and_cancelled(school):
    made = call(school, TEACHER, "POST", "/bookings", WISH)
    assert made.status_code == 201 and made.json["state"] == "confirmed" and made.json["taken"] == []
    again = call(school, TEACHER, "POST", "/bookings", WISH)
    assert again.status_code == 200 and again.json["again"] and again.json["series_id"] == made.json["series_id"]
    path = f"/bookings/{made.json['series_id']}"
    shown = call(school, HOMEROOM, "GET", path).json
    assert shown["series"]["booked_by"] == TEACHER
    assert [(each["number"], each["state"], each["sync"]) for each in shown["occurrences"]] == [
        (1, "confirmed", "pending")
    ]
    assert call(school, HOMEROOM, "POST", f"{path}/cancel", {}).status_code == 403
    assert call(school, TEACHER, "POST", f"{path}/cancel", {"number": 1}).json["cancelled"] == 1
    assert call(school, TEACHER, "POST", f"{path}/cancel", {}).json["cancelled"] == 0


def test_a_day_lists_rooms_periods_and_what_occupies_them(school):
    call(school, TEACHER, "POST", "/bookings", {**WISH, "room_id": MUSIC})
    day = call(school, HOMEROOM, "GET", f"/rooms?date={MONDAY}").json
    assert [room["id"] for room in day["rooms"]] == [LAB, SMALL, MUSIC]
    assert day["periods"][0] == {"period": 1, "begin": "08:20", "end": "09:00"}
    assert [(each["room_id"], each["state"]) for each in day["busy"]] == [(LAB, "lesson"), (MUSIC, "requested")]


def test_a_taken_room_is_409_with_what_is_free(school):
    answer = call(school, TEACHER, "POST", "/bookings", {**WISH, "begin": "09:10", "end": "09:50"})
    assert answer.status_code == 409 and answer.json["series_id"] is None
    (taken,) = answer.json["taken"]
    assert taken["by"][0]["kind"] == "lesson"
    assert {"kind": "other_room", "room_id": SMALL, "date": MONDAY, "begin": "09:10", "end": "09:50"} in taken["free"]


def test_the_office_answers_and_others_do_not(school):
    with connect(school.replica) as db, write(school.replica, db, Author(GUEST)) as w:
        w.insert(BookingSeries(id="A-900-ZZ", room_id=LAB, campus="B", booked_by=GUEST, title="联合教研"))
        w.insert(
            BookingOccurrence(series_id="A-900-ZZ", number=1, room_id=LAB, date=MONDAY, begin="08:20", end="09:00")
        )
    path, yes = "/bookings/A-900-ZZ/1/answer", {"state": "confirmed"}
    assert call(school, TEACHER, "PUT", path, yes).status_code == 403
    (given,) = call(school, CLERK, "PUT", path, yes).json["occurrences"]
    assert (given["state"], given["reason"], given["decided_by"]) == ("confirmed", "office", CLERK)
    assert call(school, CLERK, "PUT", path, yes).status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/bookings", {**WISH, "title": 7}, 422),
        ("POST", "/bookings", {**WISH, "state": "confirmed"}, 422),
        ("POST", "/bookings", {**WISH, "head_count": []}, 422),
        ("POST", "/bookings", [], 422),
        ("POST", "/bookings", {**WISH, "room_id": "A-404-00"}, 404),
        ("GET", "/bookings/A-404-00", None, 404),
        ("POST", "/bookings/A-404-00/cancel", {"number": True}, 422),
        ("POST", "/bookings/A-404-00/cancel", {}, 404),
        ("PUT", "/bookings/A-404-00/1/answer", {"state": 7}, 422),
        ("PUT", "/bookings/A-404-00/1/answer", {"state": "confirmed"}, 404),
        ("GET", "/rooms?date=20250915", None, 422),
        ("GET", "/rooms?date=x", None, 422),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(school, method, path, body, status):
    answer = call(school, CLERK, method, path, body)
    assert answer.status_code == status and answer.json["error"]["code"]

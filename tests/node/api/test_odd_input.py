"""Odd dates, odd texts and huge numbers are refused with a word, at every door of lessons, leave and rooms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.node.api.test_lessons import Program
from tests.node.lessons.test_pages import School
from tests.node.timetable import CLASS_1, LAB

EDGES = ("0001-01-01", "9999-12-31", "9999-12-27")
LONE = "\ud800"


@pytest.fixture
def school(tmp_path):
    return School(tmp_path)


@pytest.mark.parametrize("day", EDGES)
def test_the_first_and_the_last_day_of_the_calendar(school, day):
    program = Program(school, "zjw")
    browser = program.client
    paths = [
        f"/lessons?day={day}", f"/lessons?of=room:{LAB}&day={day}", f"/rooms?date={day}", f"/rooms?day={day}",
        f"/rooms/week?date={day}", f"/rooms/week.xlsx?date={day}", f"/rooms/{LAB}?date={day}",
        f"/bookings/new?date={day}&room_id={LAB}", f"/lessons/{CLASS_1}/{day}/1", f"/lessons/cover?date={day}",
        f"/lessons/closing?day={day}", f"/staff?date={day}", f"/staff-days?date={day}",
        f"/api/v1/lessons?date={day}", f"/api/v1/rooms?date={day}", f"/api/v1/groups?date={day}",
        f"/api/v1/staff-days?date={day}", f"/api/v1/registers?date={day}",
    ]
    answers = {path: browser.get(path).status_code for path in paths}
    change = {"group_id": CLASS_1, "date": day, "period": 1, "kind": "cancel"}
    move = {"group_id": CLASS_1, "date": "2025-09-15", "period": 1, "kind": "move", "new_date": day, "new_period": 2}
    sent: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", f"/lesson-days/{day}", {}), ("DELETE", f"/lesson-days/{day}", {"reason": "x"}),
        ("PUT", f"/lessons/{CLASS_1}/{day}/1/exceptions/A-1-AA", {"kind": "not_held"}),
        ("POST", "/lesson-changes", {"changes": [change]}), ("POST", "/lesson-changes", {"changes": [move]}),
        ("POST", "/leave", {"kind": "sick", "begin": day, "last": day}),
        ("POST", "/bookings", {"room_id": LAB, "title": "x", "date": day, "begin": "08:00", "end": "09:00"}),
        ("POST", "/bookings", {"room_id": LAB, "title": "x", "date": "2025-09-16", "begin": "18:00", "end": "19:00",
                               "repeat": "weekly", "until": day}),
    ]  # fmt: skip
    for method, path, body in sent:
        answers[f"{method} {path} {body}"] = program.send(method, path, **body).status_code
    assert {path: status for path, status in answers.items() if status >= 500} == {}


def test_texts_that_no_database_holds(school):
    program = Program(school, "zjw")
    place = {"group_id": CLASS_1, "date": "2025-09-15", "period": 1}
    sent: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/session", {"login": LONE, "password": LONE}),
        ("DELETE", "/lesson-days/2025-09-15", {"person_id": LONE, "reason": "x"}),
        ("DELETE", "/lesson-days/2025-09-15", {"reason": LONE}),
        ("PUT", f"/lessons/{CLASS_1}/2025-09-15/1/exceptions/A-1-AA", {"kind": "not_held", "token": LONE}),
        ("POST", "/lesson-changes", {"changes": [{**place, "group_id": LONE, "kind": "cancel"}]}),
        ("POST", "/lesson-changes", {"changes": [{**place, "kind": "cover", "new_teacher_id": LONE}]}),
        ("POST", "/lesson-changes", {"changes": [
            {**place, "kind": "swap", "new_date": "2025-09-16", "new_period": 2, "other_group": "A-" + LONE}]}),
        ("POST", "/lesson-changes", {"changes": [{**place, "period": 10**30, "kind": "cancel"}]}),
        ("POST", "/leave", {"kind": "sick", "begin": "2025-09-16", "last": "2025-09-16", "person_id": LONE}),
        ("POST", "/leave", {"kind": LONE, "begin": "2025-09-16", "last": LONE}),
        ("POST", "/bookings", {"room_id": LONE, "title": LONE, "date": LONE, "begin": LONE, "end": LONE}),
        ("POST", f"/bookings/{10**30}/cancel", {"number": 10**30}),
        ("PUT", f"/bookings/x/{10**30}/answer", {"state": "confirmed", "token": LONE}),
    ]  # fmt: skip
    answers = {f"{n} {method} {path}": program.send(method, path, **body).status_code
               for n, (method, path, body) in enumerate(sent)}  # fmt: skip
    addresses = [
        f"/lessons/{CLASS_1}/2025-09-15/{10**30}", "/leave/%ED%A0%80", "/rooms/%ED%A0%80", "/lessons?of=room:%00",
        f"/rooms?page={10**30}", "/lessons?of=teacher:%ED%A0%80",
    ]  # fmt: skip
    for path in addresses:
        answers[path] = program.client.get(path).status_code
    assert {path: status for path, status in answers.items() if status >= 500} == {}

"""Buttons that end a domain conflict without giving anything up: another room, one class of two (C7, C8)."""

from __future__ import annotations

import re

import pytest

from shared.findings.store import findings_between
from shared.records import (
    BookingOccurrence,
    BookingSeries,
    CalendarDay,
    GroupMember,
    Pupil,
    Room,
    RosterGroup,
)
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import CLASS_A, MONDAY, OPERATOR, TEACHER, post

ROOM, FREE, ABROAD, PUPIL, OTHER = "B-30-00", "B-35-00", "A-36-00", "A-37-00", "A-38-00"


def add(hub, *rows) -> None:
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(*rows)


def booked(id_: str, room: str, begin: str) -> list[object]:
    series = BookingSeries(id=id_, room_id=room, campus="A", booked_by=TEACHER, title=f"实验{id_[2:4]}")
    end = f"{begin[:2]}:50"
    return [series, BookingOccurrence(series_id=id_, number=1, room_id=room, date=MONDAY, begin=begin, end=end,
                                      state="confirmed")]  # fmt: skip


@pytest.fixture
def school(hub):
    """A room of B booked twice at eight, a free one beside it and one at A; a pupil in two classes of A."""
    add(
        hub, *(Room(id=id_, campus=id_[0], name=f"实验室{id_[2:4]}", kind="science_lab", seats=40)
               for id_ in (ROOM, FREE, ABROAD)),
        CalendarDay(campus="B", date=MONDAY, kind="school_day"),
        *booked("B-41-00", ROOM, "08:00"), *booked("B-42-00", ROOM, "08:10"),
        RosterGroup(id=OTHER, campus="A", name="二(2)班", begin="2025-09-01"), Pupil(id=PUPIL, name="黄一诺"),
        GroupMember(group_id=CLASS_A, member_id=PUPIL, begin="2025-09-01"),
        GroupMember(group_id=OTHER, member_id=PUPIL, begin="2025-09-10"),
    )  # fmt: skip
    return hub


def open_kinds(hub) -> set[str]:
    with connect(hub.replica) as db:
        return {each.kind for each in findings_between(db, hub.replica, "2025-09-01", "2025-10-01")}


def card(client, words: str) -> tuple[str, str, list[str]]:
    """Address, digest and the buttons of the card whose heading holds these words."""
    part = next(part for part in client.get("/conflicts").text.split("<article")[1:] if words in part)
    link = re.search(r'href="(/conflicts/findings/[^"]+)"', part)
    assert link
    page = client.get(link[1]).text
    digest = re.search(r'name="digest" value="([^"]+)"', page)
    assert digest
    return link[1], digest[1], re.findall(r'name="do" value="([^"]+)"', page)


def test_a_booking_moves_to_a_free_room_of_its_campus(school) -> None:
    client = school.log_in("headb")
    address, digest, buttons = card(client, "教室重复占用")
    assert f"move:B-42-00/1:{FREE}" in buttons and not any(ABROAD in each for each in buttons)
    assert f"改到实验室{FREE[2:4]}（空着）" in client.get(address).text
    assert post(client, address, {"digest": digest, "do": f"move:B-42-00/1:{FREE}"}).status_code == 302
    rows = school.rows("SELECT series_id, room_id, state FROM booking_occurrence ORDER BY series_id")
    assert rows == [("B-41-00", ROOM, "confirmed"), ("B-42-00", FREE, "confirmed")]
    assert "room_twice" not in open_kinds(school)


def test_a_room_that_was_taken_meanwhile_is_not_offered_any_more(school) -> None:
    client = school.log_in("headb")
    address, digest, _buttons = card(client, "教室重复占用")
    add(school, *booked("B-43-00", FREE, "08:20"))
    answer = post(client, address, {"digest": digest, "do": f"move:B-42-00/1:{FREE}"})
    assert answer.status_code == 422 and "room_twice" in open_kinds(school)


def test_whoever_does_not_decide_about_the_room_moves_nothing(school) -> None:
    """The teacher booked both and may give them up; the rooms are B's."""
    client = school.log_in("teacher")
    address, digest, buttons = card(client, "教室重复占用")
    assert buttons and not any(each.startswith("move") for each in buttons)
    assert post(client, address, {"digest": digest, "do": f"move:B-42-00/1:{FREE}"}).status_code == 422


@pytest.mark.parametrize(
    ("group", "begin", "ends"),
    [(CLASS_A, "2025-09-01", [(CLASS_A, "2025-09-10"), (OTHER, None)]),
     (OTHER, "2025-09-10", [(CLASS_A, None), (OTHER, "2025-09-10")])],
)  # fmt: skip
def test_either_class_can_be_ended_and_the_pupil_is_in_one(school, group, begin, ends) -> None:
    client = school.log_in("clerk")
    address, digest, buttons = card(client, "一名学生在两个班：黄一诺")
    page = client.get(address).text
    for words in ("二(1)班", "二(2)班", "9月10日", "同时在两个班"):
        assert words in page, words
    wanted = f"end:{group}/{PUPIL}/{begin}"
    assert wanted in buttons
    assert post(client, address, {"digest": digest, "do": wanted}).status_code == 302
    assert school.rows("SELECT group_id, end FROM group_member ORDER BY group_id") == ends
    assert "pupil_two_classes" not in open_kinds(school)


def test_it_may_stay_so_with_a_reason_and_a_teacher_does_not_see_it(school) -> None:
    assert "一名学生在两个班" not in school.log_in("teacher").get("/conflicts").text
    client = school.log_in("clerk")
    address, digest, _buttons = card(client, "一名学生在两个班")
    assert post(client, address, {"digest": digest, "do": "leave"}).status_code == 422
    assert post(client, address, {"digest": digest, "do": "leave", "note": "随班就读试一周"}).status_code == 302
    assert "pupil_two_classes" not in open_kinds(school)


def test_the_head_of_every_hub_page_says_how_much_waits_for_a_decision(school) -> None:
    """C14: whoever decides sees it beside the word on sync; a teacher sees the word on sync alone."""
    page = school.log_in("director").get("/office/").text
    assert re.search(r'head-chip bad" href="/conflicts"[^>]*>[^<]*· 2 处冲突<', page)
    client = school.log_in("clerk")
    address, digest, _buttons = card(client, "一名学生在两个班")
    post(client, address, {"digest": digest, "do": "leave", "note": "试一周"})
    assert "· 1 处冲突<" in school.log_in("director").get("/office/").text

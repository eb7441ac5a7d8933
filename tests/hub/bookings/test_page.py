"""The hub's page of rooms it answers for: who sees it, what is ticked, what a refusal needs (C8)."""

from __future__ import annotations

import re

import pytest

from shared.records import BookingOccurrence, BookingSeries, Room
from sync.capture import write
from sync.change import Author
from sync.conflicts import open_conflicts
from sync.replica import connect
from tests.hub.small_hub import HEAD_B, MONDAY, TEACHER, SmallHub, make_hub, post

ANSWERS = "SELECT series_id, state, reason, decided_by, answer_note FROM booking_occurrence ORDER BY series_id"
ASKED = ("B-91-ZZ", "B-92-ZZ", "B-93-ZZ")


@pytest.fixture
def school(tmp_path) -> SmallHub:
    """A hub whose campus A has a node; three wishes for B's hall, the last two at one time."""
    hub = make_hub(tmp_path)
    with connect(hub.replica) as db, write(hub.replica, db, Author(TEACHER)) as w:
        w.db.conn.execute("INSERT INTO _node (node, campus, verify_key, role) VALUES ('ANODE', 'A', x'00', 'node')")
        w.insert(
            Room(id="B-70-ZZ", campus="B", name="活动室", kind="hall", seats=60),
            Room(id="A-70-ZZ", campus="A", name="报告厅", kind="hall", seats=60),
        )
        for number, id_ in enumerate((*ASKED, "A-99-ZZ")):
            room = "A-70-ZZ" if id_ == "A-99-ZZ" else "B-70-ZZ"
            hour = 9 + min(number, 1)
            w.insert(
                BookingSeries(id=id_, room_id=room, campus="A", booked_by=TEACHER, title=f"第{number}件"),
                BookingOccurrence(series_id=id_, number=1, room_id=room, date=MONDAY, begin=f"{hour:02}:00",
                                  end=f"{hour:02}:40"),
            )  # fmt: skip
    return hub


def boxes(page: str) -> int:
    """How many rows can be ticked."""
    return page.count('type="checkbox" name="pick"')


def test_the_page_lists_what_is_asked_of_campuses_without_a_node(school):
    page = school.log_in("headb").get("/rooms").text
    assert "西校区" in page and "由总校代答" in page and boxes(page) == 3
    assert "第0件" in page and "第3件" not in page


def test_several_are_answered_with_one_tap_and_what_is_taken_meanwhile_is_told(school):
    client = school.log_in("headb")
    form = {"pick": [f"{series}/1" for series in ASKED], "do": "confirmed"}
    answer = post(client, "/rooms/answer", form, follow_redirects=True)
    assert "已答复 2 次" in answer.text and "1 次没有答复" in answer.text
    states = [row[:4] for row in school.rows(ANSWERS)]
    assert states == [
        ("A-99-ZZ", "requested", "none", ""), (ASKED[0], "confirmed", "office", HEAD_B),
        (ASKED[1], "confirmed", "office", HEAD_B), (ASKED[2], "requested", "none", ""),
    ]  # fmt: skip


def test_a_refusal_needs_its_reason_and_keeps_the_ticks(school):
    client = school.log_in("headb")
    [pick] = re.findall(rf'value="({ASKED[0]}/1/[^"]+)"', client.get("/rooms").text)
    answer = post(client, "/rooms/answer?q=第0", {"pick": pick, "do": "rejected"})
    assert answer.status_code == 422 and "没有填" in answer.text and answer.text.count(" checked>") == 1
    post(client, "/rooms/answer", {"pick": f"{ASKED[0]}/1", "do": "rejected", "answer_note": "要刷墙"})
    assert school.rows(ANSWERS)[1][1:] == ("rejected", "office", HEAD_B, "要刷墙")


def test_a_campus_with_a_node_is_not_answered_for_and_a_strange_pick_changes_nothing(school):
    client = school.log_in("headb")
    picks = ["A-99-ZZ/1", "B-91-ZZ/7", "B-404-ZZ/1", "B-91-ZZ/x", "nonsense"]
    page = post(client, "/rooms/answer", {"pick": picks, "do": "confirmed"}, follow_redirects=True).text
    assert "4 次没有答复" in page and {row[1] for row in school.rows(ANSWERS)} == {"requested"}


def test_two_who_answer_differently_from_one_page_disagree_and_neither_is_overrun_unseen(school):
    """C2: the second answer names what its page showed, not what the first has made of it meanwhile."""
    client = school.log_in("headb")
    [pick] = re.findall(rf'value="({ASKED[0]}/1/[^"]+)"', client.get("/rooms").text)
    post(client, "/rooms/answer", {"pick": pick, "do": "confirmed"})
    post(client, "/rooms/answer", {"pick": pick, "do": "rejected", "answer_note": "要修灯"})
    with connect(school.replica) as db:
        [found] = open_conflicts(db, school.replica)
    assert {head.values["state"] for head in found.heads} == {"confirmed", "rejected"}


def test_a_clerk_of_another_campus_sees_and_does_not_answer_and_a_teacher_does_not_see(school):
    client = school.log_in("clerk")
    assert boxes(client.get("/rooms").text) == 0
    post(client, "/rooms/answer", {"pick": f"{ASKED[0]}/1", "do": "confirmed"})
    assert {row[1] for row in school.rows(ANSWERS)} == {"requested"}
    assert school.log_in("teacher").get("/rooms").status_code == 403


def test_once_every_campus_has_a_node_the_page_says_so(school):
    with connect(school.replica) as db:
        db.conn.execute("INSERT INTO _node (node, campus, verify_key, role) VALUES ('BNODE', 'B', x'00', 'node')")
    client = school.log_in("headb")
    assert "教室由各校区自己答复" in client.get("/rooms").text
    post(client, "/rooms/answer", {"pick": f"{ASKED[0]}/1", "do": "confirmed"})
    assert {row[1] for row in school.rows(ANSWERS)} == {"requested"}


def test_the_file_holds_what_the_list_shows(school):
    answer = school.log_in("headb").get("/rooms/shown.xlsx?state=requested")
    assert answer.status_code == 200 and len(answer.data) > 4000

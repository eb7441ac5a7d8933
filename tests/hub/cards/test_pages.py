"""Cards at the hub's office: issued from a pupil's form, written and erased at once, campus by campus."""

from __future__ import annotations

import pytest

from shared.records import Pupil
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import CLERK, OPERATOR, post

CHILD, OTHER = "A-30-00", "B-31-00"
ORDER = {"host_campus": "B", "purpose": "event", "begin": "2025-09-15", "end": "2025-09-20"}


@pytest.fixture
def filled(hub):
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(Pupil(id=CHILD, name="陈雨桐", initials="cyt"), Pupil(id=OTHER, name="赵西西"))
    return hub


def test_what_the_office_issues_stands_at_the_host_at_once_and_a_withdrawal_erases_it_at_once(filled) -> None:
    clerk = filled.log_in("clerk")
    assert f"/cards/new/{CHILD}" in clerk.get(f"/office/list/pupils/edit/{CHILD}").text
    made = post(clerk, f"/cards/new/{CHILD}", ORDER)
    assert made.status_code == 303
    assert filled.rows("SELECT host_campus, pupil_id, name FROM guest_card") == [("B", CHILD, "陈雨桐")]
    assert "陈雨桐" in clerk.get("/cards").text
    assert "已送出，对方还没有同步" in clerk.get(made.location).text
    assert post(clerk, f"{made.location}/withdraw", {"reason": "活动取消"}).status_code == 303
    assert filled.count("guest_card") == 0
    [(erased, proof)] = filled.rows("SELECT erased_at IS NOT NULL, length(proof) FROM card_delivery")
    assert (erased, proof) == (1, 64) and "删除凭据" in clerk.get(made.location).text
    assert filled.rows("SELECT ordered_by, withdrawn_by FROM card_order") == [(CLERK, CLERK)]


def test_an_office_issues_cards_for_its_own_children_alone(filled) -> None:
    clerk, head = filled.log_in("clerk"), filled.log_in("headb")
    assert post(clerk, f"/cards/new/{OTHER}", ORDER | {"host_campus": "A"}).status_code == 403
    made = post(clerk, f"/cards/new/{CHILD}", ORDER)
    assert head.get(made.location).status_code == 403 and "陈雨桐" not in head.get("/cards").text
    assert post(head, f"{made.location}/withdraw", {"reason": "x"}).status_code == 403
    assert filled.log_in("teacher").get("/cards").status_code == 403

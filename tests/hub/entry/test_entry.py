"""Entering evidence: declared ranges, rights, nobody about himself, corrections as new rows, XLSX."""

from __future__ import annotations

import pytest

from hub.entry.rules import Asker, evidence_problems
from hub.entry.sheets import ethics_sheet, evidence_sheet
from hub.workbook.template import workbook_of
from shared.records import StaffMembership
from tests.hub.small_hub import DIRECTOR, TEACHER, hidden, post, upload

TASK = {
    "person_id": "0006",
    "campus": "A",
    "date": "2025-09-12",
    "kind": "line_task",
    "quantity": "1.2",
    "note": "运动会",
}
MEMBERS = [
    StaffMembership(id="A-1-1", person_id="P", campus="A", category="teacher", begin="2025-09-01"),
    StaffMembership(id="C-1-1", person_id="P", campus="C", category="teacher", begin="2025-08-01", end="2025-09-10"),
]
ROW = {"person_id": "P", "campus": "A", "date": "2025-09-12", "kind": "line_task", "quantity": "1", "subject": None}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"quantity": "5"}, []),
        ({"quantity": "-5"}, []),
        ({"quantity": "5.01"}, [("quantity", "quantity_out_of_range")]),
        ({"quantity": "-5.5"}, [("quantity", "quantity_out_of_range")]),
        ({"quantity": "0.12345"}, [("quantity", "too_exact")]),
        ({"kind": "inspection_round", "quantity": "100"}, []),
        ({"kind": "inspection_round", "quantity": "101"}, [("quantity", "quantity_out_of_range")]),
        ({"kind": "weekly_lessons", "quantity": "16"}, [("subject", "subject_needed")]),
        ({"kind": "weekly_lessons", "quantity": "16", "subject": "maths"}, []),
        ({"kind": "unheard_of"}, [("kind", "not_your_right")]),
        ({"person_id": "ME"}, [("person_id", "about_oneself"), ("campus", "not_a_member")]),
        ({"campus": "B"}, [("campus", "not_a_member")]),
        ({"date": "2025-08-31"}, [("campus", "not_a_member")]),
        ({"date": "2025-09-01"}, []),
        ({"campus": "C", "date": "2025-09-09"}, []),
        ({"campus": "C", "date": "2025-09-10"}, [("campus", "not_a_member")]),
        ({"date": "2025-09-16"}, [("date", "date_in_future")]),
    ],
)
def test_a_row_of_evidence_is_judged_whole(change, found) -> None:
    asker = Asker("ME", "2025-09-15", lambda action, campus: True)
    problems = evidence_problems(ROW | change, asker, {"P": MEMBERS})
    assert [(p.field, p.reason) for p in problems] == found


def test_a_task_is_entered_once_and_shown(hub) -> None:
    client = hub.log_in("director")
    assert post(client, "/entry/evidence", TASK).status_code == 302
    assert hub.rows("SELECT person_id, quantity, entered_by, substr(id, 1, 2) FROM evidence") == [
        (TEACHER, "1.2", DIRECTOR, "A-")
    ]
    again = post(client, "/entry/evidence", TASK)
    assert again.status_code == 422 and "已经有这一条了" in again.text
    page = client.get("/entry/evidence").text
    assert "运动会" in page and "李主任" in page


def test_a_correction_is_a_new_row_that_names_the_old_one(hub) -> None:
    client = hub.log_in("director")
    post(client, "/entry/evidence", TASK)
    ((id_,),) = hub.rows("SELECT id FROM evidence")
    assert 'value="1.2"' in client.get(f"/entry/evidence/correct/{id_}").text
    assert post(client, f"/entry/evidence/correct/{id_}", {**TASK, "quantity": "0.8"}).status_code == 302
    assert hub.rows("SELECT quantity, replaces_id FROM evidence ORDER BY replaces_id IS NOT NULL") == [
        ("1.2", None),
        ("0.8", id_),
    ]
    page = client.get("/entry/evidence").text
    assert "已更正 1 次" in page and page.count("运动会") == 1
    assert post(client, f"/entry/evidence/correct/{id_}", TASK).status_code == 409, "it was corrected already"


@pytest.mark.parametrize(
    ("login", "change", "words"),
    [
        ("director", {"quantity": "5.5"}, "超出范围"),
        ("director", {"quantity": "abc"}, "不是数"),
        ("director", {"person_id": "0004"}, "不能给自己填写"),
        ("director", {"date": "2025-09-16"}, "日期还没有到"),
        ("director", {"kind": "campus_item", "quantity": "1"}, "您的角色不能填写这一事项"),
        ("clerk", {}, "您的角色不能填写这一事项"),
        ("headb", {"kind": "campus_item", "quantity": "1"}, "您的角色不能填写这一事项"),
    ],
)
def test_what_may_not_be_entered_is_refused_with_its_reason(hub, login, change, words) -> None:
    answer = post(hub.log_in(login), "/entry/evidence", {**TASK, **change})
    assert answer.status_code == 422 and words in answer.text, answer.text
    assert hub.count("evidence") == 0


def test_ethics_events_are_for_those_who_may_and_stay_in_the_hub_s_own_scope(hub) -> None:
    event = {
        "person_id": "0006",
        "campus": "A",
        "date": "2025-09-12",
        "kind": "deduction",
        "points": "2",
        "note": "迟交",
    }
    assert hub.log_in("clerk").get("/entry/ethics").status_code == 403
    assert post(hub.log_in("clerk"), "/entry/ethics", event).status_code == 403
    client = hub.log_in("director")
    answer = post(client, "/entry/ethics", {**event, "kind": "veto", "note": ""})
    assert answer.status_code == 422 and "须写明事由" in answer.text
    assert post(client, "/entry/ethics", event).status_code == 302
    assert hub.rows("SELECT points, note FROM ethics_event") == [("2", "迟交")]
    scopes = hub.rows("SELECT c.scope FROM _changeset c JOIN ethics_event e ON e._v = c.n")
    assert scopes == [("hub",)]


def evidence_workbook(*rows: dict[str, str]) -> bytes:
    asker = Asker("", "", lambda action, campus: True)
    return workbook_of([evidence_sheet(asker, {}), ethics_sheet(asker, {})], {"evidence": rows})


def test_evidence_from_a_workbook_is_previewed_repeatable_and_corrected(hub) -> None:
    client = hub.log_in("director")
    rows = [TASK, {**TASK, "kind": "inspection_round", "quantity": "92", "note": "第一轮"}]
    for quantity, status in (("1.2", 302), ("1.2", None), ("0.9", 302)):
        page = upload(client, "/entry/import/preview", evidence_workbook({**rows[0], "quantity": quantity}, rows[1]))
        assert page.status_code == 200, page.text
        if status is None:
            assert "没有要写入的" in page.text
        else:
            form = {"upload": hidden(page.text, "upload"), "digest": hidden(page.text, "digest")}
            assert post(client, "/entry/import/commit", form).status_code == status
    found = hub.rows("SELECT quantity, replaces_id IS NOT NULL, entered_by FROM evidence WHERE kind = 'line_task'")
    assert sorted(found) == [("0.9", 1, DIRECTOR), ("1.2", 0, DIRECTOR)]
    assert hub.count("evidence") == 3


def test_a_workbook_s_rows_are_judged_like_the_form_s(hub) -> None:
    client = hub.log_in("director")
    data = evidence_workbook({**TASK, "quantity": "9"}, {**TASK, "person_id": "0004"}, {**TASK, "kind": "胡写"})
    page = upload(client, "/entry/import/preview", data)
    assert page.status_code == 422
    for words in ("E2", "请填 -5 到 5 之间的数", "不能给自己填写", "D4", "不在可选项里"):
        assert words in page.text, words
    assert hub.count("evidence") == 0

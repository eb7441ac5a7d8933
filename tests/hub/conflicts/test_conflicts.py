"""Disagreements at the hub: base and both values with their authors, and the decision of a person."""

from __future__ import annotations

import re

import pytest

from shared.records import Account, CalendarDay, Evidence, Person
from sync.capture import token_of, write
from sync.change import Author
from sync.conflicts import open_conflicts
from sync.replica import connect
from tests.hub.small_hub import CLERK, OPERATOR, OPERATOR_2, TEACHER, hidden, post


def disagree(hub, cls, key, first, second) -> None:
    """Two people edit one field, both having seen the same page."""
    with connect(hub.replica) as db:
        token = token_of(db, hub.replica, cls, key)
        for author, changes in ((OPERATOR, first), (CLERK, second)):
            with write(hub.replica, db, Author(author, rank="office")) as w:
                w.update(cls, key, changes, token)


@pytest.fixture
def renamed(hub):
    disagree(hub, Person, (TEACHER,), {"name": "王晓明"}, {"name": "王小铭"})
    with connect(hub.replica) as db:
        (found,) = open_conflicts(db, hub.replica)
    return found


def test_the_inbox_shows_base_and_both_values_with_who_and_when(hub, renamed) -> None:
    page = hub.log_in("clerk").get("/conflicts/").text
    for words in ("王小明", "王晓明", "王小铭", "孙教务", "赵管理", "定下来之前不能定稿考核"):
        assert words in page, words


@pytest.mark.parametrize("which", [0, 1])
def test_a_decision_for_either_value_settles_it(hub, renamed, which) -> None:
    """C5."""
    client = hub.log_in("clerk")
    url = f"/conflicts/{renamed.id}"
    form = {
        "seen": hidden(client.get(url).text, "seen"),
        "choice": str(renamed.heads[which].version),
        "note": "问过本人",
    }
    assert post(client, url, form).status_code == 302
    assert hub.rows("SELECT name FROM person WHERE id = ?", TEACHER) == [(renamed.heads[which].values["name"],)]
    with connect(hub.replica) as db:
        assert open_conflicts(db, hub.replica) == []
    answer = client.get(url, follow_redirects=True)
    assert "已经有人处理了" in answer.text


def test_a_third_value_is_checked_like_any_input(hub, renamed) -> None:
    client = hub.log_in("clerk")
    url = f"/conflicts/{renamed.id}"
    form = {"seen": hidden(client.get(url).text, "seen"), "choice": "other", "own_name": "王" * 41}
    refused = post(client, url, form)
    assert refused.status_code == 422 and "太长" in refused.text
    assert post(client, url, {**form, "own_name": "王筱明"}).status_code == 302
    assert hub.rows("SELECT name FROM person WHERE id = ?", TEACHER) == [("王筱明",)]


def test_a_decision_without_a_choice_or_of_an_older_page_decides_nothing(hub, renamed) -> None:
    client = hub.log_in("clerk")
    url = f"/conflicts/{renamed.id}"
    seen = hidden(client.get(url).text, "seen")
    for form in (
        {"seen": seen},
        {"seen": "1.2", "choice": str(renamed.heads[0].version)},
        {"seen": seen, "choice": "999"},
    ):
        assert post(client, url, form).status_code == 422
    with connect(hub.replica) as db:
        assert len(open_conflicts(db, hub.replica)) == 1


def test_only_whoever_may_write_the_record_decides(hub, renamed) -> None:
    teacher = hub.log_in("teacher")
    page = teacher.get("/conflicts/").text
    assert "另有 1 处" in page and "王晓明" not in page
    assert teacher.get(f"/conflicts/{renamed.id}").status_code == 403
    assert post(teacher, f"/conflicts/{renamed.id}", {"choice": "1"}).status_code == 403


def test_a_disagreement_about_an_account_is_no_way_into_it(hub) -> None:
    """A clerk who could settle the operator's password would choose it."""
    disagree(hub, Account, (OPERATOR_2,), {"password_hash": "one"}, {"password_hash": "other"})
    with connect(hub.replica) as db:
        (found,) = open_conflicts(db, hub.replica)
    clerk = hub.log_in("clerk")
    assert clerk.get(f"/conflicts/{found.id}").status_code == 403
    assert post(clerk, f"/conflicts/{found.id}", {"choice": "other", "own_password_hash": "x"}).status_code == 403
    operator = hub.log_in("operator")
    page = operator.get(f"/conflicts/{found.id}")
    assert page.status_code == 200 and "own_password_hash" not in page.text


def test_a_password_s_hash_is_shown_to_nobody_and_typed_by_nobody(hub) -> None:
    """Whoever settles it chooses by who wrote it and when; a value of his own would be a way into the account."""
    disagree(hub, Account, (OPERATOR_2,), {"password_hash": "hash-one"}, {"password_hash": "hash-other"})
    with connect(hub.replica) as db:
        (found,) = open_conflicts(db, hub.replica)
    operator = hub.log_in("operator")
    pages = [operator.get(path).text for path in ("/conflicts", f"/conflicts/{found.id}", "/conflicts/several")]
    assert "••••••" in pages[1] and not any("hash-one" in page or "hash-other" in page for page in pages)
    seen = ".".join(str(head.version) for head in sorted(found.heads, key=lambda head: head.version))
    typed = {"choice": "other", "own_password_hash": "mine", "seen": seen}
    assert post(operator, f"/conflicts/{found.id}", typed).status_code == 422
    chosen = {"choice": str(found.heads[0].version), "seen": seen}
    assert post(operator, f"/conflicts/{found.id}", chosen).status_code == 302


def test_a_campus_s_calendar_day_is_decided_by_its_own_office(hub) -> None:
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(CalendarDay(campus="B", date="2025-09-16", kind="school_day", note="原"))
    disagree(hub, CalendarDay, ("B", "2025-09-16"), {"note": "甲"}, {"note": "乙"})
    assert re.search("甲", hub.log_in("headb").get("/conflicts/").text)
    assert "甲" not in hub.log_in("clerk").get("/conflicts/").text


def test_a_conflict_nobody_ever_had_is_not_found(hub) -> None:
    assert hub.log_in("clerk").get("/conflicts/bm90aGluZw").status_code == 404


def test_nobody_settles_what_is_said_about_himself(hub) -> None:
    """The hub takes no evidence by a person about himself, and so no decision between two either (C9)."""
    fact = Evidence(id="A-90-00", person_id=CLERK, campus="A", date="2025-09-10", kind="open_lesson", quantity="1")
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(fact)
    disagree(hub, Evidence, (fact.id,), {"quantity": "2"}, {"quantity": "3"})
    with connect(hub.replica) as db:
        (found,) = open_conflicts(db, hub.replica)
    client, url = hub.log_in("clerk"), f"/conflicts/{found.id}"
    page = client.get(url).text
    form = {"seen": hidden(page, "seen") if 'name="seen"' in page else "", "choice": str(found.heads[1].version)}
    assert post(client, url, form).status_code == 403
    with connect(hub.replica) as db:
        assert len(open_conflicts(db, hub.replica)) == 1

"""A long import answers at once, says how far it is, and counts only when all of it is written."""

from __future__ import annotations

import itertools

from hub.workbook.views import PROGRESS_FROM
from shared.records import Person
from sync.capture import Author, write
from sync.replica import connect
from tests.hub.small_hub import OPERATOR, csrf_in, hidden, post, upload, workbook

STAFF = {"person": [{"name": f"人{n}", "staff_number": f"9{n:04d}"} for n in range(PROGRESS_FROM)]}


def form(page: str) -> dict[str, str]:
    return {"upload": hidden(page, "upload"), "digest": hidden(page, "digest")}


def test_the_answer_says_how_far_it_is_and_how_it_ended(hub) -> None:
    client = hub.log_in("operator")
    page = upload(client, "/office/import/preview", workbook(STAFF)).text
    answer = post(client, "/office/import/commit", form(page))
    assert answer.status_code == 200
    step = f"已写 {PROGRESS_FROM // 10} / {PROGRESS_FROM} 条"
    for words in (step, "正在封存", f"已导入 {PROGRESS_FROM} 条", "</html>"):
        assert words in answer.text
    assert hub.rows("SELECT count(*) FROM person WHERE staff_number LIKE '9%'") == [(PROGRESS_FROM,)]
    assert "没有要写入的" in upload(client, "/office/import/preview", workbook(STAFF)).text


def test_a_page_that_is_closed_half_way_writes_nothing(hub) -> None:
    client = hub.log_in("operator")
    page = upload(client, "/office/import/preview", workbook(STAFF)).text
    token = csrf_in(client.get("/password").text)
    before = hub.count("person"), hub.count("_changeset")
    answer = client.post("/office/import/commit", data={**form(page), "csrf_token": token}, buffered=False)
    begun = b"".join(itertools.islice(answer.iter_encoded(), 4))
    assert "已写 ".encode() in begun
    answer.close()
    assert (hub.count("person"), hub.count("_changeset")) == before


def test_what_changed_between_the_look_and_the_writing_is_not_written(hub) -> None:
    client = hub.log_in("operator")
    page = upload(client, "/office/import/preview", workbook(STAFF)).text
    token = csrf_in(client.get("/password").text)
    answer = client.post("/office/import/commit", data={**form(page), "csrf_token": token}, buffered=False)
    first = next(answer.iter_encoded())
    assert "正在导入".encode() in first
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(Person(id="A-99-00", name="插队", staff_number="90000"))
    rest = b"".join(answer.iter_encoded()).decode()
    assert "没有写入任何东西" in rest
    assert hub.rows("SELECT count(*) FROM person WHERE staff_number LIKE '9%'") == [(1,)]

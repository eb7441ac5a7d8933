"""An import never writes over what a person edited since: field by field, unless it is ticked."""

from __future__ import annotations

import re
from typing import Any

from shared.records import Person
from sync.capture import Author, write
from sync.replica import connect
from tests.hub.small_hub import CLERK, hidden, post, upload, workbook

STAFF = [{"name": "吴一", "sex": "female", "staff_number": "00123", "phone_extension": "8001"}]


def preview(client, rows: list[dict[str, Any]]) -> str:
    return upload(client, "/office/import/preview", workbook({"person": rows})).text


def commit(client, page: str, **more: Any):
    form = {"upload": hidden(page, "upload"), "digest": hidden(page, "digest"), **more}
    return post(client, "/office/import/commit", form)


def person(hub) -> tuple[Any, ...]:
    return hub.rows("SELECT name, initials, sex, phone_extension FROM person WHERE staff_number = '00123'")[0]


def edited(hub, client, **fields: str) -> None:
    with connect(hub.replica) as db, write(hub.replica, db, Author(CLERK)) as w:
        key = db.conn.execute("SELECT id FROM person WHERE staff_number = '00123'").fetchone()
        w.update(Person, tuple(key), fields)


def test_a_field_edited_by_hand_stays_and_the_rest_of_the_row_is_taken(hub) -> None:
    client = hub.log_in("operator")
    commit(client, preview(client, STAFF))
    edited(hub, client, phone_extension="9999")
    page = preview(client, [STAFF[0] | {"sex": "male"}])
    assert "手工改过" in page and "9999" in page and "8001" in page
    assert commit(client, page).status_code == 302
    assert person(hub) == ("吴一", "wy", "male", "9999")
    assert "9999" in preview(client, [STAFF[0] | {"sex": "male"}]), "the next import says so again"


def test_a_kept_field_that_is_ticked_takes_the_value_of_the_file(hub) -> None:
    client = hub.log_in("operator")
    commit(client, preview(client, STAFF))
    edited(hub, client, phone_extension="9999", name="吴三")
    page = preview(client, STAFF)
    ticks = re.findall(r'name="over" value="([^"]+)"', page)
    assert len(ticks) == 2
    phone = next(tick for tick in ticks if "phone" in tick)
    assert commit(client, page, over=phone).status_code == 302
    assert person(hub) == ("吴三", "wy", "female", "8001"), "the name was not ticked, its initials follow it"


def test_what_an_import_wrote_may_be_changed_by_the_next(hub) -> None:
    client = hub.log_in("operator")
    commit(client, preview(client, STAFF))
    page = preview(client, [STAFF[0] | {"name": "吴二"}])
    assert "手工改过" not in page
    commit(client, page)
    assert person(hub)[0] == "吴二"
    edited(hub, client, name="吴一")
    assert "手工改过" in preview(client, [STAFF[0] | {"name": "吴二"}])


def test_a_hand_edit_between_preview_and_commit_is_shown_first(hub) -> None:
    client = hub.log_in("operator")
    commit(client, preview(client, STAFF))
    page = preview(client, [STAFF[0] | {"sex": "male"}])
    edited(hub, client, sex="unknown")
    answer = commit(client, page)
    assert answer.status_code == 409 and person(hub)[2] == "unknown"


def test_a_tick_that_the_preview_did_not_offer_changes_nothing(hub) -> None:
    client = hub.log_in("operator")
    commit(client, preview(client, STAFF))
    edited(hub, client, phone_extension="9999")
    page = preview(client, [STAFF[0] | {"sex": "male"}])
    assert commit(client, page, over=["0.name", "7.x", "0.*"]).status_code == 302
    assert person(hub) == ("吴一", "wy", "male", "9999")

"""Every reading of private data is noted, and those who answer for it see who read what (RECORDS, roles × actions)."""

from __future__ import annotations

from shared.records import GroupMember, PersonPrivate, Pupil, PupilPrivate
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import CLASS_A, CLERK, OPERATOR, TEACHER

NUMBER = "110101199003074514"


def fill(hub) -> None:
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(
            Pupil(id="A-30-00", name="陈雨桐"), GroupMember(group_id=CLASS_A, member_id="A-30-00", begin="2025-09-01"),
            PupilPrivate(pupil_id="A-30-00", identity_number=NUMBER),
            PersonPrivate(campus="A", person_id=TEACHER, identity_number=NUMBER),
        )  # fmt: skip


def noted(hub):
    return hub.rows("SELECT person_id, what, way, rows, key FROM _reading ORDER BY r")


def test_lists_files_and_forms_of_private_data_are_noted_and_other_lists_are_not(hub) -> None:
    fill(hub)
    clerk = hub.log_in("clerk")
    for path in ("people", "pupils"):
        assert clerk.get(f"/office/list/{path}").status_code == 200
    assert noted(hub) == []
    assert clerk.get("/office/list/pupil-private").status_code == 200
    assert clerk.get("/office/list/pupil-private/shown.xlsx").status_code == 200
    assert clerk.get("/office/list/pupil-private/edit/A-30-00").status_code == 200
    assert noted(hub) == [
        (CLERK, "pupil_private", "list", 1, ""), (CLERK, "pupil_private", "file", 1, ""),
        (CLERK, "pupil_private", "form", 1, "A-30-00"),
    ]  # fmt: skip


def test_who_read_is_seen_by_those_who_answer_for_it_and_never_synced(hub) -> None:
    fill(hub)
    before = hub.count("_changeset")
    hub.log_in("clerk").get("/office/list/pupil-private/edit/A-30-00")
    page = hub.log_in("operator").get("/readings").text
    assert "孙教务" in page and "陈雨桐" in page and "看一个人" in page
    assert hub.log_in("clerk").get("/readings").status_code == 403
    assert hub.count("_changeset") == before


def test_a_refused_reading_is_no_reading(hub) -> None:
    fill(hub)
    assert hub.log_in("teacher").get("/office/list/pupil-private").status_code == 403
    assert noted(hub) == []

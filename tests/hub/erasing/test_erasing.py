"""Erasure by law from the office's page and the command line: reasoned, confirmed, proved, never of oneself (C10)."""

from __future__ import annotations

import html
import re

import pytest

from hub.erasing.store import record_named, records_about
from scripts.commands.folder import Folder
from scripts.commands.line import run
from scripts.commands.site import open_site
from shared.clock import SystemClock
from shared.errors import InvalidInput, NotFound, RowErased
from shared.ids import SystemRandomness
from shared.records import (
    Account,
    AccountRole,
    CardOrder,
    GroupMember,
    GuestCard,
    Person,
    PersonPrivate,
    Pupil,
    PupilPrivate,
)
from shared.schema import select
from shared.web.passwords import hash_password
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from sync.steps.erase import erasures
from sync.verify import verify
from tests.hub.small_hub import CHEAP, CLASS_A, OPERATOR, PASSWORD, TEACHER, csrf_in, post

PUPIL, NUMBER = "A-30-00", "110101199003074514"
ORDER = CardOrder(
    id="A-50-00", pupil_id=PUPIL, host_campus="B", purpose="bus", begin="2025-09-01", ordered_by="A-3-00",
    ordered_at="2025-09-01T00:00:00.000Z",
)  # fmt: skip


@pytest.fixture
def filled(hub):
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        w.insert(
            Pupil(id=PUPIL, name="陈雨桐"), GroupMember(group_id=CLASS_A, member_id=PUPIL, begin="2025-09-01"),
            PupilPrivate(pupil_id=PUPIL, identity_number=NUMBER), ORDER,
            GuestCard(
                host_campus="B", order_id=ORDER.id, pupil_id=PUPIL, purpose="bus", name="陈雨桐", begin="2025-09-01"
            ),
            PersonPrivate(campus="A", person_id=TEACHER, phone="13800138000"),
            PersonPrivate(campus="A", person_id=OPERATOR, phone="13800138001"),
        )  # fmt: skip
    return hub


def form(client, *records: str, **more: str):
    token = csrf_in(client.get("/password").text)
    data = {"csrf_token": token, "record": list(records), **more}
    return client.post(f"/erasing/of/{PUPIL}", data=data)


def test_what_is_held_about_a_child_is_offered_and_nothing_else(filled) -> None:
    page = filled.log_in("operator").get(f"/erasing/of/{PUPIL}").text
    offered = [html.unescape(one) for one in re.findall(r'name="record" value="([^"]+)"', page)]
    assert offered == [f"pupil {PUPIL}", f"pupil_private {PUPIL}", "card_order A-50-00", "guest_card B/A-50-00"]
    assert NUMBER not in page


def test_nothing_is_erased_without_a_reason_and_the_name_typed_once_more(filled) -> None:
    client = filled.log_in("operator")
    one = f"pupil_private {PUPIL}"
    assert form(client, one).status_code == 422
    assert form(client, note="监护人要求").status_code == 422
    assert form(client, "pupil A-99-00", note="监护人要求").status_code == 422, "only what is about this child"
    asked = form(client, one, note="监护人要求")
    assert asked.status_code == 200 and "永久删除" in asked.text
    assert form(client, one, note="监护人要求", step="confirm", name="别人").status_code == 422
    assert filled.count("pupil_private") == 1 and filled.rows("SELECT * FROM _erased") == []


def test_a_confirmed_erasure_is_gone_proved_and_logged(filled) -> None:
    """C10: the row, its values and its key are gone; the log still proves itself and tells who ordered it and why."""
    client = filled.log_in("operator")
    answer = form(client, f"pupil_private {PUPIL}", note="监护人要求", step="confirm", name="陈雨桐")
    assert answer.status_code == 303
    page = client.get(answer.location).text
    with connect(filled.replica) as db:
        [proof] = [one for one in erasures(db) if one.table == "pupil_private"]
        assert (proof.table, proof.key, proof.by) == ("pupil_private", PUPIL, f"{OPERATOR}: 监护人要求")
        assert verify(filled.replica, db) == []
        with pytest.raises(RowErased), write(filled.replica, db, Author(OPERATOR)) as w:
            w.insert(PupilPrivate(pupil_id=PUPIL))
    assert all(words in page for words in (str(proof.hub_seq), proof.log_hash, "赵管理", "监护人要求"))
    assert filled.count("pupil_private") == 0 and filled.count("pupil") == 1


def test_a_child_s_private_data_takes_along_the_cards_that_hold_a_copy_of_it(filled) -> None:
    """C10: guardian and health stand on the host's card too; erased is what is nowhere any more."""
    client = filled.log_in("operator")
    asked = form(client, f"pupil_private {PUPIL}", note="监护人要求")
    assert "来访学生名片" in asked.text, "who confirms is told"
    answer = form(client, f"pupil_private {PUPIL}", note="监护人要求", step="confirm", name="陈雨桐")
    assert answer.status_code == 303
    with connect(filled.replica) as db:
        assert {(one.table, one.key) for one in erasures(db)} == {
            ("pupil_private", PUPIL), ("guest_card", f"B/{ORDER.id}"),
        }  # fmt: skip
        assert select(db, GuestCard) == []


def test_an_order_is_erased_with_the_card_that_was_written_for_it(filled) -> None:
    client = filled.log_in("operator")
    answer = form(client, "card_order A-50-00", note="监护人要求", step="confirm", name="陈雨桐")
    assert answer.status_code == 303
    with connect(filled.replica) as db:
        assert {one.table for one in erasures(db)} == {"card_order", "guest_card"}
        assert select(db, GuestCard) == []


def test_what_is_left_of_a_child_whose_name_was_erased_is_still_reached(filled) -> None:
    client = filled.log_in("operator")
    assert form(client, f"pupil {PUPIL}", note="监护人要求", step="confirm", name="陈雨桐").status_code == 303
    assert f"pupil_private {PUPIL}" in client.get(f"/erasing/of/{PUPIL}").text
    rest = form(client, f"pupil_private {PUPIL}", note="监护人要求", step="confirm", name=PUPIL)
    assert rest.status_code == 303 and filled.count("pupil_private") == 0
    assert client.get("/erasing/of/A-99-00").status_code == 404


def test_nobody_erases_what_is_held_about_himself(filled) -> None:
    client = filled.log_in("operator")
    assert client.get(f"/erasing/of/{OPERATOR}").status_code == 403
    assert client.get(f"/erasing/of/{TEACHER}").status_code == 200


def test_who_answers_for_children_s_data_erases_and_no_clerk(filled) -> None:
    with connect(filled.replica) as db, write(filled.replica, db, Author(OPERATOR)) as w:
        w.insert(
            Person(id="A-91-00", name="李校长", staff_number="0091"),
            Account(person_id="A-91-00", login="principal", password_hash=hash_password(PASSWORD, CHEAP)),
            AccountRole(person_id="A-91-00", role="general_principal", campus="*", begin="2025-01-01"),
        )
    assert filled.log_in("principal").get("/erasing/").status_code == 200
    for login in ("clerk", "director", "headb", "teacher"):
        client = filled.log_in(login)
        assert client.get("/erasing/").status_code == 403, login
        assert post(client, f"/erasing/of/{PUPIL}", {"record": f"pupil {PUPIL}", "note": "x"}).status_code == 403, login


def test_records_that_the_law_does_not_reach_are_named_as_such(filled) -> None:
    with pytest.raises(InvalidInput):
        record_named(filled.replica, "group_member", f"{CLASS_A}/{PUPIL}/2025-09-01")
    with pytest.raises(NotFound):
        record_named(filled.replica, "nothing", "x")
    with pytest.raises(InvalidInput):
        record_named(filled.replica, "person_private", "A")
    with connect(filled.replica) as db:
        assert [one.table.name for one in records_about(db, filled.replica, TEACHER)] == ["person_private"]


def test_the_command_erases_one_row_and_prints_the_proof(tmp_path, capsys) -> None:
    data = ["--data", str(tmp_path / "hub")]
    assert run(["hub", "init", *data, "--campus", "A:4206820101:中心小学"]) == 0
    capsys.readouterr()
    erase = ["hub", "erase", *data, "pupil_private", PUPIL]
    assert run([*erase, "--note", "监护人要求"]) != 0, "nobody ever wrote it"
    assert run([*erase, "--note", "  "]) != 0
    assert run(["hub", "erase", *data, "group_member", "x/y/z", "--note", "x"]) != 0
    site = open_site(Folder(tmp_path / "hub"), "hub", clock=SystemClock(), randomness=SystemRandomness())
    with connect(site.replica) as db, write(site.replica, db, Author("A-1-00")) as w:
        w.insert(PupilPrivate(pupil_id=PUPIL, guardian="陈先生"))
    capsys.readouterr()
    assert run([*erase, "--note", "监护人要求", "--by", "A-1-00"]) == 0
    with connect(site.replica) as db:
        [proof] = erasures(db)
        assert select(db, PupilPrivate) == [] and proof.by == "A-1-00: 监护人要求"
    said = capsys.readouterr().out
    assert proof.log_hash in said and str(proof.hub_seq) in said

"""Lists and forms made from the declarations: search, rights per campus, edits that overwrite nobody."""

from __future__ import annotations

import io

import pytest
from python_calamine import CalamineWorkbook

from hub.office.pages import pages
from shared.records import Person
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import CLASS_A, CLERK, TEACHER, hidden, post, upload, workbook


@pytest.mark.parametrize("slug", sorted(pages()))
def test_every_list_and_every_form_opens_in_both_languages(hub, slug) -> None:
    client = hub.log_in("operator")
    for lang in ("zh", "en"):
        assert client.get(f"/office/list/{slug}?lang={lang}").status_code == 200
        assert client.get(f"/office/list/{slug}/new?lang={lang}").status_code == 200


@pytest.mark.parametrize(
    ("words", "names"),
    [("小明", ["王小明"]), ("wxm", ["王小明"]), ("0003", ["孙教务"]), ("nobody", []), ("", None)],
)
def test_people_are_found_by_name_initials_or_number(hub, words, names) -> None:
    page = hub.log_in("clerk").get(f"/office/list/people?q={words}").text
    everyone = ["赵管理", "钱备份", "孙教务", "李主任", "周校长", "王小明"]
    # The visitor's own name stands in the foot of every page.
    main = page.split("</main>")[0]
    assert [name for name in everyone if name in main] == (everyone if names is None else names)


def edit_form(page: str, **changed: str) -> dict[str, str]:
    form = {"token": hidden(page, "token")}
    for name in ("name", "sex", "staff_number", "phone_extension"):
        form[f"shown.{name}"] = hidden(page, f"shown.{name}")
        form[name] = form[f"shown.{name}"]
    return {**form, **changed}


def test_an_edit_writes_only_what_the_person_changed(hub) -> None:
    client = hub.log_in("clerk")
    url = f"/office/list/people/edit/{TEACHER}"
    form = edit_form(client.get(url).text, name="王晓明")
    with connect(hub.replica) as db, write(hub.replica, db, Author("A-1-00")) as w:
        w.update(Person, (TEACHER,), {"phone_extension": "8001"})
    assert post(client, url, form).status_code == 302
    assert hub.rows("SELECT name, initials, phone_extension FROM person WHERE id = ?", TEACHER) == [
        ("王晓明", "wxm", "8001")
    ]


def test_a_field_that_moved_since_the_page_was_shown_keeps_both_values(hub) -> None:
    """C2: the form carries the token of what it showed."""
    client = hub.log_in("clerk")
    url = f"/office/list/people/edit/{TEACHER}"
    form = edit_form(client.get(url).text, phone_extension="8002")
    with connect(hub.replica) as db, write(hub.replica, db, Author("A-1-00")) as w:
        w.update(Person, (TEACHER,), {"phone_extension": "8001"})
    assert post(client, url, form).status_code == 302
    assert hub.rows("SELECT count(*) FROM _head WHERE t = 'person' AND k = ?", TEACHER)[0][0] >= 2
    assert "王小明" in hub.log_in("operator").get("/conflicts/").text


def test_a_refused_form_keeps_what_was_typed_and_says_what_to_do(hub) -> None:
    client = hub.log_in("clerk")
    answer = post(client, "/office/list/people/new", {"name": "", "staff_number": "0003", "sex": "female"})
    assert answer.status_code == 422
    assert 'value="0003"' in answer.text and "请填写" in answer.text and 'aria-invalid="true"' in answer.text
    answer = post(client, "/office/list/people/new", {"name": "新人", "staff_number": "0003", "sex": "female"})
    assert answer.status_code == 422 and "已经有这一条了" in answer.text
    assert hub.count("person") == 6


def test_a_new_person_a_class_and_a_pupil_come_from_forms(hub) -> None:
    client = hub.log_in("clerk")
    assert post(client, "/office/list/people/new", {"name": "新人", "staff_number": "0100"}).status_code == 302
    form = {"campus": "中心校区", "name": "二(2)班", "homeroom_id": "0100", "begin": "2025-09-01", "cohort": "2024"}
    assert post(client, "/office/list/classes/new", form).status_code == 302
    pupil = {"campus": "A", "group_id": "二(2)班", "seat_number": "7", "name": "小苗", "sex": "female"}
    assert post(client, "/office/list/pupils/new", pupil).status_code == 302
    assert hub.rows(
        "SELECT p.name, g.name, s.name FROM pupil p JOIN group_member m ON m.member_id = p.id"
        " JOIN roster_group g ON g.id = m.group_id JOIN person s ON s.id = g.homeroom_id"
    ) == [("小苗", "二(2)班", "新人")]


def test_an_office_of_one_campus_changes_nothing_of_another(hub) -> None:
    client = hub.log_in("clerk")
    form = {"campus": "西校区", "name": "一(1)班", "begin": "2025-09-01"}
    assert post(client, "/office/list/classes/new", form).status_code == 403
    assert hub.count("roster_group") == 1
    head = hub.log_in("headb")
    assert head.get(f"/office/list/classes/edit/{CLASS_A}").status_code == 403


@pytest.mark.parametrize(
    ("login", "url", "status"),
    [
        ("teacher", "/office/", 403),
        ("teacher", "/office/list/people", 403),
        ("clerk", "/office/list/roles/new", 403),
        ("director", "/office/list/accounts", 403),
        ("clerk", "/office/list/nothing", 404),
        ("clerk", "/office/list/people/edit/A-999-00", 404),
        ("clerk", "/office/list/people/edit/" + "x" * 3000, 404),
    ],
)
def test_each_page_is_for_its_roles(hub, login, url, status) -> None:
    assert hub.log_in(login).get(url).status_code == status


def test_nobody_grants_a_role_to_himself(hub) -> None:
    client = hub.log_in("operator")
    form = {"person_id": "0001", "role": "bursar", "campus": "*", "begin": "2025-09-01"}
    answer = post(client, "/office/list/roles/new", form)
    assert answer.status_code == 422 and "不能给自己填写" in answer.text
    assert post(client, "/office/list/roles/new", {**form, "person_id": "0006"}).status_code == 302
    assert hub.rows("SELECT role, campus FROM account_role WHERE person_id = ? ORDER BY 1", TEACHER) == [
        ("bursar", "*"),
        ("teacher", "A"),
    ]


def test_a_log_in_name_belongs_to_one_person(hub) -> None:
    client = hub.log_in("operator")
    url = f"/office/list/accounts/edit/{TEACHER}"
    form = {"token": hidden(client.get(url).text, "token"), "login": "clerk", "shown.login": "teacher"}
    answer = post(client, url, form)
    assert answer.status_code == 422 and "已被别人使用：clerk" in answer.text
    accounts = [{"person_id": n, "login": "same", "password": "x"} for n in ("0005", "0006")]
    page = upload(client, "/office/import/preview", workbook({"account": accounts})).text
    assert page.count("已被别人使用：same") == 1
    assert hub.rows("SELECT count(DISTINCT login) FROM account") == [(6,)]


def test_a_new_password_must_be_changed_and_a_revoked_account_is_dead_at_once(hub) -> None:
    client, teacher = hub.log_in("operator"), hub.log_in("teacher")
    url = f"/office/list/accounts/edit/{TEACHER}"
    page = client.get(url).text
    form = {"token": hidden(page, "token"), "login": "teacher", "shown.login": "teacher", "password": "another-one-2"}
    assert post(client, url, form).status_code == 302
    assert hub.rows("SELECT must_change FROM account WHERE person_id = ?", TEACHER) == [(1,)]
    assert teacher.get("/").status_code == 302, "the old session ended with the old password"
    assert post(client, f"/office/accounts/{TEACHER}/revoke", {}).status_code == 302
    assert hub.rows("SELECT revoked_at IS NOT NULL FROM account WHERE person_id = ?", TEACHER) == [(1,)]
    assert post(client, f"/office/accounts/{CLERK}/revoke", {}).status_code == 302
    assert post(client, "/office/accounts/A-1-00/revoke", {}).status_code == 403, "not oneself"


def test_an_export_holds_exactly_what_the_list_shows(hub) -> None:
    client = hub.log_in("operator")
    data = client.get("/office/list/memberships/shown.xlsx?q=wxm&sort=-begin").data
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        rows = book.get_sheet_by_index(0).to_python()
    assert [row[:3] for row in rows] == [["教职工", "校区", "考核类别"], ["王小明 0006", "中心校区", "教师"]]
    everybody = client.get("/office/list/people/shown.xlsx?sort=name").data
    with CalamineWorkbook.from_filelike(io.BytesIO(everybody)) as book:
        names = [row[0] for row in book.get_sheet_by_index(0).to_python()[1:]]
    assert names == ["李主任", "钱备份", "孙教务", "王小明", "赵管理", "周校长"], "in the order of their sounds"
    assert hub.log_in("teacher").get("/office/list/people/shown.xlsx").status_code == 403

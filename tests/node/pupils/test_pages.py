"""Pupils on a node: found, opened, read by few and noted, edited upon the version the page showed."""

from __future__ import annotations

import io
import re

import pytest
from python_calamine import CalamineWorkbook

from node.attendance.store import roster
from node.pupils.rules import PARTS, changed, parts_readable
from shared.records import CardDelivery, CardOrder, GroupMember, GuestCard, Pupil, PupilPrivate, RosterGroup
from sync.capture import Author, write
from sync.conflicts import open_conflicts
from sync.replica import connect
from tests.node.small_node import make_node, make_pair
from tests.web.small_site import fill, log_in, person, token_in

CHILD, OTHER = "A-21-AA", "A-30-AA"
NUMBER = "110101201805010014"


@pytest.fixture
def school(tmp_path):
    """The small node with a dorm room, private data, and somebody of each role that matters here."""
    pair = make_pair(tmp_path)
    roles = ("health_teacher", "dorm_supervisor", "teacher", "campus_head", "deputy_homeroom_teacher")
    staff = [person(f"A-{60 + n}-AA", role, role, (role, "A")) for n, role in enumerate(roles)]
    fill(
        pair.node,
        [
            *[record for each in staff for record in each],
            Pupil(id=OTHER, name="高梓涵", initials="gzh", sex="female", birth="2017-03-04"),
            RosterGroup(id="A-13-AA", campus="A", kind="dorm_room", name="301室", begin="2025-09-01"),
            GroupMember(group_id="A-11-AA", member_id=OTHER, begin="2025-09-01", seat_number=7),
            GroupMember(group_id="A-12-AA", member_id=OTHER, begin="2024-09-01", end="2025-09-01"),
            GroupMember(group_id="A-13-AA", member_id=OTHER, begin="2025-09-01"),
            PupilPrivate(
                pupil_id=CHILD, identity_number=NUMBER, guardian="邓先生", guardian_phone="13800138000",
                health_note="花生过敏",
            ),
            PupilPrivate(pupil_id=OTHER, identity_number=NUMBER, guardian="高女士", health_note="哮喘"),
        ],
    )  # fmt: skip
    return pair


@pytest.fixture
def app(school):
    return make_node(school)


def client_of(app, login):
    client = app.test_client()
    assert log_in(client, login).status_code == 302
    return client


def rows(school, sql, *values):
    with connect(school.node) as db:
        return db.conn.execute(sql, values).fetchall()


def noted(school):
    return rows(school, "SELECT person_id, what, way, rows, key FROM _reading ORDER BY r")


def hidden(page):
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def shown(page):
    """A form as a browser would send it untouched."""
    form = hidden(page)
    return form | {name.removeprefix("shown."): value for name, value in form.items() if name.startswith("shown.")}


@pytest.mark.parametrize(
    ("role", "own", "dorm", "parts"),
    [
        ("clerk", False, False, PARTS), ("campus_head", False, False, PARTS), ("homeroom_teacher", True, False, PARTS),
        ("homeroom_teacher", False, False, set()), ("homeroom_teacher", False, True, set()),
        ("health_teacher", False, False, {"health"}), ("dorm_supervisor", False, True, {"guardian", "health"}),
        ("dorm_supervisor", False, False, set()), ("teacher", True, True, set()),
        ("system_operator", True, True, set()),
    ],
)  # fmt: skip
def test_who_reads_which_part(role, own, dorm, parts):
    """RECORDS: homeroom (own class), health teacher (health part), dorm supervisor (card), campus head."""
    assert parts_readable({(role, "A")}, "A", own_class=own, in_dorm=dorm) == parts
    assert parts_readable({(role, "B")}, "A", own_class=own, in_dorm=dorm) == set()


def test_a_form_writes_only_what_a_person_changed():
    form = {"guardian": "新", "shown.guardian": "旧", "health_note": " 过敏", "shown.health_note": "过敏", "x": "1"}
    assert changed(form, ("guardian", "health_note", "second_phone")) == {"guardian": "新"}


def test_the_list_finds_by_name_initials_and_class_and_says_where_a_child_is(app):
    client = client_of(app, "teacher")
    page = client.get("/pupils").text
    assert all(name in page for name in ("陈雨桐", "邓子轩", "冯嘉怡", "高梓涵", "301室"))
    assert "陈雨桐" not in client.get("/pupils?q=gzh").text and "高梓涵" in client.get("/pupils?q=gzh").text
    in_class = client.get("/pupils?group=A-12-AA").text
    assert "陈雨桐" in in_class and "/pupils/of/A-30-AA" not in in_class
    data = client.get("/pupils.xlsx?group=A-12-AA").data
    table = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert [line[0] for line in table[1:]] == ["陈雨桐", "邓子轩", "冯嘉怡"]
    assert [line[2] for line in table[1:]] == [1, 2, 3]
    assert "三年级2班" in client.get("/pupils/classes").text


def test_a_child_s_page_tells_dated_places_and_nothing_private(app, school):
    page = client_of(app, "teacher").get(f"/pupils/of/{OTHER}").text
    assert all(words in page for words in ("三年级1班", "三年级2班", "301室", "2024-09-01"))
    assert "private" not in page and "高女士" not in page and noted(school) == []
    assert client_of(app, "zjw").get("/pupils/of/B-1-AA").status_code == 404


@pytest.mark.parametrize(
    ("login", "child", "sees", "hides"),
    [
        ("wm", CHILD, ("邓先生", "13800138000", "花生过敏", NUMBER), ()),
        ("zjw", CHILD, ("邓先生", NUMBER), ()), ("campus_head", OTHER, ("高女士", NUMBER), ()),
        ("health_teacher", CHILD, ("花生过敏",), ("邓先生", NUMBER, "13800138000")),
        ("dorm_supervisor", OTHER, ("高女士", "哮喘"), (NUMBER,)),
    ],
)  # fmt: skip
def test_whoever_needs_it_reads_his_part_and_that_is_noted(app, school, login, child, sees, hides):
    page = client_of(app, login).get(f"/pupils/of/{child}/private")
    assert page.status_code == 200
    assert all(word in page.text for word in sees) and not any(word in page.text for word in hides)
    who = rows(school, "SELECT person_id FROM account WHERE login = ?", login)[0][0]
    assert noted(school) == [(who, "pupil_private", "form", 1, child)]


@pytest.mark.parametrize(
    ("login", "child"),
    [("wm", OTHER), ("dorm_supervisor", CHILD), ("teacher", CHILD), ("deputy_homeroom_teacher", CHILD),
     ("smw", CHILD)],
)  # fmt: skip
def test_a_refused_reading_shows_nothing_and_is_no_reading(app, school, login, child):
    answer = client_of(app, login).get(f"/pupils/of/{child}/private")
    assert answer.status_code == 403 and "邓先生" not in answer.text and noted(school) == []


def test_a_homeroom_teacher_reads_and_edits_the_own_class_alone(app, school):
    fill(school.node, [Pupil(id="A-31-AA", name="何俊熙"), PupilPrivate(pupil_id="A-31-AA", guardian="何先生")])
    client = client_of(app, "wm")
    assert client.get("/pupils/of/A-31-AA/private").status_code == 403
    form = shown(client.get(f"/pupils/of/{CHILD}/private/edit").text)
    token = token_in(client.get("/password").text)
    assert client.post("/pupils/of/A-31-AA/private/edit", data=form | {"csrf_token": token}).status_code == 403
    answer = client.post(f"/pupils/of/{CHILD}/private/edit", data=form | {"guardian": "邓太太"})
    assert answer.status_code == 303
    assert rows(school, "SELECT guardian, guardian_phone FROM pupil_private WHERE pupil_id = ?", CHILD) == [
        ("邓太太", "13800138000")
    ]


def test_an_edit_upon_an_old_page_stands_beside_the_newer_one(app, school):
    """C2: both values are heads on this node and shown at once."""
    clerk, teacher = client_of(app, "zjw"), client_of(app, "wm")
    url = f"/pupils/of/{CHILD}/private/edit"
    first, second = shown(clerk.get(url).text), shown(teacher.get(url).text)
    assert clerk.post(url, data=first | {"health_note": "牛奶过敏"}).status_code == 303
    assert teacher.post(url, data=second | {"health_note": "花生和牛奶过敏"}).status_code == 303
    assert "有人同时改了" in teacher.get(f"/pupils/of/{CHILD}").text
    with connect(school.node) as db:
        [conflict] = open_conflicts(db, school.node)
        assert {head.values["health_note"] for head in conflict.heads} == {"牛奶过敏", "花生和牛奶过敏"}


def test_two_first_entries_from_two_pages_are_both_kept(app, school):
    """C2: a page that showed no data names none."""
    clerk, teacher = client_of(app, "zjw"), client_of(app, "wm")
    url = "/pupils/of/A-22-AA/private/edit"
    first, second = shown(clerk.get(url).text), shown(teacher.get(url).text)
    assert first["token"] == "absent"
    clerk.post(url, data=first | {"guardian": "冯先生"})
    teacher.post(url, data=second | {"guardian": "冯女士"})
    with connect(school.node) as db:
        [conflict] = open_conflicts(db, school.node)
        assert {head.values["guardian"] for head in conflict.heads} == {"冯先生", "冯女士"}


def test_an_untouched_form_writes_nothing_and_a_bad_one_keeps_what_was_typed(app, school):
    client = client_of(app, "zjw")
    url = f"/pupils/of/{OTHER}/edit"
    before = rows(school, "SELECT count(*) FROM _changeset")
    form = shown(client.get(url).text)
    assert client.post(url, data=form).status_code == 303
    answer = client.post(url, data=form | {"name": "高紫涵", "birth": "2017年3月4日"})
    assert answer.status_code == 422 and "高紫涵" in answer.text
    assert client.post(url, data=form | {"name": " "}).status_code == 422
    assert rows(school, "SELECT count(*) FROM _changeset") == before
    assert client.post(url, data=form | {"name": "高紫涵"}).status_code == 303
    assert rows(school, "SELECT name, initials FROM pupil WHERE id = ?", OTHER) == [("高紫涵", "gzh")]


def test_a_card_is_ordered_seen_on_the_child_s_page_and_withdrawn(app, school):
    clerk = client_of(app, "zjw")
    token = token_in(clerk.get("/password").text)
    form = {"csrf_token": token, "host_campus": "B", "purpose": "boarding", "begin": "2025-09-15"}
    assert clerk.post(f"/cards/new/{CHILD}", data=form | {"host_campus": "A"}).status_code == 422
    assert clerk.post(f"/cards/new/{CHILD}", data=form | {"begin": ""}).status_code == 422
    assert clerk.post("/cards/new/B-1-AA", data=form).status_code == 404
    made = clerk.post(f"/cards/new/{CHILD}", data=form)
    assert made.status_code == 303
    assert clerk.post(f"/cards/new/{CHILD}", data=form).status_code == 422, "it is there already"
    assert "等主校区转送" in clerk.get(f"/pupils/of/{CHILD}").text and "邓子轩" in clerk.get("/cards").text
    page = clerk.get(made.location).text
    withdraw = hidden(page)
    assert clerk.post(f"{made.location}/withdraw", data=withdraw).status_code == 422
    assert clerk.post(f"{made.location}/withdraw", data=withdraw | {"reason": "不去了"}).status_code == 303
    assert "没有送出就结束了" in clerk.get(made.location).text
    assert rows(school, "SELECT ordered_by, withdrawn_by, reason FROM card_order") == [("A-4-AA", "A-4-AA", "不去了")]
    assert client_of(app, "wm").get("/cards").status_code == 403


def test_the_proof_of_a_card_s_erasure_stands_on_its_page(app, school):
    fill(
        school.node,
        [
            CardOrder(
                id="A-70-AA", pupil_id=CHILD, host_campus="B", purpose="bus", begin="2025-09-01", end="2025-09-10",
                ordered_by="A-4-AA", ordered_at="2025-08-30T00:00:00.000Z",
            ),
            CardDelivery(
                order_id="A-70-AA", sent_at="2025-08-31T00:00:00.000Z", erased_at="2025-09-10T00:00:00.000Z",
                hub_seq=1234, proof="ab" * 32,
            ),
        ],
    )  # fmt: skip
    page = client_of(app, "zjw").get("/cards/A-70-AA").text
    assert "1234" in page and "ab" * 32 in page and "已删除" in page and "withdraw" not in page


def guest(number=1, **fields):
    values = {
        "pupil_id": f"B-2{number}-AA", "purpose": "boarding", "name": f"客人{number}", "class_name": "四年级1班",
        "guardian": "客先生", "guardian_phone": "13900139000", "may_collect": "姑姑", "health_warning": "怕黑",
        "begin": "2025-09-01", **fields,
    }  # fmt: skip
    return GuestCard(host_campus="A", order_id=f"B-9{number}-AA", **values)


def test_guests_are_read_by_whoever_looks_after_them_and_noted(app, school):
    fill(school.node, [guest(1), guest(2, begin="2025-09-20"), guest(3, end="2025-09-15")])
    keeper = client_of(app, "dorm_supervisor")
    page = keeper.get("/guests").text
    assert "客人1" in page and "客人2" in page and "将到" in page
    assert "客人3" not in page, "its link has ended, also where the hub could not be heard"
    assert keeper.get("/guests/B-93-AA").status_code == 404
    assert all(word in keeper.get("/guests/B-91-AA").text for word in ("客先生", "姑姑", "怕黑", "13900139000"))
    gate = client_of(app, "smw").get("/guests/B-91-AA").text
    assert "姑姑" in gate and "怕黑" not in gate and "13900139000" not in gate
    health = client_of(app, "health_teacher").get("/guests/B-91-AA").text
    assert "怕黑" in health and "姑姑" not in health
    keeper_id = rows(school, "SELECT person_id FROM account WHERE login = 'dorm_supervisor'")[0][0]
    assert noted(school)[:2] == [
        (keeper_id, "guest_card", "list", 2, ""), (keeper_id, "guest_card", "form", 1, "B-21-AA")
    ]  # fmt: skip
    assert client_of(app, "teacher").get("/guests").status_code == 403


def test_a_guest_stands_in_the_dorm_s_register_by_name_until_the_card_ends(app, school):
    fill(
        school.node,
        [
            guest(1), guest(2, end="2025-09-15"),
            *[GroupMember(group_id="A-13-AA", member_id=f"B-2{n}-AA", begin="2025-09-01") for n in (1, 2)],
        ],
    )  # fmt: skip
    with connect(school.node) as db:
        assert [line.name for line in roster(db, "A-13-AA", "2025-09-15")] == ["客人1", "B-22-AA", "高梓涵"]


def test_those_who_answer_for_it_see_on_the_node_who_read_what(app, school):
    client_of(app, "wm").get(f"/pupils/of/{CHILD}/private")
    page = client_of(app, "lxz").get("/readings").text
    assert "王敏" in page and "邓子轩" in page
    assert client_of(app, "zjw").get("/readings").status_code == 403


def test_an_erased_child_is_gone_from_every_page(app, school):
    with connect(school.node) as db, write(school.node, db, Author("A-4-AA")) as w:
        w.delete(Pupil, (OTHER,))
    client = client_of(app, "zjw")
    assert client.get(f"/pupils/of/{OTHER}").status_code == 404
    assert OTHER not in client.get("/pupils").text and client.get("/pupils/classes").status_code == 200

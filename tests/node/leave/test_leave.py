"""Leave on a node: asked for in one form, decided by the right step, its lessons shown to who covers them."""

from datetime import date

import pytest

from node.leave.rules import AskLimits, lessons_to_cover, request_problems
from shared.leave.rules import LeaveLimits, leave_of
from shared.records import LeaveRequest, StaffMembership
from tests.node.lessons.test_pages import School
from tests.node.timetable import CLASS_1, HEAD, ITINERANT, LI, MONDAY, QIAN, TUESDAY, WANG, leave
from tests.web.small_site import fill, person

REQUESTS = "SELECT person_id, kind, begin, end, filed_by FROM leave_request"
ANSWERS = "SELECT person_id, step, decision, decided_by FROM leave_approval ORDER BY step"
WISH = {"kind": "sick_leave", "begin": MONDAY, "last": MONDAY}
TODAY = date(2025, 9, 15)


@pytest.fixture
def school(tmp_path):
    return School(tmp_path)


def wish(**more):
    fields = {"kind": "sick_leave", "begin": MONDAY, "end": TUESDAY, **more}
    return LeaveRequest(id=more.pop("id", "A-1-AA"), person_id=WANG, **fields)


def own(**more):
    return leave_of(wish(**more), (), (), LeaveLimits())


@pytest.mark.parametrize(
    ("asked", "others", "reasons"),
    [
        ({}, [], []),
        ({"end": MONDAY}, [], ["end_before_begin"]),
        ({"begin": "2025-08-15"}, [], ["too_far_back"]),
        ({"begin": "2025-08-16"}, [], []),
        ({"end": "2027-09-15"}, [], ["leave_too_long"]),
        ({}, [own()], ["leave_overlaps"]),
        ({}, [own(withdrawn_at="2025-09-14T00:00:00.000Z")], []),
        ({}, [own(begin=TUESDAY, end="2025-09-17")], []),
        ({"begin_part": "am"}, [own(begin_part="pm")], []),  # half and half of one day
        ({"begin_part": "am"}, [own(begin_part="am")], ["leave_overlaps"]),
    ],
)
def test_what_is_wrong_with_a_wish(asked, others, reasons):
    found = request_problems(wish(**asked), others, TODAY, AskLimits())
    assert [each.reason for each in found] == reasons


def test_asking_takes_one_form_and_asking_twice_asks_once(school):
    answer = school.post("wm", "/leave", **WISH)
    assert answer.status_code == 303
    assert school.post("wm", "/leave", **WISH).location == answer.location
    assert school.rows(REQUESTS) == [(WANG, "sick_leave", MONDAY, TUESDAY, WANG)]
    assert "等待审批 · 年级或中层" in school.get("wm", "/leave").text
    assert school.post("wm", "/leave", **{**WISH, "kind": "personal_leave"}).status_code == 422
    assert school.post("wm", "/leave", begin=MONDAY).status_code == 422


def test_a_wish_belongs_to_the_campus_of_the_post_whatever_node_it_is_made_on(school):
    """The steps of the home campus decide: its code stands in the id."""
    school.post("zx", "/leave", **WISH)
    ((id_,),) = school.rows("SELECT id FROM leave_request")
    assert id_.startswith("B-")
    assert school.get("hxz", f"/leave/{id_}").status_code == 403
    assert school.post("smw", "/leave", **WISH).status_code == 422  # belongs nowhere


def test_the_clerk_files_what_came_on_paper_and_nobody_else_does(school):
    assert school.post("zjw", "/leave", person=LI, **WISH).status_code == 303
    assert school.post("wm", "/leave", person=QIAN, **WISH).status_code == 403
    assert school.rows(REQUESTS) == [(LI, "sick_leave", MONDAY, TUESDAY, "A-4-AA")]


def test_for_somebody_of_another_campus_its_own_clerk_files(school):
    """The hub refuses what the clerk of this campus writes for that one: it would be told days later."""
    post = StaffMembership(id="B-990-AA", person_id="B-1-AA", campus="B", category="teacher", begin="2024-08-01")
    fill(school.pair.node, [post])
    assert school.post("zjw", "/leave", person="B-1-AA", **WISH).status_code == 403
    assert school.rows(REQUESTS) == []


@pytest.mark.parametrize(
    ("login", "last", "status"),
    [
        ("dlz", MONDAY, 303),
        ("dlz", TUESDAY, 403),  # two days are above a middle leader
        ("hxz", "2025-09-17", 303),
        ("hxz", "2025-09-18", 403),
        ("lxz", "2025-10-30", 303),
        ("zjw", MONDAY, 403),
        ("wm", MONDAY, 403),
    ],
)
def test_the_step_that_the_length_needs_decides(school, login, last, status):
    fill(school.pair.node, person("A-9-AA", "丁领导", "dlz", ("middle_leader", "A")))
    school.post("wm", "/leave", **{**WISH, "last": last})
    ((id_,),) = school.rows("SELECT id FROM leave_request")
    assert school.post(login, f"/leave/{id_}/decide", decision="approved").status_code == status
    assert len(school.rows(ANSWERS)) == (status == 303)


def test_nobody_decides_about_himself(school):
    school.post("hxz", "/leave", **WISH)
    ((id_,),) = school.rows("SELECT id FROM leave_request")
    assert school.post("hxz", f"/leave/{id_}/decide", decision="approved").status_code == 403
    assert "同意" not in school.get("hxz", f"/leave/{id_}").text
    assert school.post("lxz", f"/leave/{id_}/decide", decision="approved").status_code == 303
    assert school.rows(ANSWERS) == [(HEAD, "consortium", "approved", "A-2-AA")]


def test_a_refusal_says_why(school):
    fill(school.pair.node, leave(1, WANG, MONDAY, TUESDAY, decision=""))
    assert school.post("hxz", "/leave/A-901-AA/decide", decision="refused").status_code == 422
    assert school.post("hxz", "/leave/A-901-AA/decide", decision="refused", note="当天有公开课").status_code == 303
    assert "当天有公开课" in school.get("wm", "/leave/A-901-AA").text


def test_leave_is_seen_by_its_person_and_those_who_answer(school):
    fill(school.pair.node, leave(1, WANG, MONDAY, TUESDAY, decision="", note="手术"))
    for login, status in (("wm", 200), ("hxz", 200), ("zjw", 200), ("lf", 403), ("zx", 403), ("smw", 403)):
        answer = school.get(login, "/leave/A-901-AA")
        assert answer.status_code == status, login
        assert ("手术" in answer.text) == (status == 200)
    others = school.get("lf", "/leave").text
    assert "手术" not in others and "王敏" not in others
    assert "等您审批" in school.get("hxz", "/leave").text


def test_a_wish_is_withdrawn_by_its_person_until_it_is_over(school):
    fill(school.pair.node, leave(1, WANG, MONDAY, TUESDAY, decision=""))
    assert school.post("lf", "/leave/A-901-AA/withdraw").status_code == 403
    assert school.post("wm", "/leave/A-901-AA/withdraw").status_code == 303
    assert school.post("wm", "/leave/A-901-AA/withdraw").status_code == 409
    assert school.post("hxz", "/leave/A-901-AA/decide", decision="approved").status_code == 409
    fill(school.pair.node, leave(2, WANG, "2025-09-08", "2025-09-09"))
    assert school.post("wm", "/leave/A-902-AA/withdraw").status_code == 409


def test_an_approved_leave_shows_its_lessons_with_the_way_to_cover_them(school):
    fill(school.pair.node, leave(1, ITINERANT, MONDAY, TUESDAY))
    text = school.get("zjw", "/leave/A-901-AA").text
    assert f"/lessons/cover?date={MONDAY}&amp;person={ITINERANT}" in text
    assert "由该校区安排" in text and "一年级" in text  # the half at B is B's
    assert "安排代课" not in school.get("zx", "/leave/A-901-AA").text


def test_only_the_lessons_of_the_half_day_are_covered(school):
    fill(school.pair.node, leave(1, LI, MONDAY, TUESDAY, begin_part="pm"))
    assert "这几天没有要安排的课" in school.get("zjw", "/leave/A-901-AA").text
    assert lessons_to_cover(own(), []) == []
    assert CLASS_1 not in school.get("zjw", f"/lessons/cover?date={MONDAY}").text


def test_an_answer_that_stood_already_is_kept_beside_a_second_one(school):
    """C2 and review: two heads of one step on two pages are put before a person."""
    fill(school.pair.node, leave(1, WANG, MONDAY, TUESDAY, decision=""))
    fill(school.pair.node, person("A-9-AA", "范校长", "fxz", ("campus_head", "A")))
    school.post("fxz", "/leave/A-901-AA/decide", decision="approved", token="absent")
    school.post("hxz", "/leave/A-901-AA/decide", decision="refused", note="不行", token="absent")
    assert school.rows("SELECT count(DISTINCT value) FROM _head WHERE t = 'leave_approval'") == [(2,)]

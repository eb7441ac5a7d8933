"""Lessons and leave over the JSON API: the pages' rules behind another door."""

import pytest

from node.api.document import openapi
from tests.node.lessons.test_pages import School
from tests.node.timetable import (
    CLASS_1,
    CLASS_2,
    CLERK,
    ITINERANT,
    LAB,
    LI,
    MONDAY,
    QIAN,
    TUESDAY,
    WANG,
    leave,
)
from tests.web.small_site import PASSWORD, fill

COVER = {"group_id": CLASS_2, "date": MONDAY, "period": 1, "kind": "cover", "new_teacher_id": QIAN}


@pytest.fixture
def school(tmp_path):
    return School(tmp_path)


class Program:
    """A program that is logged in."""

    def __init__(self, school, login):
        self.client = school.app.test_client()
        answer = self.client.post("/api/v1/session", json={"login": login, "password": PASSWORD})
        self.headers = {"X-CSRFToken": answer.json["csrf_token"]}

    def get(self, path):
        return self.client.get(f"/api/v1{path}")

    def send(self, method, path, **body):
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=self.headers)


def test_the_lessons_of_a_week_by_class_teacher_and_room(school):
    program = Program(school, "wm")
    week = program.get(f"/lessons?date={MONDAY}").json
    assert (week["begin"], week["end"], len(week["lessons"])) == (MONDAY, "2025-09-22", 11)
    assert set(week["known_until"]) == {"A"}
    for query, count in ((f"group={CLASS_1}", 4), (f"teacher={ITINERANT}", 2), (f"room={LAB}", 2), ("campus=B", 1)):
        assert len(program.get(f"/lessons?date={MONDAY}&{query}").json["lessons"]) == count, query
    first = program.get(f"/lessons?date={MONDAY}&teacher={ITINERANT}").json["lessons"][0]
    assert (first["begin"], first["teachers"], first["state"]) == ("08:20", [ITINERANT], "planned")
    assert program.get("/lessons?date=soon").status_code == 422


def test_closing_and_opening_a_day(school):
    program, office = Program(school, "wm"), Program(school, "zjw")
    assert program.send("PUT", f"/lesson-days/{MONDAY}").json["changed"] is True
    assert program.send("PUT", f"/lesson-days/{MONDAY}").json["changed"] is False
    assert program.send("PUT", f"/lesson-days/{TUESDAY}").status_code == 422
    assert program.send("PUT", f"/lesson-days/{MONDAY}", whole=True).status_code == 403
    assert office.send("PUT", f"/lesson-days/{MONDAY}", whole="yes").status_code == 422
    assert office.send("PUT", f"/lesson-days/{MONDAY}", whole=True).json["person_id"] == "*"
    closed = office.get(f"/lessons?date={MONDAY}").json["closed"]
    assert [each["person_id"] for each in closed] == ["*", WANG]
    assert office.send("DELETE", f"/lesson-days/{MONDAY}").status_code == 422
    assert office.send("DELETE", f"/lesson-days/{MONDAY}", person_id=WANG, reason="误").json["changed"] is True
    assert program.send("DELETE", f"/lesson-days/{MONDAY}", reason="误").status_code == 403


def test_how_a_lesson_went(school):
    program, path = Program(school, "wm"), f"/lessons/{CLASS_2}/{MONDAY}/1/exceptions/{WANG}"
    noted = program.send("PUT", path, kind="late", minutes=5).json
    assert noted["exception"]["kind"] == "late" and noted["changed"] is True
    assert program.send("PUT", path, kind="late", minutes=5, token=noted["token"]).json["changed"] is False
    assert program.send("PUT", path, kind="late").status_code == 422
    assert program.send("PUT", path, mood="late").status_code == 422
    assert program.send("PUT", path, kind="").json["exception"] is None
    assert Program(school, "lf").send("PUT", path, kind="not_held").status_code == 403


def test_changes_are_saved_all_or_none_and_warned_of_once(school):
    program = Program(school, "zjw")
    busy = {**COVER, "period": 2, "new_teacher_id": LI}
    answer = program.send("POST", "/lesson-changes", changes=[COVER, busy])
    assert answer.status_code == 409 and answer.json["saved"] is False
    assert [(each["kind"], each["who"]) for each in answer.json["warnings"]] == [("teacher", LI)]
    assert school.rows("SELECT count(*) FROM lesson_override") == [(0,)]
    bad = program.send("POST", "/lesson-changes", changes=[COVER, {**COVER, "kind": "feast"}])
    assert bad.status_code == 422 and bad.json["error"]["problems"][0]["field"] == "changes.1.kind"
    assert school.rows("SELECT count(*) FROM lesson_override") == [(0,)]
    made = program.send("POST", "/lesson-changes", changes=[COVER, busy], confirmed=True).json["changes"]
    assert [each["entered_by"] for each in made] == [CLERK, CLERK]
    gone = program.send("POST", f"/lesson-changes/{made[0]['id']}/withdraw").json["change"]
    assert gone["withdrawn_by"] == CLERK
    assert Program(school, "wm").send("POST", "/lesson-changes", changes=[COVER]).status_code == 403
    assert program.send("POST", "/lesson-changes").status_code == 422


def test_leave_from_the_wish_to_the_answer(school):
    teacher, head = Program(school, "wm"), Program(school, "hxz")
    asked = teacher.send("POST", "/leave", kind="sick_leave", begin=MONDAY, last=MONDAY).json
    assert (asked["state"], asked["step"], asked["days"]) == ("asked", "first", "1")
    path = f"/leave/{asked['request']['id']}"
    assert teacher.send("PUT", path + "/answer", decision="approved").status_code == 403
    answered = head.send("PUT", path + "/answer", decision="approved").json
    assert (answered["state"], answered["answer"]["step"]) == ("approved", "campus")
    assert [each["state"] for each in teacher.get("/leave").json["own"]] == ["approved"]
    assert teacher.get("/leave").json["campus"] == [] and len(head.get("/leave").json["campus"]) == 1
    assert teacher.send("POST", path + "/withdraw").json["state"] == "withdrawn"
    assert teacher.send("POST", "/leave", kind="sick_leave").status_code == 422


def test_another_s_leave_is_not_withdrawn(school):
    fill(school.pair.node, leave(1, WANG, MONDAY, TUESDAY))
    assert Program(school, "lf").send("POST", "/leave/A-901-AA/withdraw").status_code == 403
    assert Program(school, "lf").send("POST", "/leave/A-999-AA/withdraw").status_code == 404


def test_the_document_names_every_route_of_lessons_and_leave(school):
    paths = openapi()["paths"]
    routes = {
        (rule.rule.replace("<int:", "<").replace("<", "{").replace(">", "}"), method.lower())
        for rule in school.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert {(path, method) for path, methods in paths.items() for method in methods} == routes

"""The JSON API: the same rules as the pages, one error shape, nothing half-written."""

import json
import re

import pytest

from node.api import views
from tests.node.school import (
    CLASS,
    CLERK,
    FOREIGN_CLASS,
    GUEST,
    HOMEROOM,
    MONDAY,
    PASSWORD,
    ROLES,
    SUNDAY,
    TEACHER,
    open_school,
    pupil_id,
)

P1, P2 = pupil_id(1), pupil_id(2)
REGISTER = f"/api/v1/registers/{CLASS}/{MONDAY}/am"
STAFF = f"/api/v1/staff-days/A/{MONDAY}"
EXCEPTIONS = "SELECT person_id, source, mark FROM register_exception ORDER BY 1, 2"


@pytest.fixture
def school(tmp_path):
    return open_school(tmp_path, [views.blueprint()], views.ROUTES)


class Program:
    """A program that is logged in."""

    def __init__(self, school, person):
        self.client, self.csrf = school.log_in(person)

    def get(self, url):
        return self.client.get(url)

    def put(self, url, body, **headers):
        return self.client.put(url, json=body, headers={"X-CSRFToken": self.csrf, **headers})


def test_a_log_in_gives_the_token_that_writes_need(school):
    client = school.app.test_client()
    answer = client.post("/api/v1/session", json={"login": HOMEROOM.lower(), "password": PASSWORD})
    assert answer.status_code == 200 and answer.json["person_id"] == HOMEROOM
    headers = {"X-CSRFToken": answer.json["csrf_token"]}
    assert client.put(REGISTER, json={"exceptions": []}, headers=headers).status_code == 200
    assert client.get("/api/v1/session").json["roles"] == [{"role": "homeroom_teacher", "campus": "A"}]
    assert client.delete("/api/v1/session", headers=headers).status_code == 200
    assert client.get("/api/v1/session").status_code == 401


def test_a_wrong_password_is_refused_in_the_one_error_shape(school):
    answer = school.app.test_client().post("/api/v1/session", json={"login": HOMEROOM.lower(), "password": "no"})
    assert answer.status_code == 401
    assert set(answer.json["error"]) == {"code", "message", "message_en", "problems", "advice"}


def test_a_write_without_the_csrf_token_is_refused(school):
    client, _csrf = school.log_in(HOMEROOM)
    assert client.put(REGISTER, json={"exceptions": []}).json["error"]["code"] == "csrf"
    assert school.rows("SELECT count(*) FROM register") == [(0,)]


def test_groups_and_roster_of_a_date(school):
    program = Program(school, TEACHER)
    found = program.get("/api/v1/groups").json
    assert {group["id"] for group in found["groups"]} == {"A-1-00", "A-2-00", "A-3-00"}
    assert found["day"]["kind"] == "school_day" and {s["code"] for s in found["sessions"]} == {"am", "pm", "night"}
    assert program.get(f"/api/v1/groups/{CLASS}/roster").json["roster_size"] == 8
    assert program.get(f"/api/v1/groups/{CLASS}/roster?date=2025-09-16").json["roster_size"] == 9
    assert program.get(f"/api/v1/groups/{FOREIGN_CLASS}/roster").status_code == 403


@pytest.mark.parametrize("url", ["/groups", f"/groups/{CLASS}/roster", "/registers", f"/registers/{CLASS}/{MONDAY}/am"])
def test_a_role_at_another_campus_shows_nothing_of_this_one(school, url):
    assert Program(school, GUEST).get(f"/api/v1{url}").status_code == 403


def test_a_register_is_put_read_and_put_again(school):
    program = Program(school, HOMEROOM)
    assert program.get(REGISTER).json["taken"] is False
    body = {"exceptions": [{"person_id": P1, "mark": "late", "minutes": 8}, {"person_id": P2, "mark": "absent"}]}
    first = program.put(REGISTER, body).json
    assert (first["taken"], first["changed"], first["state"]) == (True, True, "pending")
    assert first["counts"] == {"present": 6, "late": 1, "absent": 1}
    assert program.put(REGISTER, body).json["changed"] is False
    program.put(REGISTER, {"exceptions": [{"person_id": P2, "mark": "absent"}]})
    assert school.rows(EXCEPTIONS) == [(P2, "teacher", "absent")]
    assert [each["group_id"] for each in program.get("/api/v1/registers").json["registers"]] == [CLASS]


def test_the_token_makes_a_stale_put_stand_beside(school):
    """C2: the API write carries the version that was read."""
    one, two = Program(school, HOMEROOM), Program(school, TEACHER)
    one.put(REGISTER, {"exceptions": [{"person_id": P1, "mark": "absent"}]})
    token = two.get(REGISTER).json["token"]
    one.put(REGISTER, {"exceptions": [{"person_id": P1, "mark": "sick_leave"}]})
    two.put(REGISTER, {"exceptions": [{"person_id": P1, "mark": "personal_leave"}], "token": token})
    values = {
        json.loads(value)[0] for (value,) in school.rows("SELECT value FROM _head WHERE t = 'register_exception'")
    }
    assert values == {"sick_leave", "personal_leave"}


def test_a_roster_that_moved_is_told_to_a_sender_that_named_it(school):
    program = Program(school, HOMEROOM)
    digest = program.get(f"/api/v1/groups/{CLASS}/roster").json["roster_digest"]
    assert program.put(REGISTER, {"exceptions": [], "roster_digest": digest}).status_code == 200
    answer = program.put(REGISTER, {"exceptions": [], "roster_digest": "0" * 16})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "roster_moved")


def test_corrections_touch_only_the_pupils_they_name(school):
    Program(school, HOMEROOM).put(REGISTER, {"exceptions": [{"person_id": P1, "mark": "absent"}]})
    clerk, url = Program(school, CLERK), REGISTER + "/corrections"
    clerk.put(url, {"corrections": [{"person_id": P1, "mark": "sick_leave"}]})
    answer = clerk.put(url, {"corrections": [{"person_id": P2, "mark": "official_leave"}]})
    assert answer.json["counts"] == {"present": 6, "sick_leave": 1, "official_leave": 1}
    clerk.put(url, {"corrections": [{"person_id": P1, "mark": "absent"}]})
    assert school.rows(EXCEPTIONS) == [(P1, "teacher", "absent"), (P2, "office", "official_leave")]
    refused = Program(school, TEACHER).put(url, {"corrections": []})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ([], "body", "not_an_object"),
        ({}, "exceptions", "missing"),
        ({"exceptions": {}}, "exceptions", "not_a_list"),
        ({"exceptions": [], "extra": 1}, "extra", "unknown_field"),
        ({"exceptions": [[]]}, "exceptions.0", "not_an_object"),
        ({"exceptions": [{"mark": "late"}]}, "exceptions.0.person_id", "missing"),
        ({"exceptions": [{"person_id": P1, "mark": "absent"}] * 2}, "exceptions.1.person_id", "named_twice"),
        ({"exceptions": [{"person_id": P1}]}, f"mark-{P1}", "missing"),
        ({"exceptions": [{"person_id": P1, "mark": "asleep"}]}, f"mark-{P1}", "unknown_code"),
        ({"exceptions": [{"person_id": P1, "mark": "late", "minutes": 5.5}]}, f"minutes-{P1}", "not_integer"),
        ({"exceptions": [{"person_id": P1, "mark": "late", "minutes": 10**30}]}, f"minutes-{P1}", "out_of_range"),
        ({"exceptions": [{"person_id": P1, "mark": "late"}]}, f"minutes-{P1}", "minutes_missing"),
        ({"exceptions": [{"person_id": P1, "mark": "absent", "x": 1}]}, f"x-{P1}", "unknown_field"),
        ({"exceptions": [{"person_id": "A-9-00", "mark": "absent"}]}, "mark-A-9-00", "not_on_roster"),
        ({"exceptions": [], "token": 5}, "token", "not_text"),
        ({"exceptions": [], "token": "x"}, "token", "not_a_token"),
    ],
)
def test_a_bad_register_is_refused_by_field_reason_and_cure(school, body, field, reason):
    answer = Program(school, HOMEROOM).put(REGISTER, body)
    assert answer.status_code == 422
    problems = {p["field"]: p for p in answer.json["error"]["problems"]}
    assert problems[field]["reason"] == reason and problems[field]["cure"] and problems[field]["message_en"]
    assert school.rows("SELECT count(*) FROM register") == [(0,)]


def test_a_body_that_is_no_json_is_refused(school):
    program = Program(school, HOMEROOM)
    answer = program.client.put(
        REGISTER, data="{", content_type="application/json", headers={"X-CSRFToken": program.csrf}
    )
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "not_json")


@pytest.mark.parametrize("day", ["20250915", "2025-9-15", "2025-02-30", "x"])
def test_a_date_has_one_form(school, day):
    program = Program(school, CLERK)
    for url in (f"/api/v1/groups?date={day}", f"/api/v1/staff-days?date={day}"):
        assert program.get(url).json["error"]["problems"][0]["reason"] == "not_date"
    assert program.put(f"/api/v1/staff-days/A/{day}", {"entries": []}).status_code == 422


def test_staff_days_are_put_and_the_others_filled(school):
    clerk = Program(school, CLERK)
    assert clerk.get("/api/v1/staff-days").json["counts"]["not_recorded"] == 6
    body = {"entries": [{"person_id": TEACHER, "status": "personal_leave", "part": "am"}], "others_present": True}
    answer = clerk.put(STAFF, body).json
    assert (answer["saved"], answer["filled"], answer["counts"]["not_recorded"]) == (1, 5, 0)
    again = clerk.put(STAFF, body).json
    assert (again["saved"], again["filled"]) == (0, 0)
    assert school.rows("SELECT count(*) FROM staff_day") == [(len(ROLES),)]


@pytest.mark.parametrize(
    ("url", "status", "reason"),
    [
        (f"/api/v1/staff-days/B/{MONDAY}", 403, "not_allowed"),
        (f"/api/v1/staff-days/A/{SUNDAY}", 422, "not_a_school_day"),
        ("/api/v1/staff-days/A/2025-09-16", 422, "future_date"),
    ],
)
def test_staff_days_that_cannot_be_are_refused(school, url, status, reason):
    answer = Program(school, CLERK).put(url, {"entries": []})
    error = answer.json["error"]
    assert answer.status_code == status and reason in [error["code"], *(p["reason"] for p in error["problems"])]


def test_the_state_of_sync_names_what_waits(school):
    program = Program(school, HOMEROOM)
    before = program.get("/api/v1/sync").json["backlog_changesets"]
    program.put(REGISTER, {"exceptions": []})
    assert program.get("/api/v1/sync").json["backlog_changesets"] == before + 1


def test_the_document_describes_every_route_and_nothing_else(school):
    document = school.app.test_client().get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in school.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, item in document["paths"].items() for method in item} == there
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert named <= set(document["components"]["schemas"])
    minutes = document["components"]["schemas"]["RegisterBody"]["properties"]["exceptions"]["items"]["properties"]
    assert minutes["minutes"]["maximum"] == 600

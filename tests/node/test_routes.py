"""The URL map of the node × every role: each passes exactly where the table of actions says (DESIGN §8)."""

import pytest

from shared.roles import ACTIONS, ANY_STAFF, MACHINE, PUBLIC, ROLES, may_do
from tests.node.small_node import DAY, make_node, make_pair
from tests.web.small_site import fill, log_in, person, token_in

VALUES = {
    "group_id": "A-12-AA", "date": DAY, "period": 1, "change_id": "none", "leave_id": "none",
    "session": "am", "conflict_id": "none", "finding_id": "none", "person_id": "A-1-AA",
    "pupil_id": "A-21-AA", "order_id": "none",
    "filename": "shell.css", "number": 1,
}  # fmt: skip
# They begin or end the session of the walk itself, or count as its failed log-ins.
SESSION_ROUTES = {"shell.login", "shell.logout", "shell.password", "api.log_in", "api.log_out", "devices.remember"}
# Beside the action of the route, these ask for more than a role, and say so with 403 themselves.
ASK_FOR_MORE = {
    "attendance.save", "api.take", "api.correct", "api.enter_staff_days", "pupils.private", "pupils.edit_private",
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    pair = make_pair(tmp_path_factory.mktemp("routes"))
    staff = [person(f"A-{i + 100}-AA", code, code, (code, "A")) for i, (code, _zh, _en) in enumerate(ROLES)]
    fill(pair.node, [record for each in staff for record in each])
    return make_node(pair)


def calls(app):
    """(endpoint, method, path) of every route but static files, log-in and log-out."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.endswith(".static") or rule.endpoint in SESSION_ROUTES:
            continue
        values = {name: VALUES.get(name, "x") for name in rule.arguments}
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, rule.build(values)[1]


def test_every_route_has_an_action(app):
    routes = app.extensions["tongxin"].routes
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules() if not rule.endpoint.endswith(".static")}
    assert endpoints == set(routes)
    assert set(routes.values()) <= {*ACTIONS, PUBLIC, MACHINE, ANY_STAFF}


@pytest.mark.parametrize("role", [code for code, _zh, _en in ROLES])
def test_a_role_passes_exactly_where_its_actions_are(app, role):
    client = app.test_client()
    assert log_in(client, role).status_code == 302
    token = token_in(client.get("/password").text)
    for endpoint, method, path in calls(app):
        action = app.extensions["tongxin"].routes[endpoint]
        answer = client.open(
            path, method=method, headers={"X-CSRFToken": token, "Accept": "application/json"}, json=_body(method)
        )
        allowed = action in (PUBLIC, MACHINE, ANY_STAFF) or may_do(action, {(role, "A")})
        if not allowed:
            assert answer.status_code == 403, (endpoint, method)
        elif endpoint not in ASK_FOR_MORE:
            assert answer.status_code not in (401, 403), (endpoint, method)
        assert answer.status_code < 500, (endpoint, method, answer.text[:300])


def _body(method):
    return None if method == "GET" else {}


def test_a_stranger_sees_public_pages_only(app):
    client = app.test_client()
    for endpoint, method, path in calls(app):
        if app.extensions["tongxin"].routes[endpoint] in (PUBLIC, MACHINE) or method != "GET":
            continue
        assert client.get(path).status_code in (302, 401), endpoint


def test_a_teacher_of_another_campus_may_log_in_and_see_no_pupil(app):
    """An itinerant teacher's account is everywhere; a role at B opens nothing at A."""
    client = app.test_client()
    assert log_in(client, "zx").status_code == 302
    assert client.get("/").status_code == 200
    for path in (f"/registers/A-12-AA/{DAY}/am", "/registers", "/conflicts"):
        assert client.get(path).status_code == 403, path
    assert "陈雨桐" not in client.get("/").text and "/conflicts" not in client.get("/").text

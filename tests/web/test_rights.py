"""Every route has an action, and every role passes exactly where its actions are (DESIGN §8)."""

import pytest
from flask import Blueprint

from shared.errors import NotAllowed
from shared.roles import ACTIONS, ANY_STAFF, MACHINE, PUBLIC, ROLES, may_do
from shared.web import auth
from shared.web.app import RouteTableWrong, make_app
from tests.web.small_site import CONFIG, ROUTES, fill, log_in, make_replica, make_site, people, person, room, token_in


@pytest.fixture(scope="module")
def site_of_all_roles(tmp_path_factory):
    replica = make_replica(tmp_path_factory.mktemp("roles"))
    staff = [person(f"A-{i + 100}-AA", code, code, (code, "A")) for i, (code, _zh, _en) in enumerate(ROLES)]
    fill(replica, people() + [record for each in staff for record in each])
    return make_site(replica)


@pytest.mark.parametrize("routes", [{}, {**ROUTES, "room.gone": "any_staff"}, {**ROUTES, "room.board": "bord.see"}])
def test_a_route_without_a_declared_action_stops_the_app_from_being_made(tmp_path, routes):
    with pytest.raises(RouteTableWrong):
        make_app("tests.web", replica=make_replica(tmp_path), config=CONFIG, rooms=[room()], routes=routes)


def test_a_route_added_behind_the_table_answers_nobody(tmp_path):
    replica = make_replica(tmp_path)
    fill(replica, people())
    app = make_site(replica)
    late = Blueprint("late", __name__)
    late.add_url_rule("/late", "page", lambda: "secret")
    app.register_blueprint(late)
    client = app.test_client()
    log_in(client, "lxz")
    answer = client.get("/late")
    assert answer.status_code == 500
    assert "secret" not in answer.text


@pytest.mark.parametrize("role", [code for code, _zh, _en in ROLES])
def test_a_role_passes_exactly_where_its_actions_are(site_of_all_roles, role):
    app = site_of_all_roles
    client = app.test_client()
    assert log_in(client, role).status_code == 302
    for endpoint, action in ROUTES.items():
        path = {"room.front": "/", "room.machine": "/machine"}.get(endpoint, "/" + endpoint.partition(".")[2])
        answer = client.post(path) if action == MACHINE else client.get(path)
        allowed = action in (PUBLIC, MACHINE, ANY_STAFF) or may_do(action, {(role, "A")})
        assert answer.status_code == (200 if allowed else 403), endpoint


def test_a_stranger_is_led_to_the_log_in_and_a_program_is_told(site_of_all_roles):
    client = site_of_all_roles.test_client()
    answer = client.get("/register?group=A-12-AA")
    assert (answer.status_code, answer.location) == (302, "/login?next=/register?group%3DA-12-AA")
    answer = client.get("/register", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "login_needed")


def test_rights_are_asked_per_campus(tmp_path):
    replica = make_replica(tmp_path)
    fill(replica, people())
    app = make_site(replica)
    with app.test_request_context():
        app.preprocess_request()
        with app.test_client() as client:
            log_in(client, "wm")
            client.get("/")
            assert auth.may("register.take", "A")
            assert not auth.may("register.take", "B")
            assert auth.visitor().campuses == ("A",)
            with pytest.raises(NotAllowed):
                auth.require("register.take", "B")


@pytest.mark.parametrize(
    ("login", "campus", "rank"), [("wm", "A", "person"), ("lxz", "B", "office"), ("op", "A", "person")]
)
def test_the_office_writes_with_the_office_s_rank(tmp_path, login, campus, rank):
    replica = make_replica(tmp_path)
    fill(replica, people())
    app = make_site(replica)
    with app.test_client() as client:
        log_in(client, login)
        client.get("/")
        assert auth.author(campus).rank == rank


def test_a_write_without_a_csrf_token_is_refused(tmp_path):
    replica = make_replica(tmp_path)
    fill(replica, people())
    client = make_site(replica).test_client()
    log_in(client, "wm")
    assert client.post("/register").status_code == 400
    token = token_in(client.get("/password").text)
    assert client.post("/register", data={"csrf_token": token}).status_code == 200
    assert client.post("/register", headers={"X-CSRFToken": token}).status_code == 200
    assert client.post("/machine").status_code == 200


def test_every_action_is_somebody_s():
    assert all(ACTIONS.values())

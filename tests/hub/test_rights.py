"""Every page of the hub against every role, and pages against strange input."""

from __future__ import annotations

import pytest

from shared.records import Account, AccountRole
from shared.roles import ANY_STAFF, MACHINE, PUBLIC, ROLES, may_do
from shared.web.passwords import hash_password
from sync.capture import write
from sync.change import Author
from sync.replica import connect
from tests.hub.small_hub import CHEAP, PASSWORD, TEACHER, SmallHub

SAMPLES = {
    "slug": "people", "key": TEACHER, "person_id": TEACHER, "node": "N1", "what": "evidence", "id_": "A-1-1",
    "conflict_id": "x", "finding_id": "x", "pupil_id": "A-30-00", "order_id": "A-31-00", "action_id": "x",
    "run_id": "r", "other_id": "s", "code": "c", "version": 1, "filename": "hub.css",
}  # fmt: skip


def pages(hub: SmallHub):
    """(endpoint, url) of everything that answers a GET."""
    adapter = hub.app.url_map.bind("hub")
    for rule in hub.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.endpoint.endswith("static"):
            yield rule.endpoint, adapter.build(rule.endpoint, {name: SAMPLES[name] for name in rule.arguments})


@pytest.mark.parametrize("role", [role for role, _, _ in ROLES])
def test_a_role_opens_exactly_what_the_table_of_rights_says(hub, role) -> None:
    with connect(hub.replica) as db, write(hub.replica, db, Author("A-1-00")) as w:
        w.insert(
            Account(person_id="A-90-00", login="somebody", password_hash=hash_password(PASSWORD, CHEAP)),
            AccountRole(person_id="A-90-00", role=role, campus="*", begin="2025-01-01"),
        )
    client = hub.log_in("somebody")
    routes = hub.app.extensions["tongxin"].routes
    for endpoint, url in pages(hub):
        action = routes[endpoint]
        if action in (PUBLIC, MACHINE, ANY_STAFF):
            continue
        status = client.get(url).status_code
        if may_do(action, [(role, "*")]):
            assert status != 500, (endpoint, status)
        else:
            assert status == 403, (endpoint, status)


def test_a_stranger_sees_the_log_in_page_and_nothing_else(hub) -> None:
    client = hub.app.test_client()
    routes = hub.app.extensions["tongxin"].routes
    for endpoint, url in pages(hub):
        if routes[endpoint] not in (PUBLIC, MACHINE):
            answer = client.get(url)
            assert answer.status_code == 302 and "/login" in answer.location, endpoint


@pytest.mark.parametrize(
    "text", ["\x00", "'; DROP TABLE person; --", "%", "𠮷" * 200, "-1", "9" * 30, "../../etc", "\ud800"]
)
def test_strange_words_in_addresses_never_break_a_page(hub, text) -> None:
    client = hub.log_in("operator")
    query = {name: text for name in ("q", "campus", "sort", "desc", "page", "only", "term", "lang", "kind", "date")}
    encoded = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
    for url in ("/office/list/people", "/office/list/pupils", "/office/list/calendar/new", "/office/list/people.xlsx"):
        assert client.get(url, query_string=encoded).status_code in (200, 400, 404), url
    assert client.get("/office/calendar", query_string=encoded).status_code in (200, 400, 404)
    director = hub.log_in("director")
    assert director.get("/entry/evidence", query_string=encoded).status_code in (200, 400, 404)

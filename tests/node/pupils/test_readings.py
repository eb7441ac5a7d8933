"""Whatever page shows a child's private data: to those who may read it, and never without a note of the reading."""

from __future__ import annotations

import pytest

from shared.records import Account, CardOrder, PupilPrivate
from sync.capture import Author, token_of, write
from sync.conflicts import open_conflicts
from sync.replica import connect
from tests.node.small_node import make_node, make_pair
from tests.web.small_site import fill, log_in, person, token_in

CHILD = "A-21-AA"
CLERK = Author("A-4-AA", rank="office")
ORDER = CardOrder(
    id="A-70-AA", pupil_id=CHILD, host_campus="B", purpose="bus", may_collect="外婆李秀英", begin="2025-09-15",
    end="2025-12-01", ordered_by="A-4-AA", ordered_at="2025-09-14T00:00:00.000Z",
)  # fmt: skip


@pytest.fixture
def pair(tmp_path):
    """A child with a guardian, an order of a card, and somebody of each role that matters here."""
    pair = make_pair(tmp_path)
    homeroom = person("A-80-AA", "别班班主任", "homeroom", ("homeroom_teacher", "A"))
    operator = person("A-81-AA", "系统管理员", "operator", ("system_operator", "*"))
    fill(pair.node, [*homeroom, *operator, PupilPrivate(pupil_id=CHILD, guardian="邓先生"), ORDER])
    return pair


@pytest.fixture
def disputed(pair):
    """Clerk and homeroom teacher changed the guardian's phone from one and the same page."""
    with connect(pair.node) as db:
        token = token_of(db, pair.node, PupilPrivate, (CHILD,))
        for author, phone in ((CLERK, "13800000001"), (Author("A-1-AA"), "13800000002")):
            with write(pair.node, db, author) as w:
                w.update(PupilPrivate, (CHILD,), {"guardian_phone": phone}, token)
        [conflict] = open_conflicts(db, pair.node)
    return conflict


def logged_in(pair, login):
    client = make_node(pair).test_client()
    assert log_in(client, login).status_code == 302
    return client


def noted(pair):
    with connect(pair.node) as db:
        return db.conn.execute("SELECT person_id, what, way, rows, key FROM _reading ORDER BY r").fetchall()


@pytest.mark.parametrize("login", ["homeroom", "operator"])
def test_a_dispute_about_a_child_is_not_shown_to_who_may_not_read_about_that_child(pair, disputed, login):
    """C17: another class's homeroom teacher, and the operator, read no guardian."""
    client = logged_in(pair, login)
    pages = [client.get(path) for path in ("/conflicts", "/conflicts/several", f"/conflicts/{disputed.id}")]
    assert not any("1380000000" in page.text for page in pages) and pages[-1].status_code == 403
    assert noted(pair) == []


@pytest.mark.parametrize("path", ["/conflicts", "/conflicts/several", "/conflicts/{id}"])
def test_who_reads_a_dispute_about_a_child_is_noted(pair, disputed, path):
    assert "13800000001" in logged_in(pair, "wm").get(path.format(id=disputed.id)).text
    assert noted(pair) == [("A-1-AA", "pupil_private", "conflict", 1, CHILD)]


def test_an_order_of_a_card_says_who_may_collect_a_child_and_its_reading_is_noted(pair):
    assert "外婆李秀英" in logged_in(pair, "zjw").get(f"/cards/{ORDER.id}").text
    assert noted(pair) == [("A-4-AA", "card_order", "form", 1, CHILD)]


def test_a_form_refused_shows_the_rest_of_the_data_and_that_is_a_reading_too(pair):
    client = logged_in(pair, "zjw")
    token = token_in(client.get("/pupils").text)
    bad = {"csrf_token": token, "health_note": "长" * 300}
    answer = client.post(f"/pupils/of/{CHILD}/private/edit", data=bad)
    assert answer.status_code == 422 and "邓先生" in answer.text
    assert noted(pair) == [("A-4-AA", "pupil_private", "form", 1, CHILD)]


def call(client, method, path, body=None):
    csrf = client.get("/api/v1/session").json["csrf_token"]
    return client.open(f"/api/v1{path}", method=method, json=body, headers={"X-CSRFToken": csrf})


def newest(pair):
    with connect(pair.node) as db:
        return db.conn.execute(
            "SELECT name || '.' || action FROM _changeset JOIN _origin USING (o) ORDER BY n DESC LIMIT 1"
        ).fetchone()[0]


def test_an_undo_over_the_api_answers_with_private_values_and_is_a_reading(pair):
    with connect(pair.node) as db, write(pair.node, db, Author("A-1-AA")) as w:
        w.update(PupilPrivate, (CHILD,), {"guardian": "王先生"})
    answer = call(logged_in(pair, "wm"), "POST", f"/actions/{newest(pair)}/undo", {"reason": "记错了"})
    assert answer.json["rows"][0]["after"] == {"guardian": "邓先生", "guardian_phone": ""}
    assert noted(pair) == [("A-1-AA", "pupil_private", "history", 1, CHILD)]


def test_no_action_tells_a_password_s_hash_over_the_api(pair):
    """The office sees what was done at its campus: not the hash of a colleague's password."""
    with connect(pair.node) as db, write(pair.node, db, Author("A-1-AA")) as w:
        w.update(Account, ("A-1-AA",), {"password_hash": "scrypt:geheim"})
    answer = call(logged_in(pair, "zjw"), "GET", f"/actions/{newest(pair)}")
    assert answer.status_code == 200 and "geheim" not in answer.text

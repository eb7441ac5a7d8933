"""Connections are kept between requests, never shared, and never kept inside a transaction."""

import pytest

from shared.database import transaction
from shared.web.connections import Connections
from tests.web.small_site import fill, log_in, make_replica, make_site, people


@pytest.fixture
def connections(tmp_path):
    made = Connections(make_replica(tmp_path), idle_max=2)
    yield made
    made.close()


def test_a_connection_given_back_is_taken_again(connections):
    first = connections.take()
    assert connections.take() is not first
    connections.give_back(first)
    assert connections.take() is first


def test_a_connection_inside_a_transaction_is_closed_and_its_work_undone(connections):
    held = connections.take()
    held.db.conn.execute("BEGIN")
    connections.give_back(held)
    assert connections.take() is not held
    with pytest.raises(Exception, match="closed"):
        held.db.conn.execute("SELECT 1")


def test_no_more_are_kept_than_said(connections):
    taken = [connections.take() for _ in range(3)]
    for held in taken:
        connections.give_back(held)
    with pytest.raises(Exception, match="closed"):
        taken[2].db.conn.execute("SELECT 1")


def test_a_kept_connection_sees_what_another_wrote(connections):
    reader, writer = connections.take(), connections.take()
    connections.give_back(reader)
    with transaction(writer.db):
        writer.db.conn.execute("INSERT INTO _setting VALUES ('test', 'new')")
    again = connections.take()
    assert again is reader
    assert again.db.conn.execute("SELECT value FROM _setting WHERE name = 'test'").fetchone() == ("new",)


def test_requests_use_one_connection_after_another(tmp_path):
    replica = make_replica(tmp_path)
    fill(replica, people())
    app = make_site(replica)
    client = app.test_client()
    log_in(client, "lxz")
    for _ in range(5):
        assert client.get("/board").status_code == 200
    assert len(app.extensions["tongxin"].connections._idle) == 1

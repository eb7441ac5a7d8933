"""The hub's web app with only this room in it, over a filled hub, and people who can log in."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from hub.appraisal import views
from shared.records.people import Account, AccountRole
from shared.web.app import MenuItem, make_app
from shared.web.config import PasswordCost, SiteConfig
from shared.web.passwords import hash_password
from sync.capture import write
from sync.replica import Replica, connect
from tests.hub.appraisal.worlds import OFFICE, filled_hub

PASSWORD = "correct horse 7"
CHEAP = PasswordCost(memory_kib=64, passes=1)
ROLES = {
    "A-1-AA": ("principal", "general_principal", "*"),
    "A-2-AA": ("wang", "teacher", "A"),
    "A-3-AA": ("supervisor", "supervision_group", "*"),
    "B-1-AA": ("head_of_b", "campus_head", "B"),
    "B-2-AA": ("operator", "system_operator", "*"),
}


def add_accounts(replica: Replica) -> None:
    """An account with one role for everybody in `ROLES`."""
    secret = hash_password(PASSWORD, CHEAP)
    with connect(replica) as db, write(replica, db, OFFICE) as w:
        for person, (login, role, campus) in ROLES.items():
            w.insert(Account(person_id=person, login=login, password_hash=secret))
            w.insert(AccountRole(person_id=person, role=role, campus=campus, begin="2025-01-01"))


def app_over(replica: Replica) -> Flask:
    """The room inside the shell."""
    config = SiteConfig(secret_key=b"s" * 32, kind="hub", site_name="同心", password=CHEAP)
    menu = (MenuItem("appraisal.index", "考核", "Appraisal"),)
    return make_app("hub", replica=replica, config=config, rooms=[views.blueprint()], routes=views.ROUTES, menu=menu)


def filled_app(folder: Path) -> Flask:
    """An app over the filled hub."""
    replica = filled_hub(folder)
    add_accounts(replica)
    return app_over(replica)


def logged_in(app: Flask, login: str) -> FlaskClient:
    """A browser in which this person is logged in; `token` for its forms is kept in its environment."""
    client = app.test_client()
    answer = client.post("/login", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.environ_base["HTTP_X_CSRFTOKEN"] = answer.get_json()["csrf_token"]
    return client

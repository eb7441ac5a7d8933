"""A site with two campuses and a handful of people, for the tests of the shell."""

import re
from pathlib import Path

from flask import Blueprint, Flask
from flask.testing import FlaskClient

from shared.clock import SettableClock, SystemClock, instant_ms
from shared.ids import SystemRandomness
from shared.records import RECORDS, Account, AccountRole, Campus, Person
from shared.web.app import make_app
from shared.web.config import LockoutLimits, PasswordCost, SiteConfig
from shared.web.db import db
from shared.web.passwords import hash_password
from sync.capture import Author, write
from sync.opening import create_replica
from sync.replica import Replica, connect

# The least argon2 takes: tests of log-in need its answers, not its cost.
CHEAP = PasswordCost(memory_kib=8, passes=1, lanes=1)
MORNING = "2025-09-15T00:05:00.000Z"
PASSWORD = "芝麻开门2025"

CONFIG = SiteConfig(
    secret_key=b"only for tests",
    password=CHEAP,
    lockout=LockoutLimits(per_login=3, per_address=5, window_ms=60_000, entries_max=8),
)


def clock_at(instant: str = MORNING) -> SettableClock:
    """A clock that runs on from an instant."""
    clock = SettableClock(SystemClock())
    clock.set_to(instant_ms(instant))
    return clock


def make_replica(folder: Path, *, role: str = "hub", campus: str = "") -> Replica:
    """An empty replica in a folder."""
    return create_replica(
        folder / "site.db", role=role, campus=campus, records=RECORDS, clock=clock_at(),
        randomness=SystemRandomness(),
    )  # fmt: skip


def person(person_id: str, name: str, login: str, *roles: tuple[str, str], **more: object) -> list[object]:
    """A person with an account and roles held since the year began."""
    hashed = hash_password(PASSWORD, CHEAP)
    account = Account(person_id=person_id, login=login, password_hash=hashed, **more)  # type: ignore[arg-type] # fields
    held = [AccountRole(person_id=person_id, role=r, campus=c, begin="2025-08-01") for r, c in roles]
    return [Person(id=person_id, name=name, staff_number=login[:20]), account, *held]


def people() -> list[object]:
    """Two campuses; a homeroom teacher, a principal, an operator."""
    return [
        Campus(code="A", school_code="3301000001", name="中心校区", main=1),
        Campus(code="B", school_code="3301000002", name="西校区", position=1),
        *person("A-1-AA", "王敏", "wm", ("homeroom_teacher", "A")),
        *person("A-2-AA", "李校长", "lxz", ("general_principal", "*")),
        *person("A-3-AA", "陈操作", "op", ("system_operator", "*")),
    ]


def fill(replica: Replica, records: list[object]) -> None:
    """Write records as the office would."""
    with connect(replica) as database, write(replica, database, Author("A-2-AA", rank="office")) as w:
        for record in records:
            w.put(record)


def room() -> Blueprint:
    """A room with one page of each kind of right."""
    blueprint = Blueprint("room", __name__)
    blueprint.add_url_rule("/", "front", lambda: "front")
    blueprint.add_url_rule("/register", "register", lambda: "register", methods=["GET", "POST"])
    blueprint.add_url_rule("/board", "board", lambda: str(db().conn.execute("SELECT 1").fetchone()[0]))
    blueprint.add_url_rule("/machine", "machine", lambda: "ok", methods=["POST"])
    return blueprint


ROUTES = {
    "room.front": "any_staff",
    "room.register": "register.take",
    "room.board": "board.see",
    "room.machine": "machine",
}


def make_site(replica: Replica, config: SiteConfig = CONFIG) -> Flask:
    """The test room inside the shell."""
    return make_app("tests.web", replica=replica, config=config, rooms=[room()], routes=ROUTES)


def token_in(page: str) -> str:
    """The CSRF token that a page carries."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None, page
    return found.group(1)


def log_in(client: FlaskClient, login: str, password: str = PASSWORD):
    """Log in through the form, as a browser does."""
    token = token_in(client.get("/login").text)
    return client.post("/login", data={"login": login, "password": password, "csrf_token": token})

"""A hub in a real file with its whole app: main campus A, small campus B, a Monday in September 2025."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from hub.app import create_app
from hub.config import HubConfig, RateLimit
from hub.office.sheets import office_sheets
from hub.workbook.template import workbook_of
from shared.clock import SettableClock, SystemClock, instant_ms
from shared.ids import SystemRandomness
from shared.records import (
    RECORDS,
    Account,
    AccountRole,
    Campus,
    Person,
    RosterGroup,
    SchoolYear,
    StaffMembership,
    Term,
)
from shared.web.config import PasswordCost, SiteConfig
from shared.web.passwords import hash_password
from sync.capture import write
from sync.change import Author
from sync.opening import create_replica
from sync.replica import Replica, connect

MONDAY = "2025-09-15"
PASSWORD = "long-enough-1"
CHEAP = PasswordCost(memory_kib=8, passes=1, lanes=1)
OPERATOR, OPERATOR_2, CLERK, DIRECTOR, HEAD_B, TEACHER = (f"A-{n}-00" for n in range(1, 7))
CLASS_A = "A-20-00"
_PEOPLE = (
    # id, name, staff number, initials, login, role, campus of the role, campus of membership
    (OPERATOR, "赵管理", "0001", "zgl", "operator", "system_operator", "*", "A"),
    (OPERATOR_2, "钱备份", "0002", "qbf", "operator2", "system_operator", "*", "A"),
    (CLERK, "孙教务", "0003", "sjw", "clerk", "clerk", "A", "A"),
    (DIRECTOR, "李主任", "0004", "lzr", "director", "centre_director", "*", "A"),
    (HEAD_B, "周校长", "0005", "zxz", "headb", "campus_head", "B", "B"),
    (TEACHER, "王小明", "0006", "wxm", "teacher", "teacher", "A", "A"),
)


@dataclass
class SmallHub:
    """The file, its clock (to be set), its app."""

    replica: Replica
    clock: SettableClock
    app: Flask

    def log_in(self, login: str) -> FlaskClient:
        """A browser in which somebody is logged in."""
        client = self.app.test_client()
        token = csrf_in(client.get("/login").text)
        form = {"login": login, "password": PASSWORD, "csrf_token": token}
        answer = client.post("/login", data=form)
        assert answer.status_code == 302, answer.text
        return client

    def count(self, table: str) -> int:
        """Rows of a table."""
        with connect(self.replica) as db:
            return int(db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with connect(self.replica) as db:
            return list(db.conn.execute(sql, values).fetchall())


def csrf_in(page: str) -> str:
    """The CSRF token of a page."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found, page[:300]
    return found[1]


def post(client: FlaskClient, url: str, data: Mapping[str, Any], **more: Any) -> Any:
    """Post a form as a browser does: with the token of a page of this session."""
    token = csrf_in(client.get("/password").text)
    return client.post(url, data={**data, "csrf_token": token}, **more)


def make_hub(folder: Path, **settings: Any) -> SmallHub:
    """A hub with two campuses, six people, one class, logged-in accounts ready."""
    clock = SettableClock(SystemClock())
    clock.set_to(instant_ms(f"{MONDAY}T01:00:00.000Z"))
    folder.mkdir(parents=True, exist_ok=True)
    replica = create_replica(folder / "hub.db", role="hub", records=RECORDS, clock=clock, randomness=SystemRandomness())
    hashed = hash_password(PASSWORD, CHEAP)
    with connect(replica) as db, write(replica, db, Author(OPERATOR)) as w:
        w.insert(
            Campus(code="A", school_code="2133000001", name="中心校区", main=1),
            Campus(code="B", school_code="2133000002", name="西校区", position=1),
            SchoolYear(code="2025", name="2025–2026学年", begin="2025-09-01", end="2026-09-01"),
            Term(code="2025-1", school_year="2025", name="上学期", begin="2025-09-01", end="2026-01-24"),
            RosterGroup(id=CLASS_A, campus="A", cohort="2024", name="二(1)班", begin="2025-09-01"),
        )
        for number, (id_, name, staff, initials, login, role, at, campus) in enumerate(_PEOPLE):
            w.insert(
                Person(id=id_, name=name, staff_number=staff, initials=initials),
                StaffMembership(
                    id=f"{campus}-{40 + number}-00",
                    person_id=id_,
                    campus=campus,
                    category="teacher",
                    begin="2025-08-01",
                ),
                Account(person_id=id_, login=login, password_hash=hashed),
                AccountRole(person_id=id_, role=role, campus=at, begin="2025-08-01"),
            )
    site = SiteConfig(secret_key=b"k" * 32, kind="hub", password=CHEAP, body_bytes_max=10_000_000)
    config = HubConfig(site=site, enrol_rate=RateLimit(3, 60_000))
    return SmallHub(replica, clock, create_app(replica, replace(config, **settings)))


def workbook(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """An office workbook with these rows by table name."""
    return workbook_of([s for s in office_sheets() if s.table in rows], rows)


def upload(client: FlaskClient, url: str, data: bytes) -> Any:
    """Upload a workbook."""
    return post(client, url, {"file": (io.BytesIO(data), "x.xlsx")}, content_type="multipart/form-data")


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]

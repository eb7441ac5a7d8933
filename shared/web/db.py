"""The database, the replica and the date of the request being served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, cast

from flask import Flask, current_app, g
from sqlite_utils import Database

from shared.clock import Clock, local_date
from shared.findings.memo import FindingsMemo
from shared.findings.model import Finding
from shared.web.config import SiteConfig
from shared.web.connections import Connections, Held
from shared.web.lockout import FailedLogins
from sync.replica import Replica


@dataclass(frozen=True)
class Site:
    """What an app was made with; the one thing hung on Flask's app object."""

    replica: Replica
    config: SiteConfig
    routes: dict[str, str]
    failed_logins: FailedLogins
    connections: Connections
    menu: tuple[Any, ...] = ()
    head: Any = None
    day: Callable[[], date] | None = None
    campus: Callable[[], str] | None = None
    findings: FindingsMemo = field(default_factory=FindingsMemo)


def site() -> Site:
    """What this app was made with."""
    return cast(Site, current_app.extensions["tongxin"])


def replica() -> Replica:
    """The replica behind this app."""
    return site().replica


def clock() -> Clock:
    """The clock of this app."""
    return replica().clock


def today() -> date:
    """The school's date: by this app's clock, unless a person has said otherwise (C6)."""
    day = site().day
    return day() if day else local_date(clock().now_ms())


def site_campus() -> str:
    """The campus at which all of this site is; "" at the hub, which serves them all."""
    here = site().campus
    return here() if here else ""


def open_findings(*, days_before: int = 7, days_after: int = 28) -> list[Finding]:
    """The open domain conflicts around today: what chips, menus and boards count (C7, C14)."""
    day = today()
    begin, end = day - timedelta(days=days_before), day + timedelta(days=days_after)
    return site().findings.open_between(db(), replica(), begin.isoformat(), end.isoformat())


def db() -> Database:
    """The database connection of this request, taken at first use and given back at its end."""
    if "tongxin_db" not in g:
        g.tongxin_db = site().connections.take()
    return cast(Held, g.tongxin_db).db


def give_db_back(_error: BaseException | None = None) -> None:
    """Give back what this request took."""
    held = g.pop("tongxin_db", None)
    if held is not None:
        site().connections.give_back(held)


def register(app: Flask) -> None:
    """Have every request's connection given back."""
    app.teardown_appcontext(give_db_back)

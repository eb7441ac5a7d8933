"""The hub app: its rooms, listed by name and in order."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, redirect, url_for

from hub.appraisal import views as appraisal
from hub.bookings import views as bookings
from hub.campuses import views as campuses
from hub.cards import deliver
from hub.config import HubConfig
from hub.db import Hub
from hub.entry import views as entry
from hub.erasing import views as erasing
from hub.follow_up import follow_up
from hub.office import views as office
from hub.sync_api import views as sync_api
from hub.sync_api.policy import SchoolPolicy
from hub.sync_rate import Rate
from hub.timetable import views as timetable
from hub.workbook.cells import code_of
from hub.workbook.naming import masked
from hub.workbook.sheets import PERSONAL
from hub.workbook.template import shown
from shared.codes import CODE_LISTS
from shared.records.declare import Spec, specs_of
from shared.roles import ANY_STAFF, ROLES
from shared.web import auth
from shared.web.accounts import views as accounts
from shared.web.app import MenuItem, language, make_app
from shared.web.bundles import views as bundles
from shared.web.cards import views as cards
from shared.web.conflicts import views as conflicts
from shared.web.history import views as history
from shared.web.readings import views as readings
from sync.replica import Replica


def create_app(replica: Replica, config: HubConfig) -> Flask:
    """The hub's web app over a replica of role "hub"."""
    rooms = (
        campuses, appraisal, entry, office, timetable, bookings, erasing, accounts, conflicts, history, readings,
        bundles,
    )  # fmt: skip
    routes = {"hub_static.front": ANY_STAFF}
    for room in (*rooms, cards, sync_api):
        routes |= room.ROUTES
    menu = (
        MenuItem("campuses.board", "校区", "Campuses"),
        MenuItem("appraisal.index", "考核", "Appraisal"),
        MenuItem("entry.index", "登记", "Entry"),
        MenuItem("office.index", "办公室", "Office"),
        MenuItem("bookings.page", "教室", "Rooms"),
        MenuItem("accounts.page", "账号", "Accounts"),
        MenuItem("conflicts.inbox", "冲突", "Conflicts"),
        MenuItem("history.page", "最近的操作", "History"),
    )
    blueprints = [_own(), *(room.blueprint() for room in rooms)]
    blueprints += [cards.blueprint(deliver), sync_api.blueprint(deliver)]
    app = make_app(
        "hub", replica=replica, config=config.site, rooms=blueprints, routes=routes, menu=menu, head=campuses.head_chip,
        gates=[bundles.upload_gate],
    )
    app.extensions["tongxin_hub"] = Hub(config, Rate(config.enrol_rate))
    app.extensions["tongxin_bundles"] = bundles.Loading(SchoolPolicy(replica.clock), follow_up)
    return app


def _own() -> Blueprint:
    """The hub's static files, shared templates and front page."""
    own = Blueprint(
        "hub_static", __name__, static_folder="static", static_url_path="/hub-static", template_folder="templates"
    )
    own.add_url_rule("/", "front", front)
    own.app_context_processor(_words)
    return own


def front() -> Any:
    """To the first room that the visitor may open."""
    for endpoint, action in (
        ("campuses.board", "board.see"), ("office.index", "staff.see"), ("entry.index", "evidence.enter"),
    ):  # fmt: skip
        if auth.may(action):
            return redirect(url_for(endpoint))
    return redirect(url_for("appraisal.index"))


def _words() -> dict[str, Any]:
    """What forms made from declarations ask for."""

    def label_of(spec: Spec) -> str:
        return spec.zh if language() == "zh" else spec.en[:1].upper() + spec.en[1:]

    def field_label(record: type, name: str) -> str:
        return label_of(specs_of(record)[name])

    def field_shown(record: type, name: str, value: Any) -> str:
        if name in PERSONAL and value:
            return masked(str(value))
        return shown(specs_of(record)[name], value if isinstance(value, str | int) else None, language()) or "—"

    return {
        "label_of": label_of,
        "code_list": lambda name: [code for code, _, _ in CODE_LISTS[name]],
        "code_meant": lambda name, text: code_of(name, str(text)),
        "roles_listed": lambda: ROLES,
        "field_label": field_label,
        "field_shown": field_shown,
    }

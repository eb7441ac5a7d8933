"""The campus app: its rooms by name, its menu, and what must hold before any of them opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, request, url_for

from node import db as node_db
from node.api import views as api
from node.attendance import views as attendance
from node.bookings import views as bookings
from node.bookings.answering import answer_requests
from node.config import ClockLimits, NodeConfig, NodePorts
from node.leave import views as leave
from node.lessons import views as lessons
from node.pupils import views as pupils
from node.recovery import views as recovery
from node.recovery.daywatch import DayWatch
from node.recovery.store import begin_run
from node.setup import views as setup
from node.staff import views as staff
from node.sync_state import views as sync_state
from node.today import views as today
from shared.web.accounts import views as accounts
from shared.web.app import MenuItem, make_app
from shared.web.bundles import views as bundles
from shared.web.cards import views as cards
from shared.web.config import SiteConfig
from shared.web.conflicts import views as conflicts
from shared.web.history import views as history
from shared.web.readings import views as readings
from sync.replica import Replica, connect

MENU = (
    MenuItem("today.page", "今天", "Today"),
    MenuItem("attendance.day", "点名", "Registers"),
    MenuItem("lessons.week", "课表", "Lessons"),
    MenuItem("leave.page", "请假", "Leave"),
    MenuItem("pupils.page", "学生", "Pupils"),
    MenuItem("pupils.guests", "来访学生", "Guests"),
    MenuItem("staff.day", "教职工考勤", "Staff days"),
    MenuItem("bookings.day", "教室", "Rooms"),
    MenuItem("conflicts.inbox", "冲突", "Conflicts"),
    MenuItem("history.page", "最近的操作", "History"),
    MenuItem("sync_state.page", "同步", "Sync"),
    MenuItem("accounts.page", "账号", "Accounts"),
)

# What writes or opens a register waits until the date is believed; so does the page that says which are due:
# in 1970 nobody has a class. What may see registers over the API shows which may be taken, and hands out the token.
NEEDS_A_DATE = frozenset(
    {
        "register.see", "register.take", "register.correct", "staff_day.enter", "lesson.close", "room.book",
        "room.decide",
    }
)  # fmt: skip
NEEDS_A_DATE_ROOMS = frozenset(
    {"today", "attendance", "staff", "lessons", "leave", "bookings", "pupils", "history"}
)  # fmt: skip


def create_app(
    replica: Replica,
    config: SiteConfig,
    *,
    hub_url: str = "",
    ports: NodePorts | None = None,
    limits: ClockLimits | None = None,
) -> Flask:
    """The app of one node. Notes in the replica that a server runs, so that a power cut is noticed.

    hub_url: shown on the set-up page to begin with; ports: doors to the world outside. Whoever serves it
    says `node.recovery.store.end_run(db)` at a clean stop.
    """
    held = NodeConfig(hub_url, limits or ClockLimits(), ports or NodePorts())
    watch = DayWatch(replica.clock, held.clock)
    rooms = (
        today, attendance, lessons, leave, staff, bookings, pupils, cards, readings, conflicts, history, sync_state,
        bundles, accounts, recovery, setup, api,
    )  # fmt: skip
    routes = {endpoint: action for room in rooms for endpoint, action in room.ROUTES.items()}
    app = make_app(
        "node",
        replica=replica,
        config=config,
        rooms=[room.blueprint() for room in rooms],
        routes=routes,
        menu=MENU,
        head=sync_state.head_chip,
        gates=[bundles.upload_gate, setup.enrolment_gate, recovery.recovery_gate, _date_gate(routes)],
        day=watch.today,
        campus=node_db.campus,
    )
    app.extensions["tongxin_node"] = held
    app.extensions["tongxin_bundles"] = bundles.Loading(after=answer_requests)
    app.extensions["tongxin_daywatch"] = watch
    app.context_processor(_page_scripts)
    with connect(replica) as db:
        begin_run(db, replica.boot)
    return app


def _date_gate(routes: dict[str, str]) -> Callable[[], Any]:
    """Asked before rights are: under a date of 1970 nobody holds a role yet."""

    def gate() -> Any:
        endpoint = request.endpoint or ""
        if request.blueprint in NEEDS_A_DATE_ROOMS or routes.get(endpoint) in NEEDS_A_DATE:
            if not endpoint.endswith(".static"):
                return recovery.date_needs_confirmation()
        return None

    return gate


def _page_scripts() -> dict[str, Any]:
    if not node_db.is_enrolled():
        return {"page_scripts": ()}
    return {"page_scripts": (url_for("recovery.static", filename="phone.js"),)}

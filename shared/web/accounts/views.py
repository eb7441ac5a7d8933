"""The room of accounts, the same on node and hub: a list, a choice, and a sheet of slips shown once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from shared.clock import instant_text
from shared.errors import Problem
from shared.rights import Value
from shared.roles import EVERYWHERE
from shared.web import auth
from shared.web.accounts import listing, store
from shared.web.accounts.rules import Holder, Slip, login_for, one_time_password
from shared.web.accounts.touching import may_touch_account
from shared.web.db import clock, db, replica, site, today
from shared.web.listing import (
    Bulk,
    BulkDeed,
    ListColumn,
    ListFilter,
    ListRow,
    asked_of,
    cells_for_file,
    found_in,
    listing_of,
)
from shared.web.passwords import hash_password
from shared.web.qr import qr_svg
from shared.web.store import campus_names
from shared.web.workbook_writing import list_workbook

ROUTES = {
    "accounts.page": "account.manage",
    "accounts.export": "account.manage",
    "accounts.slips": "account.manage",
}
VALID_MS = 14 * 24 * 3600 * 1000


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint(
        "accounts", __name__, template_folder="templates", static_folder="static", static_url_path="/static/accounts"
    )
    room.add_url_rule("/accounts", "page", page)
    room.add_url_rule("/accounts/shown.xlsx", "export", export)
    room.add_url_rule("/accounts/slips", "slips", slips, methods=["POST"])
    return room


def _here() -> str:
    here = site().campus
    return here() if here else ""


def _may_touch(holder: Holder) -> bool:
    """What the hub would judge is asked here first; a new account is made at the hub alone, and nobody locks
    himself out by a slip of his own."""
    if holder.person_id == auth.visitor().person_id:
        return False
    if holder.state == "revoked" or (holder.state == "none" and _here()):
        return False
    row: dict[str, Value] = {"person_id": holder.person_id}
    op, row = ("i", row) if holder.state == "none" else ("u", _reset_row(holder))
    # At the hub everybody is listed; a clerk hands out slips where he is clerk.
    at_home = any(auth.may("account.manage", campus) for campus in holder.campuses)
    return at_home and may_touch_account(op, row)


def _reset_row(holder: Holder) -> dict[str, Value]:
    return {"person_id": holder.person_id, "password_hash": "", "must_change": 1, "password_until": None}


def _holders() -> list[Holder]:
    return store.holders(db(), _here(), today().isoformat(), instant_text(clock().now_ms()))


def page() -> str:
    """Everybody, with the state of each account; those that may be touched have a box to tick."""
    return _page(())


def _page(problems: tuple[Problem, ...]) -> str:
    columns, filters, rows = _listed()
    shown = listing_of(_("账号"), columns, rows, asked_of(request.args, columns, filters), filters)
    bulk = Bulk(
        url_for("accounts.slips") + shown.asked.query(page=shown.asked.page),
        (BulkDeed("slips", _("出条子"), main=True),), "person",
    )  # fmt: skip
    return render_template(
        "accounts/page.html", listing=shown, bulk=bulk, here=_here(), campuses=campus_names(db()), problems=problems,
        address=request.form.get("address") or request.host_url,
    )  # fmt: skip


def export() -> Any:
    """Exactly what the list shows, on all its pages, as a workbook."""
    columns, filters, rows = _listed()
    found = found_in(rows, columns, asked_of(request.args, columns, filters))
    data = list_workbook(_("账号"), [column.title for column in columns], cells_for_file(found))
    return send_file(data, as_attachment=True, download_name=_("账号") + ".xlsx")


def _listed() -> tuple[list[ListColumn], list[ListFilter], list[ListRow]]:
    words = {"person": _("姓名"), "campus": _("校区"), "login": _("登录名"), "state": _("状态")}
    states = {
        "none": _("没有账号"), "first": _("还没改一次性口令"), "lapsed": _("一次性口令已过期"), "active": _("在用"),
        "revoked": _("已停用"),
    }  # fmt: skip
    holders, campuses, here = _holders(), campus_names(db()), _here()
    asked = set(request.form.getlist("person")) if request.method == "POST" else None
    rows = listing.rows(
        holders, states, campuses, may_touch=_may_touch,
        ticked=lambda each: listing.wants_slip(each, asked, at_hub=not here),
    )  # fmt: skip
    return listing.columns(words), listing.filters(holders, words, states, {} if here else campuses), rows


def slips() -> Any:
    """Accounts or new one-time passwords for the people chosen, and their slips: shown now and never again."""
    chosen = set(request.form.getlist("person"))
    holders = [each for each in _holders() if each.person_id in chosen and _may_touch(each)]
    address = request.form.get("address", "").strip()
    if not holders:
        flash(_("没有选人。"), "warn")
        return redirect(url_for("accounts.page"))
    if not address.startswith(("http://", "https://")) or len(address) > 200:
        problem = Problem("address", "not_url", {"zh": "登录地址", "en": "Log-in address"})
        return _page((problem,)), 422
    until = instant_text(clock().now_ms() + VALID_MS)
    taken, made, shown = store.logins_taken(db()), [], []
    for holder in holders:
        login = holder.login or login_for(holder.staff_number, holder.person_id, taken)
        taken.add(login)
        password = one_time_password(replica().randomness)
        made.append((holder, login, hash_password(password, site().config.password)))
        shown.append(Slip(holder.name, holder.campuses, login, password))
    grants = not _here() and auth.may("role.grant", EVERYWHERE)
    day = today().isoformat()
    store.write_accounts(replica(), db(), auth.author(_here()), made, until=until, day=day, with_roles=grants)
    pictures = [(slip, qr_svg(f"{address.rstrip('/')}/login?login={slip.login}")) for slip in shown]
    return render_template(
        "accounts/slips.html", slips=pictures, address=address, until=until[:10], campuses=campus_names(db())
    )


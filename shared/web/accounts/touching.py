"""Whose rows the visitor may touch: the rules by which the hub judges nodes, asked before a page writes."""

from __future__ import annotations

from shared.errors import NotAllowed
from shared.rights import Act, Value, Writer, objection
from shared.web import auth
from shared.web.db import db, site_campus, today
from shared.web.store import Known


def objection_here(table: str, op: str, row: dict[str, Value]) -> str | None:
    """Why the rules of rights do not let the visitor write this row, or None. op: i, u or d; row: the key and what is
    changed."""
    who = auth.visitor()
    known = Known(db(), today().isoformat())
    return objection(Act(table, op, row), Writer(who.person_id, who.roles, site_campus()), known)


def may_touch(table: str, op: str, row: dict[str, Value]) -> bool:
    """True when the rules of rights let the visitor write this row."""
    return objection_here(table, op, row) is None


def may_touch_account(op: str, row: dict[str, Value]) -> bool:
    """True when the visitor may write this row of an account."""
    return may_touch("account", op, row)


def require_account(op: str, row: dict[str, Value]) -> None:
    """Raise NotAllowed unless `may_touch_account`."""
    if not may_touch_account(op, row):
        raise NotAllowed("not_allowed", action="account.manage")

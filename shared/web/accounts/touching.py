"""Whose account the visitor may touch: the rule by which the hub judges nodes, asked before a page writes."""

from __future__ import annotations

from shared.errors import NotAllowed
from shared.rights import Act, Value, Writer, objection
from shared.web import auth
from shared.web.db import db, site_campus, today
from shared.web.store import Known


def may_touch_account(op: str, row: dict[str, Value]) -> bool:
    """True when the visitor may write this row of an account. op: i or u; row: the key and what is changed."""
    who = auth.visitor()
    known = Known(db(), today().isoformat())
    return objection(Act("account", op, row), Writer(who.person_id, who.roles, site_campus()), known) is None


def require_account(op: str, row: dict[str, Value]) -> None:
    """Raise NotAllowed unless `may_touch_account`."""
    if not may_touch_account(op, row):
        raise NotAllowed("not_allowed", action="account.manage")

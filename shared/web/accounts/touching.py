"""Whose rows the visitor may touch: the rules by which the hub judges nodes, asked before a page writes."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import NotAllowed
from shared.rights import Act, Value, Writer, objection
from shared.web import auth
from shared.web.db import db, site_campus, today
from shared.web.store import booker_of, exception_noted_by, homerooms_of, person_of_evidence, roles_of


class Known:
    """What the rules of `shared.rights` look up."""

    def roles_held_by(self, person_id: str) -> frozenset[tuple[str, str]]:
        """See `shared.rights.Known`."""
        return roles_of(db(), person_id, today().isoformat())

    def booker_of(self, series_id: str) -> tuple[str, str]:
        """See `shared.rights.Known`."""
        return booker_of(db(), series_id)

    def person_of_evidence(self, id_: str) -> str:
        """See `shared.rights.Known`."""
        return person_of_evidence(db(), id_)

    def exception_noted_by(self, key: Sequence[Value]) -> str:
        """See `shared.rights.Known`."""
        return exception_noted_by(db(), key)

    def homerooms_of(self, pupil_id: str) -> frozenset[str]:
        """See `shared.rights.Known`."""
        return homerooms_of(db(), pupil_id)


def may_touch(table: str, op: str, row: dict[str, Value]) -> bool:
    """True when the rules of rights let the visitor write this row. op: i, u or d; row: the key and what is changed."""
    who = auth.visitor()
    return objection(Act(table, op, row), Writer(who.person_id, who.roles, site_campus()), Known()) is None


def may_touch_account(op: str, row: dict[str, Value]) -> bool:
    """True when the visitor may write this row of an account."""
    return may_touch("account", op, row)


def require_account(op: str, row: dict[str, Value]) -> None:
    """Raise NotAllowed unless `may_touch_account`."""
    if not may_touch_account(op, row):
        raise NotAllowed("not_allowed", action="account.manage")

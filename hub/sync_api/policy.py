"""What the engine's judge asks of the school: who holds which role today, and for whom it may speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlite_utils import Database

from shared.bookings.rules import RULE
from shared.clock import Clock, local_date
from shared.rights import OFFICE_ROLES, PLACES, RULES, Act, Writer, objection
from shared.roles import EVERYWHERE
from shared.schema import Value
from shared.web.store import Known, account_of, roles_of
from sync.change import Header
from sync.steps.judge import PROGRAM

ORDINARY_RANKS = frozenset({"terminal", "derived", "person"})


class SchoolPolicy:
    """The policy of a hub: roles by the hub's own state on the hub's own date (C9)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def roles_of(self, db: Database, person_id: str) -> frozenset[tuple[str, str]]:
        """(role, campus) pairs held now; empty for an unknown person and for a revoked account.

        The rule that answers room requests (C8) is an author without an account: a program.
        """
        if person_id == RULE:
            return frozenset({(PROGRAM + RULE, EVERYWHERE)})
        account = account_of(db, person_id)
        if account is None or account.revoked_at:
            return frozenset()
        return roles_of(db, person_id, self._today())

    def _today(self) -> str:
        return local_date(self._clock.now_ms()).isoformat()

    def ranks_of(self, roles: frozenset[tuple[str, str]], campus: str) -> frozenset[str]:
        """Everybody speaks as a person; "office" needs one of the office's roles at the changeset's campus."""
        office = any(role in OFFICE_ROLES and at in (EVERYWHERE, campus) for role, at in roles)
        return ORDINARY_RANKS | {"office"} if office else ORDINARY_RANKS

    def objection(
        self, db: Database, author: Header, roles: frozenset[tuple[str, str]], table: str, op: str,
        rows: Iterable[Mapping[str, Value]],
    ) -> str | None:  # fmt: skip
        """What the school's own rules say against the first of these rows that may not be; None when all may."""
        if table not in RULES and table not in PLACES:
            return None
        writer, known = Writer(author.person_id, roles, author.campus), Known(db, self._today())
        found = (objection(Act(table, op, row), writer, known) for row in rows)
        return next((reason for reason in found if reason is not None), None)

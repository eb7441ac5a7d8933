"""What the engine's judge asks of the school: who holds which role today, and for whom it may speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlite_utils import Database

from shared.bookings.rules import RULE
from shared.clock import Clock, local_date
from shared.rights import OFFICE_ROLES, PLACES, RULES, Act, Writer, objection
from shared.roles import EVERYWHERE
from shared.schema import Value
from shared.web.store import (
    account_of,
    booker_of,
    exception_noted_by,
    homerooms_of,
    person_of_evidence,
    roles_of,
)
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
        return roles_of(db, person_id, local_date(self._clock.now_ms()).isoformat())

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
        writer, known = Writer(author.person_id, roles, author.campus), _Known(self, db)
        found = (objection(Act(table, op, row), writer, known) for row in rows)
        return next((reason for reason in found if reason is not None), None)


class _Known:
    """What the rules look up, in the hub's own state."""

    def __init__(self, policy: SchoolPolicy, db: Database) -> None:
        self._policy, self._db = policy, db

    def roles_held_by(self, person_id: str) -> frozenset[tuple[str, str]]:
        """See `shared.rights.Known`."""
        return self._policy.roles_of(self._db, person_id)

    def booker_of(self, series_id: str) -> tuple[str, str]:
        """See `shared.rights.Known`."""
        return booker_of(self._db, series_id)

    def person_of_evidence(self, id_: str) -> str:
        """See `shared.rights.Known`."""
        return person_of_evidence(self._db, id_)

    def exception_noted_by(self, key: Sequence[Value]) -> str:
        """See `shared.rights.Known`."""
        return exception_noted_by(self._db, key)

    def homerooms_of(self, pupil_id: str) -> frozenset[str]:
        """See `shared.rights.Known`."""
        return homerooms_of(self._db, pupil_id)

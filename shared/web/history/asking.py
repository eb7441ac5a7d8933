"""Actions as a person may see and undo them: the doors that pages, API and commands share. No Flask here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from shared.errors import NotAllowed, NotFound
from shared.rights import Writer
from shared.web.history.rules import (
    HistoryLimits,
    author_rank,
    checked_reason,
    closed_in,
    may_see,
    objection_to,
    refusal,
    seen_campuses,
)
from shared.web.store import Known, campus_names
from sync.actions import Action, Asked, Bodies, action_of, recent_actions
from sync.change import Author
from sync.replica import Replica
from sync.undo import Plan, plan_undo, undo

# Before everything: the newest page.
NEWEST = 2**62


@dataclass(frozen=True)
class Asker:
    """Who asks, on which school date, by which clock."""

    writer: Writer
    day: str
    now_ms: int


@dataclass(frozen=True)
class Standing:
    """An action with what an undo would do, or why there is none: `refusal` before the rows are looked at,
    `plan.obstacles` in the rows."""

    action: Action
    plan: Plan | None
    refusal: str | None

    @property
    def possible(self) -> bool:
        """True when it can be taken back as things stand."""
        return self.plan is not None and not self.plan.obstacles and self.refusal is None


def actions_seen(db: Database, asker: Asker, *, before: int, most: int) -> list[Action]:
    """The newest actions that somebody may see, before a local number."""
    campuses = seen_campuses(asker.writer, campus_names(db))
    return recent_actions(db, Asked(asker.writer.person_id, campuses), before=before, most=most)


def seen_action(db: Database, asker: Asker, id_: str) -> Action:
    """One action. Raises NotFound also for one that is none of the asker's business."""
    action = action_of(db, id_)
    if not may_see(action, asker.writer):
        raise NotFound("action_not_found", action=id_)
    return action


def standing_of(replica: Replica, db: Database, asker: Asker, action: Action, limits: HistoryLimits) -> Standing:
    """Whether an action can be taken back by somebody now, and what that would do."""
    found = refusal(action, tables_of_action(replica, db, action), asker.writer, asker.now_ms, limits)
    if found is not None:
        return Standing(action, None, found)
    plan = plan_undo(replica, db, action)
    return Standing(action, plan, _objection(replica, db, asker, plan, limits))


def _objection(replica: Replica, db: Database, asker: Asker, plan: Plan, limits: HistoryLimits) -> str | None:
    closed = closed_in(plan, replica.tables, asker.day, limits) if asker.writer.campus else None
    return closed or objection_to(plan, replica.tables, asker.writer, Known(db, asker.day))


def tables_of_action(replica: Replica, db: Database, action: Action) -> list[str]:
    """The tables that an action wrote."""
    bodies = Bodies(db, replica.tables)
    return sorted({name for n in action.numbers for name, _ in bodies.of(n).changes})


def take_back(
    replica: Replica, db: Database, asker: Asker, id_: str, reason: str, limits: HistoryLimits
) -> Plan:
    """Undo an action; what was done. Raises NotFound, NotAllowed, InvalidInput (no reason), UndoRefused."""
    reason = checked_reason(reason, limits)
    action = seen_action(db, asker, id_)
    found = refusal(action, tables_of_action(replica, db, action), asker.writer, asker.now_ms, limits)
    if found is not None:
        raise NotAllowed(found, action=action.id)

    def permit(plan: Plan) -> None:
        objection = _objection(replica, db, asker, plan, limits)
        if objection is not None:
            raise NotAllowed(objection, action=action.id)

    author = Author(asker.writer.person_id, author_rank(action, asker.writer))
    return undo(replica, db, action.id, author, reason, permit)


def undone_among(actions: Sequence[Action]) -> set[str]:
    """Those of some actions that another of them takes back and that stand undone: an undo that was itself taken back
    counts for nothing."""
    undone: set[str] = set()
    for action in actions:  # newest first
        if action.undoes and action.id not in undone:
            undone.add(action.undoes)
    return undone

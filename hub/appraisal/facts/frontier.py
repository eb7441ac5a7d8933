"""How far the data reaches: what a run saw, and what still lacks before it can be final."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from hub.appraisal.facts.rows import Period
from shared.clock import instant_ms, local_date
from shared.findings import register_twice, teacher_two_places
from shared.findings.model import Finding
from shared.findings.store import findings_between
from sync.replica import Replica
from sync.status import campus_boards, sync_status

DOUBTFUL = (teacher_two_places.KIND, register_twice.KIND)
DATES_MOST = 5


@dataclass(frozen=True)
class CampusReach:
    """Up to when a campus's records are known here. Empty where it never synced or has no node."""

    campus: str
    node: str
    known_until: str

    def covers(self, period: Period) -> bool:
        """True when everything recorded before the end of the period is here."""
        return bool(self.known_until) and local_date(instant_ms(self.known_until)).isoformat() >= period.end


@dataclass(frozen=True)
class Frontier:
    """The state of sync a run saw.

    streams: `origin/scope` → last sequence number applied; findings: the domain conflicts of the period that make its
    facts doubtful, an entry a kind: count, first dates, campuses; owing: campuses that have not given back yet what
    this hub lacks since it was restored from an old copy.
    """

    campuses: tuple[CampusReach, ...]
    open_conflicts: int
    open_reviews: int
    quarantined: int
    waiting: int
    streams: dict[str, int]
    findings: tuple[dict[str, Any], ...] = ()
    owing: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        campuses = [vars(each) for each in self.campuses]
        return {**vars(self), "campuses": campuses}


def read_frontier(db: Database, replica: Replica, period: Period) -> Frontier:
    """The frontier of a period at this moment. Call inside `reading(db)`, with the facts."""
    status = sync_status(db, replica)
    boards = [each for each in campus_boards(db, replica) if each.revoked_at is None]
    reach = [CampusReach(each.campus, each.node, each.known_until or "") for each in boards]
    with_node = {each.campus for each in boards}
    reach += [CampusReach(code, "", "") for code in _campuses(db) if code not in with_node]
    return Frontier(
        tuple(sorted(reach, key=lambda each: (each.campus, each.node))),
        status.open_conflicts, status.open_reviews,
        sum(each.quarantined for each in boards),
        status.waiting + status.parked,
        _streams(db),
        _doubtful(findings_between(db, replica, period.begin, period.end)),
        tuple(sorted({each.campus for each in boards if each.owes})),
    )  # fmt: skip


def _doubtful(findings: Iterable[Finding]) -> tuple[dict[str, Any], ...]:
    """Those from which points follow, counted by kind: lessons that one teacher cannot both have held, registers with
    two answers. Only the first dates are kept: a run is no list of conflicts."""
    kinds: dict[str, list[Finding]] = {}
    for each in findings:
        if each.kind in DOUBTFUL:
            kinds.setdefault(each.kind, []).append(each)
    return tuple(
        {"kind": kind, "count": len(found), "dates": sorted({each.date for each in found})[:DATES_MOST],
         "campuses": sorted({campus for each in found for campus in each.campuses})}
        for kind, found in sorted(kinds.items())
    )  # fmt: skip


def _campuses(db: Database) -> list[str]:
    return [row[0] for row in db.conn.execute("SELECT code FROM campus ORDER BY position, code")]


def _streams(db: Database) -> dict[str, int]:
    rows = db.conn.execute(
        "SELECT origin || '/' || scope, max(seq) FROM changeset_name WHERE state IN ('received', 'pending')"
        " GROUP BY origin, scope ORDER BY 1"
    )
    return {name: int(seq) for name, seq in rows}

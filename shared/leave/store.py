"""Reading leave: requests with their answers, over a span of dates or of one person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from shared.leave.rules import Leave, LeaveLimits, leave_of
from shared.records import LeaveApproval, LeaveRequest
from shared.schema import record_of, select

DAYS_OFF = frozenset({"weekend", "holiday", "vacation", "closed"})


def leaves_between(
    db: Database, begin: str, end: str, *, campus: str | None = None, limits: LeaveLimits | None = None
) -> list[Leave]:
    """Leaves that touch `[begin, end)`, withdrawn ones too, by begin and id; of one campus's ids, or of all."""
    sql = "SELECT * FROM leave_request WHERE begin < ? AND end > ? AND id LIKE ? ORDER BY begin, id"
    rows = db.query(sql, (end, begin, f"{campus}-%" if campus else "%"))
    return judged(db, [record_of(LeaveRequest, row) for row in rows], limits)


def leaves_of(db: Database, person_id: str, *, limits: LeaveLimits | None = None) -> list[Leave]:
    """Every leave of one person, the newest first."""
    found = select(db, LeaveRequest, person_id=person_id)
    return judged(db, sorted(found, key=lambda each: (each.begin, each.id), reverse=True), limits)


def leave_named(db: Database, id_: str, *, limits: LeaveLimits | None = None) -> Leave | None:
    """One leave by its id."""
    found = judged(db, select(db, LeaveRequest, id=id_), limits)
    return found[0] if found else None


def judged(db: Database, requests: Sequence[LeaveRequest], limits: LeaveLimits | None) -> list[Leave]:
    """Requests with their answers, in the order given."""
    if not requests:
        return []
    approvals = _approvals(db, (each.id for each in requests))
    off = _days_off(db, min(each.begin for each in requests), max(each.end for each in requests))
    held = limits or LeaveLimits()
    return [
        leave_of(each, approvals.get(each.id, ()), off.get(each.id.split("-", 1)[0], frozenset()), held)
        for each in requests
    ]


def _approvals(db: Database, ids: Iterable[str]) -> dict[str, list[LeaveApproval]]:
    sql = "SELECT * FROM leave_approval WHERE request_id IN (SELECT value FROM json_each(?)) ORDER BY request_id, step"
    found: dict[str, list[LeaveApproval]] = {}
    for row in db.query(sql, (json.dumps(sorted(ids)),)):
        found.setdefault(row["request_id"], []).append(record_of(LeaveApproval, row))
    return found


def _days_off(db: Database, begin: str, end: str) -> dict[str, set[str]]:
    """Campus → dates on which nobody works there."""
    sql = """SELECT campus, date FROM calendar_day
             WHERE date >= ? AND date < ? AND kind IN (SELECT value FROM json_each(?))"""
    found: dict[str, set[str]] = {}
    for campus, day in db.conn.execute(sql, (begin, end, json.dumps(sorted(DAYS_OFF)))):
        found.setdefault(campus, set()).add(day)
    return found

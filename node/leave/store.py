"""All SQL of the leave room, and the ways leave is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

from sqlite_utils import Database

from node.leave.rules import AskLimits, request_problems, withdraw_refusal
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem
from shared.leave.rules import Leave, LeaveLimits, decision_refusal
from shared.leave.store import leave_named, leaves_of
from shared.records import LeaveApproval, LeaveRequest
from shared.schema import record_of
from shared.validation import load
from sync.capture import ABSENT, token_of, write
from sync.change import Author
from sync.replica import Replica

WISH = ("kind", "begin", "begin_part", "end", "note", "with_proof")


def home_campus(db: Database, person_id: str, day: str) -> str | None:
    """The campus where a person has the post on a date: whose steps decide. None for nobody known."""
    row = db.conn.execute(
        "SELECT campus FROM staff_membership WHERE person_id = ? AND begin <= ? AND (end IS NULL OR end > ?)"
        " ORDER BY home DESC, begin, id LIMIT 1",
        (person_id, day, day),
    ).fetchone()
    return str(row[0]) if row else None


def people_here(db: Database, campus: str, day: str) -> list[tuple[str, str]]:
    """(id, name) of everyone with a place at a campus on a date, by name."""
    rows = db.conn.execute(
        "SELECT DISTINCT p.id, p.name, p.initials FROM staff_membership m JOIN person p ON p.id = m.person_id"
        " WHERE m.campus = ? AND m.begin <= ? AND (m.end IS NULL OR m.end > ?) ORDER BY p.initials, p.name, p.id",
        (campus, day, day),
    )
    return [(id_, name) for id_, name, _initials in rows]


def names(db: Database, ids: Iterable[str]) -> dict[str, str]:
    """Person id → name."""
    sql = "SELECT id, name FROM person WHERE id IN (SELECT value FROM json_each(?))"
    return dict(db.conn.execute(sql, (json.dumps(sorted(ids)),)).fetchall())


def group_names(db: Database, ids: Iterable[str]) -> dict[str, str]:
    """Group id → name."""
    sql = "SELECT id, name FROM roster_group WHERE id IN (SELECT value FROM json_each(?))"
    return dict(db.conn.execute(sql, (json.dumps(sorted(ids)),)).fetchall())


def found(db: Database, id_: str, limits: LeaveLimits) -> Leave:
    """One leave. Raises NotFound."""
    leave = leave_named(db, id_, limits=limits)
    if leave is None:
        raise NotFound("leave_not_found", leave=id_)
    return leave


def wish_from(raw: Mapping[str, object]) -> dict[str, object]:
    """Typed fields of a wish from a form or JSON; `last` (the last day away) stands for `end`, the day after.

    Raises InvalidInput with every field that is wrong.
    """
    told = {name: value for name, value in raw.items() if name in (*WISH, "last") and value not in (None, "")}
    last = told.pop("last", None)
    if last is not None and "end" not in told:
        told["end"] = _day_after(str(last))
    return dict(load(LeaveRequest, told, only=WISH))


def _day_after(last: str) -> str:
    try:
        return (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError) as error:
        raise InvalidInput(Problem("last", "not_date", {"zh": "最后一天", "en": "Last day"})) from error


def ask(
    replica: Replica, db: Database, author: Author, wish: Mapping[str, object], *, person_id: str, today: date,
    limits: AskLimits, may_file: Callable[[str], bool],
) -> str:  # fmt: skip
    """Ask for leave for a person; the id. Asking the same twice gives the id of the first.

    may_file: whether the author files for others at a campus: the one where the person has the post, whose office
    the hub asks for as well. Raises InvalidInput, NotAllowed.
    """
    with write(replica, db, author) as w:
        campus = home_campus(w.db, person_id, str(wish["begin"])) or home_campus(w.db, person_id, today.isoformat())
        if campus is None:
            raise InvalidInput(Problem("person", "not_a_member", {"person": person_id}))
        if person_id != author.person_id and not may_file(campus):
            raise NotAllowed("not_allowed", action="leave.file", campus=campus)
        values = {**wish, "id": "new", "person_id": person_id, "filed_by": author.person_id, "withdrawn_at": ""}
        request = record_of(LeaveRequest, values)
        own = leaves_of(w.db, person_id)
        for each in own:
            if each.state == "asked" and all(getattr(each.request, name) == values[name] for name in WISH):
                return each.request.id
        problems = request_problems(request, own, today, limits)
        if problems:
            raise InvalidInput(*problems)
        id_ = w.mint(campus)
        w.insert(record_of(LeaveRequest, {**values, "id": id_}))
    return id_


def withdraw(
    replica: Replica, db: Database, author: Author, leave: Leave, *, files: bool, today: date, now: str, token: str
) -> None:
    """Take a wish back. Raises NotAllowed where it is not one's own, or over."""
    refusal = withdraw_refusal(leave, author.person_id, files, today)
    if refusal:
        raise NotAllowed(refusal)
    with write(replica, db, author) as w:
        w.update(LeaveRequest, _key(leave), {"withdrawn_at": now}, token or None)


def _key(leave: Leave) -> tuple[str, str]:
    return leave.request.id, leave.request.person_id


def decide(
    replica: Replica, db: Database, author: Author, leave: Leave, *, step: str | None, raw: Mapping[str, object],
    now: str, token: str,
) -> None:  # fmt: skip
    """Answer a leave at one's step. raw: decision and note. Raises NotAllowed, InvalidInput."""
    refusal = decision_refusal(leave, author.person_id, step)
    if refusal:
        raise NotAllowed(refusal)
    said = load(LeaveApproval, {k: v for k, v in raw.items() if k in ("decision", "note")}, only=("decision", "note"))
    if said["decision"] == "refused" and not said["note"]:
        raise InvalidInput(Problem("note", "reason_needed", {"zh": "说明", "en": "Note"}))
    key = {"request_id": leave.request.id, "person_id": leave.request.person_id, "step": step}
    answer = record_of(LeaveApproval, {**key, **said, "decided_by": author.person_id, "decided_at": now})
    with write(replica, db, author) as w:
        w.put(answer, token or ABSENT)


def tokens(db: Database, replica: Replica, leave: Leave, step: str | None) -> tuple[str, str]:
    """Version tokens of the request and of this step's answer as the page shows them."""
    request = token_of(db, replica, LeaveRequest, _key(leave)) or ""
    answer = token_of(db, replica, LeaveApproval, (*_key(leave), step)) if step else None
    return request, answer or ABSENT

"""Who sees an action, who may take it back, and whose values are shown: pure.

Taking back is writing: whoever does it needs the right to write each of the rows in its place, by the same tables by
which the hub judges (`shared.roles`, `shared.rights`). The limits here only make it narrower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from shared.calendar import month_is_closed
from shared.clock import instant_ms
from shared.errors import InvalidInput, Problem
from shared.rights import Act, Known, Writer, objection
from shared.roles import may_do
from shared.schema import Table, Value
from shared.web.conflicts.rules import may_write
from shared.web.readings.rules import LOGGED
from sync.actions import Action
from sync.undo import Plan, Step

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True)
class HistoryLimits:
    """Settings of the school.

    own_days: how long one takes back what one did oneself; office_days: the office what was done at its campus (the
    office may take back all that is its own as long). actions_a_page, rows_listed: what the list shows of actions, and
    of each action; rows_shown: what the page of one action shows. rows_opened: a larger action is only counted in the
    list. reason_length: characters of a reason. month_close_day: from this day
    of the next month on, nothing of a month is taken back at a campus.
    """

    own_days: int = 3
    office_days: int = 14
    actions_a_page: int = 50
    rows_listed: int = 2
    rows_shown: int = 200
    rows_opened: int = 300
    reason_length: int = 200
    month_close_day: int = 10


# Table → why it is not taken back here; each of these has a way of its own.
NEVER: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("account", "account_role"), "undo_never_account"),
        **dict.fromkeys(("leave_request", "leave_approval"), "undo_never_leave"),
        **dict.fromkeys(("booking_series", "booking_occurrence"), "undo_never_booking"),
        **dict.fromkeys(
            ("scheme_version", "scheme_adoption", "appraisal_run", "appraisal_result", "appraisal_explanation"),
            "undo_never_appraisal",
        ),
        **dict.fromkeys(("card_order", "card_delivery", "guest_card"), "undo_never_card"),
        "date_confirmation": "undo_never_date",
        "domain_decision": "undo_decision",
    }
)
# Keyed by a date, and closed with its month.
OF_A_DAY: Final = frozenset({"register", "register_exception", "staff_day", "lesson_day", "lesson_exception"})
# Private table → the action that sees its values; who wrote them himself sees them too.
SEEN_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("register", "register_exception", "pupil", "group_member"), "register.see"),
        **dict.fromkeys(("leave_request", "leave_approval"), "staff_day.see"),
        "ethics_event": "ethics.enter",
        **dict.fromkeys(("appraisal_result", "appraisal_explanation"), "appraisal.see_all"),
    }
)


def seen_campuses(writer: Writer, campuses: Iterable[str]) -> frozenset[str]:
    """The campuses whose actions a person sees beside his own: where he is of the office ("" is the hub)."""
    return frozenset(campus for campus in ("", *campuses) if writer.office(campus))


def may_see(action: Action, writer: Writer) -> bool:
    """One's own, or as the office what was done at its campus."""
    return action.person_id == writer.person_id or writer.office(action.campus)


def refusal(action: Action, tables: Iterable[str], writer: Writer, now_ms: int, limits: HistoryLimits) -> str | None:
    """Why somebody who sees an action may not take it back; None when he may, as far as is known without a plan."""
    never = sorted({NEVER[name] for name in tables if name in NEVER})
    if never:
        return never[0]
    if action.state in ("quarantined", "waiting"):
        return f"undo_{action.state}"
    days = limits.office_days if writer.office(action.campus) else limits.own_days
    return "undo_too_late" if now_ms - instant_ms(action.instant) > days * DAY_MS else None


def closed_in(plan: Plan, tables: Mapping[str, Table], day: str, limits: HistoryLimits) -> str | None:
    """Whether an undo at a campus would move a month that is closed: what is in it the appraisal and pay rest on."""
    for step in plan.steps:
        about = dict(zip(tables[step.table].key, step.key, strict=True))
        if step.table in OF_A_DAY and month_is_closed(
            date.fromisoformat(str(about["date"])), date.fromisoformat(day), limits.month_close_day
        ):
            return "month_closed"
    return None


def objection_to(plan: Plan, tables: Mapping[str, Table], writer: Writer, known: Known) -> str | None:
    """Why this person may not write one of the rows of an undo; None when he may write them all."""
    found = (_objection(tables[step.table], step, writer, known) for step in plan.steps)
    return next((reason for reason in found if reason is not None), None)


def _objection(table: Table, step: Step, writer: Writer, known: Known) -> str | None:
    if not may_write(table, step.key, writer.roles, person_id=writer.person_id, node_campus=writer.campus):
        return "not_allowed"
    changed = {name: value for name, value in step.after.items() if step.before.get(name) != value}
    if writer.campus and table.owner_of(step.key) != writer.campus and _is_reserved(table, step, changed):
        return "not_allowed"
    row = dict(zip(table.key, step.key, strict=True)) | (dict(step.after) if step.op == "i" else changed)
    return objection(Act(table.name, step.op, row), writer, known)


def _is_reserved(table: Table, step: Step, changed: Mapping[str, Value]) -> bool:
    """Whether an undo touches what only the owning campus writes (C8)."""
    reserved = {column.name for column in table.columns if column.spec.owner_only}
    return bool(reserved) and (step.op != "u" or bool(reserved & changed.keys()))


def shows_values(table: Table, owner: str | None, action: Action, writer: Writer) -> bool:
    """Whether a person sees the values of a private record in an action he may see."""
    if not table.declaration.private:
        return True
    if table.name in LOGGED:
        return may_do(LOGGED[table.name], writer.roles, owner)
    wanted = SEEN_BY.get(table.name)
    return action.person_id == writer.person_id or (wanted is not None and may_do(wanted, writer.roles, owner))


def checked_reason(text: str, limits: HistoryLimits) -> str:
    """Why something is taken back: a person says it. Raises InvalidInput."""
    about: dict[str, str | int | None] = {"zh": "理由", "en": "reason", "high": limits.reason_length}
    if not text.strip():
        raise InvalidInput(Problem("reason", "missing", about))
    if len(text.strip()) > limits.reason_length:
        raise InvalidInput(Problem("reason", "too_long", about))
    return text.strip()


def author_rank(action: Action, writer: Writer) -> str:
    """The rank an undo is written with: that of the office where it is the office's."""
    return "office" if writer.office(writer.campus or action.campus) else "person"

"""Request bodies: JSON becomes typed values, or all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from node.attendance.rules import Mark
from node.attendance.saving import Submission, mark_from, token_from
from node.staff.store import entry_from
from shared.errors import InvalidInput, Problem
from shared.records import StaffDay

ENTRIES_MAX = 5_000


def fields_of(raw: object, *, allowed: frozenset[str]) -> Mapping[str, Any]:
    """A body as an object with known fields only. Raises InvalidInput."""
    if not isinstance(raw, dict):
        raise InvalidInput(Problem("body", "not_an_object"))
    unknown = sorted(set(raw) - allowed)
    if unknown:
        raise InvalidInput(*(Problem(name, "unknown_field") for name in unknown))
    return raw


def rows_of(body: Mapping[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    """A list of objects that each name a person, once: (person_id, the other fields). Raises InvalidInput."""
    rows = body.get(name)
    if not isinstance(rows, list):
        raise InvalidInput(Problem(name, "missing" if rows is None else "not_a_list"))
    if len(rows) > ENTRIES_MAX:
        raise InvalidInput(Problem(name, "too_long", {"high": ENTRIES_MAX}))
    found: dict[str, dict[str, Any]] = {}
    problems = []
    for index, row in enumerate(rows):
        person = row.get("person_id") if isinstance(row, dict) else None
        if not isinstance(row, dict):
            problems.append(Problem(f"{name}.{index}", "not_an_object"))
        elif not isinstance(person, str) or not person:
            problems.append(Problem(f"{name}.{index}.person_id", "missing"))
        elif person in found:
            problems.append(Problem(f"{name}.{index}.person_id", "named_twice", {"person": person}))
        else:
            found[person] = {key: value for key, value in row.items() if key != "person_id"}
    if problems:
        raise InvalidInput(*problems)
    return list(found.items())


def register_body(raw: object) -> Submission:
    """`{exceptions: [{person_id, mark, minutes?, note?}], roster_digest?, token?}`: the whole register."""
    body = fields_of(raw, allowed=frozenset({"exceptions", "roster_digest", "token"}))
    marks = _marks(body, "exceptions")
    digest = _text(body, "roster_digest")
    return Submission("teacher", marks, None, digest, token_from(_text(body, "token")), frozenset(marks))


def corrections_body(raw: object) -> Submission:
    """`{corrections: [{person_id, mark, minutes?, note?}], token?}`: only the pupils named are corrected."""
    body = fields_of(raw, allowed=frozenset({"corrections", "token"}))
    marks = _marks(body, "corrections")
    token = token_from(_text(body, "token"))
    return Submission("office", marks, frozenset(marks), None, token, frozenset(marks))


def _marks(body: Mapping[str, Any], name: str) -> dict[str, Mark]:
    marks: dict[str, Mark] = {}
    problems: list[Problem] = []
    for person, row in rows_of(body, name):
        try:
            marks[person] = mark_from(person, row)
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(*problems)
    return marks


def staff_days_body(
    raw: object, day: str, campus: str, *, entered_by: str
) -> tuple[list[StaffDay], dict[str, str], bool]:
    """`{entries: [{person_id, status, …, token?}], others_present?}` → entries, tokens, whether to fill up."""
    body = fields_of(raw, allowed=frozenset({"entries", "others_present"}))
    others = body.get("others_present", False)
    problems = [] if isinstance(others, bool) else [Problem("others_present", "not_flag")]
    entries: list[StaffDay] = []
    tokens: dict[str, str] = {}
    for person, row in rows_of(body, "entries"):
        token = row.pop("token", None)
        tokens[person] = token if isinstance(token, str) else ""
        try:
            entries.append(entry_from(person, day, campus, row, entered_by=entered_by))
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(*problems)
    return entries, tokens, bool(others)


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(Problem(name, "not_text"))
    return value

"""Carrying out a plan: all of it in one transaction, ids minted as the rows that need them are reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hub.workbook.known import NewId
from hub.workbook.planning import Change
from shared.schema import Value, table_of
from sync.capture import Writing

Prepare = Callable[[Change, dict[str, Value]], dict[str, Value]]


def carry_out(
    w: Writing, changes: Sequence[Change], *, main_campus: str, prepare: Prepare | None = None
) -> dict[NewId, str]:
    """Write the changes in their order; returns the ids that were minted.

    main_campus: owns what names no campus (people). prepare: last fields that must not be computed for a
    preview, such as a password's hash.
    """
    minted: dict[NewId, str] = {}
    for change in changes:
        if change.action == "same":
            continue
        values = {name: _known(w, change, value, minted, main_campus) for name, value in change.values.items()}
        if prepare:
            values = prepare(change, values)
        record: Any = change.record
        if change.action == "removed":
            w.delete(record, tuple(values[name] for name in table_of(record).key))
        else:
            w.put(record(**values))
    return minted


def _known(w: Writing, change: Change, value: Value | NewId, minted: dict[NewId, str], main_campus: str) -> Value:
    if not isinstance(value, NewId):
        return value
    if value not in minted:
        campus = change.values.get("campus") or change.extra.get("campus") or main_campus
        minted[value] = w.mint(str(campus))
    return minted[value]

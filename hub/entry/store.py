"""Reading entered evidence for the entry page: newest first, corrections in place of what they correct."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from sqlite_utils import Database

from shared.records import EthicsEvent, Evidence
from shared.schema import select

Entered = TypeVar("Entered", Evidence, EthicsEvent)


@dataclass(frozen=True)
class Shown:
    """An entry that counts, and how many earlier versions it replaces."""

    record: Evidence | EthicsEvent
    corrections: int


def entries(db: Database, cls: type[Entered]) -> list[Shown]:
    """The entries that count: those that no later row replaces, newest date first."""
    records = {record.id: record for record in select(db, cls)}
    replaced = {record.replaces_id for record in records.values()}
    found = [Shown(record, _depth(record, records)) for record in records.values() if record.id not in replaced]
    return sorted(found, key=lambda shown: (shown.record.date, shown.record.id), reverse=True)


def _depth(record: Entered, records: dict[str, Entered]) -> int:
    depth, seen = 0, {record.id}
    while record.replaces_id in records and record.replaces_id not in seen:
        record = records[str(record.replaces_id)]
        seen.add(record.id)
        depth += 1
    return depth

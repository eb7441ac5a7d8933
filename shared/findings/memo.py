"""Findings remembered while nothing they follow from has moved: every page of both apps counts them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlite_utils import Database

from shared.database import reading
from shared.findings.model import Finding
from shared.findings.store import (
    DECISION_TABLES,
    LESSON_TABLES,
    MEMBER_TABLES,
    REGISTER_TABLES,
    decisions,
    lesson_findings,
    member_findings,
    register_findings,
    still_open,
)
from sync.position import Position, position_of, tables_touched_since
from sync.replica import Replica

Window = tuple[str, str]  # begin, end: half-open dates


@dataclass(frozen=True)
class _Remembered:
    """What was found at a position of the log, by the group of validators that found it."""

    position: Position
    lessons: list[Finding]
    registers: list[Finding]
    members: list[Finding]
    open: list[Finding]


class FindingsMemo:
    """The open findings of a few windows of one replica; a window is computed anew only when its tables moved."""

    def __init__(self, *, windows_most: int = 4) -> None:
        self._windows_most = windows_most
        self._known: dict[Window, _Remembered] = {}
        self._lock = threading.Lock()

    def open_between(self, db: Database, replica: Replica, begin: str, end: str) -> list[Finding]:
        """As `findings_between`, and cheap where nothing has moved since it was last asked."""
        with reading(db):
            position = position_of(db)
            with self._lock:
                known = self._known.get((begin, end))
            if known is None or known.position != position:
                known = _renewed(db, replica, (begin, end), known, position)
                self._remember((begin, end), known)
        return known.open

    def _remember(self, window: Window, known: _Remembered) -> None:
        with self._lock:
            self._known.pop(window, None)
            while len(self._known) >= self._windows_most:
                self._known.pop(next(iter(self._known)))
            self._known[window] = known


def _renewed(
    db: Database, replica: Replica, window: Window, known: _Remembered | None, position: Position
) -> _Remembered:
    moved = tables_touched_since(db, known.position) if known else None
    if known and moved is not None and not moved & (LESSON_TABLES | REGISTER_TABLES | MEMBER_TABLES | DECISION_TABLES):
        return replace(known, position=position)

    def part(tables: frozenset[str], before: list[Finding], find: Callable[[], list[Finding]]) -> list[Finding]:
        return before if moved is not None and not moved & tables else find()

    lessons = part(LESSON_TABLES, known.lessons if known else [], lambda: lesson_findings(db, *window))
    registers = part(
        REGISTER_TABLES, known.registers if known else [], lambda: register_findings(db, replica, *window)
    )
    members = part(MEMBER_TABLES, known.members if known else [], lambda: member_findings(db, replica, *window))
    left = still_open([*lessons, *registers, *members], decisions(db))
    return _Remembered(position, lessons, registers, members, left)

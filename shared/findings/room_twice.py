"""One room, two uses at the same time: two confirmed bookings, or a confirmed booking and a lesson (C8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from shared.bookings.rules import Busy
from shared.findings.model import CONSORTIUM, Finding, Side, finding_of, subject_of
from shared.ids import campus_of

KIND = "room_twice"
READS = frozenset({CONSORTIUM})


def room_twice(occupations: Iterable[Busy], campuses: Mapping[str, str]) -> list[Finding]:
    """One finding a pair that overlaps, half-open; what is still asked for collides with nothing.

    campuses: key of an occupation → the campus it belongs to, where that is not the room's own.
    Two lessons in one room are the timetable's affair: a hall takes two classes.
    """
    fixed = [busy for busy in occupations if busy.state != "requested" and busy.begin and busy.end]
    fixed.sort(key=lambda busy: (busy.room_id, busy.date, busy.begin, busy.end, busy.key, busy.name))
    found: list[Finding] = []
    for _place, group in groupby(fixed, key=lambda busy: (busy.room_id, busy.date)):
        found += _pairs(list(group), campuses)
    return found


def _pairs(day: Sequence[Busy], campuses: Mapping[str, str]) -> list[Finding]:
    found = []
    for number, first in enumerate(day):
        for second in day[number + 1 :]:
            if second.begin >= first.end:
                break
            if "booking" in (first.kind, second.kind):
                names = sorted(busy.name or busy.key for busy in (first, second))
                subject = subject_of(first.room_id, first.date, *names)
                sides = [_side(busy, campuses) for busy in (first, second)]
                found.append(finding_of(KIND, subject, first.date, sides))
    return found


def _side(busy: Busy, campuses: Mapping[str, str]) -> Side:
    table = "lesson" if busy.kind == "lesson" else "booking_occurrence"
    campus = campuses.get(busy.key) or campus_of(busy.room_id)
    period = int(busy.key.rsplit("/", 1)[1]) if table == "lesson" else None
    return Side(
        table, busy.key, campus, busy.who, busy.begin, busy.end, busy.room_id, busy.group_id, period,
        busy.title or busy.subject,
    )

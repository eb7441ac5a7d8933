"""What a validator finds: which things collide, whose they are, and a digest of the state that was seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

# What a validator reads: records of all campuses, or those of one campus (which its node and the hub hold).
CONSORTIUM = "con"
CAMPUS = "campus"

DIGEST_LENGTH = 16


@dataclass(frozen=True)
class Side:
    """One of the things that collide.

    table: the record that a person would change to end it ("lesson" for a slot of the timetable with what the date
    changes in it); key: its key, parts joined with "/"; said: what this side says where the sides differ, as
    (whose or which, what) in an order of its own; title: words somebody typed, a subject's code, or the name of the
    version; at: when a register was taken, as its record says.
    """

    table: str
    key: str
    campus: str
    person_id: str
    begin: str = ""
    end: str = ""
    room_id: str = ""
    group_id: str = ""
    period: int | None = None
    title: str = ""
    said: tuple[tuple[str, str], ...] = ()
    at: str = ""


@dataclass(frozen=True)
class Finding:
    """One domain conflict. `subject` names it for ever, `digest` the state it was found in.

    campuses: those concerned, sorted; people: those concerned, sorted; minutes: what the way between two campuses
    takes (teacher_two_places across campuses), else 0.
    """

    kind: str
    subject: str
    date: str
    campuses: tuple[str, ...]
    people: tuple[str, ...]
    detail: tuple[Side, ...]
    digest: str
    minutes: int = 0


def finding_of(kind: str, subject: str, date: str, sides: Iterable[Side], *, minutes: int = 0) -> Finding:
    """A finding about these sides, in the order of their keys, so that no local order can show (C3)."""
    detail = tuple(sorted(sides, key=lambda side: (side.begin, side.table, side.key, side.said, side.title)))
    campuses = tuple(sorted({side.campus for side in detail if side.campus}))
    people = tuple(sorted({side.person_id for side in detail if side.person_id}))
    return Finding(kind, subject, date, campuses, people, detail, digest_of(kind, subject, detail), minutes)


def digest_of(kind: str, subject: str, detail: Iterable[Side]) -> str:
    """16 hex digits over what a decision depends on: who is where and when, not how it is called."""
    seen = [
        (side.table, side.key, side.person_id, side.begin, side.end, side.room_id, side.said)
        for side in detail
    ]
    text = json.dumps([kind, subject, seen], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def subject_of(*parts: object) -> str:
    """Parts as one key text: a key may hold no "/". They must name the things for good and each alone: a decision
    about one subject is about one finding."""
    return "|".join(str(part).replace("/", ".") for part in parts)


def minutes_of(time_of_day: str) -> int:
    """`HH:MM` as minutes since midnight. Raises ValueError for anything else."""
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)

"""What the office enters on the hub for each of the staff, so that every block of the scheme has points.

Seeded by staff number; kinds and quantities mean what `hub/appraisal/schemes/example.toml` says they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from scripts.demo_play.data import SEED, Invented, Staffed
from shared.records import EthicsEvent, Evidence

_POSTS = {"campus_head": "5", "middle_leader": "4", "homeroom_teacher": "3"}


@dataclass(frozen=True)
class Entry:
    """One row to be entered, before it has an id."""

    person_id: str
    campus: str
    date: str
    kind: str
    quantity: str
    subject: str | None = None
    note: str = ""


def entries(consortium: Invented, days: Sequence[date]) -> list[Entry]:
    """Every row of evidence, person by person, dated on the given school days."""
    return [entry for each in consortium.staff for entry in _entries_of(each, days)]


def _entries_of(staffed: Staffed, days: Sequence[date]) -> Iterator[Entry]:
    random = Random(f"{SEED}/evidence/{staffed.person.staff_number}")

    def entry(kind: str, quantity: str, subject: str | None = None, campus: str = "") -> Entry:
        day = random.choice(days).isoformat()
        return Entry(staffed.person.id, campus or staffed.campus, day, kind, quantity, subject)

    yield from _posts(staffed, entry)
    for _ in range(3):
        yield entry("inspection_round", str(random.randint(78, 98)))
    yield entry("observed_lessons", str(random.randint(5, 10)))
    if random.random() < 0.2:
        yield entry("research_missed", "1")
    if staffed.category in ("homeroom_teacher", "teacher") and random.random() < 0.7:
        yield entry("result_growth", f"{random.randint(180, 295) / 10:.1f}".removesuffix(".0"))
    if random.random() < 0.35:
        yield entry("line_task", random.choice(("0.5", "1", "1.2", "2", "-0.5", "-1")))
    yield from _line(staffed, random, entry)


def _posts(staffed: Staffed, entry: Callable[..., Entry]) -> Iterator[Entry]:
    """Lessons and covers come from the timetable's rows; what a post is worth is entered."""
    if staffed.category in _POSTS:
        yield entry("post", _POSTS[staffed.category])


def _line(staffed: Staffed, random: Random, entry: Callable[..., Entry]) -> Iterator[Entry]:
    if {"homeroom_teacher", "kindergarten_teacher"} & set(staffed.roles):
        for _ in range(2):
            yield entry("homeroom_line", str(random.randint(7, 10)))
        if random.random() < 0.3:
            yield entry("campus_item", random.choice(("0.5", "1", "-0.5")))
    if staffed.category in ("middle_leader", "campus_head"):
        yield entry("assigned_work", str(random.randint(7, 10)))


def evidence_record(entry: Entry, fact_id: str, entered_by: str) -> Evidence:
    """A row of evidence as it is stored."""
    return Evidence(
        id=fact_id, person_id=entry.person_id, campus=entry.campus, date=entry.date, kind=entry.kind,
        quantity=entry.quantity, subject=entry.subject, note=entry.note, entered_by=entered_by,
    )


def ethics_entries(consortium: Invented, days: Sequence[date]) -> list[tuple[str, str, str, str]]:
    """(person, campus, date, points) of the few deductions of these weeks."""
    random = Random(f"{SEED}/ethics")
    chosen = random.sample([each for each in consortium.staff if each.category == "teacher"], 3)
    return [(each.person.id, each.campus, random.choice(days).isoformat(), random.choice(("0.5", "1")))
            for each in chosen]


def ethics_record(entry: tuple[str, str, str, str], fact_id: str, entered_by: str) -> EthicsEvent:
    """A deduction as it is stored."""
    person, campus, day, points = entry
    return EthicsEvent(id=fact_id, person_id=person, campus=campus, date=day, kind="deduction", points=points,
                       note="家长反映，已核实", entered_by=entered_by)

"""What lacks before a run can be final, in entries a page can put into words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hub.appraisal.facts.frontier import Frontier
from hub.appraisal.facts.rows import Facts
from hub.appraisal.model import Scheme
from hub.appraisal.score import Scored

Entry = dict[str, Any]

# Entries that are told beside the others and do not keep a run provisional.
NOTES = ("overruled",)


def missing_of(
    scheme: Scheme, facts: Facts, scored: Sequence[Scored], frontier: Frontier
) -> list[Entry]:
    """One entry a thing that lacks, and the notes; see `is_complete`.

    kinds: campus (known_until), owing (campus: it has not given back to a restored hub yet), conflicts,
    teacher_two_places and register_twice (count, dates, campuses: domain
    conflicts of the period that are open), quarantined, waiting, lesson_days (campus, count, first, last: days
    with lessons that nobody has closed), facts (indicator, campus, people), unmatched (rows of people who were
    no members of staff on that date), unscored (people), overruled (people whose lessons come from rows and
    were entered as well).
    """
    return [
        *_campuses(facts, frontier),
        *({"kind": "owing", "campus": campus} for campus in frontier.owing),
        *_counted("conflicts", frontier.open_conflicts, reviews=frontier.open_reviews),
        *frontier.findings,
        *_counted("quarantined", frontier.quarantined),
        *_counted("waiting", frontier.waiting),
        *_lesson_days(facts),
        *_facts(scheme, scored),
        *_counted("unmatched", _unmatched(facts)),
        *_counted("unscored", len(facts.people) - len(scored)),
        *_counted("overruled", _overruled(facts)),
    ]


def is_complete(missing: Sequence[Entry]) -> bool:
    """True when nothing lacks: notes may stand."""
    return all(entry["kind"] in NOTES for entry in missing)


def _lesson_days(facts: Facts) -> list[Entry]:
    days: dict[str, list[str]] = {}
    for campus, date in facts.open_days:
        days.setdefault(campus, []).append(date)
    return [
        {"kind": "lesson_days", "campus": campus, "count": len(dates), "first": min(dates), "last": max(dates)}
        for campus, dates in sorted(days.items())
    ]


def _campuses(facts: Facts, frontier: Frontier) -> list[Entry]:
    return [
        {"kind": "campus", "campus": each.campus, "known_until": each.known_until}
        for each in frontier.campuses
        if not each.covers(facts.period)
    ]


def _counted(kind: str, count: int, **more: int) -> list[Entry]:
    return [{"kind": kind, "count": count, **more}] if count else []


def _facts(scheme: Scheme, scored: Sequence[Scored]) -> list[Entry]:
    people = Counter(
        (each.person.campuses[0], code) for each in scored for code in each.missing
    )
    names = {indicator.code: indicator for block in scheme.blocks for indicator in block.indicators}
    return [
        {"kind": "facts", "campus": campus, "indicator": code, "name": names[code].name,
         "name_en": names[code].name_en, "people": count}
        for (campus, code), count in sorted(people.items())
    ]


def _unmatched(facts: Facts) -> int:
    states = [fact.state for person in facts.people for fact in person.days]
    states += [fact.state for person in facts.people for fact in person.evidence]
    states += [fact.state for person in facts.people if person.workload for fact in person.workload.held]
    return states.count("unmatched")


def _overruled(facts: Facts) -> int:
    return sum(any(fact.state == "overruled" for fact in person.evidence) for person in facts.people)


def by_campus(missing: Sequence[Entry]) -> list[Entry]:
    """For a page: the lacking facts of one campus as one entry with `parts`, the rest as it is."""
    found: list[Entry] = []
    for entry in missing:
        if entry["kind"] != "facts":
            found.append(entry)
        elif found and found[-1]["kind"] == "facts" and found[-1]["campus"] == entry["campus"]:
            found[-1]["parts"].append(entry)
        else:
            found.append({"kind": "facts", "campus": entry["campus"], "parts": [entry]})
    return found

"""From rows to facts: each row joined to the membership that was valid on its date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from sqlite_utils import Database

from hub.appraisal.facts import queries
from hub.appraisal.facts.lessons import LessonRows, read_lessons, workload_of
from hub.appraisal.facts.queries import Row
from hub.appraisal.facts.rows import WORKLOAD_KINDS, DayFact, EthicsFact, EvidenceFact, Facts, Period, PersonFacts
from hub.appraisal.tree import Source
from shared.schema import key_text


def read_facts(db: Database, period: Period) -> Facts:
    """All facts of a period. Call inside `reading(db)`, so that they come from one state."""
    days = _by_person(queries.staff_days(db, period))
    evidence = _by_person(settled(queries.evidence(db, period)))
    ethics = _by_person(settled(queries.ethics_events(db, period)))
    calendar = queries.school_days(db, period)
    members = _by_person(queries.memberships(db, period))
    lessons = read_lessons(db, period)
    people = [
        _with_lessons(_person(person_id, rows, period, calendar, (days, evidence, ethics)), rows, lessons)
        for person_id, rows in sorted(members.items())
    ]
    return Facts(period, tuple(people), lessons.open_days())


def _with_lessons(person: PersonFacts, members: list[Row], lessons: LessonRows) -> PersonFacts:
    """The person with what the rows of lessons say; entries about lessons then no longer count."""
    workload = workload_of(person.person_id, members, lessons)
    if workload is None:
        return person
    evidence = tuple(
        replace(fact, state="overruled") if fact.kind in WORKLOAD_KINDS and fact.state == "counted" else fact
        for fact in person.evidence
    )
    return replace(person, workload=workload, evidence=evidence)


def settled(rows: Sequence[Row]) -> list[Row]:
    """Of several corrections of one row only the newest counts; the others are superseded as well."""
    newest: dict[str, Row] = {}
    for row in rows:
        named = row["replaces_id"]
        if named and _age(row) > _age(newest.get(named, {})):
            newest[named] = row
    return [
        {**row, "superseded": 1} if row["replaces_id"] and newest[row["replaces_id"]] is not row else row
        for row in rows
    ]


def _age(row: Mapping[str, str]) -> tuple[str, str]:
    return row.get("instant", ""), row.get("id", "")


def _by_person(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["person_id"]].append(row)
    return found


def _person(
    person_id: str, members: list[Row], period: Period, calendar: Mapping[str, Sequence[str]],
    rows: tuple[dict[str, list[Row]], ...],
) -> PersonFacts:
    days, evidence, ethics = (each.get(person_id, []) for each in rows)
    last = _last_day(members, period)
    expected = _expected_days(members, calendar)
    recorded = {row["date"] for row in days}
    return PersonFacts(
        person_id=person_id,
        name=members[0]["name"],
        staff_number=members[0]["staff_number"],
        campuses=tuple(dict.fromkeys(row["campus"] for row in members)),
        categories=tuple(dict.fromkeys(row["category"] for row in members if _valid(row, last))),
        days=tuple(_day(row, members) for row in days),
        evidence=tuple(_evidence(row, members) for row in evidence),
        ethics=tuple(_ethics(row) for row in ethics),
        school_days=len(expected),
        missing_days=tuple(day for day in expected if day not in recorded),
    )


def _last_day(members: list[Row], period: Period) -> str:
    """The last day in the period on which the person is a member of staff."""
    end = min(max(row["end"] for row in members), period.end)
    return (date.fromisoformat(end) - timedelta(days=1)).isoformat()


def _valid(member: Row, day: str) -> bool:
    return bool(member["begin"] <= day < member["end"])


def _expected_days(members: list[Row], calendar: Mapping[str, Sequence[str]]) -> list[str]:
    """School days of the home campus (of all campuses, for somebody with no home) during membership."""
    homes = [row for row in members if row["home"]] or members
    return sorted({day for row in homes for day in calendar.get(row["campus"], ()) if _valid(row, day)})


def _matched(row: Row, members: list[Row]) -> bool:
    return any(_valid(member, row["date"]) for member in members)


def _source(table: str, key: str, row: Row) -> Source:
    return Source(
        table, key, row["date"], row["campus"], row["entered_by"], row["entered_by_name"], row["changeset"],
        row["note"],
    )


def _day(row: Row, members: list[Row]) -> DayFact:
    key = key_text((row["person_id"], row["date"], row["campus"]))
    return DayFact(
        row["status"], row["part"], row["late_minutes"], row["early_minutes"], row["absent_lessons"],
        _source("staff_day", key, row), "counted" if _matched(row, members) else "unmatched",
    )


def _evidence(row: Row, members: list[Row]) -> EvidenceFact:
    state = "counted" if _matched(row, members) else "unmatched"
    return EvidenceFact(
        row["kind"], Decimal(row["quantity"]), row["subject"], _source("evidence", row["id"], row),
        "superseded" if row["superseded"] else state,
    )


def _ethics(row: Row) -> EthicsFact:
    return EthicsFact(
        row["kind"], Decimal(row["points"]), _source("ethics_event", row["id"], row),
        "superseded" if row["superseded"] else "counted",
    )

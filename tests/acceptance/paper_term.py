"""A term kept on paper: what was planned, changed and held, counted plainly and without the product's rules.

Every lesson is one line. A deed rubs out and writes on its line; nothing here knows overrides or their order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]
Line = tuple[str, str, int]  # group, date, period as planned
WEIGHTS = {"chinese": Fraction(12, 10), "maths": Fraction(12, 10)}
SITUATIONS = {"itinerant": Fraction(12, 10), "multigrade": Fraction(11, 10), "own": Fraction(1)}
KINDS = {"weekly_lessons": "own", "weekly_lessons_itinerant": "itinerant", "weekly_lessons_multigrade": "multigrade",
         "cover": "cover"}  # fmt: skip


@dataclass
class PaperLesson:
    """One line: who was planned, who taught, where in time it took place, or that it did not."""

    campus: str
    group: str
    date: str
    period: int
    subject: str
    joint: str
    planned: tuple[str, ...]
    taught: list[str]
    cancelled: bool = False
    touched: bool = False


@dataclass
class Paper:
    """The whole term. homes: person → (from which date, campus), in order of date."""

    lines: dict[Line, PaperLesson]
    weeks: Mapping[str, Mapping[str, int]]
    homes: Mapping[str, Sequence[tuple[str, str]]]
    cohorts: Mapping[str, str]
    closed: set[tuple[str, str, str]] = field(default_factory=set)
    failed: set[tuple[str, str, int, str]] = field(default_factory=set)

    def home(self, person: str, day: str) -> str:
        """The home campus of a date."""
        return [campus for begin, campus in self.homes[person] if begin <= day][-1]

    def meetings(self) -> dict[tuple[str, ...], list[PaperLesson]]:
        """(person, date, period, joint or group …) → the lines that this person taught at once."""
        found: dict[tuple[str, ...], list[PaperLesson]] = defaultdict(list)
        for number, lesson in enumerate(self.lines.values()):
            for person in [] if lesson.cancelled else dict.fromkeys(lesson.taught):
                alone = f"#{number}" if not lesson.joint else ""
                found[person, lesson.date, str(lesson.period), lesson.campus, lesson.joint, alone].append(lesson)
        return found

    def counted(self) -> tuple[dict[str, Counter[tuple[str, str]]], dict[str, set[tuple[str, str]]], Counter[str]]:
        """(person → (kind, subject) → lessons, person → trips, person → lessons that nobody closed)."""
        counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        trips: dict[str, set[tuple[str, str]]] = defaultdict(set)
        waiting: Counter[str] = Counter()
        for (person, day, _, campus, *_), together in self.meetings().items():
            if not {(campus, day, person), (campus, day, "*")} & self.closed:
                waiting[person] += 1
                continue
            if any((each.group, each.date, each.period, person) in self.failed for each in together):
                continue
            away = self.home(person, day) != campus
            if away:
                trips[person].add((day, campus))
            cohorts = {self.cohorts[each.group] for each in together}
            if not any(person in each.planned for each in together):
                kind = "cover"
            elif away:
                kind = "itinerant"
            else:
                kind = "multigrade" if len(cohorts) > 1 else "own"
            counts[person][kind, together[0].subject] += 1
        return counts, trips, waiting

    def weekly(self, person: str, counts: Counter[tuple[str, str]], spread: int = 20) -> Fraction:
        """Mean weekly weighted lessons by the example scheme."""
        weeks = {
            week
            for campus in {campus for _, campus in self.homes[person]}
            for day, week in self.weeks[campus].items()
            if self.home(person, day) == campus
        }
        total = Fraction(0)
        for (kind, subject), number in counts.items():
            if kind == "cover":
                total += Fraction(number, spread)
            else:
                total += number * WEIGHTS.get(subject, Fraction(1)) * SITUATIONS[kind] / len(weeks)
        return total


def half_up(value: Fraction, places: int = 12) -> Decimal:
    """A fraction as a decimal, half up."""
    scaled = value * 10**places
    whole = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
    return Decimal(whole).scaleb(-places).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def paper_of(rows: Mapping[str, Sequence[Row]]) -> dict[Line, PaperLesson]:
    """The timetable laid over the calendar, by looking at every slot on every day."""
    others: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in rows["slot_teacher"]:
        others[_place(row)].append(row["person_id"])
    found = {}
    for day in rows["calendar_day"]:
        if day["kind"] not in ("school_day", "make_up") or not day["follows_weekday"]:
            continue
        valid = [v for v in rows["timetable_version"] if v["campus"] == day["campus"] and v["begin"] <= day["date"]]
        if not valid:
            continue
        version = max(valid, key=lambda v: v["begin"])["id"]
        for slot in rows["timetable_slot"]:
            if slot["version_id"] != version or slot["weekday"] != day["follows_weekday"]:
                continue
            if slot["weeks"] != "every" and slot["weeks"] != day["parity"]:
                continue
            people = [slot["teacher_id"], *sorted(others[_place(slot)])]
            found[slot["group_id"], day["date"], slot["period"]] = PaperLesson(
                day["campus"], slot["group_id"], day["date"], slot["period"], slot["subject"], slot["joint"],
                tuple(people), people,
            )  # fmt: skip
    return found


def _place(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("version_id", "group_id", "weekday", "weeks", "period"))

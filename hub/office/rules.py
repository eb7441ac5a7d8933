"""Pure decisions of the office's lists and forms."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hub.office.store import Line
from hub.workbook.sheets import Sheet
from shared.calendar import Followed, Period, ResolvedDay, days_between
from shared.errors import Problem
from shared.records import CalendarDay
from shared.schema import Value, key_text, table_of, values_of


def matching(lines: Sequence[Line], words: str, campus: str) -> list[Line]:
    """The lines that hold every word (in what is shown, or a name's initials) and belong to the campus."""
    wanted = words.lower().split()

    def fits(line: Line) -> bool:
        text = " ".join([*line.shown.values(), *(str(v) for v in line.typed.values()), _initials(line)]).lower()
        mine = not campus or line.values.get("campus") in (campus, "*", None)
        return mine and all(word in text for word in wanted)

    return [line for line in lines if fits(line)]


def _initials(line: Line) -> str:
    return str(line.values.get("initials") or "")


def edited(form: Mapping[str, str], values: Mapping[str, Value]) -> dict[str, Value]:
    """The fields a person changed: what was posted differs from what the page showed.

    A field left alone is not written at all, so that it cannot overwrite what came in meanwhile.
    """
    return {
        name: value
        for name, value in values.items()
        if form.get(name, "").strip() != form.get(f"shown.{name}", "").strip()
    }


def taken_by_another(sheet: Sheet, values: Mapping[str, object], key: str | None, records: Sequence[object]) -> bool:
    """True when another record already stands for what these values name."""
    if not sheet.identity:
        return False
    table = table_of(sheet.record)
    for record in records:
        there = values_of(record)
        same = all(there.get(name) == values.get(name) for name in sheet.identity)
        if same and key_text([there[name] for name in table.key]) != key:
            return True
    return False


@dataclass(frozen=True)
class DayChange:
    """A calendar day to be written: new, or in place of another."""

    day: CalendarDay
    before: CalendarDay | None


def calendar_changes(
    resolved: Sequence[ResolvedDay], campus: str, there: Mapping[str, CalendarDay], *, overwrite: bool,
    asked: Container[date] = (),
) -> list[DayChange]:  # fmt: skip
    """Days that a resolved term adds to a campus's calendar, and those it changes: all with `overwrite`.

    Otherwise a stored day stays, which somebody may have edited by hand, unless it is one of those `asked` for.
    """
    found = []
    for one in resolved:
        old = there.get(one.date.isoformat())
        bells = old.bell_schedule if old else None
        new = CalendarDay(
            campus=campus, date=one.date.isoformat(), kind=one.kind, follows_weekday=one.follows_weekday,
            week=one.week, parity=one.parity, bell_schedule=bells, note=one.note,
        )  # fmt: skip
        if old is None or ((overwrite or one.date in asked) and old != new):
            found.append(DayChange(new, old))
    return found


def follows_of(form: Mapping[str, str], make_ups: Sequence[date]) -> tuple[dict[date, Followed], list[Problem]]:
    """What each make-up day follows, from fields `follows.2025-09-28` (weekday) and `week.2025-09-28`."""
    chosen: dict[date, Followed] = {}
    problems = []
    for day in make_ups:
        weekday, week = form.get(f"follows.{day}", "").strip(), form.get(f"week.{day}", "").strip()
        if not weekday:
            continue
        if not (weekday.isascii() and weekday.isdigit() and 1 <= int(weekday) <= 7):
            problems.append(Problem(str(day), "out_of_range", {"low": 1, "high": 7}))
        elif week and not (week.isascii() and week.isdigit() and 1 <= int(week) <= 60):
            problems.append(Problem(str(day), "out_of_range", {"low": 1, "high": 60}))
        else:
            chosen[day] = Followed(int(weekday), int(week) if week else None)
    return chosen, problems


def asked_for(
    follows: Mapping[date, Followed], periods: Sequence[Period], there: Mapping[str, CalendarDay]
) -> set[date]:
    """The stored days that a form speaks of: make-up days with another choice than before, and its own spans."""
    found = {day for period in periods for day in days_between(period.begin, period.end)}
    for day, followed in follows.items():
        old = there.get(day.isoformat())
        if old is None or followed.week is not None or old.follows_weekday != followed.weekday:
            found.add(day)
    return found


PERIOD_KINDS = ("exam", "closed", "vacation", "holiday", "school_day")


def periods_of(form: Mapping[str, str], rows: int) -> tuple[list[Period], list[Problem]]:
    """The school's own spans, from fields `begin.0`, `end.0`, `kind.0`, `note.0` …; blank rows are left out."""
    found = []
    problems = []
    for number in range(rows):
        begin, end = (form.get(f"{name}.{number}", "").strip() for name in ("begin", "end"))
        if not begin and not end:
            continue
        kind, note = form.get(f"kind.{number}", ""), form.get(f"note.{number}", "").strip()[:120]
        try:
            period = Period(date.fromisoformat(begin), date.fromisoformat(end), kind, note)
        except ValueError:
            problems.append(Problem(f"begin.{number}", "not_date", {"zh": "时段", "en": "the span", "row": number + 1}))
            continue
        if period.end <= period.begin:
            where: dict[str, str | int | None] = {"zh": "时段", "en": "the span", "begin": begin, "row": number + 1}
            problems.append(Problem(f"end.{number}", "end_before_begin", where))
        elif kind not in PERIOD_KINDS:
            problems.append(
                Problem(f"kind.{number}", "unknown_code", {"zh": "类型", "en": "kind", "codes": "day_kind"})
            )
        else:
            found.append(period)
    return found, problems

"""Public holidays from the yearly official JSON (the form of holiday-cn), and what the calendar then knows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from hub.workbook.planning import Change, Plan, Values
from shared.calendar import SATURDAY, Holidays
from shared.errors import InvalidInput, Problem
from shared.records import PublicHoliday
from shared.records.declare import declaration_of
from shared.schema import values_of
from shared.text import tidied

BYTES_MAX = 1_000_000
DAYS_MAX = 366
NAME_CHARACTERS_MAX = 40
SOURCE_CHARACTERS_MAX = 120
NOTICE_DATES_MIN = 10


def looks_like_holidays(data: bytes) -> bool:
    """True for JSON, by its first character."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def plan_holidays(data: bytes, there: Mapping[str, PublicHoliday]) -> Plan:
    """What a year's notice would change. there: date → row. A date the file does not name stays as it is.

    Raises InvalidInput (field "file") where it is no such file at all; wrong entries are the plan's problems.
    """
    notice = _notice(data)
    source = str((notice["papers"] or [""])[0])[:SOURCE_CHARACTERS_MAX]
    changes: list[Change] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for number, entry in enumerate(notice["days"], start=1):
        found = _entry(entry, notice["year"], source)
        if found is None:
            shown = json.dumps(entry, ensure_ascii=False)[:60]
            problems.append(_problem("holiday_entry", row=number, value=shown))
            continue
        day = str(found["date"])
        if day in seen:
            problems.append(_problem("holiday_twice", row=number, value=day))
        else:
            seen.add(day)
            changes.append(_change(number, found, there.get(day)))
    return Plan(tuple(changes), tuple(problems))


def _problem(reason: str, **data: str | int | None) -> Problem:
    return Problem("file", reason, {"zh": "文件", "en": "the file", **data})


def _notice(data: bytes) -> dict[str, Any]:
    if len(data) > BYTES_MAX:
        raise InvalidInput(_problem("workbook_too_large", limit_mb=1), code="holidays_unusable")
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_problem("not_holidays"), code="holidays_unusable") from error
    shape = isinstance(found, dict) and type(found.get("year")) is int
    if not shape or not isinstance(found.get("days"), list) or not isinstance(found.get("papers", []), list):
        raise InvalidInput(_problem("not_holidays"), code="holidays_unusable")
    if len(found["days"]) > DAYS_MAX:
        raise InvalidInput(_problem("not_holidays"), code="holidays_unusable")
    return {"year": found["year"], "days": found["days"], "papers": found.get("papers", [])}


def _entry(entry: Any, year: int, source: str) -> Values | None:
    """The row of one entry, or None where it is wrong. New Year may reach into the year before or after."""
    if not isinstance(entry, dict) or type(entry.get("isOffDay")) is not bool:
        return None
    name, day = tidied(str(entry.get("name", ""))), str(entry.get("date", ""))
    try:
        when = date.fromisoformat(day)
    except ValueError:
        return None
    if not name or len(name) > NAME_CHARACTERS_MAX or abs(when.year - year) > 1 or day != when.isoformat():
        return None
    return {"date": day, "name": name, "off": int(entry["isOffDay"]), "source": source}


def _change(number: int, values: Values, there: PublicHoliday | None) -> Change:
    title, label = declaration_of(PublicHoliday).zh, f"{values['date']} {values['name']}"
    if there is None:
        return Change(title, number, "new", PublicHoliday, values, {}, label)
    before = values_of(there)
    return Change(title, number, "same" if before == values else "changed", PublicHoliday, values, before, label)


def holidays_with(shipped: Holidays, rows: Sequence[PublicHoliday]) -> Holidays:
    """The shipped notices with the school's rows over them, date by date: a row says what its date is.

    A working weekend day is a make-up day; a working weekday is a plain one, whatever the shipped notice says.
    """
    off, make_ups = dict(shipped.off), dict(shipped.make_ups)
    for day, row in _dated(rows):
        off.pop(day, None)
        make_ups.pop(day, None)
        if row.off:
            off[day] = row.name
        elif day.isoweekday() >= SATURDAY:
            make_ups[day] = row.name
    counted = Counter(int(row.date[:4]) for row in rows)
    # A single date that somebody adds is no notice of a whole year.
    whole = {year for year, dates in counted.items() if dates >= NOTICE_DATES_MIN}
    return Holidays(off, make_ups, shipped.years | whole)


def _dated(rows: Sequence[PublicHoliday]) -> Iterator[tuple[date, PublicHoliday]]:
    return ((date.fromisoformat(row.date), row) for row in rows)

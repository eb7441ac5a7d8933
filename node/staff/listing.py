"""The exceptions of the last months as a list: who was late, on leave or away, told by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from node.staff.store import Exceptional
from shared.codes import CODE_LISTS, word_of
from shared.web.listing import ListCell, ListColumn, ListFilter, ListRow

MONTHS = 12
_TONES = {"present": "ok", "absent_without_leave": "bad"}


def months_back(today: date, months: int = MONTHS) -> list[str]:
    """`YYYY-MM` of this month and those before it, newest first."""
    found, day = [], today
    for _ in range(months):
        found.append(day.isoformat()[:7])
        day = day.replace(day=1) - timedelta(days=1)
    return found


def columns(words: Mapping[str, str]) -> list[ListColumn]:
    """The columns. words: name → heading in the visitor's language."""
    numbers = ("late_minutes", "early_minutes", "absent_lessons")
    return [ListColumn(name, title, number=name in numbers) for name, title in words.items()]


def filters(months: Sequence[str], words: Mapping[str, str], lang: str) -> list[ListFilter]:
    """By month and by status."""
    statuses = tuple((code, zh if lang == "zh" else en) for code, zh, en in CODE_LISTS["staff_day_status"])
    return [
        ListFilter("month", words["month"], tuple((month, month) for month in months)),
        ListFilter("status", words["status"], statuses),
    ]


def rows(found: Sequence[Exceptional], lang: str) -> list[ListRow]:
    """A row an exception, as the list shows it."""
    return [_row(one, lang) for one in found]


def _row(one: Exceptional, lang: str) -> ListRow:
    entry = one.entry
    status = word_of("staff_day_status", entry.status, lang)
    part = "" if entry.part == "full" else word_of("day_part", entry.part, lang)
    counted = (entry.late_minutes, entry.early_minutes, entry.absent_lessons)
    cells = (
        ListCell(one.name, order=f"{one.initials} {one.name}"), ListCell(entry.date),
        ListCell(status, part, _TONES.get(entry.status, "warn")),
        *(ListCell(str(number) if number else "", order=number) for number in counted),
        ListCell(entry.note), ListCell(one.entered_by_name),
    )  # fmt: skip
    return ListRow(cells, one.initials, {"month": entry.date[:7], "status": entry.status})

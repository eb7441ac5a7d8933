"""A timetable in a workbook, in the forms that schools keep: a list, a sheet a class, or all classes on one sheet.

* list: headings 班级, 星期 (or 日期), 节次, 课程, 教师, 教室, 单双周 in any order
* a sheet a class: weekdays across, periods down; the class is the sheet's title or stands above the heading
* all classes: weekdays across with their periods below, classes down
A cell of a grid holds the lesson, then the teacher, then the room, apart by a blank, a new line or a stroke.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from hub.timetable.week import PERIODS_MAX, Activity, Week
from hub.workbook.cells import code_of
from hub.workbook.reading import SheetRow, column_letters
from shared.errors import Problem
from shared.text import tidied

HEADINGS = {
    "group": ("班级", "班", "class", "group"), "day": ("星期", "周几", "weekday", "day", "日期", "date"),
    "period": ("节次", "节", "period"), "subject": ("课程", "学科", "科目", "内容", "lesson", "subject"),
    "teacher": ("教师", "老师", "任课教师", "教师姓名", "老师姓名", "teacher"), "room": ("教室", "地点", "room"),
    "weeks": ("单双周", "周次", "weeks"),
}  # fmt: skip
_NEEDED = ("day", "period", "subject")
_DAYS = (
    ("周一", "星期一", "monday", "mon"), ("周二", "星期二", "tuesday", "tue"), ("周三", "星期三", "wednesday", "wed"),
    ("周四", "星期四", "thursday", "thu"), ("周五", "星期五", "friday", "fri"), ("周六", "星期六", "saturday", "sat"),
    ("周日", "星期日", "星期天", "周天", "sunday", "sun"),
)  # fmt: skip
_CHINESE_DIGITS = {word: number for number, word in enumerate("一二三四五六七八九十", 1)}
_PERIOD = re.compile(r"第?\s*(\d{1,2}|[一二三四五六七八九十])\s*节?课?")
_APART = re.compile(r"[\s/／|、，,（）()]+")
_TITLE_WORDS = re.compile(r"(课程表|课表|班级课表|timetable)\s*$", re.IGNORECASE)
# A heading stands in the first rows; what comes later is data.
HEADING_ROWS_MAX = 6


@dataclass(frozen=True)
class _Sheet:
    title: str
    rows: Sequence[SheetRow]

    def problem(self, number: int, index: int, reason: str, value: object = "", **words: str) -> Problem:
        cell = f"{column_letters(index + 1)}{number}"
        data: dict[str, str | int | None] = {"sheet": self.title, "row": number, "cell": cell}
        return Problem("file", reason, {**data, "zh": cell, "en": cell, "value": str(value)[:40], **words})


def read_week(workbook: Mapping[str, Sequence[SheetRow]], name: str) -> tuple[Week, list[Problem]]:
    """The week that a workbook's sheets hold together, and what is wrong in them, with sheet and cell.

    name: the file's, which the week is said to come from. Empty sheets are passed over.
    """
    activities: list[Activity] = []
    problems: list[Problem] = []
    for title, rows in workbook.items():
        if not rows:
            continue
        for one in _activities(_Sheet(tidied(title), rows)):
            if isinstance(one, Problem):
                problems.append(one)
            else:
                activities.append(one)
    if not activities and not problems:
        problems.append(Problem("file", "timetable_sheet", {"zh": "工作簿", "en": "the workbook"}))
    return Week(name[:80], tuple(activities)), problems


def _activities(sheet: _Sheet) -> Iterator[Activity | Problem]:
    for index, row in enumerate(sheet.rows[:HEADING_ROWS_MAX]):
        where = _list_heading(row)
        if all(name in where for name in _NEEDED):
            yield from _from_list(sheet, where, sheet.rows[index + 1 :])
            return
        days = {place: day for place, cell in enumerate(row.cells) if (day := weekday_in(cell))}
        if len(set(days.values())) > 1:
            following = sheet.rows[index + 1] if index + 1 < len(sheet.rows) else None
            periods = _periods_below(following, days) if following else {}
            if periods:
                yield from _from_all_classes(sheet, periods, sheet.rows[index + 2 :])
            else:
                yield from _from_class_grid(sheet, days, index)
            return
    yield sheet.problem(sheet.rows[0].number, 0, "timetable_sheet", zh=sheet.title, en=sheet.title)


def weekday_in(cell: object) -> int | None:
    """1 for Monday … 7, from a word, a number or a date; None for anything else."""
    if isinstance(cell, datetime | date):
        return cell.isoweekday()
    text = tidied(str(cell)).lower()
    for number, words in enumerate(_DAYS, start=1):
        if text in words:
            return number
    return None


def period_in(cell: object) -> int | None:
    """A period's number from 3, "3", 第3节 or 三; None for anything else."""
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return int(cell) if float(cell).is_integer() and 0 <= cell <= PERIODS_MAX else None
    found = _PERIOD.fullmatch(tidied(str(cell)))
    if not found:
        return None
    number = _CHINESE_DIGITS.get(found[1]) or int(found[1])
    return number if number <= PERIODS_MAX else None


def _list_heading(row: SheetRow) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, cell in enumerate(row.cells):
        label = tidied(str(cell)).rstrip("*＊ ").lower()
        for name, words in HEADINGS.items():
            if label in words:
                found.setdefault(name, index)
    return found


def _from_list(sheet: _Sheet, where: Mapping[str, int], rows: Sequence[SheetRow]) -> Iterator[Activity | Problem]:
    for row in rows:
        cells = {name: row.cells[index] if index < len(row.cells) else "" for name, index in where.items()}
        text = {name: tidied(str(cell)) for name, cell in cells.items()}
        day = weekday_in(cells["day"]) or weekday_in(_as_date(text["day"])) or _plain_day(cells["day"])
        period = period_in(cells["period"])
        group = text.get("group") or ("" if "group" in where else class_in(sheet.title))
        weeks = code_of("lesson_weeks", text.get("weeks") or "every")
        wrong = [
            ("day", "not_weekday", day is None), ("period", "not_period", period is None),
            ("subject", "missing", not text["subject"]), ("group", "no_class_named", not group),
            ("weeks", "unknown_code", weeks not in ("every", "odd", "even")),
        ]  # fmt: skip
        if any(found for _, _, found in wrong):
            for name, reason, found in wrong:
                if found:
                    yield sheet.problem(row.number, where.get(name, 0), reason, cells.get(name, ""))
            continue
        yield Activity(
            f"{sheet.title} {row.number}", tuple(_names(group)), tuple(_names(text.get("teacher", ""))),
            text["subject"], 1, day, period, weeks, text.get("room", ""),
        )  # fmt: skip


def _plain_day(cell: object) -> int | None:
    number = int(cell) if isinstance(cell, float) and cell.is_integer() else 0
    text = tidied(str(cell))
    number = number or (int(text) if text.isascii() and text.isdigit() and len(text) == 1 else 0)
    return number if 1 <= number <= 7 else None


def _as_date(text: str) -> object:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return ""


def _names(text: str) -> list[str]:
    return [name.strip() for name in re.split(r"[、，,;；+\n]+", text) if name.strip()]


def class_in(title: str) -> str:
    """A class's name out of a title such as 三(1)班课程表; a sheet that nobody named gives none."""
    name = _TITLE_WORDS.sub("", tidied(title)).strip()
    return "" if re.fullmatch(r"(sheet|工作表)\s*\d*", name.lower()) else name


def _periods_below(row: SheetRow, days: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    """Column → (weekday, period), where the row under the weekdays numbers the periods of each."""
    found: dict[int, tuple[int, int]] = {}
    day = 0
    for index, cell in enumerate(row.cells):
        day = days.get(index, day)
        period = period_in(cell)
        if day and index >= min(days) and period is not None:
            found[index] = (day, period)
    return found if len(found) > len(days) or all(index in found for index in days) else {}


def _from_all_classes(
    sheet: _Sheet, columns: Mapping[int, tuple[int, int]], rows: Sequence[SheetRow]
) -> Iterator[Activity | Problem]:
    first = min(columns)
    for row in rows:
        group = next((tidied(str(cell)) for cell in row.cells[:first] if tidied(str(cell))), "")
        lessons = [
            _lesson(sheet, row, index, (group,), day, period)
            for index, (day, period) in columns.items() if index < len(row.cells)
        ]  # fmt: skip
        found = [lesson for lesson in lessons if lesson is not None]
        if found and not group:
            yield sheet.problem(row.number, 0, "no_class_named")
        elif group:
            yield from found


def _from_class_grid(sheet: _Sheet, days: Mapping[int, int], heading: int) -> Iterator[Activity | Problem]:
    above = [tidied(str(cell)) for row in sheet.rows[:heading] for cell in row.cells if tidied(str(cell))]
    group = class_in(above[0]) if above else class_in(sheet.title)
    if not group:
        yield sheet.problem(sheet.rows[heading].number, 0, "no_class_named")
        return
    first = min(days)
    for row in sheet.rows[heading + 1 :]:
        lessons = [
            _lesson(sheet, row, index, (group,), day, 0) for index, day in days.items() if index < len(row.cells)
        ]
        found = [lesson for lesson in lessons if lesson is not None]
        period = next((p for cell in row.cells[:first] if (p := period_in(cell)) is not None), None)
        if period is not None:
            yield from (replace(lesson, period=period) for lesson in found)
        elif found and len(set(map(_words, found))) > 1:
            # A row of one word all week (午休, 大课间) is a break; anything else lacks its period.
            yield sheet.problem(row.number, 0, "not_period", row.cells[0])


def _words(lesson: Activity) -> tuple[str, ...]:
    return (lesson.subject, *lesson.teachers, lesson.room)


def _lesson(
    sheet: _Sheet, row: SheetRow, index: int, groups: tuple[str, ...], day: int, period: int
) -> Activity | None:
    parts = [part for part in _APART.split(tidied(str(row.cells[index]))) if part]
    if not parts:
        return None
    teacher, room = (*parts[1:3], "", "")[:2]
    label = f"{sheet.title} {column_letters(index + 1)}{row.number}"
    return Activity(label, groups, (teacher,) if teacher else (), parts[0], 1, day, period, room=room)

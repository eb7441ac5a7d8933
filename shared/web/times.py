"""Dates and instants as a teacher says them."""

from __future__ import annotations

from datetime import date

from shared.clock import instant_ms, local_time

WEEKDAYS_ZH = "一二三四五六日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def spoken_date(day: date, lang: str, *, today: date | None = None) -> str:
    """`9月15日 周一`; the year is said only when it is not today's."""
    chinese = lang.startswith("zh")
    other_year = today is not None and today.year != day.year
    if chinese:
        year = f"{day.year}年" if other_year else ""
        return f"{year}{day.month}月{day.day}日 周{WEEKDAYS_ZH[day.weekday()]}"
    year = f" {day.year}" if other_year else ""
    return f"{WEEKDAYS_EN[day.weekday()]} {day.day} {MONTHS_EN[day.month - 1]}{year}"


def spoken_day(day: date, lang: str) -> str:
    """`9月15日`, for where the weekday stands already."""
    return f"{day.month}月{day.day}日" if lang.startswith("zh") else f"{day.day} {MONTHS_EN[day.month - 1]}"


def spoken_instant(instant: str, now_ms: int, lang: str) -> str:
    """`今天 08:05`, `昨天 23:40`, `周二 18:05` within a week, else `10月13日 周一 18:05`."""
    moment = local_time(instant_ms(instant))
    today = local_time(now_ms).date()
    days = (today - moment.date()).days
    clock = f"{moment:%H:%M}"
    chinese = lang.startswith("zh")
    if days == 0:
        return f"今天 {clock}" if chinese else f"today {clock}"
    if days == 1:
        return f"昨天 {clock}" if chinese else f"yesterday {clock}"
    if 1 < days < 7:
        weekday = moment.weekday()
        return f"周{WEEKDAYS_ZH[weekday]} {clock}" if chinese else f"{WEEKDAYS_EN[weekday]} {clock}"
    return f"{spoken_date(moment.date(), lang, today=today)} {clock}"


def spoken_duration(duration_ms: int, lang: str) -> str:
    """A length of time in its largest sensible unit: `3 秒`, `12 分钟`, `5 小时`, `8 天`."""
    seconds = abs(duration_ms) // 1000
    for unit_s, zh, en in ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= 2 * unit_s or (seconds >= unit_s and seconds % unit_s == 0):
            return f"{seconds // unit_s} {zh if lang.startswith('zh') else en}"
    return f"{seconds} {'秒' if lang.startswith('zh') else 's'}"

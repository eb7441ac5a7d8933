"""A `.fet` file of Liviu Lalescu's timetable program, read as a week.

A solved lesson is an activity with a `ConstraintActivityPreferredStartingTime`; its room, where it has one,
stands in a `ConstraintActivityPreferredRoom` (FET 5 and 6). Days count from the first of the file as Monday,
hours from the first as period 1. A constraint that is switched off says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from hub.timetable.week import PERIODS_MAX, Activity, Bell, RoomSeen, Week
from hub.timetable.xml_tree import XmlLimits, tree_of
from shared.errors import InvalidInput, Problem
from shared.text import tidied

DAYS_MAX = 7
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:.：h]([0-5]\d)(?!\d)")
_WEEKDAYS = (
    ("monday", "mon", "周一", "星期一"), ("tuesday", "tue", "周二", "星期二"), ("wednesday", "wed", "周三", "星期三"),
    ("thursday", "thu", "周四", "星期四"), ("friday", "fri", "周五", "星期五"), ("saturday", "sat", "周六", "星期六"),
    ("sunday", "sun", "周日", "星期日", "星期天"),
)  # fmt: skip


def read_fet(data: bytes, limits: XmlLimits | None = None) -> Week:
    """The week of a `.fet` file; every activity is in it, with a time or without.

    Raises InvalidInput (field "file"): not XML, not of FET, or of a shape that a school week cannot hold.
    """
    root = tree_of(data, limits)
    if root.tag.lower() != "fet":
        raise _refusal("not_a_fet")
    days, hours = _names(root, "Days_List/Day"), _names(root, "Hours_List/Hour")
    if len(days) > DAYS_MAX:
        raise _refusal("fet_too_many_days", value=len(days), limit=DAYS_MAX)
    if len(hours) > PERIODS_MAX:
        raise _refusal("fet_too_many_hours", value=len(hours), limit=PERIODS_MAX)
    source = " ".join(("FET", root.get("version", ""), _text(root, "Institution_Name")))[:80].strip()
    return Week(source, tuple(_activities(root, days, hours)), tuple(_rooms(root)), bells_of(hours), len(hours))


def _refusal(reason: str, **data: str | int | None) -> InvalidInput:
    return InvalidInput(Problem("file", reason, data), code="timetable_unusable")


def _text(element: Element, path: str) -> str:
    return tidied(element.findtext(path) or "")


def _texts(element: Element, path: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in element.findall(path) if (name := tidied(each.text or ""))))


def _names(root: Element, path: str) -> list[str]:
    return [_text(each, "Name") for each in root.findall(path)]


def _rooms(root: Element) -> Iterator[RoomSeen]:
    for each in root.findall("Rooms_List/Room"):
        seats = _number(_text(each, "Capacity"), 0)
        # FET writes 30000 where nobody entered a number.
        yield RoomSeen(_text(each, "Name"), seats if seats <= 9999 else 0, _text(each, "Building"))


def _active(element: Element) -> bool:
    return _text(element, "Active").lower() != "false"


def _constraints(root: Element, name: str) -> dict[str, Element]:
    """Activity → the constraint that counts: of several the heaviest, of equals the first."""
    found: dict[str, Element] = {}
    for each in root.iter(name):
        number = _text(each, "Activity_Id")
        if _active(each) and (number not in found or _weight(each) > _weight(found[number])):
            found[number] = each
    return found


def _weight(element: Element) -> float:
    try:
        return float(_text(element, "Weight_Percentage") or "0")
    except ValueError:
        return 0.0


def _activities(root: Element, days: Sequence[str], hours: Sequence[str]) -> Iterator[Activity]:
    times = _constraints(root, "ConstraintActivityPreferredStartingTime")
    places = _constraints(root, "ConstraintActivityPreferredRoom")
    together: dict[tuple[object, ...], str] = {}
    for each in root.findall("Activities_List/Activity"):
        number = _text(each, "Id")
        groups, teachers, subject = _texts(each, "Students"), _texts(each, "Teacher"), _text(each, "Subject")
        length = max(1, _number(_text(each, "Duration"), 1))
        weekday, period, why_not = _time(times.get(number), days, hours, length)
        if not groups:
            why_not = "no_group"
        if not _active(each):
            why_not = "inactive"
        room = _text(places[number], "Room") if number in places else ""
        joint = together.setdefault((groups, teachers, subject), f"fet-{number}") if len(groups) > 1 else ""
        timed = not why_not
        yield Activity(
            number, groups, teachers, subject, length, weekday if timed else None, period if timed else None,
            room=room, joint=joint, why_not=why_not,
        )  # fmt: skip


def _time(
    constraint: Element | None, days: Sequence[str], hours: Sequence[str], length: int
) -> tuple[int | None, int | None, str]:
    """(weekday, period, why not)."""
    if constraint is None:
        return None, None, "no_time"
    day = _text(constraint, "Preferred_Day") or _text(constraint, "Day")
    hour = _text(constraint, "Preferred_Hour") or _text(constraint, "Hour")
    if day not in days or hour not in hours:
        return None, None, "unknown_time"
    period = hours.index(hour) + 1
    return (None, None, "past_the_end") if period + length - 1 > len(hours) else (weekday_of(day, days), period, "")


def weekday_of(day: str, days: Sequence[str]) -> int:
    """1 for Monday: by name where all of the file's days are known by name, else by their order."""
    named = [next((n for n, words in enumerate(_WEEKDAYS, 1) if one.lower() in words), 0) for one in days]
    if 0 in named or len(set(named)) != len(named):
        return days.index(day) + 1
    return named[days.index(day)]


def bells_of(hours: Sequence[str]) -> tuple[Bell, ...]:
    """Clock times from the names of the hours, where all of them say when they begin, in order.

    Where an end is not said, no lesson is taken to be longer than the shortest step from one to the next.
    """
    spoken = [[f"{int(h):02d}:{m}" for h, m in _CLOCK.findall(name)] for name in hours]
    begins = [times[0] for times in spoken if times]
    if len(begins) != len(hours) or not all(a < b for a, b in pairwise(begins)):
        return ()
    steps = [_minutes(b) - _minutes(a) for a, b in pairwise(begins)]
    found = []
    for number, times in enumerate(spoken):
        end = times[1] if len(times) > 1 else _clock(_minutes(times[0]) + min(steps, default=40))
        following = begins[number + 1] if number + 1 < len(begins) else "23:59"
        if not times[0] < end <= following:
            return ()
        found.append(Bell(number + 1, hours[number][:20], times[0], end))
    return tuple(found)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else otherwise

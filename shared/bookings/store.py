"""All SQL of rooms and bookings that node and hub share: what occupies a room, what waits for an answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlite_utils import Database

from shared.bookings.rules import (
    DAYS_APART,
    RULE,
    TEACHING_DAYS,
    Alternative,
    Busy,
    Request,
    RoomFacts,
    Slot,
    alternatives,
)
from shared.codes import word_of
from shared.database import reading
from shared.ids import campus_of
from shared.lessons.rules import Lesson
from shared.lessons.store import bells_of, lessons_between
from shared.records import BookingOccurrence, BookingSeries, CalendarDay, Room
from shared.schema import record_of, select


@dataclass(frozen=True)
class Booked:
    """One occurrence with its series and the names that a page needs (ids where a name is not known here)."""

    series: BookingSeries
    occurrence: BookingOccurrence
    room_name: str
    booker_name: str
    decider_name: str

    @property
    def campus(self) -> str:
        """The campus that decides (C8)."""
        return campus_of(self.series.id)

    @property
    def slot(self) -> Slot:
        """The room and time it is about."""
        held = self.occurrence
        return Slot(held.room_id, held.date, held.begin, held.end)

    @property
    def live(self) -> bool:
        """Neither cancelled nor rejected."""
        return not self.occurrence.cancelled_at and self.occurrence.state != "rejected"


@dataclass(frozen=True)
class Notices:
    """What *today* tells about bookings.

    answered and waiting: one's own wishes that somebody else decides about; asked: requests at the deciding
    campus that no rule has answered yet; ruled: what the rule answered there lately.
    """

    answered: tuple[Booked, ...] = ()
    waiting: tuple[Booked, ...] = ()
    asked: tuple[Booked, ...] = ()
    ruled: tuple[Booked, ...] = ()


def rooms_of(db: Database, *, first: str = "") -> list[Room]:
    """The rooms that can be booked: those of campus `first` before the others, then as each campus orders them."""
    rows = db.query(
        "SELECT r.* FROM room r LEFT JOIN campus c ON c.code = r.campus WHERE r.bookable = 1"
        " ORDER BY r.campus <> ?, c.main DESC, c.position, r.campus, r.position, r.name, r.id",
        (first,),
    )
    return [record_of(Room, row) for row in rows]


def facts_of(rooms: Sequence[Room]) -> list[RoomFacts]:
    """Rooms as the rules see them."""
    return [RoomFacts(room.id, room.kind, room.seats) for room in rooms]


def in_use(room: Room, day: str) -> bool:
    """Whether a room can be booked on a date (half-open span)."""
    return bool(room.bookable) and (room.begin or "") <= day and (room.end is None or day < room.end)


def busy_between(db: Database, begin: str, end: str, *, rooms: Collection[str] | None = None) -> list[Busy]:
    """Every occupation of rooms on dates [begin, end): lessons that are held, and live bookings.

    rooms: only these. Ordered by room, date and time. A joint lesson of several groups is one occupation.
    """
    with reading(db):
        found = [*lessons_busy(lessons_between(db, begin, end)), *bookings_busy(db, begin, end)]
    if rooms is not None:
        found = [busy for busy in found if busy.room_id in rooms]
    return sorted(found, key=lambda busy: (busy.room_id, busy.date, busy.begin, busy.end, busy.key))


def busy_on(db: Database, dates: Collection[str], *, rooms: Collection[str] | None = None) -> list[Busy]:
    """`busy_between` for some dates that need not follow each other, such as those of a weekly series."""
    found: list[Busy] = []
    for day in sorted(dates):
        found += busy_between(db, day, (date.fromisoformat(day) + timedelta(days=1)).isoformat(), rooms=rooms)
    return found


def lessons_busy(lessons: Sequence[Lesson]) -> list[Busy]:
    """The rooms that lessons occupy: neither cancelled nor moved away, with a room and a known time."""
    found: dict[tuple[object, ...], Busy] = {}
    for lesson in lessons:
        if lesson.state != "planned" or not lesson.room_id or not lesson.begin:
            continue
        who = lesson.teachers[0] if lesson.teachers else ""
        key = f"{lesson.group_id}/{lesson.date}/{lesson.period}"
        busy = Busy(
            lesson.room_id, lesson.date, lesson.begin, lesson.end, "lesson", key, who, "lesson", lesson.title,
            group_id=lesson.group_id, subject=lesson.subject, name=lesson.name,
        )  # fmt: skip
        one = (lesson.joint, who, lesson.room_id, lesson.date, lesson.begin) if lesson.joint else (lesson.name,)
        found.setdefault(one, busy)
    return list(found.values())


def bookings_busy(db: Database, begin: str, end: str) -> list[Busy]:
    """The rooms that live bookings occupy on dates [begin, end), requested ones too."""
    rows = db.conn.execute(
        "SELECT o.room_id, o.date, o.begin, o.end, o.series_id, o.number, o.state, s.booked_by, s.title, s.group_id"
        " FROM booking_occurrence o LEFT JOIN booking_series s ON s.id = o.series_id"
        " WHERE o.date >= ? AND o.date < ? AND o.cancelled_at = '' AND o.state <> 'rejected'",
        (begin, end),
    )
    return [
        Busy(room, day, opens, closes, "booking", f"{series}/{number}", who or "", state, title or "", series,
             group or "")
        for room, day, opens, closes, series, number, state, who, title, group in rows
    ]  # fmt: skip


_REQUESTS = """
SELECT o.series_id, o.number, o.room_id, o.date, o.begin, o.end, coalesce(s.purpose, 'other'),
       coalesce(c.effective, 0)
FROM booking_occurrence o
LEFT JOIN booking_series s ON s.id = o.series_id
LEFT JOIN _changeset c ON c.n = abs(o._v)
WHERE o.state = 'requested' AND o.cancelled_at = ''
"""


def campuses_asked(db: Database) -> set[str]:
    """The campuses for whose answer some request waits."""
    rows = db.conn.execute(
        "SELECT DISTINCT series_id FROM booking_occurrence WHERE state = 'requested' AND cancelled_at = ''"
    )
    return {campus_of(series) for (series,) in rows}


def requests_for(db: Database, campuses: Collection[str]) -> list[Request]:
    """The requests that wait for the answer of some campuses, past ones too: everybody gets an answer."""
    rows = db.conn.execute(_REQUESTS).fetchall()
    return [
        Request(series, number, Slot(room, day, begin, end), purpose, stamp)
        for series, number, room, day, begin, end, purpose, stamp in rows
        if campus_of(series) in campuses
    ]


def closed_on(db: Database, slots: Collection[Slot]) -> set[tuple[str, str]]:
    """Of some slots the (room, date) pairs on which the room is not in use; an unknown room is closed."""
    rooms = {room.id: room for room in select(db, Room)}
    asked = {(slot.room_id, slot.date) for slot in slots}
    return {(room, day) for room, day in asked if room not in rooms or not in_use(rooms[room], day)}


def calendar_of(db: Database, campus: str, begin: str, end: str) -> dict[str, CalendarDay]:
    """Date → what it is on a campus, for dates [begin, end)."""
    rows = db.query(
        "SELECT * FROM calendar_day WHERE campus = ? AND date >= ? AND date < ? ORDER BY date", (campus, begin, end)
    )
    return {row["date"]: record_of(CalendarDay, row) for row in rows}


def spans_of(db: Database, campus: str, day: str) -> list[tuple[str, str]]:
    """The periods that a campus rings on a date as clock time, in order of time; [] where no bell is known."""
    return sorted(set(bells_of(db, campus, day).values()))


def alternatives_to(
    db: Database, wanted: Slot, *, seats: int = 0, now: tuple[str, str] = ("", ""), days: int = 7
) -> list[Alternative]:
    """What is free instead of a slot, on its day and the school days of the week after it (see rules)."""
    campus, rooms = campus_of(wanted.room_id), rooms_of(db, first=campus_of(wanted.room_id))
    last = (date.fromisoformat(wanted.date) + timedelta(days=days)).isoformat()
    calendar = calendar_of(db, campus, wanted.date, last)
    open_days = [day for day, known in calendar.items() if known.kind in TEACHING_DAYS or day == wanted.date]
    bells: dict[str, Sequence[tuple[str, str]]] = {day: spans_of(db, campus, day) for day in open_days}
    bells.setdefault(wanted.date, spans_of(db, campus, wanted.date))
    busy = busy_between(db, wanted.date, last)
    closed = {(room.id, day) for room in rooms for day in bells if not in_use(room, day)}
    return alternatives(wanted, busy, facts_of(rooms), bells, seats=seats, closed=closed, now=now)


def period_names(db: Database, campus: str, day: str) -> dict[int, str]:
    """Period → its name in the bells that a campus rings on a date ("第1节", "课后服务")."""
    rung = bells_of(db, campus, day)
    rows = db.conn.execute("SELECT schedule, period, begin, end, name FROM bell_period ORDER BY schedule DESC")
    return {
        period: name
        for schedule, period, begin, end, name in rows
        if campus_of(schedule) == campus and rung.get(period) == (begin, end)
    }


_BOOKED = """
SELECT s.id, s.room_id AS series_room, s.campus, s.booked_by, s.purpose, s.title, s.group_id, s.head_count,
       s.repeat, s.until, s.note, o.series_id, o.number, o.room_id, o.date, o.begin, o.end,
       o.state, o.reason, o.decided_by, o.decided_at, o.answer_note, o.cancelled_by, o.cancelled_at,
       coalesce(r.name, o.room_id) AS room_name, coalesce(p.name, s.booked_by) AS booker_name,
       coalesce(d.name, o.decided_by) AS decider_name
FROM booking_occurrence o
JOIN booking_series s ON s.id = o.series_id
LEFT JOIN room r ON r.id = o.room_id
LEFT JOIN person p ON p.id = s.booked_by
LEFT JOIN person d ON d.id = o.decided_by
"""
_BOOKED_ORDER = " ORDER BY o.date, o.begin, o.series_id, o.number"


def series_occurrences(db: Database, series_id: str) -> list[Booked]:
    """Every occurrence of a series, in order of time; [] for an unknown series."""
    return _booked(db, _BOOKED + "WHERE o.series_id = ?" + _BOOKED_ORDER, (series_id,))


_SAME_WISH = """
SELECT s.id, o.number, o.date FROM booking_series s JOIN booking_occurrence o ON o.series_id = s.id
WHERE s.booked_by = ? AND s.room_id = ? AND s.purpose = ? AND s.title = ? AND s.group_id IS ? AND s.repeat = ?
  AND s.until IS ? AND o.begin = ? AND o.end = ? AND o.cancelled_at = '' AND o.state <> 'rejected'
ORDER BY s.id, o.number
"""


def same_wish(db: Database, series: BookingSeries, first: Slot) -> str | None:
    """The id of a series that is this very wish and still stands, so that a form sent twice books once."""
    rows = db.conn.execute(
        _SAME_WISH,
        (series.booked_by, first.room_id, series.purpose, series.title, series.group_id, series.repeat, series.until,
         first.begin, first.end),
    )  # fmt: skip
    apart = DAYS_APART.get(series.repeat, 0)
    for found, number, day in rows:
        begun = date.fromisoformat(day) - timedelta(days=apart * (number - 1))
        if begun.isoformat() == first.date:
            return str(found)
    return None


def booked_by(db: Database, person_id: str, since: str) -> list[Booked]:
    """A person's own occurrences from a date on, cancelled and rejected ones too."""
    return _booked(db, _BOOKED + "WHERE s.booked_by = ? AND o.date >= ?" + _BOOKED_ORDER, (person_id, since))


def named(db: Database, keys: Collection[str]) -> dict[str, Booked]:
    """Key ("series/number") → the occurrence, for some of them."""
    asked = "WHERE o.series_id || '/' || o.number IN (SELECT value FROM json_each(?))"
    found = _booked(db, _BOOKED + asked + _BOOKED_ORDER, (json.dumps(sorted(keys)),))
    return {f"{each.occurrence.series_id}/{each.occurrence.number}": each for each in found}


def _booked(db: Database, sql: str, values: tuple[Any, ...]) -> list[Booked]:
    found = []
    for row in db.query(sql, values):
        series = record_of(BookingSeries, {**row, "room_id": row["series_room"]})
        occurrence = record_of(BookingOccurrence, row)
        found.append(Booked(series, occurrence, row["room_name"], row["booker_name"], row["decider_name"]))
    return found


def waiting_or_ruled(db: Database, since: str) -> list[Booked]:
    """Occurrences from a date on, at every campus, that wait for an answer or that the rule answered."""
    asked = "WHERE o.date >= ? AND o.cancelled_at = '' AND (o.state = 'requested' OR o.decided_by = ?)"
    return _booked(db, _BOOKED + asked + _BOOKED_ORDER, (since, RULE))


def booked_at(db: Database, campuses: Collection[str], since: str) -> list[Booked]:
    """Every occurrence of the rooms of some campuses from a date on, cancelled and rejected ones too."""
    return [each for each in _booked(db, _BOOKED + "WHERE o.date >= ?" + _BOOKED_ORDER, (since,))
            if each.campus in campuses]  # fmt: skip


def groups_of(db: Database, campus: str, day: str) -> list[tuple[str, str]]:
    """(id, name) of the groups of a campus that there are on a date, as the campus orders them."""
    rows = db.conn.execute(
        "SELECT id, name FROM roster_group WHERE campus = ? AND begin <= ? AND (end IS NULL OR end > ?)"
        " ORDER BY kind, position, name, id",
        (campus, day, day),
    )
    return [(found, name) for found, name in rows]


def booking_notices(
    db: Database, *, person_id: str, campus: str, office: bool, today: str, answered_since: str
) -> Notices:
    """What *today* has to tell a person about rooms (see `Notices`), of dates from today on.

    office: whether he may decide about the campus's rooms; answered_since: an instant, older answers are known.
    """
    mine = [each for each in booked_by(db, person_id, today) if not each.occurrence.cancelled_at]
    elsewhere = [each for each in mine if each.occurrence.decided_by != person_id]
    answered = [each for each in elsewhere if each.occurrence.decided_at >= answered_since]
    ours = [each for each in waiting_or_ruled(db, today) if each.campus == campus] if office else []
    return Notices(
        answered=tuple(each for each in answered if each.occurrence.state != "requested"),
        waiting=tuple(each for each in elsewhere if each.occurrence.state == "requested"),
        asked=tuple(each for each in ours if each.occurrence.state == "requested"),
        ruled=tuple(each for each in ours if each.occurrence.decided_at >= answered_since
                    and each.occurrence.state != "requested"),
    )  # fmt: skip


def title_of(busy: Busy, lang: str = "zh") -> str:
    """What stands there, in a word: a lesson without a title is named by its subject."""
    return busy.title or (word_of("subject", busy.subject, lang) if busy.subject else "")

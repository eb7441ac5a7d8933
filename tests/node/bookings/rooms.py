"""The small school with rooms: a laboratory with a lesson each Monday, a smaller one, and campus B's music room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from node.bookings import views
from shared.records import BellPeriod, CalendarDay, Room, TimetableSlot, TimetableVersion
from sync.capture import Author, write
from sync.replica import connect
from tests.node.school import CLASS, MONDAY, TEACHER, School, open_school

LAB, SMALL, MUSIC = "A-71-00", "A-72-00", "B-73-00"
BELLS = (("08:20", "09:00"), ("09:10", "09:50"), ("10:20", "11:00"), ("11:10", "11:50"))
# Week 4: a holiday on Monday the 22nd, in the calendar by name.
HOLIDAY = "2025-09-22"
OFFICE = Author("A-10-00", rank="office")


def open_rooms(folder: Path, api: Any = views) -> School:
    """The school with its room of bookings (or the API instead), on Monday at five past eight."""
    school = open_school(folder, [api.blueprint()], api.ROUTES)
    days = [CalendarDay(campus=c, date=HOLIDAY, kind="holiday", note="校庆", week=5) for c in "AB"]
    with connect(school.replica) as db, write(school.replica, db, OFFICE) as w:
        # Campus B has a node, as the hub has said.
        w.db.conn.execute("INSERT INTO _node (node, campus, verify_key, role) VALUES ('BNODE', 'B', x'00', 'node')")
        for day in days:
            w.put(day)
        w.db.conn.execute("UPDATE calendar_day SET follows_weekday = strftime('%w', date) WHERE kind = 'school_day'")
        w.insert(
            Room(id=LAB, campus="A", name="科学实验室", kind="science_lab", seats=48, position=1),
            Room(id=SMALL, campus="A", name="小实验室", kind="science_lab", seats=20, position=2),
            Room(id=MUSIC, campus="B", name="音乐教室", kind="music_room", seats=40),
            *(BellPeriod(schedule="A", period=i, name=f"第{i}节", begin=b, end=e) for i, (b, e) in enumerate(BELLS, 1)),
            TimetableVersion(id="A-80-00", campus="A", name="课表", begin="2025-08-25", status="published"),
            TimetableSlot(
                version_id="A-80-00", group_id=CLASS, weekday=1, weeks="every", period=2, subject="science",
                teacher_id=TEACHER, room_id=LAB,
            ),
        )  # fmt: skip
    return school


WISH = {
    "room_id": LAB, "date": MONDAY, "begin": "10:20", "end": "11:00", "title": "磁铁实验", "purpose": "teaching",
    "repeat": "once",
}  # fmt: skip
ROWS = "SELECT series_id, number, date, begin, state, reason, decided_by, cancelled_by FROM booking_occurrence"


def ask(school: School, person: str, **changes: str):
    """Post the form; the answer is not followed."""
    client, csrf = school.log_in(person)
    return client.post("/bookings/new", data={"csrf_token": csrf, **WISH, **changes})


def post(school: School, person: str, path: str, **form: str):
    """Post any other form of the room."""
    client, csrf = school.log_in(person)
    return client.post(path, data={"csrf_token": csrf, **form}, follow_redirects=True)


def state_rows(school: School) -> list[tuple]:
    """(number, date, state) of every occurrence."""
    return school.rows("SELECT number, date, state FROM booking_occurrence ORDER BY series_id, number")

"""What is measured, declared like any record: the rows that the peers store, and the class log of our own form."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database, Migrations

from shared.migrations import record_migrations
from shared.records import RECORDS
from shared.records.declare import Declaration, coded, day, instant, integer, record, ref, text, time_of_day
from shared.schema import create_table_sql, table_of

_ANY = frozenset({"hub", "home", "any"})


@record(Declaration("peer_attendance", "考勤行", "attendance row", "con", _ANY))
class PeerAttendance:
    """One pupil's mark as the peers store it: a row for everyone, present or not."""

    id: str = ref("编号", "id", key=True)
    student_id: str = ref("学生", "pupil")
    date: str = day("日期", "date")
    period: int = integer("节次", "period", 0, 20)
    status: str = text("状态", "status", high=20)
    marked_by: str = ref("点名人", "marked by")
    marked_at: str = instant("点名时间", "marked at")
    note: str = text("备注", "note", high=120)


@record(Declaration("peer_lesson", "课时行", "lesson row", "con", _ANY))
class PeerLesson:
    """One lesson as the peers store it."""

    id: str = ref("编号", "id", key=True)
    class_id: str = ref("班级", "class")
    subject: str = text("学科", "subject", high=20)
    teacher_id: str = ref("教师", "teacher")
    room_id: str = ref("教室", "room")
    date: str = day("日期", "date")
    period: int = integer("节次", "period", 0, 20)
    topic: str = text("课题", "topic", high=120)
    homework: str = text("作业", "homework", high=200)
    state: str = text("状态", "state", high=20)


@record(Declaration("peer_booking", "预约行", "booking row", "con", _ANY))
class PeerBooking:
    """One booking as the peers store it."""

    id: str = ref("编号", "id", key=True)
    room_id: str = ref("教室", "room")
    date: str = day("日期", "date")
    start: str = time_of_day("开始", "start")
    end: str = time_of_day("结束", "end")
    purpose: str = text("用途", "purpose", high=60)
    booked_by: str = ref("预约人", "booked by")
    state: str = text("状态", "state", high=20)


@record(Declaration("class_log", "教学日志", "class log", "group_id", frozenset({"hub", "home"})))
class ClassLog:
    """One lesson of our own form: keyed as lessons are, with the topic and homework that the workload has."""

    group_id: str = ref("班级", "group", key=True)
    date: str = day("日期", "date", key=True)
    period: int = integer("节次", "period", 0, 20, key=True)
    subject: str = coded("学科", "subject", "subject")
    teacher_id: str = ref("教师", "teacher")
    room_id: str = ref("教室", "room")
    topic: str = text("课题", "topic", high=120)
    homework: str = text("作业", "homework", high=200)
    state: str = text("状态", "state", high=20)


@dataclass(frozen=True)
class PeerTable:
    """A table of the workload and the record that holds its rows."""

    name: str
    record: type


PEER_TABLES = (
    PeerTable("attendance", PeerAttendance), PeerTable("lesson", PeerLesson), PeerTable("booking", PeerBooking),
)  # fmt: skip
MEASURED = (*RECORDS, PeerAttendance, PeerLesson, PeerBooking, ClassLog)


def measured_migrations() -> Migrations:
    """The school's migrations and one step more for the tables that only a benchmark has."""
    migrations = record_migrations()

    @migrations()
    def measured(db: Database) -> None:
        for each in (PeerAttendance, PeerLesson, PeerBooking, ClassLog):
            db.conn.execute(create_table_sql(table_of(each)))

    return migrations

"""The workload's transactions as they are written: row by row, or as the same facts in our own records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.syncbench.records import PEER_TABLES, ClassLog
from shared.records import BookingOccurrence, BookingSeries, Register, RegisterException
from shared.schema import Value, insert_sql, table_of
from sync.capture import Writing

CAMPUS = "A"
TEACHER = "A-1-7K"
# One transaction of the workload: (table, row) pairs of one class.
Facts = Sequence[tuple[str, Mapping[str, Any]]]

_RECORD_OF = {each.name: each.record for each in PEER_TABLES}
_INSERT = {each.name: insert_sql(table_of(each.record)) for each in PEER_TABLES}
_MARKS = {"present": "present", "late": "late", "absent": "absent", "leave": "personal_leave"}
_STATES = {"ok": "confirmed", "asked": "requested", "cancelled": "confirmed"}


def days_of(rows: Path, first: int, days: int) -> Iterator[list[list[tuple[str, dict[str, Any]]]]]:
    """Day by day the transactions of a rows.jsonl, so that no more than a day is in memory."""
    day, found, last = first, list[list[tuple[str, dict[str, Any]]]](), None
    with rows.open(encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            if not first <= item["d"] < first + days:
                continue
            if item["d"] != day:
                yield found
                day, found, last = item["d"], [], None
            if item["x"] != last:
                found.append([])
                last = item["x"]
            found[-1].append((item["t"], item["row"]))
    yield found


def write_rows(w: Writing, facts: Facts) -> None:
    """The rows as the peers store them, one `executemany` a table."""
    by_table: dict[str, list[tuple[Value, ...]]] = {}
    for name, row in facts:
        by_table.setdefault(name, []).append(tuple(row.values()))
    for name, rows in by_table.items():
        w.db.conn.executemany(_INSERT[name], rows)


def insert_all(w: Writing, facts: Facts) -> None:
    """The same rows through sqlite-utils' own call."""
    by_table: dict[str, list[dict[str, Any]]] = {}
    for name, row in facts:
        by_table.setdefault(name, []).append(dict(row))
    for name, rows in by_table.items():
        w.db.table(table_of(_RECORD_OF[name]).name).insert_all(rows)


def write_own(w: Writing, facts: Facts) -> None:
    """The same facts as a school keeps them: a register header with its exceptions, class logs, bookings."""
    marks = [row for name, row in facts if name == "attendance"]
    if marks:
        w.insert(*_register(marks))
    w.insert(*(_class_log(row) for name, row in facts if name == "lesson"))
    for name, row in facts:
        if name == "booking":
            w.insert(*_booking(row, w.mint(CAMPUS)))


def _person(id_: str) -> str:
    """`s0042` as an id of ours: two campuses' worth of counters, one origin."""
    return f"{CAMPUS}-{int(id_[1:]) + 10 ** (4 if id_[0] == 's' else 3)}-7K"


def _group(class_id: int) -> str:
    return f"{CAMPUS}-{class_id + 100}-7K"


def _class_of(mark: Mapping[str, Any]) -> int:
    student = int(mark["student_id"][1:])
    big = 22 * 48
    return student // 48 if student < big else 22 + (student - big) // 47


def _register(marks: Sequence[Mapping[str, Any]]) -> Iterator[object]:
    group = _group(_class_of(marks[0]))
    roster = hashlib.sha256("\n".join(_person(row["student_id"]) for row in marks).encode()).hexdigest()[:16]
    place = {"group_id": group, "date": marks[0]["date"], "session": "am"}
    yield Register(
        **place, taken_by=_person(marks[0]["marked_by"]), taken_at=min(row["marked_at"] for row in marks),
        roster_size=len(marks), roster_digest=roster,
    )  # fmt: skip
    for row in marks:
        if row["status"] != "present" or row["note"]:
            yield RegisterException(
                **place, person_id=_person(row["student_id"]), source="teacher", mark=_MARKS[row["status"]],
                note=row["note"],
            )  # fmt: skip


def _class_log(row: Mapping[str, Any]) -> ClassLog:
    return ClassLog(
        group_id=_group(int(row["class_id"][1:])), date=row["date"], period=row["period"], subject=row["subject"],
        teacher_id=_person(row["teacher_id"]), room_id=_person(row["room_id"]), topic=row["topic"],
        homework=row["homework"], state=row["state"],
    )


def _booking(row: Mapping[str, Any], id_: str) -> tuple[BookingSeries, BookingOccurrence]:
    room, booker = _person(row["room_id"]), _person(row["booked_by"])
    series = BookingSeries(id=id_, room_id=room, campus=CAMPUS, booked_by=booker, title=row["purpose"])
    cancelled = {"cancelled_by": booker} if row["state"] == "cancelled" else {}
    occurrence = BookingOccurrence(
        series_id=id_, number=1, room_id=room, date=row["date"], begin=row["start"], end=row["end"],
        state=_STATES[row["state"]], **cancelled,
    )
    return series, occurrence


def edit_rows(w: Writing, edits: Sequence[Mapping[str, Any]], side: str) -> None:
    """What one side makes of the edits of an edits.jsonl, one `executemany` for each set of columns."""
    groups: dict[tuple[str, ...], list[tuple[Value, ...]]] = {}
    for each in edits:
        groups.setdefault((each["t"], *each[side]), []).append((*each[side].values(), each["id"]))
    for (name, *columns), rows in groups.items():
        sets = ", ".join(f'"{column}" = ?' for column in columns)
        table = table_of(_RECORD_OF[name]).name
        w.db.conn.executemany(f'UPDATE "{table}" SET {sets} WHERE id = ?', rows)  # noqa: S608 - declared names

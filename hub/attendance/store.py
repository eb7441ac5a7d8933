"""SQL of the attendance report: one statement over all registers of a span."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlite_utils import Database

# What holds for a pupil is the highest source's word: a person's correction beats a teacher's mark beats a
# terminal's punch (DESIGN C4). A mark without a register is no fact of the report: nobody took it.
_BY_CLASS = """
WITH said AS (
  SELECT x.group_id, x.date, x.session, x.person_id, x.mark,
         row_number() OVER (
           PARTITION BY x.group_id, x.date, x.session, x.person_id
           ORDER BY CASE x.source WHEN 'office' THEN 0 WHEN 'teacher' THEN 1 ELSE 2 END
         ) AS place
  FROM register_exception AS x JOIN register AS r USING (group_id, date, session)
  WHERE x.date >= :begin AND x.date < :end
),
marked AS (
  SELECT group_id, mark, count(*) AS times FROM said WHERE place = 1 AND mark <> 'present' GROUP BY group_id, mark
),
taken AS (
  SELECT group_id, count(*) AS registers, sum(roster_size) AS expected FROM register
  WHERE date >= :begin AND date < :end GROUP BY group_id
)
SELECT g.campus, g.id, g.name, taken.registers, taken.expected, marked.mark, marked.times
FROM taken JOIN roster_group AS g ON g.id = taken.group_id LEFT JOIN marked USING (group_id)
ORDER BY g.campus, g.kind, g.position, g.name, g.id, marked.mark
"""


@dataclass(frozen=True)
class ClassAttendance:
    """One class or group over a span of dates.

    registers: how many were taken; expected: pupils expected in them, summed; marks: code → times.
    """

    campus: str
    group_id: str
    name: str
    registers: int
    expected: int
    marks: dict[str, int]


def attendance_by_class(db: Database, begin: date, end: date) -> list[ClassAttendance]:
    """Every class with at least one register from `begin` up to, not including, `end`, campus by campus."""
    span = {"begin": begin.isoformat(), "end": end.isoformat()}
    found: dict[str, ClassAttendance] = {}
    for campus, group, name, registers, expected, mark, times in db.conn.execute(_BY_CLASS, span):
        one = found.setdefault(group, ClassAttendance(campus, group, name, registers, expected, {}))
        if mark is not None:
            one.marks[mark] = times
    return list(found.values())

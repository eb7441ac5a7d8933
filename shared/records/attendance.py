"""Registers of pupils (a header and its exceptions) and the days of staff."""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, integer, record, ref, text

_HOME = frozenset({"hub", "home"})
_TAKERS = (
    "homeroom_teacher", "deputy_homeroom_teacher", "teacher", "supply_teacher", "kindergarten_teacher",
    "dorm_supervisor", "duty_leader", "clerk", "campus_head", "middle_leader", "grade_leader",
)
_OFFICE = ("clerk", "campus_head", "general_principal", "centre_director", "middle_leader")


@record(Declaration("register", "点名", "register", "group_id", _HOME, roles=_TAKERS, private=True))
class Register:
    """That a register was taken. Its absence means "not yet taken", never present or absent."""

    group_id: str = ref("班级", "group", key=True)
    date: str = day("日期", "date", key=True)
    session: str = text("时段", "session", high=20, key=True)
    # Quiet: two takers disagree by their exceptions (`register_twice`), not by who was last.
    taken_by: str = ref("点名人", "taken by", unit="taken", rule=Rule.QUIET)
    taken_at: str = text("点名时间", "taken at", high=24, unit="taken", rule=Rule.QUIET)
    roster_size: int = integer("应到", "roster size", 0, 9999, unit="roster")
    roster_digest: str = text("名单摘要", "roster digest", high=16, unit="roster")


@record(
    Declaration("register_exception", "点名例外", "register exception", "group_id", _HOME, roles=_TAKERS,
                private=True)
)
class RegisterException:
    """One pupil who was not simply present, as one source saw it; the current value is a view."""

    group_id: str = ref("班级", "group", key=True)
    date: str = day("日期", "date", key=True)
    session: str = text("时段", "session", high=20, key=True)
    person_id: str = ref("学生", "pupil", key=True)
    source: str = coded("来源", "source", "mark_source", key=True)
    mark: str = coded("状态", "mark", "pupil_mark", unit="mark")
    minutes: int = integer("分钟", "minutes", 0, 600, default=0, unit="mark")
    note: str = text("备注", "note", high=120, default="", unit="mark")


@record(
    Declaration(
        "staff_day", "教职工考勤", "staff day", "con", frozenset({"hub", "home"}), owner="campus",
        roles=_OFFICE, rule=Rule.RANK, archive=True,
    )
)
class StaffDay:
    """One person's day at one campus. No row means not recorded, which is not the same as present."""

    person_id: str = ref("教职工", "person", key=True)
    date: str = day("日期", "date", key=True)
    campus: str = ref("校区", "campus", key=True)
    status: str = coded("状态", "status", "staff_day_status", unit="day")
    part: str = coded("时段", "part of day", "day_part", default="full", unit="day")
    late_minutes: int = integer("迟到分钟", "late minutes", 0, 600, default=0, unit="day")
    early_minutes: int = integer("早退分钟", "early-leave minutes", 0, 600, default=0, unit="day")
    absent_lessons: int = integer("缺课节数", "absent lessons", 0, 12, default=0, unit="day")
    note: str = text("说明", "note", high=120, default="", unit="day")
    entered_by: str = ref("记录人", "entered by", default="", unit="day")

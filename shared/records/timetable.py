"""The timetable of a campus, what one date changes in it, and the word that a day went as timetabled.

A lesson on a date is named by (group, date, period); the calendar day says which weekday and which of the
odd and even weeks it follows, the day's bells when the period begins.
"""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, integer, record, ref, text

_HUB_AND_HOME = frozenset({"hub", "home"})
# RECORDS, "change timetable, assign cover"; the principals may do what their office may.
_PLANNERS = ("clerk", "middle_leader", "centre_director", "campus_head", "general_principal")
_CLOSERS = (
    "clerk", "middle_leader", "campus_head", "duty_leader", "teacher", "homeroom_teacher", "deputy_homeroom_teacher",
    "supply_teacher", "kindergarten_teacher", "centre_director", "grade_leader", "research_leader", "prep_leader",
    "general_principal",
)


@record(
    Declaration(
        "timetable_version", "课表", "timetable", "con", _HUB_AND_HOME, owner="id", roles=_PLANNERS,
        rule=Rule.AUTHORITY, archive=True,
    )
)
class TimetableVersion:
    """One campus's timetable from a date on. The one in force is the published one that began last."""

    id: str = ref("编号", "id", key=True)
    campus: str = ref("校区", "campus")
    name: str = text("名称", "name", high=60)
    begin: str = day("开始", "begin", unit="span")
    end: str | None = day("结束", "end", null=True, default=None, unit="span")
    status: str = coded("状态", "status", "timetable_status", default="draft")
    source: str = text("来源", "source", high=80, default="")


@record(
    Declaration(
        "timetable_slot", "课表节次", "timetable slot", "con", _HUB_AND_HOME, owner="version_id", roles=_PLANNERS,
        rule=Rule.AUTHORITY, archive=True,
    )
)
class TimetableSlot:
    """One lesson of one group in the week. Slots of one teacher and time with the same `joint` are one lesson."""

    version_id: str = ref("课表", "timetable", key=True)
    group_id: str = ref("班级", "group", key=True)
    weekday: int = integer("星期", "weekday", 1, 7, key=True)
    weeks: str = coded("单双周", "weeks", "lesson_weeks", key=True)
    period: int = integer("节次", "period", 0, 20, key=True)
    subject: str = coded("学科", "subject", "subject", default="other")
    title: str = text("课程名称", "title", high=60, default="")
    teacher_id: str | None = ref("教师", "teacher", null=True, default=None)
    room_id: str | None = ref("教室", "room", null=True, default=None)
    joint: str = text("合班", "joint lesson", high=40, default="")


@record(
    Declaration(
        "slot_teacher", "同堂教师", "co-teacher", "con", _HUB_AND_HOME, owner="version_id", roles=_PLANNERS,
        rule=Rule.AUTHORITY, archive=True,
    )
)
class SlotTeacher:
    """A further teacher of a slot (co-teaching); a set, so a child row."""

    version_id: str = ref("课表", "timetable", key=True)
    group_id: str = ref("班级", "group", key=True)
    weekday: int = integer("星期", "weekday", 1, 7, key=True)
    weeks: str = coded("单双周", "weeks", "lesson_weeks", key=True)
    period: int = integer("节次", "period", 0, 20, key=True)
    person_id: str = ref("教师", "teacher", key=True)
    role: str = coded("身份", "role", "co_teacher_role", default="co_teacher")


@record(
    Declaration(
        "teaching_assignment", "任课", "teaching assignment", "con", _HUB_AND_HOME, owner="version_id", roles=_PLANNERS,
        rule=Rule.AUTHORITY, archive=True,
    )
)
class TeachingAssignment:
    """Who teaches a group what, and how many lessons a week; what no slot covers yet is unplaced."""

    version_id: str = ref("课表", "timetable", key=True)
    group_id: str = ref("班级", "group", key=True)
    title: str = text("课程名称", "title", high=60, key=True)
    person_id: str = text("教师", "teacher", high=40, key=True)
    subject: str = coded("学科", "subject", "subject", default="other")
    weekly_lessons: int = integer("周课时", "weekly lessons", 0, 99)
    joint: str = text("合班", "joint lesson", high=40, default="")


@record(
    Declaration(
        "lesson_override", "课程变动", "lesson change", "con", _HUB_AND_HOME, owner="id", roles=_PLANNERS, archive=True
    )
)
class LessonOverride:
    """What one date changes in one lesson. Several that differ about one lesson are a domain conflict (C7)."""

    id: str = ref("编号", "id", key=True)
    group_id: str = ref("班级", "group", unit="lesson")
    date: str = day("日期", "date", unit="lesson")
    period: int = integer("节次", "period", 0, 20, unit="lesson")
    kind: str = coded("变动", "kind", "override_kind", unit="change")
    teacher_id: str | None = ref("原任教师", "teacher replaced", null=True, default=None, unit="change")
    new_teacher_id: str | None = ref("代课教师", "new teacher", null=True, default=None, unit="change")
    new_room_id: str | None = ref("新教室", "new room", null=True, default=None, unit="change")
    new_date: str | None = day("改到日期", "moved to date", null=True, default=None, unit="change")
    new_period: int | None = integer("改到节次", "moved to period", 0, 20, null=True, default=None, unit="change")
    pair_id: str | None = ref("互换的另一节", "other half of the swap", null=True, default=None, unit="change")
    reason: str = coded("原因", "reason", "override_reason", default="other", unit="change")
    note: str = text("说明", "note", high=120, default="", unit="change")
    entered_by: str = ref("记录人", "entered by", default="", unit="change")
    withdrawn_by: str = ref("撤销人", "withdrawn by", default="", unit="withdrawal")
    withdrawn_at: str = text("撤销时间", "withdrawn at", high=24, default="", unit="withdrawal")


@record(
    Declaration("lesson_day", "课务日结", "closed lesson day", "con", _HUB_AND_HOME, owner="campus", roles=_CLOSERS)
)
class LessonDay:
    """That the lessons of a date were held as timetabled, exceptions apart: one teacher's, or the campus's (`*`)."""

    campus: str = ref("校区", "campus", key=True)
    date: str = day("日期", "date", key=True)
    person_id: str = ref("教师", "teacher", key=True)
    closed_by: str = ref("结课人", "closed by")
    closed_at: str = text("结课时间", "closed at", high=24)


@record(
    Declaration(
        "lesson_exception", "课务例外", "lesson exception", "con", _HUB_AND_HOME, owner="group_id", roles=_CLOSERS
    )
)
class LessonException:
    """One lesson of one teacher that did not go as planned: late, empty, not held."""

    group_id: str = ref("班级", "group", key=True)
    date: str = day("日期", "date", key=True)
    period: int = integer("节次", "period", 0, 20, key=True)
    person_id: str = ref("教师", "teacher", key=True)
    kind: str = coded("例外", "kind", "lesson_exception_kind", unit="exception")
    minutes: int = integer("分钟", "minutes", 0, 120, default=0, unit="exception")
    note: str = text("说明", "note", high=120, default="", unit="exception")
    entered_by: str = ref("记录人", "entered by", default="", unit="exception")

"""The consortium, its campuses, and the calendar each of them follows."""

from __future__ import annotations

from shared.records.declare import (
    Declaration,
    Rule,
    coded,
    day,
    flag,
    integer,
    record,
    ref,
    text,
    time_of_day,
)

_HUB = frozenset({"hub"})
_HUB_AND_HOME = frozenset({"hub", "home"})
_OFFICE = ("general_principal", "centre_director", "clerk", "campus_head", "system_operator")


@record(Declaration("consortium", "教联体", "consortium", "con", _HUB, roles=_OFFICE, archive=True))
class Consortium:
    """The schools that are run together."""

    code: str = text("代码", "code", high=20, key=True)
    name: str = text("名称", "name")
    mode: str = coded("形态", "mode", "mode", default="fused")


@record(Declaration("campus", "校区", "campus", "con", _HUB, roles=_OFFICE, archive=True))
class Campus:
    """A site with its own node; `code` is the short letter that ids carry."""

    code: str = text("代码", "code", high=4, key=True)
    school_code: str = text("学校标识码", "school code", high=10)
    name: str = text("名称", "name")
    main: int = flag("主校区", "main campus", default=0)
    position: int = integer("排序", "position", 0, 999, default=0)


@record(Declaration("school_year", "学年", "school year", "con", _HUB, roles=_OFFICE, archive=True))
class SchoolYear:
    """A school year, half-open: `end` is the first day that no longer belongs to it."""

    code: str = text("代码", "code", high=10, key=True)
    name: str = text("名称", "name")
    begin: str = day("开始", "begin")
    end: str = day("结束", "end")


@record(Declaration("term", "学期", "term", "con", _HUB, roles=_OFFICE, archive=True))
class Term:
    """A term of a school year, half-open."""

    code: str = text("代码", "code", high=12, key=True)
    school_year: str = ref("学年", "school year")
    name: str = text("名称", "name")
    begin: str = day("开始", "begin")
    end: str = day("结束", "end")


@record(
    Declaration(
        "bell_period", "作息", "bell period", "con", _HUB_AND_HOME, owner="schedule", roles=_OFFICE,
        rule=Rule.AUTHORITY,
    )
)
class BellPeriod:
    """One period of a bell schedule; lessons name the period number, the bells its clock time."""

    schedule: str = text("作息表", "schedule", high=20, key=True)
    period: int = integer("节次", "period", 0, 20, key=True)
    name: str = text("名称", "name", high=20)
    begin: str = time_of_day("开始", "begin", unit="time")
    end: str = time_of_day("结束", "end", unit="time")


@record(
    Declaration(
        "calendar_day", "校历", "calendar day", "con", _HUB_AND_HOME, owner="campus", roles=_OFFICE,
        rule=Rule.AUTHORITY, archive=True,
    )
)
class CalendarDay:
    """What one date is on one campus, resolved and stored, so that history never shifts."""

    campus: str = ref("校区", "campus", key=True)
    date: str = day("日期", "date", key=True)
    kind: str = coded("类型", "kind", "day_kind")
    follows_weekday: int | None = integer("按周几上课", "follows weekday", 1, 7, null=True, default=None)
    week: int = integer("周次", "week", 0, 60, default=0)
    parity: str | None = coded("单双周", "parity", "parity", null=True, default=None)
    bell_schedule: str | None = text("作息表", "bell schedule", high=20, null=True, default=None)
    note: str = text("说明", "note", high=120, default="")


@record(
    Declaration(
        "roll_session", "点名时段", "roll session", "con", _HUB_AND_HOME, owner="campus", roles=_OFFICE,
        rule=Rule.AUTHORITY,
    )
)
class RollSession:
    """A time of day at which a campus takes registers: 晨检, 上午, 午检, 下午, 晚点名 …"""

    campus: str = ref("校区", "campus", key=True)
    code: str = text("代码", "code", high=20, key=True)
    name: str = text("名称", "name", high=20)
    name_en: str = text("英文名称", "English name", high=30, default="")
    begin: str = time_of_day("开始", "begin", unit="time")
    end: str = time_of_day("结束", "end", unit="time")
    group_kind: str = coded("对象", "group kind", "group_kind", default="class")


@record(
    Declaration(
        "date_confirmation", "日期确认", "date confirmation", "campus", frozenset({"home"}),
    )
)
class DateConfirmation:
    """A person's word on today's date, asked for when the node's clock is not plausible (C6)."""

    campus: str = ref("校区", "campus", key=True)
    date: str = day("日期", "date", key=True)
    confirmed_by: str = ref("确认人", "confirmed by", key=True)
    clock_said: str = text("电脑时间", "clock said", high=24)
    boot: str = text("开机号", "boot session", high=40)


@record(Declaration("public_holiday", "法定节假日", "public holiday", "con", _HUB, roles=_OFFICE, archive=True))
class PublicHoliday:
    """One date of a year's official notice: a day off, or a weekend day on which schools work (调休)."""

    date: str = day("日期", "date", key=True)
    name: str = text("名称", "name", high=40)
    off: int = flag("放假", "day off", default=1)
    source: str = text("文件", "source", high=120, default="")

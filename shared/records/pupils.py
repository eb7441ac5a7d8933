"""Pupils and the groups for which registers are taken."""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, integer, record, ref, text

_HUB_AND_HOME = frozenset({"hub", "home"})
_OFFICE = ("general_principal", "centre_director", "clerk", "campus_head", "system_operator")


@record(
    Declaration(
        "pupil", "学生", "pupil", "id", _HUB_AND_HOME, roles=_OFFICE, erasable=True, archive=True,
        private=True,
    )
)
class Pupil:
    """A child; known only to its campus and the hub, erasable by law."""

    id: str = ref("编号", "id", key=True)
    name: str = text("姓名", "name", high=40, rule=Rule.REVIEW)
    sex: str = coded("性别", "sex", "sex", default="unknown")
    birth: str | None = day("出生日期", "birth", null=True, default=None)
    initials: str = text("首字母", "initials", high=16, default="")


@record(
    Declaration(
        "roster_group", "班级与小组", "group", "con", _HUB_AND_HOME, owner="id", roles=_OFFICE, archive=True
    )
)
class RosterGroup:
    """A class, dorm room, club or event: whatever a register can be taken for."""

    id: str = ref("编号", "id", key=True)
    campus: str = ref("校区", "campus")
    kind: str = coded("类型", "kind", "group_kind", default="class")
    stage: str = coded("学段", "stage", "stage", default="primary")
    cohort: str = text("级", "cohort", high=8, default="")
    name: str = text("名称", "name", high=40)
    homeroom_id: str | None = ref("班主任", "homeroom teacher", null=True, default=None)
    deputy_id: str | None = ref("副班主任", "deputy homeroom teacher", null=True, default=None)
    position: int = integer("排序", "position", 0, 9999, default=0)
    begin: str = day("开始", "begin", unit="span")
    end: str | None = day("结束", "end", null=True, default=None, unit="span")
    carer_id: str | None = ref("保育员", "carer", null=True, default=None)
    room_id: str | None = ref("本班教室", "own room", null=True, default=None)


@record(
    Declaration(
        "group_member", "成员", "group member", "group_id", _HUB_AND_HOME, roles=_OFFICE, rule=Rule.REVIEW,
        archive=True, private=True,
    )
)
class GroupMember:
    """A pupil's dated place in a group; moving is a new row, never an edit."""

    group_id: str = ref("班级", "group", key=True)
    member_id: str = ref("学生", "member", key=True)
    begin: str = day("开始", "begin", key=True)
    end: str | None = day("结束", "end", null=True, default=None)
    seat_number: int = integer("序号", "number", 0, 9999, default=0)

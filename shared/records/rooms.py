"""Premises: buildings and rooms, each with the campus that decides about it, and the way between campuses."""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, flag, integer, record, ref, text

_HUB = frozenset({"hub"})
_HUB_AND_HOME = frozenset({"hub", "home"})
_OFFICE = ("general_principal", "centre_director", "clerk", "campus_head", "system_operator")


@record(
    Declaration(
        "building", "楼", "building", "con", _HUB_AND_HOME, owner="id", roles=_OFFICE, rule=Rule.AUTHORITY, archive=True
    )
)
class Building:
    """A building of one campus."""

    id: str = ref("编号", "id", key=True)
    campus: str = ref("校区", "campus")
    name: str = text("名称", "name", high=40)
    position: int = integer("排序", "position", 0, 9999, default=0)


@record(
    Declaration(
        "room", "教室", "room", "con", _HUB_AND_HOME, owner="id", roles=_OFFICE, rule=Rule.AUTHORITY, archive=True
    )
)
class Room:
    """A room. The campus in its id is the one that decides who gets it (C8)."""

    id: str = ref("编号", "id", key=True)
    campus: str = ref("校区", "campus")
    name: str = text("名称", "name", high=40)
    kind: str = coded("类型", "kind", "room_kind", default="classroom")
    building_id: str | None = ref("楼", "building", null=True, default=None)
    seats: int = integer("座位", "seats", 0, 9999, default=0)
    bookable: int = flag("可预约", "bookable", default=1)
    position: int = integer("排序", "position", 0, 9999, default=0)
    begin: str | None = day("启用", "begin", null=True, default=None, unit="span")
    end: str | None = day("停用", "end", null=True, default=None, unit="span")


@record(
    Declaration("travel_time", "校区路程", "travel time", "con", _HUB, roles=_OFFICE, archive=True)
)
class TravelTime:
    """How long a teacher needs from one campus to another, one way."""

    from_campus: str = ref("从", "from", key=True)
    to_campus: str = ref("到", "to", key=True)
    minutes: int = integer("分钟", "minutes", 0, 600)

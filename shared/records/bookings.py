"""Rooms booked: a series says who wants which room for what, its occurrences carry date, time and answer.

The id of a series is minted for the campus that decides about the room, so that the answer's authority can
be read off the key (C8). "Tentative" is derived from `requested`, never written.
"""

from __future__ import annotations

from shared.records.declare import Declaration, Rule, coded, day, integer, record, ref, text, time_of_day

_ANY = frozenset({"hub", "home", "any"})


@record(Declaration("booking_series", "预约", "booking", "con", _ANY, owner="id"))
class BookingSeries:
    """One wish for a room, once or repeated."""

    id: str = ref("编号", "id", key=True)
    room_id: str = ref("教室", "room")
    campus: str = ref("预约校区", "booked from")
    booked_by: str = ref("预约人", "booked by")
    purpose: str = coded("用途", "purpose", "booking_purpose", default="other")
    title: str = text("内容", "title", high=60)
    group_id: str | None = ref("班级", "group", null=True, default=None)
    head_count: int = integer("人数", "head count", 0, 9999, default=0)
    repeat: str = coded("重复", "repeat", "booking_repeat", default="once", unit="pattern")
    until: str | None = day("重复到", "until", null=True, default=None, unit="pattern")
    note: str = text("说明", "note", high=200, default="")


@record(Declaration("booking_occurrence", "预约场次", "booking occurrence", "con", _ANY, owner="series_id"))
class BookingOccurrence:
    """One date of a series, half-open in clock time, since campuses ring different bells.

    Only the deciding campus (or the hub) answers, and only it moves what stands.
    """

    series_id: str = ref("预约", "booking", key=True)
    number: int = integer("序次", "number", 1, 999, key=True)
    room_id: str = ref("教室", "room", unit="place", owner_only=True)
    date: str = day("日期", "date", unit="place", owner_only=True)
    begin: str = time_of_day("开始", "begin", unit="place", owner_only=True)
    end: str = time_of_day("结束", "end", unit="place", owner_only=True)
    state: str = coded(
        "状态", "state", "booking_state", default="requested", unit="answer", rule=Rule.AUTHORITY, owner_only=True
    )
    reason: str = coded(
        "理由", "reason", "booking_reason", default="none", unit="answer", rule=Rule.AUTHORITY, owner_only=True
    )
    decided_by: str = ref("答复人", "decided by", default="", unit="answer", rule=Rule.AUTHORITY, owner_only=True)
    decided_at: str = text(
        "答复时间", "decided at", high=24, default="", unit="answer", rule=Rule.AUTHORITY, owner_only=True
    )
    answer_note: str = text(
        "答复说明", "answer note", high=120, default="", unit="answer", rule=Rule.AUTHORITY, owner_only=True
    )
    cancelled_by: str = ref("取消人", "cancelled by", default="", unit="cancellation")
    cancelled_at: str = text("取消时间", "cancelled at", high=24, default="", unit="cancellation")

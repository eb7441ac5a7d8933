"""This API as an OpenAPI 3.1 document: bodies and answers derived from the record declarations."""

from __future__ import annotations

from typing import Any

from shared.openapi import field_schema, openapi_document
from shared.records import (
    BookingOccurrence,
    BookingSeries,
    CalendarDay,
    LeaveApproval,
    LeaveRequest,
    LessonDay,
    LessonException,
    LessonOverride,
    Register,
    RegisterException,
    RollSession,
    Room,
    RosterGroup,
    StaffDay,
)
from shared.records.declare import specs_of

API_VERSION = "1"
RECORDS_SHOWN: tuple[type, ...] = (
    RosterGroup, RollSession, CalendarDay, Register, RegisterException, StaffDay, LessonDay, LessonException,
    LessonOverride, LeaveRequest, LeaveApproval, Room, BookingSeries, BookingOccurrence,
)  # fmt: skip
BOOKED = ("room_id", "purpose", "title", "group_id", "head_count", "repeat", "until", "note")


def openapi() -> dict[str, Any]:
    """The document, JSON-ready."""
    return openapi_document(
        title="Tongxin node / 同心校区节点",
        version=API_VERSION,
        records=RECORDS_SHOWN,
        paths={**_paths(), **_lesson_paths(), **_leave_paths(), **_booking_paths(), **_action_paths()},
        schemas=_schemas(),
    )


def _paths() -> dict[str, dict[str, Any]]:
    register = "/api/v1/registers/{group_id}/{date}/{session}"
    place = [_in_path("group_id"), _in_path("date"), _in_path("session")]
    return {
        "/api/v1/session": {
            "post": _operation("登录 / log in", body=_ref("Login")),
            "get": _operation("我是谁 / who is logged in"),
            "delete": _operation("退出 / log out", write=True),
        },
        "/api/v1/groups": {"get": _operation("本校区的班级与时段 / groups and sessions", [_DATE])},
        "/api/v1/groups/{group_id}/roster": {"get": _operation("名单 / roster", [_in_path("group_id"), _DATE])},
        "/api/v1/registers": {"get": _operation("某天已点的名 / registers taken on a date", [_DATE])},
        register: {
            "get": _operation("一次点名 / one register", place, answer=_ref("RegisterShown")),
            "put": _operation(
                "点名 / take a register", place, body=_ref("RegisterBody"), answer=_ref("RegisterShown"), write=True
            ),
        },
        register + "/corrections": {
            "put": _operation(
                "更正 / office corrections",
                place,
                body=_ref("CorrectionsBody"),
                answer=_ref("RegisterShown"),
                write=True,
            )
        },
        "/api/v1/staff-days": {"get": _operation("教职工考勤 / staff days of a date", [_DATE])},
        "/api/v1/staff-days/{campus}/{date}": {
            "put": _operation(
                "记教职工考勤 / enter staff days",
                [_in_path("campus"), _in_path("date")],
                body=_ref("StaffDaysBody"),
                write=True,
            )
        },
        "/api/v1/sync": {"get": _operation("同步状态 / state of sync")},
        "/api/v1/openapi.json": {"get": _operation("本文档 / this document")},
    }


def _lesson_paths() -> dict[str, dict[str, Any]]:
    day, change = [_in_path("date")], [_in_path("change_id")]
    one = [_in_path("group_id"), _in_path("date"), _in_path("period"), _in_path("person_id")]
    seen_by = [_in_query(name) for name in ("group", "teacher", "room", "campus")]
    return {
        "/api/v1/lessons": {"get": _operation("一周的课 / lessons of a week", [_DATE, *seen_by])},
        "/api/v1/lesson-days/{date}": {
            "put": _operation("按课表上完 / close a day", day, body=_ref("CloseBody"), write=True),
            "delete": _operation("重新打开 / re-open a day", day, body=_ref("ReopenBody"), write=True),
        },
        "/api/v1/lessons/{group_id}/{date}/{period}/exceptions/{person_id}": {
            "put": _operation("课务例外 / how a lesson went", one, body=_ref("LessonNote"), write=True)
        },
        "/api/v1/lesson-changes": {
            "post": _operation("课程变动 / changes for one date", body=_ref("ChangesBody"), write=True)
        },
        "/api/v1/lesson-changes/{change_id}/withdraw": {
            "post": _operation("撤销变动 / withdraw a change", change, body=_ref("TokenBody"), write=True)
        },
    }


def _leave_paths() -> dict[str, dict[str, Any]]:
    one = [_in_path("leave_id")]
    return {
        "/api/v1/leave": {
            "get": _operation("请假 / leave"),
            "post": _operation("请假 / ask for leave", body=_ref("LeaveBody"), write=True),
        },
        "/api/v1/leave/{leave_id}/withdraw": {
            "post": _operation("撤回请假 / withdraw a leave", one, body=_ref("TokenBody"), write=True)
        },
        "/api/v1/leave/{leave_id}/answer": {
            "put": _operation("审批 / answer a leave", one, body=_ref("AnswerBody"), write=True)
        },
    }


def _booking_paths() -> dict[str, dict[str, Any]]:
    one = "/api/v1/bookings/{series_id}"
    return {
        "/api/v1/rooms": {"get": _operation("某天各教室占用 / rooms of a date", [_DATE])},
        "/api/v1/bookings": {"post": _operation("预约 / book", body=_ref("BookingBody"), write=True)},
        one: {"get": _operation("一个预约 / one booking", [_in_path("series_id")])},
        one + "/cancel": {
            "post": _operation("取消 / cancel", [_in_path("series_id")], body=_ref("CancelBody"), write=True)
        },
        one + "/{number}/answer": {
            "put": _operation(
                "答复 / answer", [_in_path("series_id"), _in_path("number")], body=_ref("RoomAnswerBody"), write=True
            )
        },
    }


def _action_paths() -> dict[str, dict[str, Any]]:
    one = [_in_path("action_id")]
    return {
        "/api/v1/actions": {"get": _operation("最近的操作 / the latest actions", [_in_query("before")])},
        "/api/v1/actions/{action_id}": {"get": _operation("一次操作 / one action", one)},
        "/api/v1/actions/{action_id}/undo": {
            "post": _operation("撤回 / take an action back", one, body=_ref("UndoBody"), write=True)
        },
    }


_DATE = {
    "name": "date", "in": "query", "required": False, "schema": {"type": "string", "format": "date"},
    "description": "default: today",
}  # fmt: skip
_CSRF = {
    "name": "X-CSRFToken", "in": "header", "required": True, "schema": {"type": "string"},
    "description": "`csrf_token` of the log-in's answer",
}  # fmt: skip


def _in_path(name: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "date"} if name == "date" else {"type": "string"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(
    summary: str,
    parameters: list[dict[str, Any]] | None = None,
    *,
    body: dict[str, Any] | None = None,
    answer: dict[str, Any] | None = None,
    write: bool = False,
) -> dict[str, Any]:
    schema = answer or {"type": "object"}
    made: dict[str, Any] = {
        "summary": summary,
        "parameters": [*(parameters or []), *([_CSRF] if write else [])],
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}},
    }
    if body:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return made


def _schemas() -> dict[str, dict[str, Any]]:
    text = {"type": "string"}
    marked = _fields(RegisterException, "person_id", "mark", "minutes", "note")
    mark_row = _object(marked, "person_id", "mark")
    entered = _fields(
        StaffDay, "person_id", "status", "part", "late_minutes", "early_minutes", "absent_lessons", "note"
    )
    entry_row = _object({**entered, "token": {"type": ["string", "null"]}}, "person_id", "status")
    shown = {
        "taken": {"type": "boolean", "description": "false: not yet taken, which is neither present nor absent"},
        "header": {"anyOf": [_ref("Register"), {"type": "null"}]},
        "roster_digest": text,
        "exceptions": _list({"type": "object"}),
        "current": _list({"type": "object"}),
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "state": text,
        "token": text,
        "correction_token": text,
    }
    return {
        "Login": _object({"login": text, "password": text}, "login", "password"),
        "RegisterBody": _object({"exceptions": _list(mark_row), "roster_digest": text, "token": text}, "exceptions"),
        "CorrectionsBody": _object({"corrections": _list(mark_row), "token": text}, "corrections"),
        "RegisterShown": {"type": "object", "required": ["taken", "token"], "properties": shown},
        "BookingBody": _object(
            {
                **_fields(BookingSeries, *BOOKED),
                **_fields(BookingOccurrence, "date", "begin", "end"),
            },
            "room_id", "date", "begin", "end", "title",
        ),
        "UndoBody": _object({"reason": text}, "reason"),
        "CancelBody": _object({"number": {"type": ["integer", "null"]}}),
        "RoomAnswerBody": _object({**_fields(BookingOccurrence, "state", "answer_note"), "token": text}, "state"),
        "StaffDaysBody": _object({"entries": _list(entry_row), "others_present": {"type": "boolean"}}, "entries"),
        **_lesson_schemas(),
    }


def _lesson_schemas() -> dict[str, dict[str, Any]]:
    text, yes_or_no = {"type": "string"}, {"type": "boolean"}
    change = _fields(
        LessonOverride, "group_id", "date", "period", "kind", "teacher_id", "new_teacher_id", "new_room_id",
        "new_date", "new_period", "reason", "note",
    )  # fmt: skip
    changes = _list(_object({**change, "other_group": text}, "group_id", "date", "period", "kind"))
    wish = _fields(LeaveRequest, "kind", "begin", "begin_part", "end", "note", "with_proof")
    wish |= {"last": {"type": "string", "format": "date", "description": "the last day away, in place of `end`"}}
    return {
        "CloseBody": _object({"whole": {**yes_or_no, "description": "the campus's day, not only one's own"}}),
        "ReopenBody": _object({"person_id": text, "reason": text}, "reason"),
        "LessonNote": _object({**_fields(LessonException, "kind", "minutes", "note"), "token": text}),
        "ChangesBody": _object({"changes": changes, "confirmed": yes_or_no}, "changes"),
        "TokenBody": _object({"token": text}),
        "LeaveBody": _object({**wish, "person_id": text}, "kind", "begin"),
        "AnswerBody": _object({**_fields(LeaveApproval, "decision", "note"), "token": text}, "decision"),
    }


def _fields(record: type, *names: str) -> dict[str, Any]:
    specs = specs_of(record)
    return {name: field_schema(specs[name]) for name in names}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object", "additionalProperties": False, "required": list(required), "properties": properties,
    }  # fmt: skip


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}

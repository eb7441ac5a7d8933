"""This API as an OpenAPI 3.1 document: bodies and answers derived from the record declarations."""

from __future__ import annotations

from typing import Any

from shared.openapi import field_schema, openapi_document
from shared.records import (
    BookingOccurrence,
    BookingSeries,
    CalendarDay,
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
    RosterGroup, RollSession, CalendarDay, Register, RegisterException, StaffDay, Room, BookingSeries,
    BookingOccurrence,
)  # fmt: skip
BOOKED = ("room_id", "purpose", "title", "group_id", "head_count", "repeat", "until", "note")


def openapi() -> dict[str, Any]:
    """The document, JSON-ready."""
    return openapi_document(
        title="Tongxin node / 同心校区节点",
        version=API_VERSION,
        records=RECORDS_SHOWN,
        paths=_paths(),
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
        **_booking_paths(),
        "/api/v1/sync": {"get": _operation("同步状态 / state of sync")},
        "/api/v1/openapi.json": {"get": _operation("本文档 / this document")},
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
                "答复 / answer", [_in_path("series_id"), _in_path("number")], body=_ref("AnswerBody"), write=True
            )
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
        "CancelBody": _object({"number": {"type": ["integer", "null"]}}),
        "AnswerBody": _object({**_fields(BookingOccurrence, "state", "answer_note"), "token": text}, "state"),
        "StaffDaysBody": _object({"entries": _list(entry_row), "others_present": {"type": "boolean"}}, "entries"),
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

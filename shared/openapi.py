"""The OpenAPI 3.1 document, derived from the record declarations that also make tables and validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apispec import APISpec

from shared.codes import CODE_LISTS
from shared.records.declare import Kind, Spec
from shared.schema import table_of

OPENAPI_VERSION = "3.1.0"
PATTERNS = {
    Kind.TIME: r"^([01]\d|2[0-3]):[0-5]\d$",
    Kind.INSTANT: r"^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z$",
    Kind.DECIMAL: r"^-?(0|[1-9]\d{0,14})(\.\d{0,8}[1-9])?$",
}

ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "message_en", "problems", "advice"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string", "description": "中文"},
                "message_en": {"type": "string"},
                "problems": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}},
                "advice": {"enum": ["none", "retry_later", "needs_upgrade", "needs_person"]},
            },
        }
    },
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["field", "reason", "message", "cure", "message_en", "cure_en"],
    "properties": {
        name: {"type": "string"} for name in ("field", "reason", "message", "cure", "message_en", "cure_en")
    },
}


def openapi_document(
    *,
    title: str,
    version: str,
    records: Sequence[type],
    paths: Mapping[str, Mapping[str, Any]],
    schemas: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The document as JSON-ready data.

    paths: path → method → operation, which may refer to `#/components/schemas/<RecordClass>`, `Error` and
    the extra `schemas`. Every operation is given the one error shape for 4xx and 5xx.
    """
    spec = APISpec(title=title, version=version, openapi_version=OPENAPI_VERSION)
    spec.components.schema("Error", ERROR_SCHEMA)
    spec.components.schema("Problem", PROBLEM_SCHEMA)
    for record in records:
        spec.components.schema(record.__name__, record_schema(record))
    for name, schema in (schemas or {}).items():
        spec.components.schema(name, dict(schema))
    for path, operations in paths.items():
        spec.path(path=path, operations={m: _with_errors(each) for m, each in operations.items()})
    document: dict[str, Any] = spec.to_dict()
    return document


def record_schema(record: type) -> dict[str, Any]:
    """A record as a JSON Schema object: no field more, none of the required ones less."""
    table = table_of(record)
    properties = {column.name: field_schema(column.spec) for column in table.columns}
    required = [c.name for c in table.columns if c.spec.default is None and not c.spec.null]
    return {
        "type": "object",
        "title": table.declaration.zh,
        "description": table.declaration.en,
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


def field_schema(spec: Spec) -> dict[str, Any]:
    """A field as JSON Schema, with its bounds, codes and both labels."""
    schema: dict[str, Any] = {"title": spec.zh, "description": spec.en}
    if spec.kind in (Kind.INTEGER, Kind.FLAG):
        schema |= {"type": "integer", "minimum": spec.low, "maximum": spec.high}
    else:
        schema |= {"type": "string"}
        if spec.kind is Kind.DATE:
            schema["format"] = "date"
        if spec.kind in PATTERNS:
            schema["pattern"] = PATTERNS[spec.kind]
        if spec.kind is Kind.CODE and spec.codes:
            schema["enum"] = [code for code, _zh, _en in CODE_LISTS[spec.codes]]
        if spec.kind is Kind.TEXT:
            schema |= {"maxLength": spec.high} | ({"minLength": 1} if spec.key else {})
    if spec.default is not None:
        schema["default"] = spec.default
    if spec.null:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _with_errors(operation: Mapping[str, Any]) -> dict[str, Any]:
    answer = {
        "description": "错误 / error",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    responses = {"default": answer, **operation.get("responses", {})}
    return {**operation, "responses": responses}

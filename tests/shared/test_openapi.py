"""The OpenAPI document says what validation does, since both are derived from the records."""

import json
import re

import pytest

from shared.errors import InvalidInput
from shared.openapi import field_schema, openapi_document, record_schema
from shared.records import RECORDS, AccountRole, DateConfirmation, RegisterException
from shared.schema import table_of
from shared.validation import load

PATHS = {"/api/v1/x": {"get": {"responses": {"200": {"description": "ok"}}}}}


def document():
    return openapi_document(title="同心", version="1", records=RECORDS, paths=PATHS)


def test_the_document_is_openapi_3_1_and_holds_every_record():
    found = document()
    assert found["openapi"] == "3.1.0"
    assert {record.__name__ for record in RECORDS} <= set(found["components"]["schemas"])
    assert json.loads(json.dumps(found)) == found


def test_every_operation_answers_errors_in_the_one_shape():
    responses = document()["paths"]["/api/v1/x"]["get"]["responses"]
    schema = responses["default"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Error"}
    assert responses["200"] == {"description": "ok"}


@pytest.mark.parametrize(
    ("record", "field", "good", "bad"),
    [
        (RegisterException, "minutes", 600, 601),
        (RegisterException, "mark", "late", "lat"),
        (RegisterException, "note", "x" * 120, "x" * 121),
        (AccountRole, "end", None, "2025-9-1"),
        (DateConfirmation, "date", "2025-09-15", "20250915"),
    ],
)
def test_what_the_schema_forbids_validation_refuses(record, field, good, bad):
    spec = {column.name: column.spec for column in table_of(record).columns}[field]
    schema = field_schema(spec)
    assert load(record, {field: good}, only=[field]) == {field: good}
    with pytest.raises(InvalidInput):
        load(record, {field: bad}, only=[field])
    assert fits(schema, good) and not fits(schema, bad)


def fits(schema, value):
    """The few keywords of JSON Schema that the document uses."""
    if value is None:
        return "null" in schema["type"]
    if isinstance(value, int):
        return schema["minimum"] <= value <= schema["maximum"]
    if "enum" in schema:
        return value in schema["enum"]
    if schema.get("format") == "date":
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None
    return len(value) <= schema.get("maxLength", 10**9)


def test_required_fields_are_those_without_a_default():
    schema = record_schema(RegisterException)
    assert set(schema["required"]) == {"group_id", "date", "session", "person_id", "source", "mark"}
    assert schema["additionalProperties"] is False

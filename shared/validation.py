"""The border: text from forms and JSON from peers become typed values, or all problems at once.

One strict rule per kind serves forms, the API, imports and changesets alike. Decoding (text → type) and
checking (bounds, codes) are separate, because a changeset is already typed and must not be "helped".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import marshmallow as ma

from shared.codes import codes_of
from shared.errors import InvalidInput, Problem
from shared.records.declare import Kind, Spec
from shared.schema import Table, Value, table_of
from shared.text import is_clean, tidied

_INSTANT = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{0,8}[1-9])?")


def canonical_decimal(value: Decimal) -> str:
    """The one text form of a decimal: no exponent, no trailing zeros, no "-0"."""
    text = format(value.normalize(), "f")
    return "0" if text in ("-0", "") else text


def problem_with(spec: Spec, value: object, *, grown_codes: bool = True) -> str | None:
    """The reason code of what is wrong with a typed value, or None.

    grown_codes: accept a code that this version does not know (a newer peer's, C12).
    """
    if value is None:
        return None if spec.null else "missing"
    if spec.kind in (Kind.INTEGER, Kind.FLAG):
        return _problem_with_integer(spec, value)
    if not isinstance(value, str):
        return "not_text"
    if len(value) > (spec.high or 40):
        return "too_long"
    if not is_clean(value) or (spec.key and "/" in value):
        return "bad_characters"
    if spec.kind is Kind.CODE and not grown_codes and value not in codes_of(spec.codes or ""):
        return "unknown_code"
    return None if _well_formed(spec, value) else f"not_{spec.kind.value}"


def _problem_with_integer(spec: Spec, value: object) -> str | None:
    if type(value) is not int:
        return "not_integer"
    low, high = spec.low, spec.high
    if (low is not None and value < low) or (high is not None and value > high):
        return "out_of_range"
    return None


def _well_formed(spec: Spec, value: str) -> bool:
    match spec.kind:
        case Kind.DATE:
            return _is_date(value)
        case Kind.TIME:
            return _TIME.fullmatch(value) is not None
        case Kind.INSTANT:
            return _INSTANT.fullmatch(value) is not None and _is_date(value[:10])
        case Kind.DECIMAL:
            return _DECIMAL.fullmatch(value) is not None and value != "-0"
        case Kind.CODE:
            return value != ""
        case _:
            return not spec.key or value != ""


@lru_cache(maxsize=4096)
def _is_date(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def problems_in_column(spec: Spec, name: str, values: Iterable[object]) -> list[Problem]:
    """What is wrong with a whole column: each *distinct* value is looked at once, so 40,000 marks cost 7, and
    plain text all at once."""
    values = list(values)
    # True == 1 in Python: a set may keep either, so the types are looked at first.
    types = set(map(type, values))
    if types - {str, int, type(None)}:
        return [Problem(name, "not_a_value")]
    distinct = set(values)
    if types == {str} and spec.kind is Kind.TEXT and _all_plain(spec, distinct):
        return []
    found = {reason for value in distinct if (reason := problem_with(spec, value))}
    return [Problem(name, reason) for reason in sorted(found)]


def _all_plain(spec: Spec, values: Collection[Any]) -> bool:
    """Whether all texts of a column are surely good: short enough, printable throughout, and fit for a key."""
    joined = "".join(values)
    fits = joined.isprintable() and max(map(len, values)) <= (spec.high or 40)
    return fits and not (spec.key and ("/" in joined or "" in values))


def decoded(spec: Spec, raw: object) -> Value:
    """A form's or a sheet's value as the field's type; what cannot be decoded stays for the check."""
    if isinstance(raw, str):
        raw = tidied(raw)
        if raw == "" and (spec.null or spec.kind in (Kind.INTEGER, Kind.DATE, Kind.DECIMAL)):
            return None
    if spec.kind in (Kind.INTEGER, Kind.FLAG):
        return _decoded_integer(raw)
    if spec.kind is Kind.DECIMAL and raw is not None:
        return _decoded_decimal(raw)
    if spec.kind is Kind.DATE and isinstance(raw, date):
        return raw.isoformat()[:10]
    return raw  # type: ignore[return-value]  # checked right after, by problem_with


def _decoded_integer(raw: object) -> Value:
    if isinstance(raw, bool):
        return int(raw)
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if isinstance(raw, str) and re.fullmatch(r"-?\d{1,18}", raw):
        return int(raw)
    return raw  # type: ignore[return-value]  # checked right after, by problem_with


def _decoded_decimal(raw: object) -> Value:
    if isinstance(raw, bool):
        return str(raw)
    try:
        # A sheet's float is read as what it shows (repr), never as its binary value.
        number = Decimal(str(raw))
    except InvalidOperation:
        return str(raw)
    return canonical_decimal(number) if number.is_finite() else str(raw)


class DeclaredField(ma.fields.Field[Any]):
    """A marshmallow field that obeys one declaration."""

    def __init__(self, spec: Spec, **more: Any) -> None:
        self.spec = spec
        super().__init__(**more)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Value:
        typed = decoded(self.spec, value)
        if typed is None and self.spec.default is not None and not self.spec.null:
            typed = self.spec.default
        reason = problem_with(self.spec, typed, grown_codes=False)
        if reason:
            raise ma.ValidationError(reason)
        return typed


@lru_cache(maxsize=256)
def wire(record: type) -> type[ma.Schema]:
    """The marshmallow schema of a record: unknown and missing fields are refused."""
    fields = {c.name: _declared_field(c.spec) for c in table_of(record).columns}
    return ma.Schema.from_dict(dict(fields), name=record.__name__)


def _declared_field(spec: Spec) -> DeclaredField:
    if spec.default is not None or spec.null:
        return DeclaredField(spec, load_default=spec.default, allow_none=True)
    return DeclaredField(spec, required=True)


def load(record: type, raw: Mapping[str, Any], *, only: Sequence[str] | None = None) -> dict[str, Value]:
    """Typed values of a record (or of the fields in `only`) from raw input.

    Raises InvalidInput with one Problem a field.
    """
    schema = wire(record)(only=only, unknown=ma.RAISE)
    try:
        loaded: dict[str, Value] = schema.load(raw)
    except ma.ValidationError as error:
        raise InvalidInput(*_problems(record, error.messages_dict)) from error
    return loaded


_REASONS: dict[str, str] = {
    "Missing data for required field.": "missing",
    "Unknown field.": "unknown_field",
    "Field may not be null.": "missing",
    "Invalid input type.": "not_an_object",
}


def _problems(record: type, messages: Mapping[str, Any]) -> list[Problem]:
    specs = {c.name: c.spec for c in table_of(record).columns}
    found = []
    for name, reasons in messages.items():
        for reason in reasons:
            spec = specs.get(name)
            data: dict[str, str | int | None] = {}
            if spec is not None:
                data = {"zh": spec.zh, "en": spec.en, "low": spec.low, "high": spec.high, "codes": spec.codes}
            found.append(Problem(name, _REASONS.get(str(reason), str(reason)), data))
    return found


def problems_in_rows(table: Table, columns: Mapping[str, Sequence[object]]) -> list[Problem]:
    """What is wrong with typed rows given column by column (a changeset's body)."""
    specs = {c.name: c.spec for c in table.columns}
    known = [name for name in columns if name in specs]
    return [problem for name in known for problem in problems_in_column(specs[name], name, columns[name])]

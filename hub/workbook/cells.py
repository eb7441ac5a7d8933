"""A cell as a person typed it, turned into what the field's declaration wants."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from shared.codes import CODE_LISTS
from shared.records.declare import Kind, Spec
from shared.schema import Value
from shared.text import tidied
from shared.validation import decoded, problem_with

# A number has 15 safe digits; what is longer was typed as a number and has lost its end for good.
EXACT_NUMBER_MAX = 10**15

_DATE_TEXT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_TIME_TEXT = re.compile(r"(\d{1,2})[:：](\d{2})(?::\d{2})?")
_FLAG_WORDS = {"是": 1, "yes": 1, "y": 1, "√": 1, "✓": 1, "1": 1, "否": 0, "no": 0, "n": 0, "0": 0, "×": 0}


def read_cell(spec: Spec, raw: object) -> tuple[Value, str | None]:
    """(typed value, None) or (what was read, reason code).

    An empty cell takes the declaration's default. Reasons are those of `shared.validation`, and
    `digits_lost` for a long number that was not typed as text.
    """
    if isinstance(raw, float | int) and not isinstance(raw, bool) and abs(raw) >= EXACT_NUMBER_MAX:
        return None, "digits_lost"
    text = _as_typed(raw)
    if text == "":
        value = spec.default if not spec.null else None
        missing = value is None and not spec.null
        return value, "missing" if missing or (spec.key and value in (None, "")) else None
    value = decoded(spec, _in_own_form(spec, text))
    if spec.kind is Kind.TEXT and spec.default is None and not spec.null and value == "":
        return value, "missing"
    return value, problem_with(spec, value, grown_codes=False)


def _as_typed(raw: object) -> str:
    """What the cell shows: 8.0 is 8, a date is YYYY-MM-DD, a time HH:MM."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "1" if raw else "0"
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() else repr(raw)
    if isinstance(raw, datetime):
        return raw.date().isoformat()
    if isinstance(raw, date):
        return raw.isoformat()
    if isinstance(raw, time):
        return f"{raw:%H:%M}"
    if isinstance(raw, timedelta):
        minutes = int(raw.total_seconds()) // 60
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return tidied(str(raw))


def _in_own_form(spec: Spec, text: str) -> str:
    """A person's way of writing a date, a time, a yes, or a code's word, as the stored form."""
    match spec.kind:
        case Kind.DATE:
            found = _DATE_TEXT.fullmatch(text)
            return "{}-{:0>2}-{:0>2}".format(*found.groups()) if found else text
        case Kind.TIME:
            found = _TIME_TEXT.fullmatch(text)
            return f"{int(found[1]):02d}:{found[2]}" if found else text
        case Kind.FLAG:
            return str(_FLAG_WORDS.get(text.lower(), text))
        case Kind.CODE:
            return code_of(spec.codes or "", text)
        case Kind.DECIMAL | Kind.INTEGER:
            return text.replace("−", "-").replace("＋", "+").removeprefix("+")
        case _:
            return text


def code_of(codes: str, text: str) -> str:
    """The code meant by a code or by its Chinese or English word; anything else stays as it is."""
    for code, zh, en in CODE_LISTS[codes]:
        if text in (code, zh) or text.lower() == en.lower():
            return code
    return text

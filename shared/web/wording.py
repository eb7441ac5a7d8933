"""A row in school words: what it is, whose it is, and what its fields say.

Pure: ids are looked up beforehand (`shared.web.store.names_of`) and handed in as names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from shared.clock import instant_ms, local_time
from shared.codes import word_of
from shared.records.declare import Kind, Spec
from shared.schema import Table, Value
from shared.web.times import spoken_date

# Key columns that say nothing about which row it is.
_NAMELESS = frozenset({"source"})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# Says nothing to a person.
_MACHINE_FIELDS = frozenset({"roster_digest", "password_hash", "digest", "initials"})


def table_words(table: Table, lang: str) -> str:
    """What a record is called."""
    return table.declaration.zh if lang.startswith("zh") else table.declaration.en


def column_words(table: Table, column: str, lang: str) -> str:
    """What a field is called; an unknown column keeps its name."""
    for each in table.columns:
        if each.name == column:
            return each.spec.zh if lang.startswith("zh") else each.spec.en
    return column


def spec_of(table: Table, column: str) -> Spec | None:
    """The declaration of a column, or None for one this version does not know."""
    return next((each.spec for each in table.columns if each.name == column), None)


def speaks(column: str) -> bool:
    """False for fields that only programs read."""
    return column not in _MACHINE_FIELDS and not column.startswith("_")


def is_secret(column: str) -> bool:
    """True for fields whose value nobody reads, not even who settles a disagreement about it."""
    return column == "password_hash"


def value_words(spec: Spec | None, value: Value, names: Mapping[str, str], lang: str) -> str:
    """What a value says to a person: codes as words, ids as names, dates as dates."""
    chinese = lang.startswith("zh")
    if value is None or value == "":
        return "（空）" if chinese else "(empty)"
    if spec is None:
        return str(value)
    if spec.kind is Kind.CODE and spec.codes:
        return word_of(spec.codes, str(value), lang)
    if spec.kind is Kind.FLAG:
        return ("是" if value else "否") if chinese else ("yes" if value else "no")
    if spec.kind is Kind.DATE:
        return spoken_date(date.fromisoformat(str(value)), lang)
    if _INSTANT.fullmatch(str(value)):
        moment = local_time(instant_ms(str(value)))
        return f"{spoken_date(moment.date(), lang)} {moment:%H:%M}"
    return names.get(str(value), str(value))


def row_title(table: Table, key: Sequence[Value], names: Mapping[str, str], lang: str) -> str:
    """Which row: `三年级2班 · 9月15日 周一 · 上午 · 王小明`. A row keyed by its own id is its name."""
    shown = []
    for column, value in zip(table.key, key, strict=False):
        if column in _NAMELESS:
            continue
        session = names.get(f"session:{value}") if column == "session" else None
        shown.append(session or value_words(spec_of(table, column), value, names, lang))
    return " · ".join(shown)


def ids_in(table: Table, key: Sequence[Value], values: Iterable[Mapping[str, Value]]) -> set[str]:
    """Everything in a row that may be an id: text fields, key and values alike."""
    found = {str(value) for value in key if isinstance(value, str)}
    for row in values:
        found |= {value for value in row.values() if isinstance(value, str) and value}
    return found

"""How a record is declared: one frozen dataclass whose fields carry everything derived later.

Table, CHECKs, marshmallow schema, XLSX columns, OpenAPI, scope, rights and conflict rule all come from
these declarations (`shared.schema` is their only reader).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, dataclass_transform

R = TypeVar("R")


class Kind(StrEnum):
    """What a field holds; decides SQL type, wire type and form control."""

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLAG = "flag"


class Rule(StrEnum):
    """Who wins between concurrent edits of one field (DESIGN C4)."""

    LATEST = "latest"
    AUTHORITY = "authority"
    RANK = "rank"
    REVIEW = "review"
    QUIET = "quiet"


@dataclass(frozen=True)
class Spec:
    """All that is declared about one field.

    owner_only: only the owning campus or the hub changes it, or inserts it with another value than its default.
    """

    kind: Kind
    zh: str
    en: str
    key: bool = False
    null: bool = False
    default: str | int | None = None
    low: int | None = None
    high: int | None = None
    codes: str | None = None
    rule: Rule | None = None
    unit: str | None = None
    owner_only: bool = False


@dataclass(frozen=True)
class Declaration:
    """All that is declared about one record beside its fields.

    scope: "con", "hub", or the name of the key field from whose front the owning campus is read.
    owner: key field whose front names the owning campus, for records of consortium scope.
    writers: who may write: "hub", "home" (a node of the owning campus), "any" (a node of any campus).
    roles: the roles of which the author must hold one; empty means every logged-in person.
    erasable: rows are body parts of their own, so that the law's erasure leaves the chain whole (C10).
    """

    table: str
    zh: str
    en: str
    scope: str
    writers: frozenset[str]
    owner: str | None = None
    roles: tuple[str, ...] = ()
    rule: Rule = Rule.LATEST
    erasable: bool = False
    archive: bool = False
    private: bool = False


def _field(spec: Spec) -> Any:
    metadata = {"spec": spec}
    if spec.default is not None:
        return dataclasses.field(default=spec.default, metadata=metadata)
    if spec.null:
        return dataclasses.field(default=None, metadata=metadata)
    return dataclasses.field(metadata=metadata)


def text(zh: str, en: str, *, high: int = 60, **more: Any) -> Any:
    """Clean text of at most `high` characters."""
    return _field(Spec(Kind.TEXT, zh, en, high=high, **more))


def ref(zh: str, en: str, **more: Any) -> Any:
    """The id of another record. No foreign key: a missing parent is "not known yet" (C7)."""
    return _field(Spec(Kind.TEXT, zh, en, high=40, **more))


def coded(zh: str, en: str, codes: str, **more: Any) -> Any:
    """A code of one of the lists in `shared.codes`."""
    return _field(Spec(Kind.CODE, zh, en, high=40, codes=codes, **more))


def day(zh: str, en: str, **more: Any) -> Any:
    """A local date, `YYYY-MM-DD`."""
    return _field(Spec(Kind.DATE, zh, en, **more))


def time_of_day(zh: str, en: str, **more: Any) -> Any:
    """A local clock time, `HH:MM`."""
    return _field(Spec(Kind.TIME, zh, en, **more))


def instant(zh: str, en: str, **more: Any) -> Any:
    """A UTC instant, `YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    return _field(Spec(Kind.INSTANT, zh, en, **more))


def integer(zh: str, en: str, low: int, high: int, **more: Any) -> Any:
    """A whole number within bounds, both ends included."""
    return _field(Spec(Kind.INTEGER, zh, en, low=low, high=high, **more))


def decimal(zh: str, en: str, **more: Any) -> Any:
    """An exact decimal, kept as canonical text."""
    return _field(Spec(Kind.DECIMAL, zh, en, high=24, **more))


def flag(zh: str, en: str, **more: Any) -> Any:
    """Yes or no, kept as 0/1."""
    return _field(Spec(Kind.FLAG, zh, en, low=0, high=1, **more))


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(text, ref, coded, day, time_of_day, instant, integer, decimal, flag),
)
def record(declaration: Declaration) -> Callable[[type[R]], type[R]]:
    """Turn a class into a frozen, keyword-only dataclass that carries its declaration."""

    def declare(cls: type[R]) -> type[R]:
        made = dataclass(frozen=True, kw_only=True)(cls)
        setattr(made, "declaration", declaration)  # noqa: B010 - mypy knows no such attribute on type
        return made

    return declare


def declaration_of(cls: type) -> Declaration:
    """The declaration of a record class. Raises AttributeError for any other class."""
    found: Declaration = cls.declaration  # type: ignore[attr-defined]  # set by `record`
    return found


def specs_of(cls: type) -> dict[str, Spec]:
    """Field name → Spec, in the order of declaration (which is the order of columns)."""
    return {f.name: f.metadata["spec"] for f in dataclasses.fields(cls)}

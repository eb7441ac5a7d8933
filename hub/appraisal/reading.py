"""Reading values out of a parsed document, collecting every problem with its line instead of stopping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hub.appraisal.model import Band, Param, ParamValue
from hub.appraisal.toml_lines import Path, line_of
from shared.codes import codes_of
from shared.errors import Problem
from shared.text import is_clean


class Reader:
    """Takes values out of the document; what is wrong is remembered with path, line and reason."""

    def __init__(self, lines: dict[Path, int]) -> None:
        self.lines = lines
        self.problems: list[Problem] = []

    def wrong(self, path: Path, reason: str, **data: str | int | None) -> None:
        """Remember one problem."""
        line = line_of(self.lines, path)
        place = ".".join(str(part) for part in path)
        self.problems.append(Problem(place, reason, {"line": line, **data}))

    def text(self, table: Mapping[str, Any], path: Path, name: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        value = table.get(name, default)
        if value is None:
            self.wrong(path, "missing", key=name)
        elif not isinstance(value, str) or not is_clean(value):
            self.wrong((*path, name), "not_text")
        else:
            return value.strip()
        return ""

    def number(
        self, table: Mapping[str, Any], path: Path, name: str, default: Decimal | None = None
    ) -> Decimal:
        """An exact number (TOML integer or decimal fraction)."""
        value = table.get(name, default)
        if value is None:
            self.wrong(path, "missing", key=name)
        elif isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.wrong((*path, name), "not_number")
        elif isinstance(value, Decimal) and not value.is_finite():
            self.wrong((*path, name), "not_number")
        else:
            return Decimal(value)
        return Decimal(0)

    def tables(self, table: Mapping[str, Any], path: Path, name: str) -> list[tuple[Path, dict[str, Any]]]:
        """An array of tables, each with its path; at least one."""
        value = table.get(name)
        if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
            self.wrong(path, "missing_tables", key=name)
            return []
        return [((*path, name, index), each) for index, each in enumerate(value)]

    def words(
        self, table: Mapping[str, Any], path: Path, name: str, allowed: Sequence[str], *, optional: bool = False
    ) -> tuple[str, ...]:
        """A list of codes out of `allowed`."""
        if optional and name not in table:
            return ()
        value = table.get(name)
        if not isinstance(value, list) or not value:
            self.wrong((*path, name), "missing" if value is None else "not_list", key=name)
            return ()
        for each in value:
            if each not in allowed:
                self.wrong((*path, name), "unknown_code", value=str(each))
        return tuple(str(each) for each in value)

    def only(self, table: Mapping[str, Any], path: Path, names: Sequence[str]) -> None:
        """No keys but these: a misspelt rule must not be silently ignored."""
        for name in table:
            if name not in names:
                self.wrong((*path, name), "unknown_key", key=name)

    def param(self, table: Mapping[str, Any], path: Path, param: Param) -> ParamValue:
        """The value of a criterion's parameter, as its kind says."""
        kind, _, codes = param.kind.partition(":")
        match kind:
            case "bands":
                return self._bands(table, path, param.name)
            case "table":
                return self._table(table, path, param.name)
            case "words":
                return self.words(table, path, param.name, sorted(codes_of(codes)))
            case "word":
                word = self.text(table, path, param.name)
                if word and word not in codes_of(codes):
                    self.wrong((*path, param.name), "unknown_code", value=word)
                return word
            case _:
                return self.number(table, path, param.name)

    def _bands(self, table: Mapping[str, Any], path: Path, name: str) -> tuple[Band, ...]:
        bands = []
        for place, each in self.tables(table, path, name):
            self.only(each, place, ("up_to", "points"))
            bands.append(Band(self.number(each, place, "up_to"), self.number(each, place, "points")))
        if [band.up_to for band in bands] != sorted({band.up_to for band in bands}):
            self.wrong((*path, name), "bands_not_rising")
        return tuple(bands)

    def _table(self, table: Mapping[str, Any], path: Path, name: str) -> dict[str, Decimal]:
        value = table.get(name)
        if not isinstance(value, dict):
            self.wrong((*path, name), "missing", key=name)
            return {}
        return {key: self.number(value, (*path, name), key) for key in value}

"""XML from strangers as a tree: no document type, hence no entities of its own, and bounds on everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from shared.errors import InvalidInput, Problem


@dataclass(frozen=True)
class XmlLimits:
    """How much one file may hold."""

    file_bytes_max: int = 16 * 1024 * 1024
    elements_max: int = 1_000_000
    depth_max: int = 24


class _Refused(Exception):
    """A handler's way out of the parser; `args[0]` is the reason."""


class _Guard:
    """Counts what comes in and refuses what a plain data file never has."""

    def __init__(self, builder: TreeBuilder, limits: XmlLimits) -> None:
        self._builder, self._limits = builder, limits
        self._depth = self._elements = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > self._limits.depth_max or self._elements > self._limits.elements_max:
            raise _Refused("xml_too_large")
        self._builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)

    def refuse(self, *_: Any) -> NoReturn:
        raise _Refused("xml_with_entities")


def tree_of(data: bytes, limits: XmlLimits | None = None) -> Element:
    """The root of a document. Raises InvalidInput (field "file") with the reason and, where known, the line.

    A document type is refused before its first entity is read: what expands without end needs one.
    """
    bounds = limits or XmlLimits()
    if len(data) > bounds.file_bytes_max:
        raise _refusal("xml_too_large", limit_mb=bounds.file_bytes_max // 1_048_576)
    builder = TreeBuilder()
    guard = _Guard(builder, bounds)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = guard.begin, guard.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = guard.refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except _Refused as refused:
        raise _refusal(str(refused.args[0]), limit_mb=bounds.file_bytes_max // 1_048_576) from refused
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _refusal("xml_damaged", row=getattr(error, "lineno", None)) from error


def _refusal(reason: str, **data: str | int | None) -> InvalidInput:
    return InvalidInput(Problem("file", reason, data), code="timetable_unusable")

"""A scheme's TOML document, parsed and validated; every error names its line.

Raises InvalidInput(code="scheme_invalid") with one Problem a fault: `field` is the path, `data["line"]`
the line. The document's own words (names, sentences) are kept, because they are what people voted on.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

from hub.appraisal.criteria import criterion_of
from hub.appraisal.exact import ZERO
from hub.appraisal.model import Answer, Block, Composite, Indicator, Scheme
from hub.appraisal.reading import Reader
from hub.appraisal.toml_lines import Path, lines_of
from shared.codes import codes_of
from shared.errors import InvalidInput, Problem

QUESTIONS = 15
_TOP = ("scheme", "version", "title", "title_en", "full", "places", "block", "composite", "answer")
_BLOCK = ("code", "name", "name_en", "full", "floor", "cap", "indicator")
_INDICATOR = ("code", "name", "name_en", "text", "text_en", "criterion", "full", "exempt")
_COMPOSITE = ("code", "name", "name_en", "categories", "blocks", "text", "text_en")
_LINE = re.compile(r"line (\d+)")


def example_document() -> str:
    """The example scheme that is shipped; its weights must be replaced by a staff congress."""
    return (FilePath(__file__).parent / "schemes" / "example.toml").read_text(encoding="utf-8")


def parse_scheme(document: str) -> Scheme:
    """The scheme a document holds. Raises InvalidInput, with all faults at once."""
    try:
        raw = tomllib.loads(document, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        problem = Problem("document", "not_toml", {"line": int(line[1]) if line else 1, "said": str(error)})
        raise InvalidInput(problem, code="scheme_invalid") from error
    reader = Reader(lines_of(document))
    digest = hashlib.sha256(document.encode()).hexdigest()
    scheme = _scheme(reader, raw, digest)
    _check_together(reader, scheme)
    if reader.problems:
        raise InvalidInput(*reader.problems, code="scheme_invalid")
    return scheme


def _scheme(reader: Reader, raw: Mapping[str, Any], digest: str) -> Scheme:
    reader.only(raw, (), _TOP)
    return Scheme(
        code=reader.text(raw, (), "scheme"),
        version=int(reader.number(raw, (), "version")),
        title=reader.text(raw, (), "title"),
        title_en=reader.text(raw, (), "title_en", ""),
        full=reader.number(raw, (), "full"),
        places=int(reader.number(raw, (), "places")),
        blocks=tuple(_block(reader, each, path) for path, each in reader.tables(raw, (), "block")),
        composites=tuple(
            _composite(reader, each, path) for path, each in reader.tables(raw, (), "composite")
        ),
        answers=tuple(_answer(reader, each, path) for path, each in reader.tables(raw, (), "answer")),
        digest=digest,
    )


def _block(reader: Reader, raw: Mapping[str, Any], path: Path) -> Block:
    reader.only(raw, path, _BLOCK)
    block = Block(
        code=reader.text(raw, path, "code"),
        name=reader.text(raw, path, "name"),
        name_en=reader.text(raw, path, "name_en", ""),
        full=reader.number(raw, path, "full", ZERO),
        floor=reader.number(raw, path, "floor"),
        cap=reader.number(raw, path, "cap"),
        indicators=tuple(
            _indicator(reader, each, place) for place, each in reader.tables(raw, path, "indicator")
        ),
    )
    if block.floor > block.cap:
        reader.wrong((*path, "floor"), "floor_above_cap")
    if block.full and sum((each.full for each in block.indicators), ZERO) != block.full:
        reader.wrong((*path, "full"), "indicators_do_not_add_up")
    return block


def _indicator(reader: Reader, raw: Mapping[str, Any], path: Path) -> Indicator:
    name = reader.text(raw, path, "criterion")
    criterion = criterion_of(name)
    if criterion is None:
        reader.wrong((*path, "criterion"), "unknown_criterion", value=name)
    params = criterion.params if criterion else ()
    if criterion:
        reader.only(raw, path, (*_INDICATOR, *(param.name for param in params)))
    return Indicator(
        code=reader.text(raw, path, "code"),
        name=reader.text(raw, path, "name"),
        name_en=reader.text(raw, path, "name_en", ""),
        text=reader.text(raw, path, "text"),
        text_en=reader.text(raw, path, "text_en", ""),
        criterion=name,
        full=reader.number(raw, path, "full", ZERO),
        exempt=reader.words(raw, path, "exempt", sorted(codes_of("staff_category")), optional=True),
        params={param.name: reader.param(raw, path, param) for param in params},
    )


def _composite(reader: Reader, raw: Mapping[str, Any], path: Path) -> Composite:
    reader.only(raw, path, _COMPOSITE)
    blocks = raw.get("blocks")
    if not isinstance(blocks, list) or not blocks:
        reader.wrong((*path, "blocks"), "missing", key="blocks")
        blocks = []
    return Composite(
        code=reader.text(raw, path, "code"),
        name=reader.text(raw, path, "name"),
        name_en=reader.text(raw, path, "name_en", ""),
        categories=reader.words(raw, path, "categories", sorted(codes_of("staff_category"))),
        blocks=tuple(str(each) for each in blocks),
        text=reader.text(raw, path, "text", ""),
        text_en=reader.text(raw, path, "text_en", ""),
    )


def _answer(reader: Reader, raw: Mapping[str, Any], path: Path) -> Answer:
    reader.only(raw, path, ("number", "question", "answer"))
    return Answer(
        number=int(reader.number(raw, path, "number")),
        question=reader.text(raw, path, "question"),
        answer=reader.text(raw, path, "answer"),
    )


def _check_together(reader: Reader, scheme: Scheme) -> None:
    """What no single table can be wrong about alone."""
    codes = [block.code for block in scheme.blocks]
    _check_distinct(reader, "block", codes)
    _check_distinct(reader, "composite", [each.code for each in scheme.composites])
    for index, composite in enumerate(scheme.composites):
        for code in composite.blocks:
            if code not in codes:
                reader.wrong(("composite", index, "blocks"), "unknown_block", value=code)
        known = [block for block in scheme.blocks if block.code in composite.blocks]
        if sum((block.full for block in known), ZERO) != scheme.full:
            reader.wrong(("composite", index, "blocks"), "full_marks_do_not_add_up", full=str(scheme.full))
    for index, block in enumerate(scheme.blocks):
        _check_distinct(reader, "indicator", [each.code for each in block.indicators], ("block", index))
    if [each.number for each in scheme.answers] != list(range(1, QUESTIONS + 1)):
        reader.wrong(("answer",), "answers_incomplete", needed=QUESTIONS)
    if not 0 <= scheme.places <= 6:
        reader.wrong(("places",), "out_of_range")


def _check_distinct(reader: Reader, name: str, codes: list[str], around: Path = ()) -> None:
    for index, code in enumerate(codes):
        if code in codes[:index]:
            reader.wrong((*around, name, index, "code"), "twice", value=code)

"""Every word a person reads stands in every catalogue, and the compiled catalogues are not stale.

The source language is Chinese: message ids are Chinese sentences, the catalogues translate them.
"""

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from tests.house.tree import ROOT, tracked

KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2)}
SOURCES = {".py": "python", ".html": "jinja2.ext:babel_extract", ".txt": "jinja2.ext:babel_extract"}
APPS = ("shared", "node", "hub")

Id = str | tuple[str, ...] | list[str]


def message_ids(path: Path) -> set[Id]:
    """What one module or template asks to be translated."""
    method = SOURCES[path.suffix]
    options = {"extensions": "jinja2.ext.i18n", "silent": "false"} if "jinja2" in method else {}
    with (ROOT / path).open("rb") as file:
        found = extract(method, file, KEYWORDS, options=options)
        return {message for _line, message, _comments, _context in found if message}


def source_files() -> list[Path]:
    """Modules and templates of the apps."""
    inside = [path for path in tracked() if path.parts[0] in APPS and path.suffix in SOURCES]
    return [path for path in inside if path.suffix == ".py" or "templates" in path.parts]


def catalogues() -> list[Path]:
    """Every catalogue in the tree."""
    return [path for path in tracked() if path.suffix == ".po"]


def read_catalogue(path: Path) -> Catalog:
    """A catalogue as Babel reads it."""
    with (ROOT / path).open("rb") as file:
        return read_po(file)


def untranslated(needed: set[Id], catalogue: Catalog) -> list[Id]:
    """Ids a catalogue lacks, leaves empty or only guesses."""
    lacking = []
    for message_id in needed:
        message = catalogue.get(message_id if isinstance(message_id, str) else message_id[0])
        words = message.string if message else ""
        complete = all(words) if isinstance(words, tuple | list) else bool(words)
        if message is None or message.fuzzy or not complete:
            lacking.append(message_id)
    return sorted(lacking, key=str)


def plain(value: object) -> object:
    """The .mo reader gives lists for plurals where the .po reader gives tuples."""
    return tuple(value) if isinstance(value, list | tuple) else value


def translations(catalogue: Catalog) -> dict[str, object]:
    """What a compiled catalogue answers: id -> words."""
    return {str(plain(m.id)): plain(m.string) for m in catalogue if m.id and m.string}


def test_every_message_stands_in_every_catalogue() -> None:
    needed = {message for path in source_files() for message in message_ids(path)}
    if not catalogues():
        assert not needed, "templates ask for words, and there is no catalogue"
        pytest.skip("no words yet")
    # One catalogue a language for all apps: a language's catalogues are read together.
    for language in {path.parts[-3] for path in catalogues()}:
        together = [read_catalogue(path) for path in catalogues() if path.parts[-3] == language]
        lacking = set.intersection(*({str(i) for i in untranslated(needed, each)} for each in together))
        assert sorted(lacking) == [], language


def test_compiled_catalogues_are_not_stale() -> None:
    if not catalogues():
        pytest.skip("no words yet")
    for path in catalogues():
        compiled = ROOT / path.with_suffix(".mo")
        assert path.with_suffix(".mo") in tracked(), f"{path}: compile it, Flask-Babel reads only the .mo"
        with compiled.open("rb") as file:
            assert translations(read_mo(file)) == translations(read_catalogue(path)), (
                f"{path}: compile it again"
            )


def test_catalogues_keep_the_placeholders() -> None:
    for path in catalogues():
        for message in read_catalogue(path):
            if not message.id or not message.string:
                continue
            asked = set(re.findall(r"%\((\w+)\)", str(message.id)))
            given = set(re.findall(r"%\((\w+)\)", str(message.string)))
            assert given <= asked | {"num"}, f"{path}: {message.id}"


def test_the_rule_on_catalogues_bites() -> None:
    catalogue = Catalog(locale="en")
    catalogue.add("出勤", "Attendance")
    catalogue.add("请假", "")
    catalogue.add("迟到", "Late", flags=["fuzzy"])
    catalogue.add(("%(num)d 人", "%(num)d 人"), ("%(num)d person", "%(num)d people"))
    assert untranslated({"出勤", ("%(num)d 人", "%(num)d 人")}, catalogue) == []
    assert untranslated({"出勤", "请假", "迟到", "旷课"}, catalogue) == sorted(["旷课", "请假", "迟到"])


def test_a_stale_compilation_is_seen() -> None:
    catalogue = Catalog(locale="en")
    catalogue.add("出勤", "Attendance")
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    compiled = translations(read_mo(io.BytesIO(buffer.getvalue())))
    assert compiled == translations(catalogue)
    catalogue.add("请假", "Leave")
    assert compiled != translations(catalogue)

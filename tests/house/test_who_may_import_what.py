"""Imports that the contracts of import-linter cannot say by a file's name.

The contracts know packages; these rules know that a room's ``views`` may speak Flask and its ``store``
may not, also before the file is listed anywhere.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import parsed, product_files, text_of

WEB = {"flask", "flask_babel", "flask_wtf", "werkzeug", "jinja2", "wtforms"}
WEB_MODULES = {"app", "auth", "db", "views"}


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, also of those inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def may_speak_web(path: Path) -> bool:
    """True for app, auth, db and views of an app; also when one is split into a folder."""
    if path.parts[:2] == ("shared", "web"):
        return path.stem in WEB_MODULES
    inside_app = path.parts[0] in ("node", "hub")
    return inside_app and bool(WEB_MODULES & {path.stem, *path.parts[1:-1]})


def web_offenders(path: Path, tree: ast.AST) -> list[str]:
    """Imports of Flask and its kin where they do not belong."""
    if path.parts[0] == "scripts" or may_speak_web(path):
        return []
    return [f"{path}:{line} {name}" for line, name in imported(tree) if name.partition(".")[0] in WEB]


def http_offenders(path: Path, tree: ast.AST) -> list[str]:
    """Imports of httpx anywhere but in the one transport; commands may time or probe with it."""
    if path == Path("sync/http.py") or path.parts[0] == "scripts":
        return []
    return [f"{path}:{line} {name}" for line, name in imported(tree) if name.partition(".")[0] == "httpx"]


def hidden_imports(tree: ast.AST) -> list[str]:
    """Our own packages imported inside a function: how a circle is hidden."""
    ours = ("shared", "sync", "node", "hub")
    return [
        f"{line} {name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line, name in imported(node)
        if name.partition(".")[0] in ours
    ]


def test_flask_stays_at_the_door() -> None:
    assert [found for path in product_files() for found in web_offenders(path, parsed(path))] == []


def test_httpx_stays_in_the_transport() -> None:
    assert [found for path in product_files() for found in http_offenders(path, parsed(path))] == []


def test_no_import_of_ours_hides_in_a_function() -> None:
    packages = [path for path in product_files() if path.parts[0] != "scripts"]
    assert [f"{path}:{found}" for path in packages for found in hidden_imports(parsed(path))] == []


def test_nothing_silences_a_check_without_a_reason() -> None:
    """A silencing comment names its rule and says why behind it."""
    markers = ("# type" + ": ignore", "# no" + "qa")
    found = [
        f"{path}:{number}"
        for path in product_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        for marker in markers
        if marker in line and len(line.partition(marker)[2].split()) < 3
    ]
    assert found == []


@pytest.mark.parametrize(
    ("path", "source", "count"),
    [
        ("node/attendance/store.py", "import flask", 1),
        ("node/attendance/rules.py", "from flask_babel import gettext", 1),
        ("shared/text.py", "from jinja2 import Environment", 1),
        ("sync/steps/push.py", "def f():\n    from werkzeug.http import parse_date", 1),
        ("node/attendance/views.py", "from flask import Blueprint", 0),
        ("hub/app.py", "import flask", 0),
        ("hub/appraisal/views/person.py", "import flask", 0),
    ],
)
def test_the_rule_on_flask_bites(path: str, source: str, count: int) -> None:
    assert len(web_offenders(Path(path), ast.parse(source))) == count


@pytest.mark.parametrize(
    ("path", "count"), [("sync/http.py", 0), ("sync/exchange.py", 1), ("node/app.py", 1)]
)
def test_the_rule_on_httpx_bites(path: str, count: int) -> None:
    assert len(http_offenders(Path(path), ast.parse("import httpx"))) == count


def test_the_rule_on_hidden_imports_bites() -> None:
    assert len(hidden_imports(ast.parse("def f():\n    from sync.merge import x"))) == 1
    assert hidden_imports(ast.parse("from sync.merge import x")) == []

"""Size, names, docstrings and the clock: what keeps a file readable."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT, dotted, parsed, product_files, python_files, text_of

FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 400

# "path::function" -> lines it has today. The list may only shrink; it is meant to stay empty.
LONG_FUNCTIONS: dict[str, int] = {}
LONG_FILES: dict[str, int] = {}

BANNED_MODULES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers"}

CLOCK = Path("shared/clock.py")
CLOCK_CALLS = {
    "time.sleep",
    "time.time",
    "time.time_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "date.today",
    "datetime.date.today",
}
CLOCK_IMPORTS = {("time", "sleep"), ("time", "time"), ("time", "time_ns")}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, also those inside others."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of(function: Function) -> int:
    """Lines of the body after its docstring: a rule explained at length is not a long function."""
    body = function.body
    first = body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(body) > 1
    start = body[1].lineno if documented else function.lineno
    return (function.end_lineno or start) - start + 1


def clock_reads(tree: ast.AST) -> Iterator[int]:
    """Lines that sleep or ask the system for the time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node) in CLOCK_CALLS:
            yield node.lineno
        if isinstance(node, ast.ImportFrom):
            if any((node.module, alias.name) in CLOCK_IMPORTS for alias in node.names):
                yield node.lineno


def test_functions_are_short() -> None:
    found = {
        f"{path.as_posix()}::{function.name}": lines_of(function)
        for path in product_files()
        for function in functions(parsed(path))
        if lines_of(function) > FUNCTION_LINES_MAX
    }
    assert found == LONG_FUNCTIONS, f"split what is over {FUNCTION_LINES_MAX} lines; strike out what is not"


def test_files_are_short() -> None:
    sizes = {path.as_posix(): len(text_of(path).splitlines()) for path in product_files()}
    found = {name: size for name, size in sizes.items() if size > FILE_LINES_MAX}
    assert found == LONG_FILES, f"split what is over {FILE_LINES_MAX} lines; strike out what is not"


def test_no_module_is_named_for_nothing() -> None:
    found = [path for path in python_files("shared", "sync", "node", "hub", "scripts", "tests")]
    named = [str(path) for path in found if BANNED_MODULES & {path.stem, *path.parts[:-1]}]
    assert named == [], "name a module after what it holds"


def test_no_mixins() -> None:
    found = [
        f"{path}:{node.lineno} {node.name}"
        for path in product_files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
        and ("mixin" in node.name.lower() or any("mixin" in dotted(base).lower() for base in node.bases))
    ]
    assert found == []


def test_only_the_clock_reads_the_clock() -> None:
    found = [
        f"{path}:{number}"
        for path in product_files()
        if path != CLOCK
        for number in clock_reads(parsed(path))
    ]
    assert found == [], "take a Clock as an argument; the system's lives in shared/clock.py"


def test_every_module_has_a_docstring() -> None:
    found = [
        str(path)
        for path in python_files("shared", "sync", "node", "hub", "scripts", "tests")
        if not ast.get_docstring(parsed(path))
    ]
    assert found == []


def test_every_public_function_and_class_has_a_docstring() -> None:
    found = [
        f"{path}:{node.lineno} {node.name}"
        for path in product_files()
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert found == []


def test_every_folder_of_python_is_a_package() -> None:
    folders = {path.parent for path in python_files("shared", "sync", "node", "hub", "scripts", "tests")}
    found = [str(folder) for folder in sorted(folders) if not (ROOT / folder / "__init__.py").is_file()]
    assert found == []


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("import time\ntime.sleep(1)", 1),
        ("from time import sleep", 1),
        ("from datetime import datetime\nx = datetime.now(tz)", 1),
        ("import datetime\nx = datetime.date.today()", 1),
        ("f = time.time", 1),
        ("clock.now()", 0),
        ("import time\ntime.perf_counter()", 0),
    ],
)
def test_the_clock_rule_bites(source: str, reads: int) -> None:
    assert len(list(clock_reads(ast.parse(source)))) == reads


def test_the_length_of_a_function_leaves_out_its_docstring() -> None:
    source = 'def f():\n    """One.\n\n    Two.\n    """\n    a = 1\n    return a\n'
    assert [lines_of(function) for function in functions(ast.parse(source))] == [2]

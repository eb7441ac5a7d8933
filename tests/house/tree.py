"""What belongs to the project: its files, as git sees them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("shared", "sync", "node", "hub", "scripts")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is in git or would be, as paths relative to the checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    names = {name for name in listed.decode().split("\0") if name}
    return tuple(path for path in map(Path, sorted(names)) if (ROOT / path).is_file())


def python_files(*folders: str) -> Iterator[Path]:
    """The Python files under some top folders."""
    return (path for path in tracked() if path.suffix == ".py" and path.parts[0] in folders)


def product_files() -> Iterator[Path]:
    """The Python files of the product (not the tests)."""
    return python_files(*PRODUCT)


def text_of(path: Path) -> str:
    """A file's text; what is not text gives nothing."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def parsed(path: Path) -> ast.Module:
    """A Python file's syntax tree."""
    return ast.parse(text_of(path), str(path))


def dotted(node: ast.expr) -> str:
    """``time.sleep`` for the expression of that shape; "" for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""

"""On which line of a TOML document each thing stands, so that an error can say it.

tomllib gives values without places; this second, simple look at the text gives the places.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_ARRAY = re.compile(r"\s*\[\[\s*([\w.-]+)\s*\]\]")
_KEY = re.compile(r"\s*([\w-]+)\s*=")


def lines_of(document: str) -> dict[Path, int]:
    """Path of every table and key → line number from 1: `("block", 1, "indicator", 0, "rate")`."""
    found: dict[Path, int] = {(): 1}
    here: Path = ()
    counts: dict[Path, int] = {}
    inside_text = False
    for number, line in enumerate(document.splitlines(), 1):
        if not inside_text:
            if array := _ARRAY.match(line):
                here = _next_element(array[1].split("."), counts)
                found[here] = number
            elif header := _HEADER.match(line):
                here = _place(header[1].split("."), counts)
                found[here] = number
            elif key := _KEY.match(line):
                found[(*here, key[1])] = number
        if line.count('"""') % 2:
            inside_text = not inside_text
    return found


def _place(names: list[str], counts: dict[Path, int]) -> Path:
    """A table's path: where a name is an array of tables, its newest element is meant."""
    path: Path = ()
    for name in names:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _next_element(names: list[str], counts: dict[Path, int]) -> Path:
    array = (*_place(names[:-1], counts), names[-1])
    counts[array] = counts.get(array, 0) + 1
    return (*array, counts[array] - 1)


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of a path, or of the nearest thing around it."""
    while path not in lines:
        path = path[:-1]
    return lines[path]

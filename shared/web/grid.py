"""The week grid that every room draws the same way: rows and columns of cells, each with items in a tone.

A page builds a `Grid` and hands it to the macro `week_grid` of `shell/grid.html`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GridItem:
    """What stands in a cell. tone: lesson, firm, tentative, clash, change, gone or free; every tone has its word.

    words: what is read first; sub: small print under it; says: the tone in words for those who see no colour
    ("" where `words` say it already); href: "" for what leads nowhere.
    """

    tone: str
    words: str
    sub: str = ""
    says: str = ""
    href: str = ""


@dataclass(frozen=True)
class GridColumn:
    """A column's heading: its title and what stands small under it; `now` marks today or the present period."""

    title: str
    sub: str = ""
    now: bool = False


@dataclass(frozen=True)
class GridRow:
    """A row's heading and its cells, one tuple of items for each column."""

    title: str
    sub: str
    cells: tuple[tuple[GridItem, ...], ...]
    href: str = ""
    now: bool = False


@dataclass(frozen=True)
class Grid:
    """A whole grid. corner: what stands over the row headings; caption: what it shows, for a screen reader."""

    caption: str
    corner: str
    columns: tuple[GridColumn, ...]
    rows: tuple[GridRow, ...]

"""A week of rooms as a workbook: a sheet a day, as the page shows it, ready to be printed on A4."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from shared.web.grid import Grid, GridItem

NAME_LENGTH_MAX = 31
BAD_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def week_workbook(days: Sequence[tuple[str, Grid]]) -> bytes:
    """The workbook of some days: (name of the sheet, grid)."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1})
        plain = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
        for name, grid in days:
            _sheet(book.add_worksheet(name.translate(BAD_IN_NAMES)[:NAME_LENGTH_MAX]), grid, head, plain)
    return buffer.getvalue()


def _sheet(sheet: Worksheet, grid: Grid, head: Format, plain: Format) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, max(1, len(grid.columns)), 16)
    sheet.write_string(0, 0, grid.corner, head)
    for at, column in enumerate(grid.columns, start=1):
        sheet.write_string(0, at, "\n".join(filter(None, (column.title, column.sub))), head)
    for line, row in enumerate(grid.rows, start=1):
        sheet.write_string(line, 0, "\n".join(filter(None, (row.title, row.sub))), head)
        for at, cell in enumerate(row.cells, start=1):
            sheet.write_string(line, at, "\n".join(text_of(item) for item in cell if item.tone != "free"), plain)


def text_of(item: GridItem) -> str:
    """What stands in a cell, in words."""
    return " · ".join(filter(None, (item.words, item.says, item.sub)))

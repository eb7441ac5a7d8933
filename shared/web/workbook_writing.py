"""A list as an .xlsx that WPS opens and prints well: one sheet, its heading on every page, text as text."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter

_BAD_IN_TITLES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
SHEET_TITLE_CHARACTERS_MAX = 31
A4 = 9


def list_workbook(title: str, headings: Sequence[str], rows: Sequence[Sequence[str | int]]) -> io.BytesIO:
    """The file, ready to be sent. Numbers that are text (an identity number, a staff number) stay text."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#e2f1eb", "border": 1, "text_wrap": True})
        text = book.add_format({"num_format": "@", "border": 1, "valign": "top", "text_wrap": True})
        number = book.add_format({"border": 1, "valign": "top"})
        page = book.add_worksheet(sheet_title(title))
        page.set_paper(A4)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.freeze_panes(1, 0)
        page.set_footer("&C&P / &N")
        for index, heading in enumerate(headings):
            page.set_column(index, index, _width(heading, [row[index] for row in rows]))
            page.write_string(0, index, heading, head)
        for place, row in enumerate(rows, start=1):
            for index, value in enumerate(row):
                if isinstance(value, int):
                    page.write_number(place, index, value, number)
                else:
                    page.write_string(place, index, value, text)
        if rows:
            page.autofilter(0, 0, len(rows), len(headings) - 1)
    buffer.seek(0)
    return buffer


def sheet_title(title: str) -> str:
    """A title as Excel allows it for a sheet."""
    return title.translate(_BAD_IN_TITLES).strip()[:SHEET_TITLE_CHARACTERS_MAX] or "1"


def _width(heading: str, values: Sequence[str | int]) -> int:
    """Characters wide; a Chinese one counts for two."""
    longest = max((_cells(str(value)) for value in (heading, *values[:200])), default=8)
    return min(40, max(8, longest + 2))


def _cells(text: str) -> int:
    return sum(1 if char.isascii() else 2 for char in text)

"""An uploaded workbook as rows of cells, with the numbers a person sees in the left margin.

Only .xlsx is read. The file is looked at before it is opened: a few kilobytes can unpack to gigabytes, and
one stray cell in the last corner of a sheet makes the reader allocate all cells before it.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from shared.errors import InvalidInput, Problem

_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')


@dataclass(frozen=True)
class Limits:
    """What a workbook may hold, so that one upload cannot take the machine down."""

    file_bytes_max: int = 8 * 1024 * 1024
    unpacked_bytes_max: int = 120 * 1024 * 1024
    parts_max: int = 500
    cells_max: int = 1_500_000
    rows_max: int = 20_000


@dataclass(frozen=True)
class SheetRow:
    """One row of a sheet: its number as a person sees it (the heading is 1), and its cells."""

    number: int
    cells: tuple[Any, ...]


def read_workbook(data: bytes, limits: Limits | None = None) -> dict[str, list[SheetRow]]:
    """Sheet title → its rows that are not blank.

    Raises InvalidInput with one Problem (field "file") when the file is too big, damaged, locked by a
    password or no .xlsx at all.
    """
    bounds = limits or Limits()
    _look_before_opening(data, bounds)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            return {name: _rows(workbook.get_sheet_by_name(name), bounds) for name in workbook.sheet_names}
    except (CalamineError, ValueError, OSError) as error:
        raise _refusal("workbook_damaged") from error


def _refusal(reason: str, **data: str | int | None) -> InvalidInput:
    return InvalidInput(Problem("file", reason, data), code="workbook_unusable")


def _look_before_opening(data: bytes, limits: Limits) -> None:
    if len(data) > limits.file_bytes_max:
        raise _refusal("workbook_too_large", limit_mb=limits.file_bytes_max // 1_048_576)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        # The old binary form: an .xls, or an .xlsx locked by a password; neither is ours to open.
        raise _refusal("workbook_old_or_locked")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _look_at_parts(archive, limits)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _refusal("not_a_workbook") from error


def _look_at_parts(archive: zipfile.ZipFile, limits: Limits) -> None:
    parts = archive.infolist()
    if len(parts) > limits.parts_max or sum(part.file_size for part in parts) > limits.unpacked_bytes_max:
        raise _refusal("workbook_too_large", limit_mb=limits.unpacked_bytes_max // 1_048_576)
    if "xl/workbook.xml" not in archive.namelist():
        raise _refusal("not_a_workbook")
    for part in parts:
        if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
            _look_at_sheet(archive, part, limits)


def _look_at_sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo, limits: Limits) -> None:
    with archive.open(part) as stream:
        xml = stream.read(limits.unpacked_bytes_max + 1)
    if len(xml) > limits.unpacked_bytes_max:
        raise _refusal("workbook_too_large", limit_mb=limits.unpacked_bytes_max // 1_048_576)
    column, row = 0, 0
    for letters, digits in _CELL.findall(xml):
        row = max(row, int(digits))
        if len(letters) > 1 or letters[0] - 64 > column:
            column = max(column, column_number(letters.decode()))
    if row * column > limits.cells_max:
        raise _refusal("sheet_too_large", cell=f"{column_letters(column)}{row}")


def _rows(sheet: CalamineSheet, limits: Limits) -> list[SheetRow]:
    found = []
    for number, cells in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        if any(cell not in ("", None) and str(cell).strip() for cell in cells):
            found.append(SheetRow(number, tuple(cells)))
        if len(found) > limits.rows_max:
            raise _refusal("too_many_rows", limit=limits.rows_max, sheet=sheet.name)
    return found


def column_number(letters: str) -> int:
    """`A` → 1, `AB` → 28."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 → `A`, 28 → `AB`."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters

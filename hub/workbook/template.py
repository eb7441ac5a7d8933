"""Workbooks that the office fills in, and takes away filled: made from the same sheets that are read.

Text columns are text in the file too, so that an 18-digit number keeps its digits and a staff number its
leading zeros; codes are drop-down lists of their words.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter

from hub.workbook.sheets import Sheet, SheetColumn, is_required
from shared.codes import CODE_LISTS, word_of
from shared.records.declare import Kind, Spec
from shared.schema import Value

ROWS_WITH_LISTS = 2000
# Excel refuses a list of choices of more than 255 characters.
CHOICES_CHARACTERS_MAX = 255


def workbook_of(sheets: Iterable[Sheet], rows: Mapping[str, Sequence[Mapping[str, Value]]] | None = None) -> bytes:
    """An .xlsx of these sheets, empty, or filled with rows by table name (column name → typed value)."""
    buffer = io.BytesIO()
    # Fixed properties: the same content gives the same file.
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as wb:
        formats = {
            "must": wb.add_format({"bold": True, "bg_color": "#0b6b4f", "font_color": "#ffffff", "border": 1}),
            "may": wb.add_format({"bold": True, "bg_color": "#e2f1eb", "border": 1}),
            "text": wb.add_format({"num_format": "@"}),
            "plain": wb.add_format({}),
        }
        for sheet in sheets:
            _write_sheet(wb.add_worksheet(sheet.title), sheet, formats, (rows or {}).get(sheet.table, ()))
    return buffer.getvalue()


def _write_sheet(page: Any, sheet: Sheet, formats: Mapping[str, Any], rows: Sequence[Mapping[str, Value]]) -> None:
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    for index, column in enumerate(sheet.columns):
        spec = column.spec
        number = spec.kind in (Kind.INTEGER, Kind.DECIMAL)
        page.set_column(index, index, _width(spec), formats["plain" if number else "text"])
        page.write_string(
            0, index, spec.zh + ("*" if is_required(spec) else ""), formats["must" if is_required(spec) else "may"]
        )
        page.write_comment(0, index, hint(spec))
        choices = _choices(spec)
        if choices and len(",".join(choices)) <= CHOICES_CHARACTERS_MAX:
            page.data_validation(
                1, index, ROWS_WITH_LISTS, index, {"validate": "list", "source": choices, "error_type": "warning"}
            )
    for number_of_row, row in enumerate(rows, start=1):
        for index, column in enumerate(sheet.columns):
            _write_cell(page, number_of_row, index, column, row.get(column.name), formats)


def _write_cell(page: Any, row: int, index: int, column: SheetColumn, value: Value, formats: Mapping[str, Any]) -> None:
    if value is None or value == "":
        return
    spec = column.spec
    if isinstance(value, int) and spec.kind is Kind.INTEGER:
        page.write_number(row, index, value, formats["plain"])
    else:
        page.write_string(row, index, shown(spec, value), formats["text"])


def shown(spec: Spec, value: Value, lang: str = "zh") -> str:
    """A value as people read it: the word of a code, 是/否 of a flag."""
    if value is None:
        return ""
    if spec.kind is Kind.CODE and spec.codes:
        return word_of(spec.codes, str(value), lang)
    if spec.kind is Kind.FLAG:
        return ("是" if value else "否") if lang.startswith("zh") else ("yes" if value else "no")
    return str(value)


def hint(spec: Spec) -> str:
    """What may stand in a column, in one line of each language."""
    form = {
        Kind.DATE: "2025-09-01", Kind.TIME: "08:05", Kind.DECIMAL: "1.5", Kind.FLAG: "是 / 否",
        Kind.INTEGER: f"{spec.low} … {spec.high}", Kind.CODE: " / ".join(_choices(spec)),
    }.get(spec.kind, f"≤ {spec.high}")  # fmt: skip
    needed = "必填 required" if is_required(spec) else "可空 optional"
    return f"{spec.zh} {spec.en}\n{needed}\n{form}"


def _choices(spec: Spec) -> list[str]:
    if spec.kind is Kind.FLAG:
        return ["是", "否"]
    return [zh for _, zh, _ in CODE_LISTS[spec.codes]] if spec.kind is Kind.CODE and spec.codes else []


def _width(spec: Spec) -> int:
    return {Kind.DATE: 12, Kind.TIME: 9, Kind.INTEGER: 9, Kind.FLAG: 9, Kind.DECIMAL: 10}.get(spec.kind, 18)


def download(data: bytes) -> io.BytesIO:
    """Bytes as the file object that a response sends."""
    return io.BytesIO(data)

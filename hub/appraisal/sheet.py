"""The combined table as an XLSX workbook: the table, and beside it what the run saw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from hub.appraisal.store import ResultLine
from hub.appraisal.table import adjustment
from shared.codes import word_of
from shared.records.appraisal import AppraisalRun

STATE_WORDS = {"missing": "缺", "incomplete": "不全", "exempt": "不考核", "substituted": "按均值",
               "vetoed": "一票否决"}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """What goes into a workbook. missing: what lacks, already in words."""

    run: AppraisalRun
    title: str
    scheme_title: str
    columns: Sequence[tuple[str, str, str]]
    lines: Sequence[ResultLine]
    campuses: Mapping[str, str]
    missing: Sequence[str]


def workbook_of(sheet: Sheet) -> bytes:
    """An XLSX file. The same run gives the same bytes: its date of making is the run's."""
    target = BytesIO()
    made: Workbook = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    moment = datetime.strptime(sheet.run.made_at[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    made.set_properties({"title": sheet.title, "created": moment.replace(tzinfo=None)})
    _fill_table(made, sheet)
    _fill_about(made, sheet)
    made.close()
    return target.getvalue()


def status_words(run: AppraisalRun) -> str:
    """What stands on every page and sheet of a run that is not final."""
    words = [word for flag, word in ((run.provisional, "暂定"), (run.trial, "试运行")) if flag]
    return "·".join(words) or "正式"


def _fill_table(made: Workbook, sheet: Sheet) -> None:
    page: Worksheet = made.add_worksheet("总表")
    bold, head = made.add_format({"bold": True, "font_size": 14}), _head(made)
    blocks = [zh for _, zh, _ in sheet.columns]
    headings = ["工号", "姓名", "校区", "类别", "合成", *blocks, "折合与舍入", "合计", "说明"]
    page.write_string(0, 0, f"{sheet.title}　{status_words(sheet.run)}", bold)
    for column, words in enumerate(headings):
        page.write_string(2, column, words, head)
    points = made.add_format({"num_format": "0.00##", "border": 1})
    total = made.add_format({"num_format": "0.00", "border": 1, "bold": True})
    text = made.add_format({"border": 1, "text_wrap": True})
    for row, line in enumerate(sheet.lines, 3):
        _fill_line(page, row, sheet, line, (text, points, total))
    _set_up(page, sheet, len(headings))


def _fill_line(
    page: Worksheet, row: int, sheet: Sheet, line: ResultLine, formats: tuple[Format, Format, Format]
) -> None:
    text, points, total = formats
    campuses = "、".join(sheet.campuses.get(code, code) for code in line.blocks["campuses"])
    category = word_of("staff_category", line.result.category)
    for column, words in enumerate(
        (line.staff_number, line.name, campuses, category, line.blocks["composite_name"])
    ):
        page.write_string(row, column, words, text)
    column = 5
    for code, _, _ in sheet.columns:
        cell = line.blocks["points"].get(code)
        if cell is None or (cell["state"] in ("missing", "exempt") and cell["points"] == "0"):
            page.write_string(row, column, STATE_WORDS[cell["state"]] if cell else "", text)
        else:
            # A spreadsheet cell is a binary number; the exact text is in the explanation.
            page.write_number(row, column, float(cell["points"]), points)
        column += 1
    page.write_number(row, column, float(adjustment(line)), points)
    page.write_number(row, column + 1, float(line.result.total), total)
    page.write_string(row, column + 2, _remark(line), text)


def _remark(line: ResultLine) -> str:
    states = {cell["state"] for cell in line.blocks["points"].values()}
    words = [STATE_WORDS[state] for state in STATE_WORDS if state in states]
    if line.blocks["others"]:
        words.append("兼任，取高者")
    return "、".join(words)


def _head(made: Workbook) -> Format:
    return made.add_format({"bold": True, "border": 1, "text_wrap": True, "bg_color": "#E2F1EB"})


def _set_up(page: Worksheet, sheet: Sheet, columns: int) -> None:
    """A4, landscape, one page wide, head repeated, the run named at the foot of each page."""
    page.set_paper(9)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(2)
    page.freeze_panes(3, 2)
    page.autofilter(2, 0, 2 + max(len(sheet.lines), 1), columns - 1)
    page.set_column(0, 0, 9)
    page.set_column(1, 4, 12)
    page.set_column(5, columns - 2, 9)
    page.set_column(columns - 1, columns - 1, 18)
    page.set_footer(f"&L{status_words(sheet.run)}　摘要 {sheet.run.digest[:16]}&R第 &P 页，共 &N 页")


def _fill_about(made: Workbook, sheet: Sheet) -> None:
    page: Worksheet = made.add_worksheet("说明")
    run, head = sheet.run, _head(made)
    frontier = json.loads(run.frontier)
    about = [
        ("状态", status_words(run)), ("学期", run.term), ("起止", f"{run.begin} 至 {run.end}（不含）"),
        ("方案", f"{sheet.scheme_title} 第 {run.version} 版"), ("第几次核算", str(run.number)),
        ("核算时间（世界时）", run.made_at), ("结果摘要 SHA-256", run.digest),
        *((f"数据截止 {each['campus']}", each["known_until"] or "从未同步") for each in frontier["campuses"]),
        *(("还缺", words) for words in sheet.missing),
    ]  # fmt: skip
    for row, (label, words) in enumerate(about):
        page.write_string(row, 0, label, head)
        page.write_string(row, 1, words)
    page.set_column(0, 0, 22)
    page.set_column(1, 1, 90)

"""A run as a workbook: for the page that offers it, and for commands that write it to a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from hub.appraisal import store
from hub.appraisal.model import Scheme
from hub.appraisal.sheet import Sheet, workbook_of
from hub.appraisal.table import View, arranged, block_columns
from shared.records.appraisal import AppraisalRun

_LACKING = {
    "conflicts": ("条冲突待处理", "conflicts open"),
    "teacher_two_places": ("处老师时间冲突没有处理", "times a teacher in two places"),
    "register_twice": ("张点名表被点了两次", "registers taken twice"),
    "quarantined": ("组更改被隔离", "changesets in quarantine"),
    "waiting": ("组更改在等前面的更改", "changesets waiting for earlier ones"),
    "unmatched": ("条事实当日查不到任职", "facts of people without a post on the day"),
    "overruled": ("人的课时另有登记，以课务记录为准", "people whose lessons were entered as well; the rows count"),
    "unscored": ("人的类别方案没有规定", "people of a category that the scheme does not name"),
}  # fmt: skip


def run_workbook(
    db: Database, run: AppraisalRun, lines: Sequence[store.ResultLine] | None = None, view: View | None = None
) -> bytes:
    """The combined table of a run as XLSX; of all its lines unless some are given, arranged as on the page."""
    shown = store.result_lines(db, run.id) if lines is None else lines
    stored, campuses = store.scheme_version(db, run.scheme, run.version), store.campus_names(db)
    return workbook_of(
        Sheet(
            run, f"{stored.title} {run.term}", stored.title, block_columns(shown, block_names(store.parsed(stored))),
            arranged(shown, view or View()), campuses,
            [lacking_words(each, campuses) for each in json.loads(run.missing)],
        )
    )  # fmt: skip


def block_names(scheme: Scheme) -> dict[str, tuple[str, str]]:
    """Block code → Chinese and English name, in the scheme's order."""
    return {block.code: (block.name, block.name_en or block.name) for block in scheme.blocks}


def lacking_words(entry: Mapping[str, Any], campuses: Mapping[str, str]) -> str:
    """One entry of what a run lacks, for a sheet: Chinese first, English beside."""
    campus = campuses.get(str(entry.get("campus", "")), str(entry.get("campus", "")))
    match entry["kind"]:
        case "campus":
            known = str(entry["known_until"])[:10]
            if not known:
                return f"{campus} 还没有同步过 / never synced"
            return f"{campus} 的数据到 {known} / data up to {known}"
        case "owing":
            return f"{campus} 还没有交回中心恢复后缺的记录 / has not given back what the restored hub lacks"
        case "facts":
            return f"{campus} {entry['name']}：{entry['people']} 人缺 / lacking for {entry['people']} people"
        case "lesson_days":
            days = f"{entry['first']} – {entry['last']}"
            return f"{campus} {entry['count']} 天的课务没有日结（{days}） / lessons of {entry['count']} days not closed"
        case "teacher_two_places" | "register_twice" as kind:
            zh, en = _LACKING[kind]
            return f"{entry['count']} {zh}（{'、'.join(entry['dates'])}） / {entry['count']} {en}"
        case kind:
            zh, en = _LACKING.get(kind, (kind, kind))
            return f"{entry['count']} {zh} / {entry['count']} {en}"

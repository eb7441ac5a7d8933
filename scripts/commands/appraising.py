"""The appraisal as one call: which period, run it, the table as lines, as figures, as XLSX."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from hub.appraisal.run import appraise
from hub.appraisal.sheet import Sheet, workbook_of
from hub.appraisal.store import ResultLine, campus_names, parsed, result_lines, scheme_version, terms
from hub.appraisal.table import View, arranged, block_columns
from shared.clock import local_date
from shared.errors import NotFound
from shared.records import AppraisalRun
from sync.capture import Author
from sync.change import LOCAL_OPERATOR
from sync.replica import Replica


@dataclass(frozen=True)
class Span:
    """A term, or the part of it from `begin` up to, not including, `end`."""

    term: str
    begin: str | None = None
    end: str | None = None


@dataclass(frozen=True)
class Appraised:
    """A stored run and its table."""

    run: AppraisalRun
    table: list[ResultLine]

    def figures(self) -> dict[str, object]:
        """What a log keeps of it."""
        return {
            "run": self.run.id, "people": len(self.table), "digest": self.run.digest,
            "provisional": bool(self.run.provisional), "missing_facts": len(json.loads(self.run.missing)),
        }

    def lines(self, lang: str, *, rows_max: int) -> list[str]:
        """The combined table for a terminal: campus, number, name, total; at most `rows_max` people a campus."""
        provisional = ("暂定 " if lang == "zh" else "provisional ") if self.run.provisional else ""
        head = f"{self.run.term} {self.run.begin} – {self.run.end} {provisional}{self.run.digest[:16]}"
        found = [head]
        shown: dict[str, int] = {}
        for line in sorted(self.table, key=lambda one: (one.result.campus, one.staff_number)):
            shown[line.result.campus] = shown.get(line.result.campus, 0) + 1
            if shown[line.result.campus] <= rows_max:
                found.append(f"{line.result.campus}  {line.staff_number}  {line.result.total:>6}  {line.name}")
        return found


def term_today(db: Database, replica: Replica) -> str:
    """The term that today belongs to, else the last one begun. Raises NotFound."""
    today = local_date(replica.clock.now_ms()).isoformat()
    begun = [term for term in terms(db) if term.begin <= today]
    if not begun:
        raise NotFound("term_not_found", term=today)
    return begun[0].code


def appraise_span(replica: Replica, db: Database, span: Span, *, xlsx: Path | None) -> Appraised:
    """Run, store, and write the sheet if a file is named. Raises NotFound, InvalidInput."""
    run = appraise(replica, db, term=span.term, begin=span.begin, end=span.end, author=Author(LOCAL_OPERATOR))
    if xlsx is not None:
        xlsx.write_bytes(workbook(db, run))
    return Appraised(run, result_lines(db, run.id))


def workbook(db: Database, run: AppraisalRun) -> bytes:
    """The whole combined table of a run as XLSX, as its page offers it."""
    lines, stored, campuses = result_lines(db, run.id), scheme_version(db, run.scheme, run.version), campus_names(db)
    names = {block.code: (block.name, block.name_en or block.name) for block in parsed(stored).blocks}
    missing = [missing_line(entry, campuses) for entry in json.loads(run.missing)]
    title = f"{stored.title} {run.term}"
    columns = block_columns(lines, names)
    return workbook_of(Sheet(run, title, stored.title, columns, arranged(lines, View()), campuses, missing))


_MISSING = {
    "campus": "{campus}：数据只到 {known_until}", "conflicts": "{count} 处冲突待处理（须复核 {reviews} 处）",
    "quarantined": "{count} 份变更被退回", "waiting": "{count} 份变更在等前面的变更",
    "facts": "{campus}：{people} 人缺“{name}”", "unmatched": "{count} 条记录的人当日不在编",
    "unscored": "{count} 人未计分",
}


def missing_line(entry: Mapping[str, Any], campuses: Mapping[str, str]) -> str:
    """One entry of what a run lacks, in words (the sheet is Chinese, like the scheme it belongs to)."""
    words = dict(entry)
    code = str(entry.get("campus", ""))
    words["campus"] = campuses.get(code, code)
    words["known_until"] = entry.get("known_until") or "（从未同步）"
    return _MISSING.get(str(entry["kind"]), str(entry["kind"])).format(**words)

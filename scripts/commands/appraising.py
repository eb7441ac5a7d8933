"""The appraisal as one call: which period, run it, the table as lines, as figures, as XLSX."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from hub.appraisal.export import run_workbook
from hub.appraisal.run import appraise
from hub.appraisal.store import ResultLine, result_lines, terms
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
        xlsx.write_bytes(run_workbook(db, run))
    return Appraised(run, result_lines(db, run.id))

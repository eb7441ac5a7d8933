"""Where schemes, runs, results and explanations are kept, and the reads of the pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from hub.appraisal.model import Scheme
from hub.appraisal.scheme import example_document, parse_scheme
from shared.errors import InvalidInput, NotFound, Problem
from shared.records.appraisal import (
    AppraisalExplanation,
    AppraisalResult,
    AppraisalRun,
    SchemeAdoption,
    SchemeVersion,
)
from shared.records.places import Term
from shared.schema import find, select
from sync.capture import Writing, write
from sync.change import Author
from sync.replica import Replica

EXAMPLE = "example"
# Only a version the staff congress has adopted can give a result that is not a trial.
VOTED = ("in_force", "adopted")
_BY_STATE = ("in_force", "adopted", "revised", "trial", "draft", "archived")


@dataclass(frozen=True)
class ResultLine:
    """One line of the combined table, with the person's name and what `blocks` holds."""

    result: AppraisalResult
    name: str
    staff_number: str
    blocks: dict[str, Any]


def scheme_version(db: Database, code: str, version: int | None = None) -> SchemeVersion:
    """The version asked for, or of all the one furthest in force, newest first. Raises NotFound."""
    found = select(db, SchemeVersion, scheme=code)
    if version is not None:
        found = [each for each in found if each.version == version]
    if not found:
        raise NotFound(what="scheme", scheme=code, version=version)
    return min(found, key=lambda each: (_BY_STATE.index(each.state), -each.version))


def scheme_versions(db: Database) -> list[SchemeVersion]:
    """All versions of all schemes."""
    return select(db, SchemeVersion)


def save_scheme(w: Writing, document: str, *, state: str = "draft") -> SchemeVersion:
    """Store a scheme document as a version. The same document twice is no change.

    Raises InvalidInput: "scheme_invalid" with lines, or "version_taken" when another document has the number.
    """
    scheme = parse_scheme(document)
    there = find(w.db, SchemeVersion, scheme.code, scheme.version)
    if there is not None:
        if there.digest != scheme.digest:
            raise InvalidInput(Problem("version", "version_taken", {"line": 1}), code="version_taken")
        return there
    made = SchemeVersion(
        scheme=scheme.code, version=scheme.version, title=scheme.title, state=state, document=document,
        digest=scheme.digest,
    )
    w.insert(made)
    return made


def install_example(replica: Replica, db: Database, author: Author) -> SchemeVersion:
    """The example scheme, stored as a draft unless some version of it is there already."""
    found = select(db, SchemeVersion, scheme=EXAMPLE)
    if found:
        return found[-1]
    with write(replica, db, author) as w:
        return save_scheme(w, example_document())


def adoption_of(db: Database, scheme: str, version: int) -> SchemeAdoption | None:
    """The vote that adopted a version, if there was one."""
    found = [each for each in select(db, SchemeAdoption, scheme=scheme, version=version) if each.adopted]
    return max(found, key=lambda each: (each.date, each.id)) if found else None


def parsed(stored: SchemeVersion) -> Scheme:
    """The scheme of a stored version."""
    return parse_scheme(stored.document)


def term_of(db: Database, code: str) -> Term:
    """A term by its code. Raises NotFound."""
    term = find(db, Term, code)
    if term is None:
        raise NotFound(what="term", term=code)
    return term


def terms(db: Database) -> list[Term]:
    """All terms, newest first."""
    return sorted(select(db, Term), key=lambda term: term.begin, reverse=True)


def next_number(db: Database, term: str) -> int:
    """The number of the next run in a term."""
    row = db.conn.execute("SELECT coalesce(max(number), 0) + 1 FROM appraisal_run WHERE term = ?", (term,))
    return int(row.fetchone()[0])


def save_run(
    w: Writing, run: AppraisalRun, results: Sequence[AppraisalResult],
    explanations: Sequence[AppraisalExplanation],
) -> None:
    """Store a run whole; runs are never changed afterwards, a new run supersedes."""
    w.insert(run, *results, *explanations)


def runs(db: Database) -> list[AppraisalRun]:
    """All runs, newest first."""
    found = select(db, AppraisalRun)
    return sorted(found, key=lambda run: (run.made_at, run.number, run.id), reverse=True)


def run_of(db: Database, run_id: str) -> AppraisalRun:
    """A run by its id. Raises NotFound."""
    run = find(db, AppraisalRun, run_id)
    if run is None:
        raise NotFound(what="run", run=run_id)
    return run


def result_lines(db: Database, run_id: str) -> list[ResultLine]:
    """The combined table of a run, by campus, then total from the top, then person."""
    sql = (
        "SELECT r.run_id, r.person_id, r.campus, r.category, r.total, r.blocks, coalesce(p.name, r.person_id) AS name,"
        " coalesce(p.staff_number, '') AS staff_number FROM appraisal_result AS r"
        " LEFT JOIN person AS p ON p.id = r.person_id WHERE r.run_id = ? ORDER BY r.person_id"
    )
    return [_line(row) for row in db.query(sql, (run_id,))]


def _line(row: dict[str, Any]) -> ResultLine:
    name, number = row.pop("name"), row.pop("staff_number")
    return ResultLine(AppraisalResult(**row), name, number, json.loads(row["blocks"]))


def explanation_of(db: Database, run_id: str, person_id: str) -> dict[str, Any]:
    """One person's explanation. Raises NotFound."""
    found = find(db, AppraisalExplanation, run_id, person_id)
    if found is None:
        raise NotFound(what="result", run=run_id, person=person_id)
    document: dict[str, Any] = json.loads(found.document)
    return document


def result_of(db: Database, run_id: str, person_id: str) -> AppraisalResult:
    """One person's result. Raises NotFound."""
    found = find(db, AppraisalResult, run_id, person_id)
    if found is None:
        raise NotFound(what="result", run=run_id, person=person_id)
    return found


def newest_run_with(db: Database, person_id: str) -> AppraisalRun | None:
    """The newest run that has a result of this person."""
    having = {row[0] for row in db.conn.execute(
        "SELECT run_id FROM appraisal_result WHERE person_id = ?", (person_id,)
    )}  # fmt: skip
    return next((run for run in runs(db) if run.id in having), None)


def campus_names(db: Database) -> dict[str, str]:
    """Campus code → name, in the order in which a school reads them out."""
    rows = db.conn.execute("SELECT code, name FROM campus ORDER BY position, code")
    return {code: name for code, name in rows}


def person_names(db: Database, ids: Sequence[str]) -> dict[str, str]:
    """Id → name of those who are known."""
    rows = db.conn.execute(
        "SELECT id, name FROM person WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )
    return {id_: name for id_, name in rows}

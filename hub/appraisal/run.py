"""One appraisal run, as the list of its steps.

The same facts under the same scheme version give the same digest on any machine and at any time: the clock,
the run's number and its id are kept beside the results, never inside.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from hub.appraisal import store
from hub.appraisal.completeness import Entry, is_complete, missing_of
from hub.appraisal.facts.frontier import Frontier, read_frontier
from hub.appraisal.facts.read import read_facts
from hub.appraisal.facts.rows import Facts, Period
from hub.appraisal.score import Scored, digest_of_scores, explanation_document, result_document, score_all
from hub.appraisal.tree import canonical_json
from shared.clock import instant_text
from shared.database import reading
from shared.errors import InvalidInput, Problem
from shared.records.appraisal import AppraisalExplanation, AppraisalResult, AppraisalRun, SchemeVersion
from shared.validation import canonical_decimal
from sync.capture import write
from sync.change import Author
from sync.replica import Replica, setting


@dataclass(frozen=True)
class Outcome:
    """Everything a run gives, before it is stored."""

    stored: SchemeVersion
    facts: Facts
    frontier: Frontier
    scored: tuple[Scored, ...]
    missing: list[Entry]
    digest: str


def appraise(
    replica: Replica, db: Database, *, term: str, author: Author, scheme: str = store.EXAMPLE,
    version: int | None = None, begin: str | None = None, end: str | None = None,
) -> AppraisalRun:  # fmt: skip
    """Freeze the frontier, read facts, score, explain, digest, store. The stored run.

    begin, end: half-open dates inside the term, all of it unless said. The example scheme is installed as a
    draft when it is asked for and not there; its runs are trials until a congress has adopted it.
    Raises NotFound (term, scheme), InvalidInput (period).
    """
    if scheme == store.EXAMPLE:
        store.install_example(replica, db, author)
    period = period_of(db, term, begin, end)
    outcome = compute(replica, db, period, store.scheme_version(db, scheme, version))
    return keep(replica, db, outcome, author)


def compute(replica: Replica, db: Database, period: Period, stored: SchemeVersion) -> Outcome:
    """All steps but the storing."""
    with reading(db):
        frontier = read_frontier(db, replica)
        facts = read_facts(db, period)
    scheme = store.parsed(stored)
    scored = score_all(scheme, facts)
    missing = missing_of(scheme, facts, scored, frontier)
    return Outcome(stored, facts, frontier, scored, missing, digest_of_scores(scheme, facts, scored))


def keep(replica: Replica, db: Database, outcome: Outcome, author: Author) -> AppraisalRun:
    """Store a run whole, in one changeset of the hub's own scope."""
    with write(replica, db, author) as w:
        run = _run(replica, db, outcome, author, w.mint(setting(db, "campus") or "H"))
        results = [_result(run.id, each) for each in outcome.scored]
        store.save_run(w, run, results, [_explanation(run.id, each) for each in outcome.scored])
    return run


def period_of(db: Database, term: str, begin: str | None = None, end: str | None = None) -> Period:
    """The period of a run: a term or a part of it. Raises NotFound, InvalidInput."""
    whole = store.term_of(db, term)
    period = Period(term, begin or whole.begin, min(end or whole.end, whole.end))
    if not whole.begin <= period.begin < period.end:
        raise InvalidInput(Problem("period", "out_of_range", {"zh": "起止日期", "en": "period"}))
    return period


def _run(replica: Replica, db: Database, outcome: Outcome, author: Author, run_id: str) -> AppraisalRun:
    period, stored = outcome.facts.period, outcome.stored
    return AppraisalRun(
        id=run_id, term=period.term, begin=period.begin, end=period.end, scheme=stored.scheme,
        version=stored.version, number=store.next_number(db, period.term),
        provisional=int(not is_complete(outcome.missing)), trial=int(stored.state not in store.VOTED),
        frontier=canonical_json(outcome.frontier.document()), missing=canonical_json(outcome.missing),
        digest=outcome.digest, made_at=instant_text(replica.clock.now_ms()), made_by=author.person_id,
    )  # fmt: skip


def _result(run_id: str, scored: Scored) -> AppraisalResult:
    return AppraisalResult(
        run_id=run_id, person_id=scored.person.person_id, campus=scored.person.campuses[0],
        category=scored.category, total=canonical_decimal(scored.tree.points),
        blocks=canonical_json(result_document(scored)),
    )  # fmt: skip


def _explanation(run_id: str, scored: Scored) -> AppraisalExplanation:
    document = canonical_json(explanation_document(scored))
    return AppraisalExplanation(run_id=run_id, person_id=scored.person.person_id, document=document)

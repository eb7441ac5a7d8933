"""Whole runs on a real hub file: the digest, what is missing, where every point comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from hub.appraisal import store
from hub.appraisal.run import appraise, compute, period_of
from shared.errors import InvalidInput, NotFound
from shared.records.appraisal import AppraisalRun, SchemeVersion
from shared.records.attendance import StaffDay
from shared.records.evidence import Evidence
from shared.records.people import Person, StaffMembership
from shared.records.places import Term
from shared.schema import select
from sync.capture import write
from sync.replica import Replica, connect
from tests.hub.appraisal.worlds import DAYS, END, OFFICE, evidence, filled_hub, new_hub


@dataclass
class World:
    """A hub and a connection to it."""

    replica: Replica
    db: Database

    def run(self, **more: Any) -> AppraisalRun:
        return appraise(self.replica, self.db, term="2025A", end=END, author=OFFICE, **more)

    def explanation(self, run: AppraisalRun, person: str) -> dict:
        return store.explanation_of(self.db, run.id, person)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    replica = filled_hub(tmp_path)
    with connect(replica) as db:
        yield World(replica, db)


def ends(node: dict) -> list[dict]:
    """The leaves of a stored explanation."""
    inner = [each for child in node.get("children", []) for each in ends(child)]
    return inner or [node]


def test_a_second_run_gives_the_same_digest_and_another_number(world: World) -> None:
    first = world.run()
    world.replica.clock.wait_ms(86_400_000)
    second = world.run()
    assert first.digest == second.digest
    assert (first.number, second.number) == (1, 2)
    assert first.made_at != second.made_at


def test_another_hub_with_the_same_rows_gives_the_same_results(tmp_path: Path) -> None:
    """Changesets are named after their origin, so only the names in the sources differ."""

    def stripped(node: dict) -> dict:
        source = {k: v for k, v in node.get("source", {}).items() if k != "changeset"}
        return {**node, "source": source, "children": [stripped(each) for each in node.get("children", [])]}

    trees = []
    for name in ("one", "two"):
        replica = filled_hub(tmp_path / name)
        with connect(replica) as db:
            run = World(replica, db).run()
            trees.append([stripped(World(replica, db).explanation(run, p)["tree"]) for p in ("A-2-AA", "A-3-AA")])
    assert trees[0] == trees[1]


def test_a_changed_fact_changes_the_digest(world: World) -> None:
    before = world.run()
    with write(world.replica, world.db, OFFICE) as w:
        w.update(StaffDay, ("A-2-AA", DAYS[1], "A"), {"late_minutes": 6})
    assert world.run().digest != before.digest


def test_stored_leaves_add_up_to_the_total_for_everybody(world: World) -> None:
    run = world.run()
    lines = store.result_lines(world.db, run.id)
    assert len(lines) == 5
    for line in lines:
        tree = world.explanation(run, line.result.person_id)["tree"]
        assert sum(Decimal(leaf["points"]) for leaf in ends(tree)) == Decimal(line.result.total)
        assert tree["points"] == line.result.total
        blocks = line.blocks["points"].values()
        assert sum(Decimal(each["points"]) for each in blocks) == Decimal(line.result.total)


def test_every_point_names_its_row_its_author_and_its_changeset(world: World) -> None:
    run = world.run()
    found = [leaf for leaf in ends(world.explanation(run, "A-2-AA")["tree"]) if leaf.get("source")]
    by_key = {leaf["source"]["key"]: leaf for leaf in found}
    late = by_key[f"A-2-AA/{DAYS[3]}/B"]
    assert (late["points"], late["data"]["minutes"], late["source"]["campus"]) == ("-0.5", "9", "B")
    assert late["source"]["entered_by_name"] == "陈静"
    for leaf in found:
        name = leaf["source"]["changeset"]
        rows = list(world.db.query("SELECT person_id FROM changeset_name WHERE name = ?", (name,)))
        assert rows == [{"person_id": OFFICE.person_id}]


def test_the_changeset_named_is_the_one_that_last_wrote_the_points(world: World) -> None:
    with write(world.replica, world.db, OFFICE) as w:
        w.update(StaffDay, ("A-2-AA", DAYS[1], "A"), {"late_minutes": 5})
    newest = world.db.conn.execute("SELECT name FROM changeset_name ORDER BY n DESC LIMIT 1").fetchone()[0]
    leaf = next(
        each for each in ends(world.explanation(world.run(), "A-2-AA")["tree"])
        if each.get("source", {}).get("key") == f"A-2-AA/{DAYS[1]}/A"
    )  # fmt: skip
    assert leaf["source"]["changeset"] == newest


def test_a_corrected_row_is_shown_and_only_its_correction_counts(world: World) -> None:
    tree = world.explanation(world.run(), "A-2-AA")["tree"]
    found = {leaf["source"]["key"]: leaf for leaf in ends(tree) if leaf.get("source")}
    assert found["A-105-AA"]["state"] == "superseded" and found["A-105-AA"]["points"] == "0"
    assert found["A-106-AA"]["points"] == "1.2"


def test_of_two_corrections_of_one_row_one_counts(world: World) -> None:
    with write(world.replica, world.db, OFFICE) as w:
        w.insert(evidence("A-200-AA", "A-2-AA", "line_task", "2", replaces_id="A-105-AA"))
    run = world.run()
    line = next(each for each in store.result_lines(world.db, run.id) if each.result.person_id == "A-2-AA")
    assert Decimal(line.blocks["points"]["line_tasks"]["points"]) in (Decimal("2"), Decimal("1.2"))


def test_case_notes_of_ethics_never_reach_an_explanation(world: World) -> None:
    run = world.run()
    document = json.dumps(world.explanation(run, "A-3-AA"), ensure_ascii=False)
    assert "不外传" not in document and "A-109-AA" in document


def test_a_fact_outside_any_membership_is_shown_and_said_and_does_not_count(world: World) -> None:
    with write(world.replica, world.db, OFFICE) as w:
        w.update(StaffMembership, ("B-40-MM",), {"begin": DAYS[3]})
    run = world.run()
    tree = world.explanation(run, "B-1-AA")["tree"]
    states = [leaf["state"] for leaf in ends(tree) if leaf.get("source", {}).get("table") == "staff_day"]
    assert states.count("unmatched") == 3
    assert {"kind": "unmatched", "count": 3} in json.loads(run.missing)


def test_evidence_dated_before_somebody_came_does_not_count(world: World) -> None:
    with write(world.replica, world.db, OFFICE) as w:
        w.update(StaffMembership, ("B-40-MM",), {"begin": DAYS[3]})
        w.insert(evidence("B-301-AA", "B-1-AA", "line_task", "2", date=DAYS[1]))
        w.insert(evidence("B-302-AA", "B-1-AA", "line_task", "1", date=DAYS[3]))
    line = store.result_of(world.db, world.run().id, "B-1-AA")
    assert json.loads(line.blocks)["points"]["line_tasks"]["points"] == "1"


def test_the_first_day_counts_and_the_end_no_longer_does(world: World) -> None:
    with write(world.replica, world.db, OFFICE) as w:
        for number, day in enumerate((DAYS[0], END)):
            w.insert(evidence(f"B-40{number}-AA", "B-1-AA", "line_task", "1", date=day))
        w.insert(StaffDay(person_id="B-1-AA", date=END, campus="B", status="present", late_minutes=30))
    tree = world.explanation(world.run(), "B-1-AA")["tree"]
    dates = {leaf["source"]["date"] for leaf in ends(tree) if leaf.get("source")}
    assert DAYS[0] in dates and END not in dates


def test_a_run_says_what_is_missing_and_is_provisional(world: World) -> None:
    run = world.run()
    missing = json.loads(run.missing)
    assert run.provisional == 1
    assert {"kind": "campus", "campus": "B", "known_until": ""} in missing
    assert any(each["kind"] == "facts" and each["indicator"] == "lessons" for each in missing)
    assert json.loads(run.frontier)["streams"]


def test_days_that_never_arrived_make_another_table(tmp_path: Path, world: World) -> None:
    """A hub that never got the nodes' changesets must not print the same table."""
    other = filled_hub(tmp_path / "other")
    with connect(other) as db:
        with write(other, db, OFFICE) as w:
            w.db.conn.execute("DELETE FROM staff_day WHERE campus = 'B'")
        bare = World(other, db).run()
        states = {line.result.person_id: line for line in store.result_lines(db, bare.id)}
        assert states["B-1-AA"].blocks["points"]["attendance"] == {"points": "0", "state": "missing"}
    assert bare.digest != world.run().digest


@pytest.mark.parametrize(
    ("state", "trial"), [("draft", 1), ("trial", 1), ("revised", 1), ("adopted", 0), ("in_force", 0), ("archived", 1)]
)
def test_only_a_version_the_congress_adopted_is_no_trial(world: World, state: str, trial: int) -> None:
    world.run()
    with write(world.replica, world.db, OFFICE) as w:
        w.update(SchemeVersion, ("example", 1), {"state": state})
    assert world.run().trial == trial


def test_runs_come_from_the_version_in_force(world: World) -> None:
    stored = store.install_example(world.replica, world.db, OFFICE)
    with write(world.replica, world.db, OFFICE) as w:
        newer = stored.document.replace("version = 1", "version = 2", 1)
        store.save_scheme(w, newer)
        w.update(SchemeVersion, ("example", 1), {"state": "in_force"})
    assert world.run().version == 1
    assert world.run(version=2).version == 2


def test_another_document_under_a_taken_number_is_refused(world: World) -> None:
    stored = store.install_example(world.replica, world.db, OFFICE)
    with write(world.replica, world.db, OFFICE) as w:
        assert store.save_scheme(w, stored.document) == stored
        with pytest.raises(InvalidInput):
            store.save_scheme(w, stored.document + "\n# another")


def test_what_is_asked_for_must_exist(world: World) -> None:
    with pytest.raises(NotFound):
        period_of(world.db, "1999A")
    with pytest.raises(InvalidInput):
        period_of(world.db, "2025A", begin="2025-01-01")
    with pytest.raises(NotFound):
        store.scheme_version(world.db, "nothing")


def test_every_total_of_106_people_re_adds_from_its_leaves(tmp_path: Path) -> None:
    """106 people × 200 days, and evidence; `scripts/bench.py` says how long a run takes."""
    replica = new_hub(tmp_path)
    with connect(replica) as db:
        with write(replica, db, OFFICE) as w:
            w.insert(Term(code="Y", school_year="2025", name="全年", begin="2025-01-01", end="2026-01-01"))
            people = [f"{'AB'[n % 2]}-{n}-AA" for n in range(1, 107)]
            for number, id_ in enumerate(people):
                w.insert(Person(id=id_, name=f"教师{number}", staff_number=str(number)))
                w.insert(StaffMembership(id=f"{id_[0]}-{number}-MM", person_id=id_, campus=id_[0],
                                         category="teacher", begin="2024-09-01"))  # fmt: skip
            dates = [f"2025-{m:02}-{d:02}" for m in range(1, 11) for d in range(1, 21)]
            w.insert(*(StaffDay(person_id=p, date=day, campus=p[0], status="present", late_minutes=i % 50 // 48 * 4)
                       for p in people for i, day in enumerate(dates)))  # fmt: skip
            w.insert(*(Evidence(id=f"{p}-{kind[:3]}{n}", person_id=p, campus=p[0], date="2025-05-05", kind=kind,
                                quantity="12", entered_by="A-1-AA")
                       for p in people for n, kind in enumerate(("weekly_lessons", "inspection_round",
                                                                "observed_lessons", "line_task") * 5)))  # fmt: skip
        run = appraise(replica, db, term="Y", author=OFFICE)
        assert len(select(db, StaffDay)) == 21_200
        assert len(store.result_lines(db, run.id)) == 106
        assert compute(replica, db, period_of(db, "Y"), store.scheme_version(db, "example")).digest == run.digest
        for line in store.result_lines(db, run.id):
            tree = store.explanation_of(db, run.id, line.result.person_id)["tree"]
            assert sum(Decimal(leaf["points"]) for leaf in ends(tree)) == Decimal(line.result.total)


"""A term of lessons from real timetables, changed offline on both campuses, is the workload of a plain count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from hub.appraisal import store
from hub.appraisal.run import appraise
from shared.lessons.store import lessons_between, orphans_between
from tests.acceptance.paper_term import KINDS, half_up
from tests.acceptance.taught_term import BEGIN, END, TaughtTerm, taught_term
from tests.support.world import OFFICE, assert_same_tables

pytestmark = pytest.mark.acceptance

SEEDS = range(3)


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed_{seed}")
def term(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TaughtTerm]:
    """A taught term, synced in a random order and in parts, until nobody has anything left to say."""
    made = taught_term(tmp_path_factory.mktemp("lessons"), request.param)
    for _ in range(made.chance.randint(2, 8)):
        made.world.sync(made.chance.choice("AB"), budget_bytes=made.chance.choice((None, 2_000, 20_000)))
    made.world.settle()
    yield made
    made.world.close()


@pytest.fixture(scope="module")
def lessons(term: TaughtTerm) -> dict[str, dict[str, Any]]:
    """Person → the indicator of weekly lessons in a run over the whole term."""
    run = appraise(term.world.hub.replica, term.world.hub.db, term="2026A", author=OFFICE)
    trees = {
        line.result.person_id: store.explanation_of(term.world.hub.db, run.id, line.result.person_id)["tree"]
        for line in store.result_lines(term.world.hub.db, run.id)
    }
    indicators = {
        person: {each["code"]: each for block in tree["children"] for each in block.get("children", ())}
        for person, tree in trees.items()
    }
    return {person: found["lessons"] for person, found in indicators.items()}


def test_every_replica_tells_the_same_lessons(term: TaughtTerm) -> None:
    """C3: whatever the order of the sync; and no change that was entered is without effect."""
    assert_same_tables(term.world)
    told = [lessons_between(site.db, BEGIN, END) for site in term.world.sites()]
    assert told[0] == told[1] == told[2]
    assert len([each for each in told[0] if each.state != "moved"]) == len(term.paper.lines) > 10_000
    assert orphans_between(term.world.hub.db, BEGIN, END) == []


def test_lessons_held_are_those_of_a_plain_count(term: TaughtTerm, lessons: dict[str, dict[str, Any]]) -> None:
    counts, trips, waiting = term.paper.counted()
    assert {kind for each in counts.values() for kind, _ in each} == {"own", "itinerant", "multigrade", "cover"}
    for person in term.staff:
        found: Counter[tuple[str, str]] = Counter()
        for leaf in lessons[person]["children"]:
            if leaf["code"] == "held":
                found[KINDS[leaf["data"]["kind"]], leaf["data"]["subject"]] += int(leaf["data"]["held"])
        assert found == counts[person], person
        assert int(lessons[person].get("data", {}).get("trips", "0")) == len(trips[person]), person
        still = [leaf["data"]["open_lessons"] for leaf in lessons[person]["children"] if leaf["code"] == "open_days"]
        assert sum(map(int, still)) == waiting[person], person


def test_weighted_lessons_and_points_are_those_of_a_plain_count(
    term: TaughtTerm, lessons: dict[str, dict[str, Any]]
) -> None:
    counts = term.paper.counted()[0]
    scored = [person for person in term.staff if counts[person]]
    assert len(scored) > 40
    for person in scored:
        weekly = term.paper.weekly(person, counts[person])
        assert Decimal(lessons[person]["data"]["weekly_weighted"]) == half_up(weekly), person
        assert Decimal(lessons[person]["points"]) == min(half_up(weekly * 25 / 14), Decimal(25)), person

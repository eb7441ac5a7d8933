"""The benchmarks count what they say they count."""

import contextlib
import itertools
import sqlite3
from pathlib import Path

import pytest

from scripts.benchmarks.bars import BARS, held_against, percentile, table
from scripts.benchmarks.engine import runs_of, statements_per_row
from scripts.benchmarks.imports import import_s
from scripts.benchmarks.lessons import timetable
from scripts.benchmarks.verifying import verify_figures
from scripts.benchmarks.world import make_world
from scripts.demo_play.data import FULL, SMALL, invented
from shared.clock import SystemClock
from shared.ids import SystemRandomness
from shared.records import TimetableSlot


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([7.0], 0.95, 7.0), (list(range(1, 101)), 0.95, 95), (list(range(1, 21)), 0.95, 19), ([3, 1, 2], 0.5, 2)],
)
def test_a_percentile_is_a_value_that_was_measured(values, share: float, found: float) -> None:
    assert percentile(values, share) == found


def test_a_figure_at_the_bar_does_not_meet_it() -> None:
    held = held_against({"node_up_s": 2.0, "appraisal_s": 2.999, "not_asked": 1.0})
    assert [(each.bar.name, each.met) for each in held] == [("node_up_s", False), ("appraisal_s", True)]
    assert "MISSED" in table(held, "en")[0] and "达标" in table(held, "zh")[1]


def test_every_bar_has_its_own_name() -> None:
    assert len({bar.name for bar in BARS}) == len(BARS)


def test_one_statement_bound_to_many_rows_counts_once() -> None:
    seen = ["BEGIN", "INSERT INTO t VALUES (1, 'a''b')", "INSERT INTO t VALUES (2, NULL)", "-- trigger", "SELECT 1"]
    assert list(runs_of(seen)) == ["BEGIN", "INSERT INTO t VALUES (?, ?)", "SELECT ?"]


def test_the_timetable_that_is_measured_has_nobody_in_two_places_at_one_time() -> None:
    ids = itertools.count(1)
    consortium = invented(FULL, lambda campus: f"{campus}-{next(ids)}-AA", "")
    slots = [row for campus in "AB" for row in timetable(consortium, campus, f"{campus}-1-AA")
             if isinstance(row, TimetableSlot)]  # fmt: skip
    assert len(slots) == (31 + 6) * 30
    for named in ("teacher_id", "group_id"):
        assert len({(slot.weekday, slot.period, getattr(slot, named)) for slot in slots}) == len(slots)


def test_rows_are_applied_set_wise(tmp_path: Path) -> None:
    """The bar of 0.1 is for the real size; even 350 rows come in with fewer statements than rows."""
    world = make_world(tmp_path, SMALL, clock=SystemClock(), randomness=SystemRandomness())
    per_row, rows = statements_per_row(world)
    assert rows > 350
    assert per_row < 0.6


def test_the_import_that_is_measured_is_taken_whole(tmp_path: Path) -> None:
    assert import_s(tmp_path, SystemClock(), SystemRandomness(), pupils=30) < 5
    db = sqlite3.connect(tmp_path / "import.db")
    with contextlib.closing(db):
        tables = ("pupil", "group_member", "pupil_private")
        counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
    assert counts == [30, 30, 30]


def test_an_honest_node_is_verified_and_compared_in_one_round(tmp_path: Path) -> None:
    world = make_world(tmp_path, SMALL, clock=SystemClock(), randomness=SystemRandomness())
    figures = verify_figures(world, SystemClock(), rows=500)
    assert figures["rows_compared"] > 500
    assert figures["compare_bytes"] < 10_000

"""Seeded worlds: whatever happens, everybody agrees in the end and nothing acknowledged is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.play import play

SEEDS = 40


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed_{seed}")
def test_a_world_agrees_with_itself_and_loses_nothing(seed: int, tmp_path: Path) -> None:
    """C1 to C6, C9 to C11 and C14: see `tests.simulation.checks`. Replay: scripts/simulate.py --seed N --trace."""
    play(seed, tmp_path)


def test_the_same_seed_plays_the_same_world(tmp_path: Path) -> None:
    traces = []
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        lines: list[str] = []
        play(3, tmp_path / name, deeds=30, said=lines.append)
        traces.append(lines)
    assert traces[0] == traces[1]

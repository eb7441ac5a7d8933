"""Seeded schools: validators find the same everywhere, and what people leave so is closed everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.school import play_school

SEEDS = 20


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed_{seed}")
def test_a_school_agrees_on_its_findings(seed: int, tmp_path: Path) -> None:
    """C3, C7, C8: see `tests.simulation.school`. Replay: scripts/simulate.py --school --seed N --trace."""
    play_school(seed, tmp_path)

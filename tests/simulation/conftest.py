"""Worlds in memory, where the system has such a place."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.simulation.run import MEMORY


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory: these worlds open and close files hundreds of times."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)

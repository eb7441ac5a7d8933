"""Worlds for the engine's tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import Site, World, make_world

MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory where the system has one: these tests flush to disk hundreds of times."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A hub and the nodes "A" and "B", enrolled and in sync."""
    made = make_world(tmp_path)
    yield made
    made.close()


@pytest.fixture
def node(world: World) -> Site:
    """Node "A" of that world."""
    return world["A"]

"""Worlds for the engine's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import Site, World, make_world


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

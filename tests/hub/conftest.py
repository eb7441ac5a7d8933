"""One small hub a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hub.small_hub import SmallHub, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> SmallHub:
    """A hub with two campuses and six people."""
    return make_hub(tmp_path)

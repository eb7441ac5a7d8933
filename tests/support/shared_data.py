"""The one place that knows where the reference data lies: beside the checkout, in ``../shared``.

The product never needs it; a test that does is skipped, with the reason, on a machine without it.
"""

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def shared_dir(beside: Path = CHECKOUT) -> Path:
    """Return the folder of reference data, or skip the test that asks."""
    folder = beside.parent / "shared"
    if not (folder / "DESIGN.md").is_file():
        pytest.skip("needs the reference data of ../shared, which is not beside this checkout")
    return folder


def shared_file(name: str) -> Path:
    """Return one file of the reference data (``data/…/student-mat.csv``), or skip the test that asks."""
    path = shared_dir() / name
    if not path.is_file():
        pytest.skip(f"needs ../shared/{name}, which is not there")
    return path

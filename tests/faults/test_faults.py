"""The tests themselves on trial: every planted fault still fits the code, and is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.run_faults import ROOT, Fault, apply, copy_tree, faults, outcomes

FAULTS_MIN = 10


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults") / "tree"
    folder.mkdir()
    copy_tree(folder)
    return folder


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name)
def test_a_planted_fault_still_fits_the_code(fault: Fault, tree: Path) -> None:
    assert apply(fault.patch, tree, "--check") == "", "renew the patch: the code it breaks has changed"
    assert [test for test in fault.tests if not (ROOT / test.partition("::")[0]).exists()] == []


def test_there_are_faults_to_plant() -> None:
    assert len(faults()) >= FAULTS_MIN


@pytest.mark.slow
@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name)
def test_a_planted_fault_is_noticed(fault: Fault, tree: Path) -> None:
    assert [outcome for outcome in outcomes(tree, [fault]) if not outcome.seen] == []

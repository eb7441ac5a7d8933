"""scripts/test.py and scripts/check.py turn their arguments into the right commands."""

from pathlib import Path

import pytest

from scripts import check
from scripts import test as test_command

QUICK = ["-m", test_command.QUICK]
TWO = ["-n", "2", "--dist", "loadfile"]
NONE = ["-n", "0", "--dist", "loadfile"]


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ([], TWO + QUICK),
        (["--all"], TWO),
        (["-k", "merge", "-x"], TWO + QUICK + ["-k", "merge", "-x"]),
        (["tests/sync", "-q"], TWO + QUICK + ["tests/sync", "-q"]),
        (["-n", "0"], NONE + QUICK),
        (["-m", "browser"], TWO + ["-m", "browser"]),
        (["--all", "--pdb"], NONE + ["--pdb"]),
    ],
)
def test_arguments_for_pytest(given: list[str], arguments: list[str]) -> None:
    assert test_command.pytest_arguments(given) == arguments


@pytest.mark.parametrize("marker", ["browser", "acceptance", "slow"])
def test_the_quick_run_leaves_out_what_takes_long(marker: str) -> None:
    assert f"not {marker}" in test_command.QUICK


def test_the_checks_look_at_every_package_that_is_there(tmp_path: Path) -> None:
    for name in ("shared", "hub"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
    commands = dict(check.checks(str(tmp_path), "python"))
    assert commands["mypy"] == ["python", "-m", "mypy", "-p", "shared", "-p", "hub", "-p", "tests"]
    assert list(commands) == ["ruff", "import contracts", "mypy"]

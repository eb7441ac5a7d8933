"""No machine's paths, no package index, no half-made documents in what we hand out."""

import re
from pathlib import Path

import pytest

from tests.house.tree import PRODUCT, ROOT, parsed, text_of, tracked

# Written in two halves, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:" + "|".join(["work", "root", "farm", "home/[a-z]+"]) + r")/\w")
INDEX_HOST = re.compile(
    "|".join(["pypi" + r"\.org", "files\\.python" + "hosted", "--(?:extra-)?index" + "-url"])
)
README_LINES_MAX = 100

README = Path("README.md")
# Lower case words with a dot, slash, underscore or call: what looks like a name of ours.
CODE_NAME = re.compile(r"`((?:shared|sync|node|hub|scripts|tests|docs)(?:[./][\w./]+)?)(?:\(\))?`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def offenders(pattern: re.Pattern[str], text: str) -> list[int]:
    """Numbers of the lines in which a pattern is found."""
    return [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def documents() -> list[Path]:
    """README and everything written under docs/."""
    return [path for path in tracked() if path.suffix == ".md" and path.parts[0] in ("README.md", "docs")]


def exists(name: str, root: Path = ROOT) -> bool:
    """True when a backticked name is a file, a folder, a module, or something a module defines."""
    path = root / name.rstrip("/.")
    if path.exists() or path.with_suffix(".py").is_file():
        return True
    if "/" in name:
        return False
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = root.joinpath(*parts[:length])
        file = module.with_suffix(".py") if module.with_suffix(".py").is_file() else module / "__init__.py"
        if file.is_file():
            return all(re.search(rf"\b{word}\b", file.read_text(encoding="utf-8")) for word in parts[length:])
    return False


def test_no_file_names_a_machine_s_folders() -> None:
    found = [f"{path}:{number}" for path in tracked() for number in offenders(MACHINE_PATH, text_of(path))]
    assert found == []


def test_no_lock_or_setting_names_a_package_index() -> None:
    words_for_people = {Path("scripts/environment.json")}
    found = [
        f"{path}:{number}"
        for path in tracked()
        if path not in words_for_people and path.suffix != ".md"
        for number in offenders(INDEX_HOST, text_of(path))
    ]
    assert found == []


def test_every_locked_package_has_a_hash() -> None:
    for path in (Path("requirements/run.txt"), Path("requirements/dev.txt")):
        entries = re.split(r"\n(?=\S)", text_of(path).strip())
        bare = [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
        assert entries and bare == [], path


def test_the_two_locks_agree() -> None:
    run, dev = (
        dict(re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", text_of(Path(f"requirements/{kind}.txt"))))
        for kind in ("run", "dev")
    )
    assert run and run.items() <= dev.items()


def test_the_readme_is_read_in_one_sitting() -> None:
    if not (ROOT / README).is_file():
        pytest.skip("no README yet")
    assert len(text_of(README).splitlines()) < README_LINES_MAX


def test_names_in_documents_exist() -> None:
    found = [
        f"{path}: {name}"
        for path in documents()
        for name in CODE_NAME.findall(FENCE.sub("", text_of(path)))
        if not exists(name)
    ]
    assert found == [], "a document names what is not there"


def test_every_command_a_person_runs_makes_the_environment_itself() -> None:
    commands = [
        path
        for path in tracked()
        if path.parent == Path("scripts")
        and path.suffix == ".py"
        and '__name__ == "__main__"' in text_of(path)
    ]
    assert Path("scripts/test.py") in commands
    assert [str(path) for path in commands if "environment.enter(" not in text_of(path)] == []


def test_every_package_of_the_product_is_installed() -> None:
    packages = {path.parts[0] for path in tracked() if path.name == "__init__.py" and len(path.parts) == 2}
    assert packages - {"tests"} <= set(PRODUCT)
    listed = re.search(r"include = \[(.*)\]", text_of(Path("pyproject.toml")))
    assert listed is not None
    assert set(re.findall(r'"(\w+)\*"', listed.group(1))) == set(PRODUCT)


@pytest.mark.parametrize(
    ("pattern", "line", "bites"),
    [
        (MACHINE_PATH, 'DATA = "/wo' + 'rk/main"', True),
        (MACHINE_PATH, "see /ho" + "me/li/notes", True),
        (MACHINE_PATH, 'url = "https://example.org/wo' + 'rk/x"', False),
        (MACHINE_PATH, "homework/rooms and ../shared/data", False),
        (INDEX_HOST, "--extra-index" + "-url x", True),
        (INDEX_HOST, "https://py" + "pi.org/simple", True),
        (INDEX_HOST, "sqlite-utils==4.2.1", False),
    ],
)
def test_the_rules_on_words_bite(pattern: re.Pattern[str], line: str, bites: bool) -> None:
    assert bool(offenders(pattern, line)) is bites


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("scripts/environment.py", True),
        ("scripts.environment", True),
        ("scripts.environment.ensure", True),
        ("scripts.environment.nothing_of_that_name", False),
        ("scripts/nothing.py", False),
    ],
)
def test_the_rule_on_documents_bites(name: str, there: bool) -> None:
    assert exists(name) is there


def test_python_files_parse() -> None:
    assert all(parsed(path) for path in tracked() if path.suffix == ".py")


TOP_LEVEL = {
    ".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "docs", "hub", "node", "pyproject.toml",
    "requirements", "scripts", "shared", "sync", "tests",
}  # fmt: skip


def test_the_top_level_holds_what_was_agreed_and_nothing_that_somebody_left_there() -> None:
    assert {path.parts[0] for path in tracked()} == TOP_LEVEL

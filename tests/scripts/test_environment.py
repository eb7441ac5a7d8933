"""The environment is made once, in the right order, and each way it can fail is one clear line."""

import ast
import errno
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import environment
from scripts.environment import Problem

ROOT = Path(environment.ROOT)


class Recorder:
    """Stands for the programs that are run: notes them, makes what they make, fails where told."""

    def __init__(self, root: Path, fails_at: str = "", says: str = "") -> None:
        self.root = root
        self.fails_at = fails_at
        self.says = says
        self.commands: list[list[str]] = []
        self.stamps_seen: list[bool] = []

    def __call__(self, command: Sequence[str], log: str) -> tuple[int, str]:
        self.commands.append(list(command))
        self.stamps_seen.append(any(self.root.glob(".venv/*.stamp")))
        if self.fails_at and self.fails_at in command:
            return 1, self.says
        if "venv" in command:
            python = Path(environment.python_of(str(self.root)))
            python.parent.mkdir(parents=True, exist_ok=True)
            python.write_bytes(b"")
            (self.root / ".venv" / "pyvenv.cfg").write_text("version = 3.11.7\n")
        return 0, ""

    def kinds(self) -> list[str]:
        """venv, lock or project, in the order they were run."""
        names = {"venv": "venv", "--require-hashes": "lock", "-e": "project"}
        return [next(name for word, name in names.items() if word in command) for command in self.commands]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with two locks and no environment."""
    (tmp_path / "requirements").mkdir()
    for kind in ("run", "dev"):
        (tmp_path / "requirements" / f"{kind}.txt").write_text(f"package=={len(kind)}\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.ruff]\nline-length = 1\n')
    return tmp_path


def ensure(root: Path, run: environment.Runner, kind: str = "run") -> str:
    return environment.ensure(str(root), kind, run)


def words(problem: Problem) -> str:
    """A problem's line, after checking what holds for each: one line, Chinese first, English beside it."""
    text = str(problem)
    chinese, _slash, english = text.partition(" / ")
    assert "\n" not in text and re.search(r"[\u4e00-\u9fff]", chinese), text
    assert english and not re.search(r"[\u4e00-\u9fff]", english), text
    return text


def test_the_stamp_is_written_last(checkout: Path) -> None:
    run = Recorder(checkout)
    python = ensure(checkout, run)
    assert run.kinds() == ["venv", "lock", "project"]
    assert run.stamps_seen == [False, False, False]
    assert environment.is_ready(str(checkout), "run") and Path(python).is_file()


def test_a_second_start_runs_nothing(checkout: Path) -> None:
    ensure(checkout, Recorder(checkout))
    second = Recorder(checkout)
    ensure(checkout, second)
    assert second.commands == []


def test_packages_come_by_hash_and_never_as_source(checkout: Path) -> None:
    run = Recorder(checkout)
    ensure(checkout, run)
    lock, project = run.commands[1:]
    assert {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(lock)
    assert {"--no-build-isolation", "--no-deps", str(checkout)} <= set(project)


def test_dev_serves_for_running_and_running_does_not_serve_for_dev(checkout: Path) -> None:
    ensure(checkout, Recorder(checkout), "run")
    assert not environment.is_ready(str(checkout), "dev")
    more = Recorder(checkout)
    ensure(checkout, more, "dev")
    assert more.kinds() == ["lock", "project"], "a sound environment is added to, not made anew"
    assert environment.is_ready(str(checkout), "run") and environment.is_ready(str(checkout), "dev")


@pytest.mark.parametrize(
    ("file", "text", "again"),
    [
        ("requirements/run.txt", "package==4\n", True),
        ("pyproject.toml", '[project]\nname = "y"\n\n[tool.ruff]\nline-length = 1\n', True),
        ("pyproject.toml", '[project]\nname = "x"\n\n[tool.ruff]\nline-length = 2\n', False),
    ],
)
def test_what_an_installation_reads_brings_it_up_to_date(
    checkout: Path, file: str, text: str, again: bool
) -> None:
    ensure(checkout, Recorder(checkout))
    (checkout / file).write_text(text)
    run = Recorder(checkout)
    ensure(checkout, run)
    assert run.kinds() == (["lock", "project"] if again else [])


@pytest.mark.parametrize("step", ["venv", "--require-hashes", "-e"])
def test_an_attempt_that_failed_is_begun_anew(checkout: Path, step: str) -> None:
    with pytest.raises(Problem):
        ensure(checkout, Recorder(checkout, fails_at=step, says="ERROR: something"))
    assert not environment.is_ready(str(checkout), "run")
    run = Recorder(checkout)
    ensure(checkout, run)
    assert run.kinds() == ["venv", "lock", "project"]


def test_a_moved_checkout_or_another_interpreter_is_noticed(checkout: Path, tmp_path: Path) -> None:
    ensure(checkout, Recorder(checkout))
    moved = tmp_path.parent / (tmp_path.name + "_moved")
    checkout.rename(moved)
    assert not environment.is_ready(str(moved), "run")
    moved.rename(checkout)
    assert environment.is_ready(str(checkout), "run")
    python = Path(environment.python_of(str(checkout)))
    python.unlink()
    (python.parent / "python3.99").write_bytes(b"")
    python.symlink_to("python3.99")
    assert not environment.is_ready(str(checkout), "run"), "the system's Python became another version"
    (python.parent / "python3.99").unlink()
    assert not environment.is_ready(str(checkout), "run"), "the system's Python is gone"


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 8, 18), (3, 10, 13), (2, 7, 18)])
def test_an_old_python_is_told_so(version: tuple[int, int, int]) -> None:
    with pytest.raises(Problem) as caught:
        environment.check_python(version, which=lambda name: None)
    text = words(caught.value)
    assert ".".join(map(str, version)) in text and "3.11" in text and "{" not in text
    assert caught.value.exit_code == environment.EXIT_PERSON_NEEDED


def test_an_old_python_names_the_newer_one_beside_it() -> None:
    with pytest.raises(Problem) as caught:
        environment.check_python((3, 9, 0), which=lambda name: "x" if name == "python3.12" else None)
    assert "python3.12 " in words(caught.value)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 1), (4, 0, 0)])
def test_a_new_enough_python_passes(version: tuple[int, int, int]) -> None:
    environment.check_python(version)


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_what_to_install(missing: str) -> None:
    with pytest.raises(Problem) as caught:
        environment.check_modules(find=lambda name: None if name == missing else object())
    assert missing in words(caught.value) and "python3-venv" in words(caught.value)


def test_a_disk_nearly_full_is_refused_before_the_first_byte(checkout: Path) -> None:
    environment.check_space(str(checkout), "run", environment.FREE_MB_MIN["run"])
    with pytest.raises(Problem) as caught:
        environment.check_space(str(checkout), "run", environment.FREE_MB_MIN["run"] - 1)
    assert "250 MB" in words(caught.value)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk_full",
        ),
        (
            "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError'\n"
            "ERROR: No matching distribution found for flask==3.1.3",
            "no_network",
        ),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "no_network"),
        ("ReadTimeoutError: Read timed out.", "no_network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "hash_mismatch"),
        ("ERROR: No matching distribution found for pynacl==1.6.2", "no_package"),
        ("ERROR: Could not install packages: [Errno 13] Permission denied: 'x'", "not_writable"),
        (
            "The virtual environment was not created successfully because ensurepip is not available.",
            "venv_missing",
        ),
        ("Collecting x\nERROR: the sky fell\nnote: look up", "install_failed"),
        ("", "install_failed"),
    ],
)
def test_what_pip_says_becomes_one_line(checkout: Path, said: str, code: str) -> None:
    run = Recorder(checkout, fails_at="--require-hashes", says=said)
    with pytest.raises(Problem) as caught:
        ensure(checkout, run)
    assert caught.value.code == code
    assert "{" not in words(caught.value)
    assert caught.value.exit_code == (75 if code == "no_network" else 77)


def test_an_unknown_failure_shows_the_error_and_where_the_rest_is(checkout: Path) -> None:
    problem = environment.explain("Collecting x\nERROR: the sky fell\nnote: look up", "a.log", "here", "run")
    assert "the sky fell" in words(problem) and "a.log" in words(problem)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EACCES, "not_writable"),
        (errno.EROFS, "not_writable"),
        (errno.EIO, "install_failed"),
    ],
)
def test_what_the_system_refuses_becomes_one_line(checkout: Path, number: int, code: str) -> None:
    def refuse(command: Sequence[str], log: str) -> tuple[int, str]:
        raise OSError(number, os.strerror(number))

    with pytest.raises(Problem) as caught:
        ensure(checkout, refuse)
    assert caught.value.code == code
    assert "{" not in words(caught.value)


def test_every_message_has_both_languages() -> None:
    table = json.loads((ROOT / "scripts/environment.json").read_text(encoding="utf-8"))
    assert all(len(both) == 2 and all(both) and "\n" not in "".join(both) for both in table.values())
    used = {code for code, _sign in environment.PIP_SIGNS}
    assert used <= set(table)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "gbk"])
def test_a_console_without_chinese_still_shows_the_english(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stderr", console)
    environment.say(environment.line("disk_full", path="here", wanted_mb=1))
    console.seek(0)
    assert "Disk full: here needs 1 MB free" in console.read()


def heads() -> list[Path]:
    """The files any Python must be able to read."""
    found = [
        path for path in (ROOT / "scripts").glob("*.py") if "environment.enter(" in path.read_text("utf-8")
    ]
    return sorted({*found, ROOT / "scripts/environment.py", ROOT / "scripts/__init__.py"})


@pytest.mark.parametrize("path", heads(), ids=lambda path: path.name)
def test_an_old_python_can_read_what_it_is_started_with(path: Path) -> None:
    """What stands above the head must also be importable by it: the standard library only."""
    source = path.read_bytes()
    assert source.isascii(), "a Python that guesses another encoding must not stumble"
    tree = ast.parse(source, feature_version=(3, 6))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.partition(".")[0] for name in imported} <= set(sys.stdlib_module_names)
    assert "collections.abc" not in imported and "__future__" not in imported


def run_in_checkout(checkout: Path, code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of Python that begins by importing the bootstrap."""
    command = [
        sys.executable,
        "-c",
        f"from scripts import environment as e\nroot = {str(checkout)!r}\n{code}",
    ]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


def test_two_starts_at_once_make_it_once(checkout: Path) -> None:
    """The second waits, then finds the stamp."""
    lock = str(checkout / ".venv.lock")
    with environment.only_one(lock):
        blocked = run_in_checkout(
            checkout,
            "import fcntl\n"
            "with open(root + '/.venv.lock', 'a+b') as file:\n"
            "    try: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB); print('free')\n"
            "    except OSError: print('held')",
        )
    assert blocked.stdout.strip() == "held", blocked.stderr
    with environment.only_one(lock):
        pass  # given back: taking it again does not wait


@pytest.mark.slow
@pytest.mark.parametrize(
    ("index", "code"), [("http://127.0.0.1:9/simple", "no_network"), ("{folder}", "no_package")]
)
def test_a_real_pip_without_a_server_ends_in_one_line(checkout: Path, index: str, code: str) -> None:
    """No stand-in here: a real venv and a real pip, which finds nothing."""
    (checkout / "requirements" / "run.txt").write_text("absent==1 --hash=sha256:" + "0" * 64 + "\n")
    (checkout / "empty").mkdir()
    ended = run_in_checkout(
        checkout,
        "try: e.ensure(root, 'run')\nexcept e.Problem as problem: print(problem.code); e.say(str(problem))",
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL=index.format(folder=(checkout / "empty").as_uri()),
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_CONSTRAINT="",
        PYTHONUTF8="1",
    )
    assert ended.stdout.strip() == code, ended.stderr
    assert (checkout / ".venv.log").read_text(encoding="utf-8").count("$ ") == 2
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="execv is for POSIX; Windows starts a subprocess")
def test_help_goes_on_inside_the_environment_and_starts_nothing(tmp_path: Path) -> None:
    if not environment.is_ready(environment.ROOT, "dev"):
        pytest.skip("not run inside the environment of this checkout")
    # From another folder, so that a stray `shared` beside the caller is not taken for ours.
    (tmp_path / "shared").mkdir()
    command = [sys.executable, str(ROOT / "scripts/test.py"), "--help"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0 and ended.stdout.startswith("usage: scripts/test.py")
    assert "passed" not in ended.stdout

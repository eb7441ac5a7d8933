"""Make the project's own Python environment, then go on inside it.

A command that a person starts (``python3 scripts/test.py``) may be read by any Python on any machine, so
this file and those heads keep to Python 3.6 syntax, the standard library and ASCII: an old Python must get
far enough to say that it is too old, and a console without Chinese must not stop it. The words stand in
``environment.json``: Chinese first, English beside it, each one line that ends with what to do.

What is made: ``.venv`` in the checkout, with the packages of ``requirements/run.txt`` or ``dev.txt`` (by
hash) and the project itself. A stamp, written last, says it is complete: an interrupted first attempt is
cleared and made anew, and the next start finds the stamp and goes on at once.
"""

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON_MIN = (3, 11)
# Measured on Linux: 119 MB (run) and 411 MB (dev, mostly the browser driver); pip unpacks beside them.
FREE_MB_MIN = {"run": 250, "dev": 700}

# The two endings of the nightly job that fit here: a scheduler may start the one again by itself.
EXIT_TRY_LATER = 75
EXIT_PERSON_NEEDED = 77

Runner = Callable[[Sequence[str], str], Tuple[int, str]]

# First match wins. A dead line also ends in "no matching distribution", so the network comes before it.
PIP_SIGNS = (
    ("disk_full", r"No space left on device|Errno 28|not enough space on the disk|WinError 112"),
    ("hash_mismatch", r"DO NOT MATCH THE HASHES"),
    (
        "no_network",
        r"NewConnectionError|Failed to establish a new connection|name resolution|getaddrinfo failed"
        r"|Network is unreachable|ConnectTimeout|Read timed out|ReadTimeout|ProxyError|Connection refused"
        r"|Connection reset|connection broken|IncompleteRead|SSLError|Max retries exceeded",
    ),
    ("not_writable", r"Permission denied|Errno 13|Errno 30|WinError 5\b"),
    ("venv_missing", r"ensurepip is not available|No module named '?(ensurepip|venv|pip)\b"),
    ("no_package", r"No matching distribution found"),
)


class Problem(Exception):
    """Why there is no environment: one line for a person and the exit code that goes with it."""

    def __init__(self, code: str, **data: object) -> None:
        self.code = code
        self.exit_code = EXIT_TRY_LATER if code == "no_network" else EXIT_PERSON_NEEDED
        super().__init__(line(code, **data))


def line(code: str, **data: object) -> str:
    """The message for a code: Chinese first, English beside it, one line."""
    return " / ".join(text.format(**data) for text in words()[code])


def words() -> Dict[str, List[str]]:
    """Code -> [Chinese, English]; read when something is to be said, not at every start."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "environment.json"), "rb") as file:
        table: Dict[str, List[str]] = json.loads(file.read().decode("utf-8"))
    return table


def say(text: str) -> None:
    """Print to the error stream; a console that lacks the characters shows question marks, not an error."""
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    sys.stderr.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stderr.flush()


def enter(module: str, dev: bool = False) -> None:
    """Make the environment if need be, then run ``module`` in it with this command's arguments.

    Does not return: the process becomes the other one (on Windows it waits for it). ``dev`` adds what only
    tests and checks need.
    """
    try:
        python = ensure(ROOT, "dev" if dev else "run")
    except Problem as problem:
        say(str(problem))
        raise SystemExit(problem.exit_code) from None
    command = [python, "-P", "-m", module] + sys.argv[1:]
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(python, command)
    raise SystemExit(subprocess.call(command))


def ensure(root: str, kind: str, run: Optional[Runner] = None) -> str:
    """Return the path of the environment's Python, making the environment first when it is not complete.

    ``kind`` is "run" or "dev"; ``run`` starts a program and keeps its output in a log. Raises Problem.
    """
    python = python_of(root)
    if is_ready(root, kind):
        return python
    check_python(sys.version_info)
    check_modules()
    try:
        check_space(root, kind, shutil.disk_usage(root).free // 1000000)
        with only_one(os.path.join(root, ".venv.lock")):
            if not is_ready(root, kind):
                make(root, kind, run or run_logged)
    except OSError as error:
        raise problem_of(error, root, kind) from error
    return python


def make(root: str, kind: str, run: Runner) -> None:
    """Create ``.venv`` unless a complete one is there to be brought up to date, install, and stamp."""
    say(line("preparing"))
    venv = os.path.join(root, ".venv")
    log = os.path.join(root, ".venv.log")
    python = python_of(root)
    # One of either kind is a sound start: pip changes only what the new lock changes.
    if not (any(os.path.exists(stamp_path(root, each)) for each in FREE_MB_MIN) and interpreter_fits(venv)):
        # A virtual environment's Python cannot clear itself away on Windows, so the one below it is used.
        below = getattr(sys, "_base_executable", None) or sys.executable
        step(run, [below, "-m", "venv", "--clear", venv], log, root, kind)
    # --retries: pip's five attempts keep a person without a line waiting for half a minute per package.
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-deps"]
    pip += ["--retries", "2", "--progress-bar", "off"]
    locked = ["--require-hashes", "--only-binary=:all:", "-r", lock_path(root, kind)]
    step(run, pip + locked, log, root, kind)
    step(run, pip + ["--no-build-isolation", "-e", root], log, root, kind)
    # What tests need includes what running needs, in the same versions.
    for each in ("run", "dev") if kind == "dev" else ("run",):
        write_stamp(root, each)


def step(run: Runner, command: Sequence[str], log: str, root: str, kind: str) -> None:
    """Run one command of the making; raises Problem with the reason read from its output."""
    code, output = run(command, log)
    if code != 0:
        raise explain(output, log, root, kind)


def explain(output: str, log: str, root: str, kind: str) -> Problem:
    """Turn what pip or venv printed into the one line that helps."""
    found = next((code for code, sign in PIP_SIGNS if re.search(sign, output)), "install_failed")
    said = [text.strip() for text in output.splitlines() if text.strip()]
    errors = [text for text in said if re.match(r"(?i)error|[a-z]*error:", text)]
    data: Dict[str, object] = {
        "path": root,
        "log": log,
        "wanted_mb": FREE_MB_MIN[kind],
        "found": ".".join(str(part) for part in sys.version_info[:3]),
        "module": "ensurepip",
        "last": (errors or said or ["?"])[-1][:200],
    }
    return Problem(found, **data)


def problem_of(error: OSError, root: str, kind: str) -> Problem:
    """Name the operating system's refusal: full, or not ours to write."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return Problem("disk_full", path=root, wanted_mb=FREE_MB_MIN[kind])
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Problem("not_writable", path=root)
    return Problem("install_failed", last=error, log=os.path.join(root, ".venv.log"))


def check_python(version: Sequence[Any], which: Callable[[str], Optional[str]] = shutil.which) -> None:
    """Refuse a Python that is too old; name a newer one when this machine has it."""
    if tuple(version[:2]) >= PYTHON_MIN:
        return
    names = ["python3.%d" % minor for minor in range(14, PYTHON_MIN[1] - 1, -1)]
    newer = next((name for name in names if which(name)), None)
    chinese, english = words()["use_newer" if newer else "install_python"]
    data = {"newer": newer, "command": " ".join(sys.argv)}
    found = ".".join(str(part) for part in version[:3])
    wanted = ".".join(str(part) for part in PYTHON_MIN)
    cures = {"cure": chinese.format(**data), "cure_english": english.format(**data)}
    raise Problem("python_too_old", found=found, wanted=wanted, **cures)


def check_modules(find: Callable[[str], Any] = importlib.util.find_spec) -> None:
    """Refuse a Python without venv or ensurepip (Debian packs them apart)."""
    for name in ("venv", "ensurepip"):
        if find(name) is None:
            raise Problem("venv_missing", module=name)


def check_space(root: str, kind: str, free_mb: int) -> None:
    """Refuse to begin what would end in a full disk."""
    if free_mb < FREE_MB_MIN[kind]:
        raise Problem("disk_full", path=root, wanted_mb=FREE_MB_MIN[kind])


def python_of(root: str) -> str:
    """Where the environment's Python lies on this system."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(root, ".venv", *parts)


def lock_path(root: str, kind: str) -> str:
    """The lock file of a kind."""
    return os.path.join(root, "requirements", kind + ".txt")


def stamp_path(root: str, kind: str) -> str:
    """The file that says the environment is complete for a kind."""
    return os.path.join(root, ".venv", "tongxin-" + kind + ".stamp")


def digest(root: str, kind: str) -> str:
    """What the environment depends on: the lock, how the project is installed, and where it lies."""
    with open(lock_path(root, kind), "rb") as file:
        lock = file.read()
    with open(os.path.join(root, "pyproject.toml"), "rb") as file:
        # Only what an installation reads: a new lint rule must not install anything anew.
        sections = re.findall(rb"(?ms)^\[(?:build-system|project|tool\.setuptools).*?(?=^\[|\Z)", file.read())
    place = os.path.abspath(root).encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"\0".join([place, lock] + sections)).hexdigest()


def is_ready(root: str, kind: str) -> bool:
    """True when the stamp matches the lock and the interpreter is still the one it was made with."""
    try:
        with open(stamp_path(root, kind), encoding="ascii") as file:
            stamp = file.read().strip()
    except OSError:
        return False
    return stamp == digest(root, kind) and interpreter_fits(os.path.join(root, ".venv"))


def interpreter_fits(venv: str) -> bool:
    """False when the system's Python went away or became another version under the same name."""
    python = python_of(os.path.dirname(venv))
    try:
        with open(os.path.join(venv, "pyvenv.cfg"), encoding="utf-8") as file:
            made_with = re.search(r"(?m)^version(?:_info)?\s*=\s*(\d+\.\d+)", file.read())
    except OSError:
        return False
    now = re.search(r"python(\d+\.\d+)$", os.path.realpath(python))
    same = made_with is None or now is None or made_with.group(1) == now.group(1)
    return os.path.exists(python) and same


def write_stamp(root: str, kind: str) -> None:
    """Say that the environment is complete. The last act of the making."""
    with open(stamp_path(root, kind), "w", encoding="ascii") as file:
        file.write(digest(root, kind) + "\n")


@contextlib.contextmanager
def only_one(path: str) -> Iterator[None]:
    """Hold a lock file while the environment is made; two commands started together must not both make it."""
    with open(path, "a+b") as file:
        if os.name == "nt":
            lock_windows(file)
        else:
            lock_posix(file)
        yield


def lock_posix(file: Any) -> None:
    """Wait for the lock; the system frees it when the file is closed, also after a crash."""
    import fcntl  # POSIX only

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say(line("waiting"))
        fcntl.flock(file, fcntl.LOCK_EX)


def lock_windows(file: Any) -> None:
    """The same on Windows, where one call waits ten seconds at most. Written for it, not tried on it."""
    msvcrt: Any = importlib.import_module("msvcrt")
    file.seek(0)
    while True:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            return
        except OSError:
            say(line("waiting"))


def run_logged(command: Sequence[str], log: str) -> Tuple[int, str]:
    """Run a program, count its packages on a terminal, keep all it says in ``log``; (exit code, output)."""
    # A "user = true" in somebody's pip settings would refuse to install into a virtual environment.
    env = dict(os.environ, PIP_USER="0", PYTHONIOENCODING="utf-8", LC_MESSAGES="C")
    env.pop("PYTHONHOME", None)
    env.pop("PYTHONPATH", None)
    lines: List[str] = []
    begun = 0
    with open(log, "ab") as file:
        file.write(("$ " + " ".join(command) + "\n").encode("utf-8", "replace"))
        process = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env
        )
        for raw in process.stdout or ():
            file.write(raw)
            lines.append(raw.decode("utf-8", "replace"))
            begun += lines[-1].startswith("Collecting ")
            if sys.stderr.isatty() and lines[-1].startswith("Collecting "):
                sys.stderr.write("\r  %d ... " % begun)
        code = process.wait()
    if begun and sys.stderr.isatty():
        sys.stderr.write("\n")
    return code, "".join(lines)

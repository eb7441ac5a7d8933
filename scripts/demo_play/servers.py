"""Real server processes on 127.0.0.1, each on a free port, each ended by the process that was started."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.clock import Clock

ROOT = Path(__file__).resolve().parents[2]
START_MS_MAX = 30_000
END_S_MAX = 30.0


class NotStarted(Exception):
    """A server or command did not do what it was started for; the text is what it printed."""


@dataclass(frozen=True)
class Server:
    """A server that is up."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address on this machine."""
        return f"http://127.0.0.1:{self.port}"


def command(*words: str) -> list[str]:
    """The line that runs one of the project's commands in this same environment."""
    return [sys.executable, "-P", "-m", *words]


def run_command(*words: str, expect: Sequence[int] = (0,)) -> str:
    """Run a command to its end and return what it printed. Raises NotStarted on another exit code."""
    done = subprocess.run(
        command(*words), cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode not in expect:
        raise NotStarted(f"{' '.join(words)}: exit code {done.returncode}\n{text}")
    return text


@contextlib.contextmanager
def serving(name: str, words: Sequence[str], folder: Path, clock: Clock) -> Iterator[Server]:
    """A server for the length of the block. `words` is its command without the port; output goes to a file."""
    port_file = folder / f"{name}.port"
    port_file.unlink(missing_ok=True)
    log = folder / f"{name}.log"
    line = command(*words, "--host", "127.0.0.1", "--port", "0", "--port-file", str(port_file))
    with log.open("ab") as output:
        process = subprocess.Popen(line, cwd=ROOT, env=_environment(), stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)
    try:
        yield Server(name, _port(process, port_file, log, clock), process)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to stop, and insist if it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[bytes], port_file: Path, log: Path, clock: Clock) -> int:
    end_ms = clock.monotonic_ms() + START_MS_MAX
    while clock.monotonic_ms() < end_ms:
        if process.poll() is not None:
            break
        if port_file.exists():
            return int(port_file.read_text("ascii"))
        clock.wait_ms(20)
    raise NotStarted(f"{log}:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUTF8": "1"}

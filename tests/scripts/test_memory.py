"""Large blocks go back to the system, in a process of its own: the setting is the whole process's."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import re, sys, threading
from argon2 import PasswordHasher
from scripts.commands.memory import give_large_blocks_back
if sys.argv[1] == "small" and not give_large_blocks_back():
    sys.exit(3)
hasher = PasswordHasher(time_cost=1, memory_cost=19 * 1024, parallelism=1)
threads = [threading.Thread(target=lambda: [hasher.hash("x") for _ in range(3)]) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024)
"""


def held_mb(how: str) -> int:
    """What a process holds after eight threads have hashed passwords."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=False)
    if done.returncode == 3 or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux with glibc")
    return int(done.stdout)


def test_a_server_does_not_keep_the_memory_of_every_log_in() -> None:
    """Ratios in one run: what is kept without the setting is far more than with it."""
    assert held_mb("small") * 2 < held_mb("as the library likes")

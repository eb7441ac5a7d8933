"""A server on an old PC gives large blocks of memory back to the system at once.

Hashing a password takes 19 MiB for a moment. The C library of Linux keeps such blocks for later in an arena for
each thread: a node whose teachers had all logged in once held 234 MB for ever, and holds 84 MB with this.
"""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

# Names and numbers of glibc's <malloc.h>.
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8
ARENAS = 2
LARGE_BYTES = 512 * 1024
TRIM_BYTES = 1024 * 1024


def give_large_blocks_back() -> bool:
    """Tell the C library so, before the first thread begins; False where it has no such setting (not glibc)."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_ARENA_MAX, ARENAS), (_MMAP_THRESHOLD, LARGE_BYTES), (_TRIM_THRESHOLD, TRIM_BYTES))
    return all(mallopt(name, value) == 1 for name, value in settings)


def peak_mb() -> float:
    """The most memory this process ever had resident, in megabytes; 0 where the system does not tell."""
    try:
        text = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1000 if found else 0.0

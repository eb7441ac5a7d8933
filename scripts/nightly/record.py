"""The log of runs: one JSON object a line, appended whole, so that a power cut costs one line at most."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from shared.clock import instant_ms

DONE = "done"
# The run ended well but not at the end: the byte budget was spent, or receipts are still owed (C14).
INCOMPLETE = "incomplete"
# All is across, and what is here is not what its log says, or not what the hub has.
DOES_NOT_VERIFY = "does_not_verify"
TAIL_BYTES = 1_000_000


def append(path: Path, entry: Mapping[str, object]) -> None:
    """Add one run to the log. Raises OSError when the disk is full or the folder is not writable.

    A fresh log is the owner's alone: it names campuses and says what went wrong where.
    """
    line = (json.dumps(entry, ensure_ascii=False) + "\n").encode()
    with open(path, "ab", opener=_owner_only) as file:
        # A line cut off by a power failure must not swallow this one.
        if file.tell() and _last_byte(path) != b"\n":
            line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)


def last_done_ms(path: Path, kind: str) -> int | None:
    """When the last good run of a kind ("node" or "hub") began, or None. Damaged lines are passed over."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        begun = _begun_ms(line, kind)
        if begun is not None:
            return begun
    return None


def _begun_ms(line: bytes, kind: str) -> int | None:
    try:
        entry = json.loads(line)
        wanted = isinstance(entry, dict) and entry.get("outcome") == DONE and entry.get("kind") == kind
        return instant_ms(str(entry["begun"])) if wanted else None
    except (ValueError, KeyError):
        return None

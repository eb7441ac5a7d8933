"""Where an uploaded workbook waits between its preview and its commit: a folder beside the database.

Named by content, so that a preview's link cannot be bent to another file; forgotten after a day.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

KEPT_MS = 24 * 3600 * 1000
_NAME = re.compile(r"[0-9a-f]{64}")


def keep_upload(folder: Path, data: bytes, now_ms: int) -> str:
    """Store an upload and return its name. Uploads older than a day are removed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_file() and now_ms - int(old.stat().st_mtime * 1000) > KEPT_MS:
            old.unlink(missing_ok=True)
    name = hashlib.sha256(data).hexdigest()
    # Written beside and renamed: a half-written file never carries the name of a whole one.
    partial = folder / f".{name}"
    partial.touch(mode=0o600)
    partial.write_bytes(data)
    os.utime(partial, (now_ms / 1000, now_ms / 1000))
    partial.replace(folder / name)
    return name


def upload_named(folder: Path, name: str) -> bytes | None:
    """An upload that is still there, or None."""
    path = folder / name
    return path.read_bytes() if _NAME.fullmatch(name) and path.is_file() else None


def forget_upload(folder: Path, name: str) -> None:
    """Remove an upload that has been imported."""
    if _NAME.fullmatch(name):
        (folder / name).unlink(missing_ok=True)

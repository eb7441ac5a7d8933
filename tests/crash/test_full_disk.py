"""The disk is full: saves are refused in words, nothing half is written, serving goes on, and space heals it (C1)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import check_file
from sync.replica import connect
from sync.verify import verify
from tests.node.small_node import DAY, make_node, make_pair
from tests.web.small_site import log_in, token_in

TMPFS_MB = 12
URL = f"/registers/A-12-AA/{DAY}/am"
LEAVE_BYTES = 8192
SAVED = (200, 302, 303)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes; skipped where nobody may mount one."""
    at = tmp_path / "disk"
    at.mkdir()
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MB}m", "tmpfs", str(at)], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if done.returncode != 0:
        pytest.skip(f"no right to mount a small file system: {done.stderr.strip()[:100]}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def fill_up(disk: Path, leave: int) -> Path:
    """A file that takes all but about so many bytes."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for step in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(step)) == step:
                    pass
            except OSError:
                continue
        file.truncate(max(0, file.tell() - leave))
    return filler


@pytest.mark.parametrize("leave", [0, LEAVE_BYTES, 5 * LEAVE_BYTES])
def test_a_full_disk_refuses_saves_in_words_and_keeps_what_was_there(small_disk: Path, leave: int) -> None:
    """Also when the disk fills up in the middle of a commit: whole or not at all."""
    pair = make_pair(small_disk)
    client = make_node(pair).test_client()
    log_in(client, "wm")
    form = {"csrf_token": token_in(client.get(URL).text), "source": "teacher"}
    assert client.post(URL, data=form).status_code in SAVED, "there is room yet"
    with connect(pair.node) as db:
        before = db.conn.execute("SELECT count(*) FROM _changeset").fetchone()
    filler = fill_up(small_disk, leave)
    refused = saved = 0
    for minute in range(1, 25):
        one = {**form, "mark-A-21-AA": "late", "minutes-A-21-AA": str(minute)}
        answer = client.post(URL, data=one, headers={"Accept": "application/json"})
        saved += answer.status_code in SAVED
        if answer.status_code not in SAVED:
            assert (answer.status_code, answer.get_json()["error"]["code"]) == (507, "disk_full"), answer.text[:300]
            assert "磁盘已满，没有保存" in answer.get_json()["error"]["message"]
            refused += 1
        assert client.get("/registers").status_code == 200, "reading goes on"
    assert refused > 0
    with connect(pair.node) as db:
        [count] = db.conn.execute("SELECT count(*) FROM _changeset").fetchone()
    assert count == before[0] + saved, "every save is there whole, or not at all"
    filler.unlink()
    check_file(pair.node.path)
    late = {**form, "mark-A-21-AA": "late", "minutes-A-21-AA": "59"}
    assert client.post(URL, data=late, headers={"Accept": "application/json"}).status_code in SAVED
    with connect(pair.node) as db:
        assert db.conn.execute("SELECT minutes FROM register_exception").fetchall() == [(59,)]
        assert verify(pair.node, db) == []

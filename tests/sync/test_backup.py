"""A hub's backup: encrypted, read back, and restored by one call (C11, C13)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.records import CalendarDay
from sync.age import new_key
from sync.backup import (
    UNENCRYPTED,
    BackupUnusable,
    Manifest,
    back_up,
    is_elsewhere,
    reach_the_disk,
    restore_backup,
)
from sync.opening import open_replica
from sync.replica import setting
from sync.verify import verify
from tests.support.world import CLERK_A, DAY_A, OFFICE, Site, World, assert_same_tables, opened

SECRET, PUBLIC = new_key()


def backed_up(world: World, target: Path, flush: Callable[[Path], None] = reach_the_disk) -> Manifest:
    """A backup of the world's hub."""
    return back_up(world.hub.replica, world.hub.db, {}, target, PUBLIC, now_ms=world.hub.clock.now_ms(), flush=flush)


def restored(world: World, file: Path, folder: Path) -> Site:
    """The world's hub on a new machine, made of a backup."""
    restore_backup(file, SECRET, folder / "hub.db", {})
    old = world.hub
    replica = open_replica(
        folder / "hub.db", records=tuple(t.record for t in old.tables().values()), clock=old.clock,
        randomness=old.replica.randomness,
    )  # fmt: skip
    old.db.close()
    old.replica, old.db = replica, opened(replica.path)
    return old


def test_the_log_is_covered_once_the_backup_was_read_back(world: World, tmp_path: Path) -> None:
    """C13: `covered` rests on a backup that was verified."""
    assert setting(world.hub.db, "covered_hub_seq", "0") == "0"
    manifest = backed_up(world, tmp_path / "b.tongxin")
    top = world.hub.value("SELECT max(hub_seq) FROM _entry")
    assert manifest.hub_seq == top
    assert setting(world.hub.db, "covered_hub_seq") == str(top)


def test_a_backup_that_cannot_be_read_back_covers_nothing(world: World, tmp_path: Path) -> None:
    """C13: a medium that loses a byte is found out at once, and nothing is left there."""
    def bad_medium(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        reach_the_disk(path)

    with pytest.raises(BackupUnusable, match="backup_damaged"):
        backed_up(world, tmp_path / "b.tongxin", bad_medium)
    assert setting(world.hub.db, "covered_hub_seq", "0") == "0"
    assert not list(tmp_path.glob("b.tongxin*"))
    assert not list(tmp_path.glob(f"{UNENCRYPTED}*")), "nothing unencrypted stays behind"


def test_nothing_in_a_backup_can_be_read_without_the_key(world: World, tmp_path: Path) -> None:
    backed_up(world, tmp_path / "b.tongxin")
    data = (tmp_path / "b.tongxin").read_bytes()
    assert data.startswith(b"age-encryption.org")
    assert "学生".encode() not in data and b"SQLite" not in data
    with pytest.raises(BackupUnusable, match="backup_wrong_key"):
        restore_backup(tmp_path / "b.tongxin", new_key()[0], tmp_path / "other.db", {})
    assert not (tmp_path / "other.db").exists()


def test_a_hub_is_restored_by_one_call_and_gets_back_what_came_later(world: World, tmp_path: Path) -> None:
    """C11: the restored hub is the same hub in a new epoch, and the nodes give back what it lacks."""
    backed_up(world, tmp_path / "b.tongxin")
    with world["A"].write(CLERK_A) as w:
        w.update(CalendarDay, DAY_A, {"note": "运动会"})
    world.settle()
    before = setting(world.hub.db, "epoch")
    (tmp_path / "new").mkdir()
    hub = restored(world, tmp_path / "b.tongxin", tmp_path / "new")
    assert setting(hub.db, "epoch") != before
    assert int(setting(hub.db, "covered_hub_seq")) == hub.value("SELECT max(hub_seq) FROM _entry")
    world.settle()
    assert hub.value("SELECT note FROM calendar_day WHERE campus = 'A'") == "运动会"
    assert_same_tables(world)
    assert verify(hub.replica, hub.db) == []


def test_a_restore_never_overwrites_a_database(world: World, tmp_path: Path) -> None:
    backed_up(world, tmp_path / "b.tongxin")
    with pytest.raises(BackupUnusable, match="backup_over_database"):
        restore_backup(tmp_path / "b.tongxin", SECRET, world.hub.replica.path, {})


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_a_restore_is_refused_beside_the_journal_of_another_database(
    world: World, tmp_path: Path, ending: str
) -> None:
    """C11: whoever moved a hub's file aside and left its journal would have it played into the restored copy."""
    backed_up(world, tmp_path / "b.tongxin")
    left = tmp_path / f"again.db{ending}"
    left.write_bytes(b"of the file that was moved aside")
    with pytest.raises(BackupUnusable, match="backup_over_database"):
        restore_backup(tmp_path / "b.tongxin", SECRET, tmp_path / "again.db", {})
    assert not (tmp_path / "again.db").exists() and left.exists()


def test_what_is_written_during_a_backup_is_not_covered_by_it(world: World, tmp_path: Path) -> None:
    """C13: only what stands in the copy counts."""

    def slowly(path: Path) -> None:
        with world.hub.write(OFFICE) as w:
            w.update(CalendarDay, DAY_A, {"note": path.suffix})
        reach_the_disk(path)

    manifest = backed_up(world, tmp_path / "b.tongxin", slowly)
    assert int(setting(world.hub.db, "covered_hub_seq")) == manifest.hub_seq
    assert manifest.hub_seq == world.hub.value("SELECT max(hub_seq) - 2 FROM _entry")


def test_the_same_device_is_not_elsewhere(tmp_path: Path) -> None:
    assert not is_elsewhere(tmp_path / "hub.db", tmp_path)

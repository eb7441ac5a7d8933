"""A verified backup of a hub: one encrypted file that one command turns into a hub again (C11, C13).

The file is an age file over a compressed tar: the database as SQLite's own backup copies it, the hub's key, and a
manifest with the end of its log in every scope. It is encrypted to the recovery key, which lies with people and not
on this machine, and to a key made for this one backup, with which it is read back before anybody calls it verified.
Only then the hub says that its log is covered.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import zstandard
from sqlite_utils import Database

from shared.database import open_database, transaction
from shared.errors import Advice, TongxinError
from sync.age import decrypt_file, encrypt_file, new_key
from sync.keys import Identity, progress_path, read_identity, write_identity
from sync.replica import Replica, set_setting, setting

FORMAT = 1
_DATABASE, _SEED, _MANIFEST = "database", "seed", "manifest.json"
_CHUNK_BYTES = 1 << 20
# What a file is called until it was read back, and the folder of what is not encrypted yet.
HALF, UNENCRYPTED = ".part", ".tongxin-unencrypted-"


class BackupUnusable(TongxinError):
    """A backup that cannot be made or read; the code says why. Nothing is called covered because of it."""

    code = "backup_unusable"
    advice = Advice.NEEDS_PERSON


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `tops`: scope → [hub sequence, log hash as hex] of the last entry."""

    format: int
    node: str
    epoch: str
    made_ms: int
    hub_seq: int
    tops: dict[str, list[int | str]]


def is_elsewhere(database: Path, target: Path) -> bool:
    """Whether a folder lies on another device than the database. What else is off-machine only a person knows."""
    return database.parent.stat().st_dev != target.stat().st_dev


def back_up(
    replica: Replica, db: Database, files: Mapping[str, Path], target: Path, recovery: str, *, now_ms: int,
    flush: Callable[[Path], None] | None = None,
) -> Manifest:  # fmt: skip
    """Write an encrypted copy of a hub to `target`, read it back, and note how far it covers the log.

    files: what else belongs to the site, by the name it shall have again; flush: brings a file to the medium, by
    default `reach_the_disk`. Raises BackupUnusable when what was read
    back is not what was written; the file is then removed. Call outside any transaction, and one at a time.
    """
    once, once_public = new_key()
    flush = flush or reach_the_disk
    with _workspace(replica.path.parent) as work:
        manifest = _packed(replica, db, files, work, now_ms)
        half = target.with_name(target.name + HALF)
        try:
            _encrypt(work / "plain", half, [recovery, once_public])
            flush(half)
            _check_whole(half, once, work / "check", manifest)
            half.replace(target)
            flush(target)
            name_reaches_the_disk(target)
        finally:
            half.unlink(missing_ok=True)
    with transaction(db):
        if setting(db, "epoch") != manifest.epoch or _tops(db, manifest.hub_seq) != manifest.tops:
            raise BackupUnusable("backup_not_ours")
        set_setting(db, "covered_hub_seq", str(max(manifest.hub_seq, int(setting(db, "covered_hub_seq", "0")))))
        set_setting(db, "backup_ms", str(manifest.made_ms))
        set_setting(db, "backup_place", str(target))
    return manifest


def restore_backup(file: Path, secret: str, database: Path, files: Mapping[str, Path]) -> Manifest:
    """Turn a backup into a hub again: its database at `database`, with its key, and the site's other files.

    The hub begins a new epoch when it is opened, and its nodes give back what the copy lacks (C11). Raises
    BackupUnusable for a wrong key, a damaged file, or when there is a database already.
    """
    # A journal left beside it counts too: SQLite would play it into whatever database is put in its place.
    for there in (database, *(database.with_name(database.name + ending) for ending in ("-wal", "-journal"))):
        if there.exists():
            raise BackupUnusable("backup_over_database", path=str(there))
    with _workspace(database.parent) as work:
        manifest = _unpacked(file, secret, work)
        _check_database(work / _DATABASE, manifest)
        _note_cover(work / _DATABASE, manifest)
        for name, place in files.items():
            if (work / name).exists():
                _place(work / name, place)
        # Without its tokens: whatever is put in place is not the file that was last closed, and begins a new epoch.
        write_identity(database, Identity(bytes.fromhex((work / _SEED).read_text("ascii")), "none", "none"))
        progress_path(database).unlink(missing_ok=True)
        _place(work / _DATABASE, database)
    return manifest


@contextlib.contextmanager
def _workspace(folder: Path) -> Iterator[Path]:
    """A folder for the owner alone, beside the database: what is in it is not encrypted yet. Those of killed processes
    go first, so one backup at a time."""
    for left in folder.glob(f"{UNENCRYPTED}*"):
        shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=UNENCRYPTED, dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _packed(replica: Replica, db: Database, files: Mapping[str, Path], work: Path, now_ms: int) -> Manifest:
    """Copy and compress into `work`/plain; what the copy itself says of its log."""
    copy = sqlite3.connect(work / _DATABASE)
    try:
        db.conn.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        tops = _tops(Database(copy, execute_plugins=False))
    finally:
        copy.close()
    newest = max((int(seq) for seq, _ in tops.values()), default=0)
    manifest = Manifest(FORMAT, replica.node, setting(db, "epoch"), now_ms, newest, tops)
    identity = read_identity(replica.path)
    if identity is None:
        raise BackupUnusable("database_missing", path=str(replica.path))
    (work / _SEED).write_text(identity.seed.hex(), "ascii")
    (work / _MANIFEST).write_text(json.dumps(asdict(manifest)), "utf-8")
    with open(work / "plain", "wb") as out, zstandard.ZstdCompressor(level=6).stream_writer(out) as packed:
        with tarfile.open(fileobj=packed, mode="w|") as tar:
            for name in (_MANIFEST, _SEED, _DATABASE):
                tar.add(work / name, name)
            for name, path in files.items():
                if path.exists():
                    tar.add(path, name)
    for name in (_DATABASE, _SEED):
        (work / name).unlink()
    return manifest


def _tops(db: Database, until: int = 2**53) -> dict[str, list[int | str]]:
    rows = db.conn.execute(
        "SELECT scope, hub_seq, lower(hex(log_hash)) FROM _entry WHERE hub_seq IN"
        " (SELECT max(hub_seq) FROM _entry WHERE hub_seq <= ? GROUP BY scope)",
        (until,),
    )
    return {scope: [hub_seq, log_hash] for scope, hub_seq, log_hash in rows}


def _encrypt(source: Path, target: Path, readers: Sequence[str]) -> None:
    try:
        encrypt_file(source, target, readers)
    except ValueError as error:
        raise BackupUnusable("backup_no_key") from error


def reach_the_disk(path: Path) -> None:
    """Flush a file, and forget what the system remembers of the file: what is read back comes from the medium."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def name_reaches_the_disk(path: Path) -> None:
    """Flush the folder, so that a power cut cannot take back a file's new name."""
    # Windows has no directory handles to flush, and some network folders refuse; a rename is in the journal there.
    with contextlib.suppress(OSError):
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _check_whole(file: Path, secret: str, work: Path, written: Manifest) -> None:
    work.mkdir()
    try:
        read = _unpacked(file, secret, work)
    except BackupUnusable as error:
        # The key is the one that was just made: whatever does not open is the medium's doing.
        raise BackupUnusable("backup_damaged") from error
    if read != written:
        raise BackupUnusable("backup_damaged")
    _check_database(work / _DATABASE, written)


def _unpacked(file: Path, secret: str, work: Path) -> Manifest:
    """Decrypt and unpack into `work`. Raises BackupUnusable("backup_wrong_key", "backup_damaged"), OSError."""
    try:
        decrypt_file(file, work / "opened", secret)
    except ValueError as error:
        raise BackupUnusable("backup_wrong_key") from error
    try:
        with open(work / "opened", "rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                for member in tar:
                    _take_member(tar, member, work)
        manifest = Manifest(**json.loads((work / _MANIFEST).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError, tarfile.TarError, zstandard.ZstdError) as error:
        raise BackupUnusable("backup_damaged") from error
    (work / "opened").unlink()
    if manifest.format > FORMAT:
        raise BackupUnusable("backup_newer")
    return manifest


def _take_member(tar: tarfile.TarFile, member: tarfile.TarInfo, work: Path) -> None:
    """A plain file by its bare name; anything else was not written by us."""
    source = tar.extractfile(member) if member.isfile() else None
    if source is None or Path(member.name).name != member.name:
        raise ValueError(member.name)
    handle = os.open(work / member.name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        shutil.copyfileobj(source, out, _CHUNK_BYTES)


def _check_database(path: Path, manifest: Manifest) -> None:
    """Whether the copy is whole, and its log the one that the manifest names."""
    db = Database(sqlite3.connect(path), execute_plugins=False)
    try:
        whole = db.conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not whole or _tops(db) != manifest.tops or setting(db, "epoch") != manifest.epoch:
            raise BackupUnusable("backup_damaged")
    except sqlite3.DatabaseError as error:
        raise BackupUnusable("backup_damaged") from error
    finally:
        db.close()


def _note_cover(path: Path, manifest: Manifest) -> None:
    """The copy cannot know that it was verified; whoever puts it in place does."""
    db = open_database(path)
    try:
        with transaction(db):
            set_setting(db, "covered_hub_seq", str(manifest.hub_seq))
        db.conn.execute("PRAGMA journal_mode = DELETE")
    finally:
        db.close()


def _place(source: Path, place: Path) -> None:
    """Move a file where it belongs, for the owner alone, in one step."""
    if os.name == "posix":
        source.chmod(0o600)
    reach_the_disk(source)
    os.replace(source, place)
    name_reaches_the_disk(place)

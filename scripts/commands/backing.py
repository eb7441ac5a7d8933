"""`tongxin hub backup` and `tongxin hub restore`: an encrypted copy elsewhere, and a hub made of one again."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.commands.folder import SETTINGS, Folder
from scripts.commands.site import DatabaseBusy, Site, is_busy, one_at_a_time, open_site
from scripts.commands.voice import EXIT_DONE, Voice
from shared.clock import Clock, instant_text
from shared.errors import NotFound
from shared.ids import Randomness
from sync.age import new_key
from sync.backup import HALF, BackupUnusable, Manifest, back_up, is_elsewhere, restore_backup
from sync.replica import connect
from sync.snapshot import make_snapshots

ENDING = ".tongxin"
COPIES_KEPT = 30


def backup(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Write a verified backup into a folder on another device."""
    site = open_site(Folder(args.data), "hub", clock=clock, randomness=randomness)
    if args.new_key:
        say_new_key(site.folder, voice)
        site = Site(site.folder, site.folder.settings(), site.replica)
    target = args.target or (Path(site.settings.backup_to) if site.settings.backup_to else None)
    if target is None:
        raise BackupUnusable("backup_no_target")
    path, manifest = back_up_site(site, target, elsewhere=args.elsewhere)
    voice.say(f"备份已写入并核对：{path}（覆盖到第 {manifest.hub_seq} 号）",
              f"Backup written and verified: {path} (covers the log up to {manifest.hub_seq})")
    return EXIT_DONE


def back_up_site(site: Site, target: Path, *, elsewhere: bool = False) -> tuple[Path, Manifest]:
    """One verified backup; older ones beyond the kept number go.

    Raises BackupUnusable, NotFound, RunUnderWay, DatabaseBusy.

    elsewhere: a person says that the folder is on another machine although it looks local (a synced folder).
    """
    if not site.settings.backup_recipient:
        raise BackupUnusable("backup_no_key")
    if not target.is_dir():
        raise NotFound("backup_folder_missing", path=str(target))
    if not (elsewhere or site.settings.backup_elsewhere or is_elsewhere(site.replica.path, target)):
        raise BackupUnusable("backup_same_disk", path=str(target))
    now_ms = site.replica.clock.now_ms()
    stamp = instant_text(now_ms).replace(":", "").replace(".", "")
    path = target / f"{site.replica.node}-{stamp}{ENDING}"
    with _told(), one_at_a_time(site.folder, "backup", 0), connect(site.replica) as db:
        # Of a run that was killed.
        for half in target.glob(f"{site.replica.node}-*{ENDING}{HALF}"):
            half.unlink(missing_ok=True)
        manifest = back_up(
            site.replica, db, _files(site.folder), path, site.settings.backup_recipient, now_ms=now_ms
        )
        # What is covered now is what a node may start from without its bodies.
        make_snapshots(site.replica, db)
        # Never the one just written, though copies from when the clock was years ahead bear later names.
        others = sorted(set(target.glob(f"{site.replica.node}-*{ENDING}")) - {path})
        for old in others[: 1 - COPIES_KEPT]:
            old.unlink(missing_ok=True)
    return path, manifest


def restore(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Make a hub of a backup, in a folder that holds none. `randomness` is not asked: its key comes with it."""
    folder = Folder(args.data)
    if folder.settings_file.exists() and (found := folder.settings().kind) != "hub":
        # Its settings and its key would go.
        raise NotFound("wrong_kind", path=str(folder.path), found=found, wanted="hub")
    if not args.file.is_file():
        raise NotFound("backup_file_missing", path=str(args.file))
    secret = _secret(args.key_file, voice)
    with _told():
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            folder.path.chmod(0o700)
        with one_at_a_time(folder, "backup", 0):
            manifest = restore_backup(args.file, secret, folder.database("hub"), _files(folder))
    open_site(folder, "hub", clock=clock, randomness=randomness)
    voice.say(f"已恢复中心：备份时间 {instant_text(manifest.made_ms)}。各校区下次同步时会把之后的记录交还。",
              f"Hub restored from a backup of {instant_text(manifest.made_ms)}. At their next sync the campuses give"
              " back what came after it.")
    return EXIT_DONE


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A disk that is full or was taken away is told as what it is. Raises BackupUnusable, DatabaseBusy."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise (DatabaseBusy() if is_busy(error) else BackupUnusable("backup_failed", why=str(error))) from error


def say_new_key(folder: Folder, voice: Voice) -> None:
    """Make a recovery key: the folder keeps the public half, people the other one, which is said only here."""
    secret, public = new_key()
    folder.change(backup_recipient=public)
    voice.say(f"备份恢复密钥（只显示这一次，请抄下来，不要存在本机）：{secret}",
              f"Recovery key of the backups (shown this once; keep it on paper, not on this machine): {secret}")


def _secret(key_file: Path | None, voice: Voice) -> str:
    if key_file is not None:
        if not key_file.is_file():
            raise NotFound("backup_file_missing", path=str(key_file))
        # An editor may have put a mark before it; whatever else is no key is called one that does not fit.
        return key_file.read_text("utf-8-sig", errors="replace")
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    return getpass.getpass(voice.pick("备份恢复密钥：", "Recovery key: "))


def _files(folder: Folder) -> dict[str, Path]:
    return {SETTINGS: folder.settings_file, "secret.key": folder.path / "secret.key"}

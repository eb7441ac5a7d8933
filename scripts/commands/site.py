"""Opening a site of the right kind, and one exchange with the hub at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout

from scripts.commands.folder import Folder, Settings
from shared.clock import Clock
from shared.errors import Advice, DatabaseUnusable, NotFound, TongxinError
from shared.ids import Randomness
from shared.records import RECORDS
from sync.exchange import ExchangeReport, Progress, run_exchange
from sync.http import HttpHub
from sync.opening import create_replica, open_replica
from sync.replica import Replica, connect


class RunUnderWay(TongxinError):
    """Another process is exchanging with the hub right now."""

    code = "run_under_way"
    advice = Advice.RETRY_LATER


class DatabaseBusy(TongxinError):
    """Another process has been writing for longer than a writer waits."""

    code = "database_busy"
    advice = Advice.RETRY_LATER


def is_busy(error: Exception) -> bool:
    """Whether SQLite only asks to be tried again."""
    return isinstance(error, sqlite3.OperationalError) and any(word in str(error) for word in ("locked", "busy"))


@dataclass(frozen=True)
class Site:
    """A site that is open: where it lies, what it was told, and its replica."""

    folder: Folder
    settings: Settings
    replica: Replica


def make_site(folder: Folder, settings: Settings, *, clock: Clock, randomness: Randomness) -> Site:
    """Make a folder into a site. Raises DatabaseUnusable when it is one already."""
    if folder.settings_file.exists() or folder.database(settings.kind).exists():
        raise DatabaseUnusable("site_exists", path=str(folder.path))
    # Children's data: nobody else on this machine reads it.
    folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name == "posix":
        # The folder may have been there before; shut it before anything is in it.
        folder.path.chmod(0o700)
    replica = create_replica(
        folder.database(settings.kind), role=settings.kind, records=RECORDS, clock=clock, randomness=randomness
    )
    folder.secret(randomness)
    folder.write_settings(settings)
    folder.shut()
    return Site(folder, settings, replica)


def open_site(folder: Folder, kind: str | None, *, clock: Clock, randomness: Randomness) -> Site:
    """Open a site. Raises NotFound when there is none or it is of the other kind, DatabaseUnusable."""
    settings = folder.settings()
    if kind is not None and settings.kind != kind:
        raise NotFound("wrong_kind", path=str(folder.path), found=settings.kind, wanted=kind)
    with FileLock(folder.lock("opening")):
        replica = open_replica(folder.database(settings.kind), records=RECORDS, clock=clock, randomness=randomness)
    return Site(folder, settings, replica)


def exchange(site: Site, *, wait_s: float, progress: Progress | None = None) -> ExchangeReport:
    """One exchange of a node with its hub, within the byte budget of the settings.

    wait_s: how long to wait for another process's exchange. Raises RunUnderWay and what `run_exchange` does.
    """
    if not site.settings.hub_url:
        raise NotFound("hub_url_missing")
    budget = site.settings.budget_kb * 1000 or None
    with (
        one_at_a_time(site.folder, "sync", wait_s),
        connect(site.replica) as db,
        closing(HttpHub(site.settings.hub_url)) as hub,
    ):
        return run_exchange(site.replica, db, hub, budget_bytes=budget, progress=progress)


@contextmanager
def one_at_a_time(folder: Folder, name: str, wait_s: float) -> Iterator[None]:
    """Hold a lock of the site. The system frees it when the process ends, also by a crash."""
    lock = FileLock(folder.lock(name))
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise RunUnderWay(name=name) from error
    try:
        yield
    finally:
        lock.release()

"""Opening a site of the right kind, and one exchange with the hub at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from filelock import FileLock, Timeout
from sqlite_utils import Database

from hub.follow_up import follow_up
from hub.sync_api.policy import SchoolPolicy
from node.bookings.answering import answer_requests
from scripts.commands.folder import Folder, Settings
from shared.clock import Clock
from shared.database import check_file
from shared.errors import Advice, DatabaseUnusable, NotFound, TongxinError
from shared.ids import Randomness
from shared.records import RECORDS
from sync.answer_by_file import Loaded
from sync.by_file import load_bundle
from sync.exchange import Progress, run_exchange
from sync.exchange_report import ExchangeReport
from sync.http import HttpHub
from sync.opening import create_replica, open_replica
from sync.protocol import HubPort
from sync.replica import Replica, connect

# What a node does with what an exchange brought, in writes of its own; True when it wrote anything.
AfterExchange = Callable[[Replica, Database], bool]


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
    """Open a site. Raises NotFound when there is none or it is of the other kind, DatabaseUnusable when its file is
    damaged or its key is missing."""
    settings = folder.settings()
    if kind is not None and settings.kind != kind:
        raise NotFound("wrong_kind", path=str(folder.path), found=settings.kind, wanted=kind)
    with FileLock(folder.lock("opening")):
        database = folder.database(settings.kind)
        if database.exists():
            check_file(database)
        replica = open_replica(folder.database(settings.kind), records=RECORDS, clock=clock, randomness=randomness)
    return Site(folder, settings, replica)


def exchange(
    site: Site, *, wait_s: float, progress: Progress | None = None, after: AfterExchange = answer_requests
) -> ExchangeReport:
    """One exchange of a node with its hub, within the byte budget of the settings.

    wait_s: how long to wait for another process's exchange; after: see `exchange_and_answer`. Raises
    RunUnderWay and what `run_exchange` does.
    """
    if not site.settings.hub_url:
        raise NotFound("hub_url_missing")
    budget = site.settings.budget_kb * 1000 or None
    with (
        one_at_a_time(site.folder, "sync", wait_s),
        connect(site.replica) as db,
        closing(HttpHub(site.settings.hub_url)) as hub,
    ):
        return exchange_and_answer(site.replica, db, hub, budget_bytes=budget, progress=progress, after=after)


def exchange_and_answer(
    replica: Replica, db: Database, hub: HubPort, *, budget_bytes: int | None = None,
    progress: Progress | None = None, after: AfterExchange = answer_requests,
) -> ExchangeReport:  # fmt: skip
    """A run of exchanges, what the node has to say to what came (`after`), and once more if it said anything.

    So whoever asked for a room hears of it as soon as both sides have synced once (C8). A run that did not come
    to its end answers nothing: the rule is to see all who asked.
    """
    report = run_exchange(replica, db, hub, budget_bytes=budget_bytes, progress=progress)
    if not report.done or not after(replica, db):
        return report
    left = None if budget_bytes is None else budget_bytes - report.bytes_up - report.bytes_down
    if left is not None and left <= 0:
        # What was written waits for the next run, and nothing may be called done before.
        return replace(report, done=False)
    return report.followed_by(run_exchange(replica, db, hub, budget_bytes=left, progress=progress))


def load_file(site: Site, file: bytes, *, wait_s: float) -> Loaded:
    """Load one bundle at this site, node or hub. Raises RunUnderWay and what `load_bundle` does."""
    at_hub = site.settings.kind == "hub"
    policy = SchoolPolicy(site.replica.clock) if at_hub else None
    with one_at_a_time(site.folder, "sync", wait_s), connect(site.replica) as db:
        return load_bundle(site.replica, db, file, policy=policy, after=follow_up if at_hub else answer_requests)


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

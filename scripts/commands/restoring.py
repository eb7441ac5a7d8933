"""`tongxin node restore-from-hub`: a damaged file is put aside, everything is fetched anew, and what it still holds of
saves that had not been sent is brought over."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from scripts.commands.folder import Folder
from scripts.commands.site import one_at_a_time
from scripts.commands.voice import EXIT_DONE, EXIT_PERSON_NEEDED, Voice
from shared.clock import Clock, local_time
from shared.database import check_file
from shared.errors import DatabaseUnusable, NotFound
from shared.ids import Randomness
from shared.records import RECORDS
from shared.schema import key_text
from sync.exchange import run_exchange
from sync.http import HttpHub
from sync.keys import identity_path, progress_path
from sync.opening import recreate_node
from sync.replica import Replica, connect
from sync.salvage import Salvage, identity_of, salvage

LINES_SHOWN = 40
_ENDINGS = ("", "-wal", "-shm", ".identity", ".progress")


def restore_from_hub(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Put a node's damaged file aside and begin anew from the hub; 77 when something could not be saved.

    The damaged file stays where it is until the new one is complete: without a line nothing is changed.
    """
    folder = Folder(args.data)
    settings, database = folder.settings(), folder.database("node")
    if settings.kind != "node":
        raise NotFound("wrong_kind", path=str(folder.path), found=settings.kind, wanted="node")
    if not settings.hub_url:
        raise NotFound("hub_url_missing")
    with one_at_a_time(folder, "sync", 0):
        damaged = _damaged(database)
        fresh = database.with_name(database.name + ".restoring")
        _remove(fresh)
        try:
            with closing(HttpHub(settings.hub_url)) as hub:
                rows, found = fetch_anew(database, damaged, fresh, hub, clock=clock, randomness=randomness)
            aside = _put_in_place(fresh, database, damaged, clock)
        finally:
            _remove(fresh)
    folder.shut()
    return _tell(found, rows, aside, voice)


def _damaged(database: Path) -> Path:
    """The file to salvage from. Raises DatabaseUnusable("database_sound") where nothing is wrong."""
    if not database.exists():
        # A run before this one was cut off between putting the old file aside and the new one in place.
        return max(database.parent.glob(f"{database.name}.damaged-*[0-9]"), default=database)
    try:
        check_file(database)
    except DatabaseUnusable:
        return database
    raise DatabaseUnusable("database_sound", path=str(database))


def fetch_anew(
    database: Path, damaged: Path, fresh: Path, hub: HttpHub, *, clock: Clock, randomness: Randomness
) -> tuple[int, Salvage]:
    """Make `fresh` from the hub's log and the damaged file's own saves: (rows fetched, what was salvaged)."""
    identity = identity_of(database)
    replica: Replica = recreate_node(
        fresh, identity.seed, identity.about, records=RECORDS, clock=clock, randomness=randomness
    )
    with connect(replica) as db:
        fetched = run_exchange(replica, db, hub)
        found = salvage(replica, db, damaged) if damaged.exists() else Salvage(unreadable=None)
        if found.saved:
            run_exchange(replica, db, hub)
    return fetched.rows_down, found


def _put_in_place(fresh: Path, database: Path, damaged: Path, clock: Clock) -> Path:
    """The damaged file and its journal get a name of their own, the new one takes the place; where the old one is."""
    aside = damaged
    if damaged == database:
        aside = database.with_name(f"{database.name}.damaged-{local_time(clock.now_ms()):%Y%m%d%H%M%S}")
        for ending in ("-wal", "-shm", ""):
            old = database.with_name(database.name + ending)
            if old.exists():
                old.replace(aside.with_name(aside.name + ending))
    progress_path(database).unlink(missing_ok=True)
    fresh.replace(database)
    # Without this last step the new file would only be taken for a copy, and begin another incarnation.
    identity_path(fresh).replace(identity_path(database))
    return aside


def _remove(fresh: Path) -> None:
    for ending in _ENDINGS:
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)


def _tell(found: Salvage, rows: int, aside: Path, voice: Voice) -> int:
    voice.say(f"已从中心取回 {rows} 行；损坏的文件保留在 {aside}。",
              f"{rows} rows fetched from the hub; the damaged file is kept as {aside}.")
    voice.say(f"还没有上传的保存：救回 {found.saved} 次（{found.rows} 行），已经上传。",
              f"Saves that had not been sent: {found.saved} brought over ({found.rows} rows) and sent.")
    for lost in found.lost[:LINES_SHOWN]:
        rows_told = "; ".join(
            f"{block.table} {key_text([values[i] for values in block.columns.values()])}"
            for block in lost.blocks for i in range(block.count)
        )  # fmt: skip
        voice.say(f"没能救回：{lost.place} {rows_told}", f"Lost: {lost.place} {rows_told}")
    unreadable = found.unreadable
    if unreadable is None:
        voice.say("损坏的文件里读不出保存的清单：还没有上传的都丢了，请照纸质记录重新填写。",
                  "Not even the list of saves could be read: what had not been sent is lost; enter it again.")
    elif unreadable:
        voice.say(f"另有 {unreadable} 份变更读不出；其中还没有上传的丢了，请照纸质记录核对最近的填写。",
                  f"{unreadable} changesets could not be read; those not sent yet are lost: check the latest entries.")
    voice.say("本机记住的手机和查看记录不在中心，没有恢复。",
              "Phones this node knew and its list of readings are not at the hub and were not restored.")
    return EXIT_DONE if unreadable == 0 and not found.lost else EXIT_PERSON_NEEDED

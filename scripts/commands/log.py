"""`tongxin sync …`: prove the log of any site, rebuild its tables from it."""

from __future__ import annotations

import argparse

from scripts.commands.folder import Folder
from scripts.commands.site import open_site
from scripts.commands.verifying import check_site, told
from scripts.commands.voice import EXIT_DONE, Voice
from shared.clock import Clock
from shared.database import transaction
from shared.ids import Randomness
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author
from sync.replica import connect
from sync.verify import rebuild as rebuild_tables
from sync.verify import state_of


def verify(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Check every hash and signature of the log, the tables against it, and at a node the rows against the hub's;
    77 when anything is wrong, 75 when the hub could not be asked."""
    site = open_site(Folder(args.data), None, clock=clock, randomness=randomness)
    return told(check_site(site, local_only=args.local), site, voice)


def rebuild(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Make all tables anew from the log and say how many tables were different before."""
    site = open_site(Folder(args.data), None, clock=clock, randomness=randomness)
    tables = site.replica.tables
    with connect(site.replica) as db, transaction(db):
        # What the sqlite3 shell wrote is a change like any other and must not be thrown away.
        commit_pending(site.replica, db, Author(LOCAL_OPERATOR))
        before = state_of(tables, db)
        rebuild_tables(tables, db)
        after = state_of(tables, db)
    different = sum(before[name] != after[name] for name in before)
    voice.say(f"已由日志重建；原先不符的表：{different} 张。",
              f"Rebuilt from the log; {different} tables were different.")
    return EXIT_DONE

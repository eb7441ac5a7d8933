"""`tongxin sync …`: prove the log of any site, rebuild its tables from it."""

from __future__ import annotations

import argparse

from scripts.commands.folder import Folder
from scripts.commands.site import open_site
from scripts.commands.voice import EXIT_DONE, EXIT_PERSON_NEEDED, Voice
from shared.clock import Clock
from shared.database import transaction
from shared.ids import Randomness
from sync.capture import commit_pending
from sync.change import LOCAL_OPERATOR, Author
from sync.replica import connect
from sync.verify import rebuild as rebuild_tables
from sync.verify import state_of
from sync.verify import verify as findings_of

FINDINGS_SHOWN = 40

_KINDS = {
    "body_changed": ("变更内容被改动", "body changed"),
    "link_changed": ("链条断裂", "chain broken"),
    "no_beginning": ("链条没有开头", "chain without a beginning"),
    "floor_changed": ("已清理部分的数据被改动", "what was pruned is not as it was signed"),
    "row_differs": ("表与日志不符", "row differs from the log"),
}


def verify(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Check every hash and chain of the log, and the tables against it; 77 when anything is wrong."""
    site = open_site(Folder(args.data), None, clock=clock, randomness=randomness)
    with connect(site.replica) as db:
        findings = findings_of(site.replica, db)
        count = db.conn.execute("SELECT count(*) FROM _changeset").fetchone()[0]
    for finding in findings[:FINDINGS_SHOWN]:
        zh, en = _KINDS.get(finding.kind, (finding.kind, finding.kind))
        voice.say(f"{zh}：{finding.place}", f"{en}: {finding.place}")
    if findings:
        voice.say(f"{len(findings)} 处不符，请从备份恢复。", f"{len(findings)} findings; restore from a backup.")
        return EXIT_PERSON_NEEDED
    voice.say(f"{count} 份变更全部核对无误，表与日志一致。", f"{count} changesets verified; the tables equal the log.")
    return EXIT_DONE


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

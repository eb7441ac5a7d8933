"""`tongxin hub rebuild`: the hub's file made anew from its log alone, compared, and on request put in place."""

from __future__ import annotations

import argparse

from scripts.commands.folder import Folder
from scripts.commands.voice import EXIT_DONE, EXIT_PERSON_NEEDED, Voice
from shared.clock import Clock
from shared.errors import NotFound
from shared.ids import Randomness
from shared.records import RECORDS
from sync.rebuild import Difference, Rebuilt, put_in_place, rebuild_hub

SHOWN_MAX = 40

_KINDS = {
    "missing": ("缺少", "missing"),
    "extra": ("日志里没有", "not in the log"),
    "differs": ("与日志不符", "differs from the log"),
    "unreadable": ("整张表读不出来", "the whole table cannot be read"),
}


def rebuild(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Rebuild and compare; 77 when the file differs and stays, or when the log itself is damaged."""
    folder = Folder(args.data)
    found = folder.settings().kind
    if found != "hub":
        raise NotFound("wrong_kind", path=str(folder.path), found=found, wanted="hub")
    path = folder.database("hub")
    fresh = path.with_name("hub.rebuilt.db")
    made = rebuild_hub(path, fresh, records=RECORDS, clock=clock, randomness=randomness)
    _tell(made, voice)
    if made.findings:
        fresh.unlink()
        voice.say(f"日志本身有 {len(made.findings)} 处不符，没有改动，请从备份恢复。",
                  f"The log itself has {len(made.findings)} faults; nothing was changed: restore from a backup.")
        return EXIT_PERSON_NEEDED
    if args.replace:
        aside = put_in_place(fresh, path)
        folder.shut()
        voice.say(f"已换上重建的数据库；原来的在 {aside.name}。",
                  f"The rebuilt file is in place; the old one is {aside.name}.")
        return EXIT_DONE
    fresh.unlink()
    if made.differences:
        voice.say("没有改动；加 --replace 换上重建的数据库。",
                  "Nothing was changed; --replace puts the rebuilt file in place.")
        return EXIT_PERSON_NEEDED
    return EXIT_DONE


def _tell(made: Rebuilt, voice: Voice) -> None:
    voice.say(f"由日志重建：{made.entries} 条日志，{made.rows} 行变更。",
              f"Rebuilt from the log: {made.entries} entries, {made.rows} rows of changes.")
    if made.waiting:
        voice.say(f"{made.waiting} 份未核收的变更不在日志里，各校区下次同步会再传。",
                  f"{made.waiting} changesets without a verdict are not in the log; their nodes send them again.")
    for finding in made.findings[:SHOWN_MAX]:
        voice.say(f"日志：{finding.kind} {finding.place}", f"log: {finding.kind} {finding.place}")
    for difference in made.differences[:SHOWN_MAX]:
        _tell_difference(difference, voice)
    if len(made.differences) > SHOWN_MAX:
        rest = len(made.differences) - SHOWN_MAX
        voice.say(f"还有 {rest} 处没有列出。", f"{rest} more are not listed.")
    different = sum(present != anew for present, anew in made.fingerprints.values())
    different += sum(one.kind == "unreadable" for one in made.differences)
    if different:
        voice.say(f"与日志不符的表：{different} 张。", f"Tables that differ from the log: {different}.")
    else:
        voice.say("现有数据与日志完全一致。", "The present data equals the log.")


def _tell_difference(one: Difference, voice: Voice) -> None:
    zh, en = _KINDS[one.kind]
    place = f"{one.table} {one.key}".strip()
    columns = f" ({', '.join(one.columns)})" if one.columns else ""
    voice.say(f"{place}：{zh}{columns}", f"{place}: {en}{columns}")

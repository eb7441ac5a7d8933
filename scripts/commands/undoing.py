"""`tongxin node undo` and `tongxin hub undo`: take an action back in a person's name, by that person's rights."""

from __future__ import annotations

import argparse

from sqlite_utils import Database

from scripts.commands.folder import Folder
from scripts.commands.site import Site, open_site
from scripts.commands.voice import EXIT_DONE, Voice
from shared.clock import Clock, local_date
from shared.errors import InvalidInput, NotFound
from shared.ids import Randomness
from shared.rights import Writer
from shared.web.history.asking import NEWEST, Asker, actions_seen, take_back
from shared.web.history.rules import HistoryLimits
from shared.web.history.telling import Teller
from shared.web.store import account_by_login, roles_of
from sync.replica import connect, setting
from sync.undo import UndoRefused

LISTED = 20


def undo_at_node(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Take one action back at a node, or list the latest."""
    return _undo(open_site(Folder(args.data), "node", clock=clock, randomness=randomness), args, voice)


def undo_at_hub(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """The same at the hub."""
    return _undo(open_site(Folder(args.data), "hub", clock=clock, randomness=randomness), args, voice)


def _undo(site: Site, args: argparse.Namespace, voice: Voice) -> int:
    with connect(site.replica) as db:
        asker = _asker(site, db, args.by)
        teller = Teller(db, site.replica.tables, asker.writer, voice.lang)
        if not args.action:
            return _list(db, asker, teller, voice)
        try:
            plan = take_back(site.replica, db, asker, args.action, args.note, HistoryLimits())
        except UndoRefused as refused:
            raise InvalidInput(*teller.problems(refused.obstacles), code=refused.code) from refused
    rows = len(plan.steps)
    voice.say(f"已撤回 {plan.action.id}：{rows} 行。", f"Took back {plan.action.id}: {rows} rows.")
    return EXIT_DONE


def _asker(site: Site, db: Database, login: str) -> Asker:
    """The person in whose name it is done. Raises NotFound for a log-in that is not there or is stopped."""
    account = account_by_login(db, login)
    if account is None or account.revoked_at:
        raise NotFound("login_not_found", login=login)
    now_ms = site.replica.clock.now_ms()
    day = local_date(now_ms).isoformat()
    campus = setting(db, "campus")
    return Asker(Writer(account.person_id, roles_of(db, account.person_id, day), campus), day, now_ms)


def _list(db: Database, asker: Asker, teller: Teller, voice: Voice) -> int:
    """What this person may take back: one line an action."""
    limits = HistoryLimits()
    found = actions_seen(db, asker, before=NEWEST, most=LISTED)
    told = teller.written(found, most=1, opened=limits.rows_opened)
    names = teller.names(one.person_id for one in found)
    for one in found:
        what = "; ".join(f"{line.what} {line.title}" for line in told[one.id])
        who = names.get(one.person_id, one.person_id)
        voice.say(f"{one.id}  {one.instant}  {who}  {what}（{one.rows} 行）",
                  f"{one.id}  {one.instant}  {who}  {what} ({one.rows} rows)")
    return EXIT_DONE

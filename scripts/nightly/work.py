"""What a nightly run does: a node exchanges until all is across, the hub waits for its nodes and appraises."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sqlite_utils import Database
from tqdm import tqdm

from hub.cards import deliver
from scripts.commands.appraising import Span, appraise_span, term_today
from scripts.commands.backing import back_up_site
from scripts.commands.folder import Folder
from scripts.commands.post import figures_of_visit, visit
from scripts.commands.site import Site, exchange, open_site
from scripts.commands.verifying import check_site
from scripts.commands.verifying import told as tell_check
from scripts.commands.voice import Voice, words_of
from scripts.nightly.due import DAY_MS, due_ms, verify_due
from scripts.nightly.retry import Backoff, with_retries
from shared.clock import Clock, instant_text
from shared.errors import TongxinError
from shared.ids import Randomness
from shared.web.history.rules import HistoryLimits
from sync.errors import HubBusy, HubUnreachable
from sync.exchange import Progress
from sync.exchange_report import ExchangeReport
from sync.pruning import prune
from sync.replica import Replica, connect
from sync.status import campus_boards, last_verified

POLL_MS = 20_000
LOOK_MS = 300_000
# Another process of this site (the server's own hourly sync) is given this long to finish.
OTHER_WAIT_S = 120.0


def sync_with_retries(
    folder: Folder, *, clock: Clock, randomness: Randomness, backoff: Backoff, voice: Voice, progress: bool,
) -> dict[str, object]:
    """Exchange with the hub, again after a pause while the line is bad; returns the figures for the log."""
    site = open_site(folder, "node", clock=clock, randomness=randomness)

    def failed(error: TongxinError, pause_ms: int) -> None:
        wait = f"{pause_ms / 1000:.0f}"
        voice.say(f"{words_of(error, 'zh')} {wait} 秒后再试。", f"{words_of(error, 'en')} Again in {wait} s.")

    mailbox = site.settings.mailbox_url
    if site.settings.hub_url or not mailbox:
        try:
            with shown(progress, voice) as told:
                report, tries = with_retries(
                    lambda: exchange(site, wait_s=OTHER_WAIT_S, progress=told), clock=clock, randomness=randomness,
                    backoff=backoff, on_failure=failed,
                )
            return {"tries": tries, **figures_of(report), **after_sync(site, voice, done=report.done)}
        except (HubUnreachable, HubBusy) as error:
            if not mailbox:
                raise
            voice.say(f"{words_of(error, 'zh')} 改走信箱。", f"{words_of(error, 'en')} Trying the mailbox.")
    found, tries = with_retries(
        lambda: visit(site, wait_s=OTHER_WAIT_S), clock=clock, randomness=randomness, backoff=backoff,
        on_failure=failed,
    )
    return {"tries": tries, **figures_of_visit(found), **after_sync(site, voice, done=found.done)}


def after_sync(site: Site, voice: Voice, *, done: bool) -> dict[str, object]:
    """Whatever carried it: verify when it is owed, and prune when all is across and nothing was found wrong."""
    checked = verified(site, voice)
    pruned = prune_tonight(site) if done and not checked.get("wrong") else {}
    return {**checked, **pruned}


def prune_tonight(site: Site) -> dict[str, object]:
    """After a good sync: let go of old bodies that the hub's backup covers, and give the room back (C13)."""
    days = site.settings.prune_after_days
    if not days:
        return {}
    # Whatever the settings say: without its body an action cannot be undone here (C13).
    days = max(days, HistoryLimits().office_days)
    limits = replace(site.replica.limits, prune_after_ms=days * DAY_MS)
    with connect(site.replica) as db:
        done = prune(replace(site.replica, limits=limits), db)
    return {"pruned": done.changesets, "file_bytes": done.bytes_after}


def verified(site: Site, voice: Voice) -> dict[str, object]:
    """Verify everything when it is owed; the figures for the log, nothing on other nights."""
    with connect(site.replica) as db:
        last = last_verified(db)
    if not verify_due(last.at_ms if last else None, site.replica.clock.now_ms(), site.settings.verify_days):
        return {}
    began = site.replica.clock.monotonic_ms()
    found = check_site(site)
    if found.wrong:
        tell_check(found, site, voice)
    seconds = (site.replica.clock.monotonic_ms() - began) // 1000
    return {"verified": {**found.figures(), "seconds": seconds}, "wrong": found.wrong}


def figures_of(report: ExchangeReport) -> dict[str, object]:
    """What the log keeps of an exchange."""
    return {
        "round_trips": report.round_trips, "bytes_up": report.bytes_up, "bytes_down": report.bytes_down,
        "changesets_up": report.changesets_up, "changesets_down": report.changesets_down,
        "rows_up": report.rows_up, "rows_down": report.rows_down, "refused": report.refused,
        "conflicts_open": report.conflicts_open, "complete": report.done,
    }


@contextlib.contextmanager
def shown(progress: bool, voice: Voice) -> Iterator[Progress]:
    """A bar that counts changesets up and down; drawn on a terminal only."""
    label, unit = voice.pick("同步", "sync"), voice.pick("份变更", " changesets")
    with tqdm(desc=label, unit=unit, disable=not progress, leave=False) as bar:

        def told(up: int, down: int) -> None:
            bar.update(up + down - bar.n)

        yield told


def appraise_after_nodes(
    folder: Folder, *, clock: Clock, randomness: Randomness, due_at: str | None, wait_ms: int, voice: Voice,
) -> dict[str, object]:
    """Wait until every enrolled node has synced tonight (or long enough), then appraise what is here.

    A campus that stayed away makes the run provisional, never impossible; it is named in the log.
    """
    site = open_site(folder, "hub", clock=clock, randomness=randomness)
    now_ms = clock.now_ms()
    since = due_ms(now_ms, due_at) if due_at else now_ms - DAY_MS
    post: dict[str, object] = {}

    def look() -> None:
        # A mailbox that is down or shut must not keep the hub from appraising; the log names it.
        try:
            post["mailbox"] = figures_of_visit(visit(site, wait_s=OTHER_WAIT_S))
        except TongxinError as error:
            post["mailbox"] = error.code
            voice.complain(error)

    with connect(site.replica) as db:
        missing = wait_for_nodes(
            db, site.replica, since_ms=since, wait_ms=wait_ms, look=look if site.settings.mailbox_url else None
        )
        if missing:
            names = "、".join(missing)
            voice.say(f"还没有同步的校区：{names}，先按已有数据核算。", f"Not synced yet: {names}; appraised without.")
        # First of all: whatever becomes of the appraisal, what came tonight is safe.
        saved = backup_tonight(site, voice)
        cards = deliver(site.replica, db)
        appraised = appraise_span(site.replica, db, Span(term_today(db, site.replica)), xlsx=None)
    counts = {"cards_sent": cards.sent, "cards_erased": cards.erased}
    return {"missing": missing, **post, **saved, **counts, **appraised.figures(), **verified(site, voice)}


def backup_tonight(site: Site, voice: Voice) -> dict[str, object]:
    """The hub's verified backup, if the settings name a folder; what nodes may prune hangs on it (C13).

    A stick that nobody put in keeps nobody from the appraisal: `backup_failed` names it, and `backup_exit` what helps.
    """
    if not site.settings.backup_to:
        return {}
    try:
        path, manifest = back_up_site(site, Path(site.settings.backup_to))
    except TongxinError as error:
        code = voice.complain(error)
        return {"backup_failed": error.code, "backup_exit": code, "message": words_of(error, voice.lang)}
    return {"backup": path.name, "covered": manifest.hub_seq}


def wait_for_nodes(
    db: Database, replica: Replica, *, since_ms: int, wait_ms: int, look: Callable[[], None] | None = None
) -> list[str]:
    """The campuses whose node has not synced since an instant, after waiting for them for at most `wait_ms`.

    look: looks into the mailbox, now and every LOOK_MS.
    """
    clock, since = replica.clock, instant_text(since_ms)
    look_ms = clock.monotonic_ms()
    end_ms = look_ms + wait_ms
    while True:
        if look is not None and clock.monotonic_ms() >= look_ms:
            look()
            look_ms = clock.monotonic_ms() + LOOK_MS
        enrolled = [node for node in campus_boards(db, replica) if not node.revoked_at]
        missing = sorted({node.campus for node in enrolled if (node.last_sync or "") < since})
        if not missing or clock.monotonic_ms() >= end_ms:
            return missing
        clock.wait_ms(min(POLL_MS, wait_ms))

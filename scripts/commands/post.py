"""The mailbox of a site: opened by its settings, visited, and the way when the direct line is down."""

from __future__ import annotations

import argparse
from contextlib import closing
from urllib.parse import urlsplit

from hub.follow_up import follow_up
from hub.sync_api.policy import SchoolPolicy
from node.bookings.answering import answer_requests
from scripts.commands.folder import Folder, Settings
from scripts.commands.site import Site, exchange, one_at_a_time, open_site
from scripts.commands.voice import EXIT_DONE, EXIT_TRY_LATER, Voice
from shared.clock import Clock
from shared.errors import NotFound
from shared.ids import Randomness
from sync.errors import HubBusy, HubUnreachable, MailboxRefused
from sync.exchange_report import ExchangeReport
from sync.http import WebdavMailbox
from sync.mailbox import Visit, visit_as_hub, visit_as_node
from sync.protocol import Mailbox
from sync.replica import connect
from sync.sftp import SftpMailbox

SSH_PORT = 22
ASKED_WAIT_S = 60.0


def mailbox_of(settings: Settings) -> Mailbox:
    """The mailbox that the settings name. Raises NotFound when they name none, MailboxRefused, MailboxUnreachable."""
    if not settings.mailbox_url:
        raise NotFound("mailbox_url_missing")
    url = urlsplit(settings.mailbox_url)
    user, password = settings.mailbox_user, settings.mailbox_password
    if url.scheme in ("http", "https"):
        return WebdavMailbox(settings.mailbox_url, user=user, password=password)
    if url.scheme == "sftp" and url.hostname:
        return SftpMailbox(
            url.hostname, url.port or SSH_PORT, url.path, user=user, password=password,
            key_file=settings.mailbox_key_file, host_key=settings.mailbox_host_key,
        )  # fmt: skip
    raise MailboxRefused("mailbox_url_wrong", url=settings.mailbox_url)


def visit(site: Site, *, wait_s: float) -> Visit:
    """One look into the mailbox, at a node or at the hub. Raises RunUnderWay and what a visit does."""
    with one_at_a_time(site.folder, "sync", wait_s), connect(site.replica) as db:
        with closing(mailbox_of(site.settings)) as mailbox:
            if site.settings.kind == "hub":
                return visit_as_hub(site.replica, db, mailbox, SchoolPolicy(site.replica.clock), after=follow_up)
            return visit_as_node(site.replica, db, mailbox, after=answer_requests)


def exchange_or_visit(site: Site, *, wait_s: float) -> ExchangeReport | Visit:
    """A node's sync by whatever carrier works: the direct line, and the mailbox where that is down or not known."""
    if site.settings.hub_url or not site.settings.mailbox_url:
        try:
            return exchange(site, wait_s=wait_s)
        except (HubUnreachable, HubBusy):
            if not site.settings.mailbox_url:
                raise
    return visit(site, wait_s=wait_s)


def figures_of_visit(found: Visit) -> dict[str, object]:
    """What the log of runs keeps of a visit."""
    return {
        "carrier": "mailbox", "loaded": found.loaded, "sent": found.sent, "bytes_up": found.bytes_up,
        "bytes_down": found.bytes_down, "changesets_up": found.changesets_up,
        "changesets_down": found.changesets_down, "not_taken": found.refused, "complete": found.done,
    }  # fmt: skip


def mailbox(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """`tongxin sync mailbox`: one look into the mailbox, now."""
    site = open_site(Folder(args.data), None, clock=clock, randomness=randomness)
    found = visit(site, wait_s=ASKED_WAIT_S)
    voice.say(
        f"取走 {found.loaded} 个文件包，放入 {found.sent} 个；不合用的 {len(found.refused)} 个。",
        f"{found.loaded} bundles taken, {found.sent} put, {len(found.refused)} of no use.",
    )
    if found.done:
        return EXIT_DONE
    voice.say("等中心的回件，稍后再来取。", "The hub's answer is still to come; look again later.")
    return EXIT_TRY_LATER

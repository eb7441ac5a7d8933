"""`tongxin node …`: make a campus's site, serve it, sync it, say how it stands."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from node.app import create_app
from node.config import ClockLimits, NodePorts
from node.recovery.store import end_run
from scripts.commands.folder import Folder, Settings
from scripts.commands.post import exchange_or_visit
from scripts.commands.serving import addresses, only_here, serve, write_port_file
from scripts.commands.site import Site, exchange, make_site, open_site
from scripts.commands.syncing import SyncLoop
from scripts.commands.voice import EXIT_DONE, EXIT_PERSON_NEEDED, EXIT_TRY_LATER, Voice
from shared.clock import Clock
from shared.ids import Randomness
from sync.exchange_report import ExchangeReport
from sync.http import HttpHub
from sync.replica import connect
from sync.status import SyncStatus, sync_status
from sync.steps.enrol import enrol

# A hundred years.
TRIAL_DOUBT_MS = 100 * 366 * 86_400_000
# How long a person who asks for a sync waits for the one that runs already.
ASKED_WAIT_S = 60.0


def init(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Make the folder of a node; with a hub's address and one-time code, enrol it at once."""
    folder = Folder(args.data)
    hub_url = (args.hub or "").rstrip("/")
    if folder.settings_file.exists() and args.code:
        site = open_site(folder, "node", clock=clock, randomness=randomness)
        if hub_url:
            site = replace(site, settings=folder.change(hub_url=hub_url))
    else:
        settings = Settings("node", name=args.name, hub_url=hub_url, lang=args.lang)
        site = make_site(folder, settings, clock=clock, randomness=randomness)
        voice.say(f"已建好校区站点：{folder.path}", f"Campus site made: {folder.path}")
    if not args.code:
        voice.say("下一步：tongxin node serve，然后在网页上接入中心。",
                  "Next: tongxin node serve, then enrol it on its set-up page.")
        return EXIT_DONE
    campus = enrol_with(site, site.settings.hub_url, args.code)
    voice.say(f"已接入中心，校区代码 {campus}。", f"Enrolled with the hub as campus {campus}.")
    return EXIT_DONE


def serve_node(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Serve the pages until told to stop; sync at start, every `sync_minutes`, and before the end."""
    site = open_site(Folder(args.data), "node", clock=clock, randomness=randomness)
    settings = site.settings
    host = args.host or settings.host
    chosen = Chosen(settings.port if args.port is None else args.port)
    loop = SyncLoop(
        lambda: exchange_or_visit(reread(site), wait_s=0), every_ms=settings.sync_minutes * 60_000,
        last_wait_ms=settings.shutdown_sync_s * 1000,
    )
    ports = NodePorts(
        enrol=lambda hub, code: enrol_with(site, hub, code), syncer=None if args.no_sync else loop,
        addresses=lambda: addresses(host, chosen.port),
    )
    shell = site.folder.site_config(randomness)
    app = create_app(site.replica, shell, hub_url=settings.hub_url, ports=ports, limits=clock_limits(args))

    def on_port(port: int) -> None:
        chosen.port = port
        announce(voice, args.port_file, host, port)

    with contextlib.nullcontext() if args.no_sync else loop:
        serve(app, host=host, port=chosen.port, threads=settings.threads, on_port=on_port)
    with connect(site.replica) as db:
        end_run(db)
    return EXIT_DONE


def clock_limits(args: argparse.Namespace) -> ClockLimits:
    """On a clock that was moved for a trial no phone can agree, and asking everybody for the date helps nobody."""
    trial = args.today is not None or args.clock_file is not None
    return ClockLimits(doubt_ms=TRIAL_DOUBT_MS) if trial else ClockLimits()


@dataclass
class Chosen:
    """The port this server got, which is not known before it listens."""

    port: int


def reread(site: Site) -> Site:
    """The same site with the settings as they stand now: the hub's address may have been set meanwhile."""
    return replace(site, settings=site.folder.settings())


def enrol_with(site: Site, hub_url: str, code: str) -> str:
    """Prove a one-time code to the hub and keep the hub's address; the campus's code. Raises SyncError."""
    with connect(site.replica) as db, contextlib.closing(HttpHub(hub_url)) as hub:
        enrolment = enrol(site.replica, db, hub, code)
    site.folder.change(hub_url=hub_url)
    return enrolment.campus


def announce(voice: Voice, port_file: Path | None, host: str, port: int) -> None:
    """Say where the pages are, to a person and to the program that started this one."""
    voice.say(f"已启动：http://127.0.0.1:{port}/", f"Serving http://127.0.0.1:{port}/")
    if only_here(host):
        voice.say("只有本机能打开；要让网络上的手机和电脑连进来，请加 --host 0.0.0.0。",
                  "Open to this machine only; --host 0.0.0.0 lets in the network's phones and PCs.")
    if port_file is not None:
        write_port_file(port_file, port)


def sync_now(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """One exchange with the hub, now."""
    site = open_site(Folder(args.data), "node", clock=clock, randomness=randomness)
    return told(exchange(site, wait_s=ASKED_WAIT_S), voice)


def told(report: ExchangeReport, voice: Voice) -> int:
    """Say what an exchange did: 0 when all is across, 75 when something was left to say (C14)."""
    done_zh, done_en = ("同步完成", "Synced") if report.done else ("还没有同步完", "Not all is across yet")
    voice.say(
        f"{done_zh}：上传 {report.rows_up} 行，下载 {report.rows_down} 行，往返 {report.round_trips} 次，"
        f"待处理冲突 {report.conflicts_open} 处，被退回 {report.refused} 份。",
        f"{done_en}: {report.rows_up} rows up, {report.rows_down} down, {report.round_trips} round trips, "
        f"{report.conflicts_open} conflicts open, {report.refused} changesets refused.",
    )
    if not report.done:
        voice.say("流量额度用完，或中心的回执还没有到；请稍后再同步。",
                  "The byte budget is spent, or the hub's receipts have not come; sync again later.")
        return EXIT_TRY_LATER
    return EXIT_DONE


def status(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """How this node stands with the hub; 77 when something waits for a person."""
    site = open_site(Folder(args.data), "node", clock=clock, randomness=randomness)
    with connect(site.replica) as db:
        found = sync_status(db, site.replica)
    for zh, en in status_lines(found):
        voice.say(zh, en)
    return EXIT_PERSON_NEEDED if not found.enrolled or found.refusals else EXIT_DONE


def status_lines(found: SyncStatus) -> list[tuple[str, str]]:
    """The state of a node as lines in both languages."""
    if not found.enrolled:
        return [("还没有接入中心。", "Not enrolled with a hub yet.")]
    clock = "未知" if found.clock_offset_ms is None else f"{found.clock_offset_ms / 1000:+.1f} 秒"
    clock_en = "unknown" if found.clock_offset_ms is None else f"{found.clock_offset_ms / 1000:+.1f} s"
    return [
        (f"校区 {found.campus}，本机 {found.node}", f"Campus {found.campus}, node {found.node}"),
        (f"上次同步成功：{found.last_good_sync or '从未'}", f"Last good sync: {found.last_good_sync or 'never'}"),
        (f"待上传：{found.backlog_changesets} 份，{found.backlog_rows} 行",
         f"Waiting to be sent: {found.backlog_changesets} changesets, {found.backlog_rows} rows"),
        (f"冲突 {found.open_conflicts} 处（须复核 {found.open_reviews}），被退回 {len(found.refusals)} 份",
         f"Conflicts {found.open_conflicts} (to review {found.open_reviews}), refused {len(found.refusals)}"),
        (f"电脑时钟相对中心：{clock}", f"Clock against the hub: {clock_en}"),
    ]



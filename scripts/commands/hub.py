"""`tongxin hub …`: found a consortium, serve it, enrol a node, appraise, erase by law, say how the campuses stand."""

from __future__ import annotations

import argparse
import contextlib
import json
from dataclasses import asdict, replace
from datetime import date

from flask import Flask

from hub.app import create_app
from hub.attendance.store import attendance_by_class
from hub.config import UPLOAD_BYTES_MAX, HubConfig
from hub.erasing.rules import order_words
from hub.erasing.store import cards_along, erase_records, record_named
from scripts.commands.appraising import Span, appraise_span, term_today
from scripts.commands.backing import say_new_key
from scripts.commands.folder import Folder, Settings
from scripts.commands.founding import OPERATOR_LOGIN, campus_wanted, found, term_wanted
from scripts.commands.node import announce, reread
from scripts.commands.post import visit
from scripts.commands.serving import serve
from scripts.commands.site import make_site, open_site
from scripts.commands.syncing import SyncLoop
from scripts.commands.voice import EXIT_DONE, Voice
from shared.clock import Clock
from shared.errors import InvalidInput, NotFound, Problem
from shared.ids import Randomness
from shared.records import Campus
from shared.schema import select
from sync.replica import connect
from sync.status import campus_boards, last_backup
from sync.steps.enrol import issue_code

_HOUR_MS = 3_600_000


def init(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Make the folder of a hub with its campuses and a first account."""
    folder = Folder(args.data)
    campuses = [campus_wanted(text) for text in args.campus]
    if not campuses and not args.empty:
        raise InvalidInput(code="no_campus")
    term = term_wanted(args.term) if args.term else None
    settings = Settings("hub", name=args.name, lang=args.lang, sync_minutes=0, port=8000)
    site = make_site(folder, settings, clock=clock, randomness=randomness)
    voice.say(f"已建好中心站点：{folder.path}", f"Hub site made: {folder.path}")
    if campuses:
        with connect(site.replica) as db:
            password = found(site.replica, db, args.name, campuses, term)
        voice.say(f"管理员登录名 {OPERATOR_LOGIN}，一次性口令 {password}，首次登录须修改。",
                  f"Operator log-in {OPERATOR_LOGIN}, one-time password {password}; change it at first log-in.")
    say_new_key(folder, voice)
    return EXIT_DONE


def serve_hub(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Serve pages and the sync endpoint until told to stop."""
    site = open_site(Folder(args.data), "hub", clock=clock, randomness=randomness)
    settings = site.settings
    # Workbooks of a whole consortium are larger than a node's forms.
    shell = replace(site.folder.site_config(randomness), body_bytes_max=UPLOAD_BYTES_MAX)
    app = create_app(site.replica, HubConfig(site=shell, address=settings.address))
    host = args.host or settings.host
    every_ms = settings.sync_minutes * 60_000
    loop = SyncLoop(lambda: visit(reread(site), wait_s=0), every_ms=every_ms, last_wait_ms=0)
    with loop if settings.mailbox_url and every_ms else contextlib.nullcontext():
        serve_pages(app, host, args, settings, voice)
    return EXIT_DONE


def serve_pages(app: Flask, host: str, args: argparse.Namespace, settings: Settings, voice: Voice) -> None:
    """Serve until told to stop."""
    serve(app, host=host, threads=settings.threads,
          port=settings.port if args.port is None else args.port,
          on_port=lambda port: announce(voice, args.port_file, host, port))


def enrol(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Print a one-time code for a campus's node."""
    site = open_site(Folder(args.data), "hub", clock=clock, randomness=randomness)
    with connect(site.replica) as db:
        known = [campus.code for campus in select(db, Campus)]
        if args.campus not in known:
            raise NotFound("campus_not_found", campus=args.campus, known=", ".join(known) or "—")
        code = issue_code(db, site.replica, campus=args.campus, valid_ms=args.hours * _HOUR_MS)
    voice.say(f"校区 {args.campus} 的一次性接入码（{args.hours} 小时内有效）：{code}",
              f"One-time code for campus {args.campus}, valid {args.hours} hours: {code}")
    return EXIT_DONE


def appraise(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Run the appraisal of a period and print the combined table."""
    site = open_site(Folder(args.data), "hub", clock=clock, randomness=randomness)
    with connect(site.replica) as db:
        term = args.term or term_today(db, site.replica)
        span = Span(term, args.begin and args.begin.isoformat(), args.end and args.end.isoformat())
        appraised = appraise_span(site.replica, db, span, xlsx=args.xlsx)
    for line in appraised.lines(voice.lang, rows_max=args.rows):
        voice.say(line, line)
    return EXIT_DONE


def attendance(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """What the registers of a span add up to, class by class."""
    site = open_site(Folder(args.data), "hub", clock=clock, randomness=randomness)
    with connect(site.replica) as db:
        classes = attendance_by_class(db, args.begin, args.end)
    for row in classes:
        marks = " ".join(f"{mark} {times}" for mark, times in sorted(row.marks.items()))
        voice.say(f"{row.campus} {row.name}：点名 {row.registers} 次，应到 {row.expected} 人次 {marks}",
                  f"{row.campus} {row.name}: {row.registers} registers, {row.expected} expected {marks}")
    if args.json is not None:
        document = json.dumps([asdict(row) for row in classes], ensure_ascii=False, indent=1)
        args.json.write_text(document + "\n", encoding="utf-8")
    return EXIT_DONE


def erase_record(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """Erase one row of an erasable record by law, and print the proof."""
    if not args.note.strip():
        raise InvalidInput(Problem("note", "missing", {"zh": "依据和原因", "en": "Ground and reason"}))
    site = open_site(Folder(args.data), "hub", clock=clock, randomness=randomness)
    with connect(site.replica) as db:
        held = record_named(site.replica, args.table, args.key)
        chosen = [held, *cards_along(db, site.replica, [held])]
        proofs = erase_records(db, site.replica, chosen, by=order_words(args.by, args.note.strip()))
    for each in proofs:
        voice.say(f"已删除 {each.table} {each.key}：中心序号 {each.hub_seq}，凭据 {each.log_hash}",
                  f"Erased {each.table} {each.key}: hub sequence {each.hub_seq}, proof {each.log_hash}")
    return EXIT_DONE


def status(args: argparse.Namespace, voice: Voice, clock: Clock, randomness: Randomness) -> int:
    """One line a node: last sync, backlog, clock, conflicts, quarantine."""
    site = open_site(Folder(args.data), "hub", clock=clock, randomness=randomness)
    with connect(site.replica) as db:
        boards, saved = campus_boards(db, site.replica), last_backup(db)
    if saved is None:
        voice.say("从未备份：只有中心保存的记录没有第二份。", "Never backed up: what the hub alone holds exists once.")
    else:
        voice.say(f"上次核对过的备份：{saved.at}，之后又有 {saved.entries_since} 条。",
                  f"Last verified backup: {saved.at}, {saved.entries_since} entries since.")
    for each in boards:
        synced = each.last_sync or voice.pick("从未", "never")
        voice.say(
            f"{each.campus} {each.node}：上次同步 {synced}，冲突 {each.conflicts}，被退回 {each.quarantined}",
            f"{each.campus} {each.node}: last sync {synced}, conflicts {each.conflicts}, refused {each.quarantined}",
        )
    if not boards:
        voice.say("还没有接入的校区。", "No campus has enrolled yet.")
    return EXIT_DONE


def iso_date(text: str) -> date:
    """A date for argparse, which turns ValueError into a usage line."""
    return date.fromisoformat(text)

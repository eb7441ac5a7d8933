"""The sync page, the button "sync now", and the chip in the head bar."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from node.config import SyncerState
from node.db import campus, config, is_enrolled
from node.sync_state.rules import clock_code, head_of
from shared.clock import instant_text
from shared.roles import ANY_STAFF
from shared.schema import Table
from shared.web import auth
from shared.web.app import HeadChip, language
from shared.web.db import clock, db, open_findings, replica
from shared.web.store import campus_names, names_of
from shared.web.times import spoken_instant
from shared.web.wording import column_words, ids_in, row_title, speaks, spec_of, table_words, value_words
from shared.web.words import refusal_words
from sync.by_file import unanswered
from sync.conflicts import count_open
from sync.replica import setting
from sync.status import Refusal, backlog, last_verified, sync_status

ROUTES = {"sync_state.page": ANY_STAFF, "sync_state.now": "sync.now"}


def blueprint() -> Blueprint:
    """The room."""
    room = Blueprint("sync_state", __name__, template_folder="templates")
    room.add_url_rule("/sync", "page", page)
    room.add_url_rule("/sync/now", "now", now, methods=["POST"])
    return room


def head_chip() -> HeadChip | None:
    """The state of sync in words, on every page of an enrolled node."""
    if not is_enrolled():
        return None
    last = setting(db(), "last_good_sync_ms")
    last_ms = int(last) if last else None
    now_ms = clock().now_ms()
    waits, _rows = backlog(db())
    conflicts = count_open(db(), replica())[0] + len(open_findings())
    head = head_of(last_good_ms=last_ms, now_ms=now_ms, backlog=waits, conflicts=conflicts)
    spoken = spoken_instant(instant_text(last_ms), now_ms, language()) if last_ms is not None else ""
    words = {
        "conflicts": ngettext("! %(num)d 处冲突", "! %(num)d 处冲突", head.number),
        "waiting": ngettext("● %(num)d 条待传", "● %(num)d 条待传", head.number),
        "never": _("还没有同步过"),
        "old": _("上次同步 %(when)s", when=spoken),
        "synced": _("✓ %(when)s 已同步", when=spoken),
    }
    return HeadChip(head.tone, words[head.code], "sync_state.page")


def page() -> str:
    """What is safe, what waits, what was refused."""
    status = sync_status(db(), replica())
    syncer = config().ports.syncer
    may_see = [each for each in status.refusals if _concerns(each)]
    return render_template(
        "sync_state/sync_state.html",
        status=status,
        open_conflicts=status.open_conflicts + len(open_findings()),
        campus_name=campus_names(db()).get(status.campus, status.campus),
        clock_code=clock_code(status.clock_offset_ms, status.clock_doubtful),
        now=instant_text(clock().now_ms()),
        syncer=syncer.state() if syncer else SyncerState(),
        offers_sync=syncer is not None and auth.may("sync.now", campus()),
        bundle=unanswered(db(), setting(db(), "hub_node")),
        refusals=[_shown(each) for each in may_see],
        hidden=len(status.refusals) - len(may_see),
        verified=last_verified(db()),
    )


def _concerns(refusal: Refusal) -> bool:
    """A teacher sees what he entered himself; the office sees everything."""
    return refusal.person_id == auth.visitor().person_id or auth.may("sync.now", campus())


def _shown(refusal: Refusal) -> dict[str, Any]:
    table: Table = replica().tables[refusal.table]
    lang = language()
    names = names_of(
        db(), ids_in(table, refusal.key, [refusal.values]) | {refusal.person_id}, campus=campus(), lang=lang
    )
    values = [
        (column_words(table, name, lang), value_words(spec_of(table, name), value, names, lang))
        for name, value in refusal.values.items()
        if name not in table.key and speaks(name)
    ]
    return {
        "what": table_words(table, lang),
        "title": row_title(table, refusal.key, names, lang),
        "who": names.get(refusal.person_id, refusal.person_id),
        "instant": refusal.instant,
        "reason": refusal_words(refusal.reason, lang),
        "values": values,
        "again": _again(refusal),
    }


def _again(refusal: Refusal) -> str | None:
    """Where the same thing can be entered once more, on the page it came from."""
    if refusal.table not in ("register", "register_exception"):
        return None
    group, day, session = (str(part) for part in refusal.key[:3])
    return url_for("attendance.register", group_id=group, date=day, session=session)


def now() -> Any:
    """Asks the background sync to run at once."""
    syncer = config().ports.syncer
    if syncer is None:
        flash(_("这台电脑没有开自动同步。"), "warn")
    else:
        syncer.ask()
        flash(_("已经开始同步，稍后刷新本页看结果。"), "info")
    return redirect(url_for("sync_state.page"))

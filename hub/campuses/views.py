"""The board of campuses, enrolment codes, revocation, and what was refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from hub.campuses.release import agree, asked_for
from hub.campuses.rules import by_changeset, clock_is_wrong, overall, owing, places, waiting
from hub.db import hub
from hub.workbook.naming import names_in
from shared.clock import instant_text
from shared.errors import NotAllowed, NotFound
from shared.ids import campus_of
from shared.records import Campus
from shared.schema import Value, find, select
from shared.web import auth
from shared.web.app import HeadChip, language
from shared.web.db import clock, db, open_findings, replica
from shared.web.store import names_of
from shared.web.wording import ids_in, row_title, spec_of, value_words
from sync.conflicts import count_open
from sync.status import (
    campus_boards,
    last_backup,
    last_verified,
    refusals,
    rest_of_actions,
    restored,
    sync_status,
)
from sync.steps.enrol import issue_code, revoke

ROUTES = {
    "campuses.board": "board.see",
    "campuses.enrol": "node.enrol",
    "campuses.revoke_node": "node.revoke",
    "campuses.quarantine": "board.see",
    "campuses.release_one": "quarantine.release",
}
ROWS_SHOWN = 20
CHANGESETS_SHOWN = 100


def blueprint() -> Blueprint:
    """The campuses room."""
    room = Blueprint("campuses", __name__, url_prefix="/campuses", template_folder="templates")
    room.add_url_rule("/", "board", board)
    room.add_url_rule("/enrol", "enrol", enrol, methods=["GET", "POST"])
    room.add_url_rule("/nodes/<node>/revoke", "revoke_node", revoke_node, methods=["GET", "POST"])
    room.add_url_rule("/quarantine", "quarantine", quarantine)
    room.add_url_rule("/quarantine/release", "release_one", release_one, methods=["POST"])
    return room


def board() -> Any:
    """Every campus: last sync, known until, what waits, clock, conflicts, quarantine."""
    now_ms = clock().now_ms()
    shown = places(select(db(), Campus), campus_boards(db(), replica()), now_ms, hub().config.silent_ms)
    findings = open_findings()
    status = sync_status(db(), replica())
    return render_template(
        "campuses/board.html", places=shown, status=status, open_conflicts=status.open_conflicts + len(findings),
        findings_at=Counter(campus for finding in findings for campus in finding.campuses),
        quarantined=len(by_changeset(refusals(db(), replica()))), clock_is_wrong=clock_is_wrong, waiting=waiting,
        restored=restored(db()), owing=owing(shown), verified=last_verified(db()),
        saved=last_backup(db()),
    )  # fmt: skip


def head_chip() -> HeadChip | None:
    """The head bar's word on what matters most: which campuses are behind, and what waits for a decision. Nothing for
    strangers."""
    if not auth.visitor().person_id:
        return None
    shown = places(select(db(), Campus), campus_boards(db(), replica()), clock().now_ms(), hub().config.silent_ms)
    tone, late, live = overall(shown)
    endpoint = "campuses.board" if auth.may("board.see") else None
    words = _("%(campus)s 未同步", campus=_("、").join(late)) if late else _("各校区已同步")
    if not live:
        words = _("还没有校区电脑登记")
    conflicts = count_open(db(), replica())[0] + len(open_findings()) if auth.may_here("conflict.see") else 0
    if not conflicts:
        return HeadChip(tone if live else "off", words, endpoint)
    counted = ngettext("%(num)d 处冲突", "%(num)d 处冲突", conflicts)
    return HeadChip("bad", f"{words} · {counted}", "conflicts.inbox")


def enrol() -> Any:
    """Print a one-time code for a campus's node. It is shown once: only its digest is kept."""
    campuses = select(db(), Campus)
    if request.method == "GET":
        return render_template("campuses/enrol.html", campuses=campuses, chosen=request.args.get("campus", ""))
    campus = find(db(), Campus, request.form.get("campus", ""))
    if campus is None:
        raise NotFound(campus=request.form.get("campus", ""))
    valid_ms = hub().config.code_valid_ms
    code = issue_code(db(), replica(), campus=campus.code, valid_ms=valid_ms)
    address = hub().config.address or request.host_url.rstrip("/")
    # Both lines in one picture: a phone reads them, a person copies them.
    picture = segno.make(f"{address}\n{code}", error="m").svg_data_uri(scale=6, border=2, dark="#000", light="#fff")
    expires = instant_text(clock().now_ms() + valid_ms)
    return render_template(
        "campuses/code.html", campus=campus, code=code, address=address, picture=picture, expires=expires,
        valid_ms=valid_ms,
    )  # fmt: skip


def revoke_node(node: str) -> Any:
    """Ask, then revoke: the node can never sync again; what it has sent stays."""
    found = next((one for one in campus_boards(db(), replica()) if one.node == node), None)
    if found is None:
        raise NotFound(node=node)
    if request.method == "GET":
        return render_template(
            "campuses/revoke.html", node=found, campus=find(db(), Campus, found.campus), waiting=waiting
        )
    revoke(db(), replica(), node)
    flash(_("已停用这台电脑。它不能再同步；已收到的记录保留。"), "ok")
    return redirect(url_for("campuses.board"))


def quarantine() -> Any:
    """What was refused, why, by whom and when, with the values."""
    found = by_changeset(refusals(db(), replica()))
    lang, tables = language(), replica().tables

    def words(table: str, key: Sequence[Value], values: Mapping[str, Value]) -> dict[str, str]:
        return names_of(db(), ids_in(tables[table], key, [values]), campus=campus_of(str(key[0])), lang=lang)

    def title_of(table: str, key: Sequence[Value], values: Mapping[str, Value]) -> str:
        return row_title(tables[table], key, words(table, key, values), lang)

    def said(table: str, name: str, value: Value) -> str:
        return value_words(spec_of(tables[table], name), value, words(table, (value,), {name: value}), lang)

    shown = found[:CHANGESETS_SHOWN]
    return render_template(
        "campuses/quarantine.html",
        changesets=shown,
        total=len(found),
        rows_shown=ROWS_SHOWN,
        names=names_in(db()),
        tables=tables,
        title_of=title_of,
        said=said,
        reason_words=_reason_words,
        rest=rest_of_actions(db()),
        asked={one.version: asked_for(db(), one.version) for one in shown},
    )


def release_one() -> Any:
    """One operator's word for a release; the second one's lets the changeset in."""
    try:
        released = agree(db(), replica(), request.form.get("version", ""), auth.visitor().person_id)
    except NotAllowed:
        flash(_("您已同意过，要由另一位系统管理员同意。"), "warn")
        return redirect(url_for("campuses.quarantine"))
    if released:
        flash(_("已放行 %(count)s 批。", count=len(released)), "ok")
    else:
        flash(_("已记下。还要另一位系统管理员同意。"), "info")
    return redirect(url_for("campuses.quarantine"))


@cache
def _reasons() -> dict[str, list[str]]:
    text = files("hub.campuses").joinpath("reasons.json").read_text(encoding="utf-8")
    found: dict[str, list[str]] = json.loads(text)
    return found


def _reason_words(reason: str) -> str:
    zh, en = _reasons().get(reason, [reason, reason])
    return zh if language() == "zh" else en

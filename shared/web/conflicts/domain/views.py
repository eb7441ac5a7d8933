"""The cards of domain conflicts: what collides, in school words, and the buttons that fit (C7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from shared.bookings.rules import Slot
from shared.bookings.store import alternatives_to
from shared.clock import instant_text
from shared.codes import word_of
from shared.errors import InvalidInput, NotAllowed, Problem
from shared.findings.model import Finding, Side
from shared.findings.register_twice import PRESENT, SEVERAL
from shared.findings.store import findings_between
from shared.ids import campus_of
from shared.records import BookingSeries, GroupMember, LessonOverride
from shared.schema import Value, find, key_parts, table_of
from shared.web import auth
from shared.web.app import language
from shared.web.conflicts.domain import rules, settling, store
from shared.web.conflicts.domain.rules import Deed
from shared.web.conflicts.rules import NOTE_LENGTH_MAX, checked_note, may_write
from shared.web.db import clock, db, open_findings, replica, site, site_campus, today
from shared.web.store import campus_names, names_of
from shared.web.wording import column_words, spec_of, value_words
from sync.capture import write
from sync.replica import setting
from sync.status import Entered, campus_boards, entered, entered_in

ROUTES = {"conflicts.finding": "conflict.see", "conflicts.decide": "conflict.resolve"}
LINKS = {"lesson": "lessons.lesson", "booking_occurrence": "bookings.series", "register": "attendance.register"}


@dataclass(frozen=True)
class Listed:
    """What the inbox shows of them; others: how many concern other campuses and roles."""

    shown: list[dict[str, Any]]
    others: int
    whole_term: bool


def add_rules(room: Blueprint) -> None:
    """The addresses, beside those of the fields."""
    room.add_url_rule("/conflicts/findings/<finding_id>", "finding", finding)
    room.add_url_rule("/conflicts/findings/<finding_id>", "decide", decide, methods=["POST"])


def listed() -> Listed:
    """The open ones around today, or of the whole term (?term=1), that this person may see."""
    term = store.term_of(db(), today().isoformat()) if request.args.get("term") else None
    found = site().findings.open_between(db(), replica(), *term) if term else open_findings()
    mine = [each for each in found if _may_see(each)]
    return Listed([_view(each) for each in mine], len(found) - len(mine), term is not None)


def finding(finding_id: str) -> Any:
    """One domain conflict with its buttons."""
    found = _open(finding_id)
    return redirect(url_for("conflicts.inbox")) if found is None else _page(found, ())


def decide(finding_id: str) -> Any:
    """Take one side back, take one side's word, or leave it so, with a reason."""
    found = _open(finding_id)
    if found is None:
        return redirect(url_for("conflicts.inbox"))
    try:
        if request.form.get("digest") != found.digest:
            raise InvalidInput(Problem("seen", "moved", {"zh": "页面", "en": "page"}))
        chosen = request.form.get("do", "")
        note = checked_note(request.form, needed=chosen == rules.LEAVE)
        deed = None if chosen == rules.LEAVE else _deed(found, chosen)
    except InvalidInput as refused:
        return _page(found, refused.problems), 422
    if deed is None and not _decides(found):
        raise NotAllowed(conflict=finding_id)
    _do(found, deed, note)
    flash(_("已按您的决定保存，会同步到各校区。"), "ok")
    return redirect(url_for("conflicts.inbox"))


def _deed(found: Finding, chosen: str) -> Deed:
    for number in range(len(found.detail)):
        for deed in _deeds(found, number):
            if deed.value == chosen:
                return deed
    raise InvalidInput(Problem("do", "missing", {"zh": "您的决定", "en": "Your decision"}))


def _do(found: Finding, deed: Deed | None, note: str) -> None:
    who, now = auth.visitor().person_id, instant_text(clock().now_ms())
    owner = campus_of(deed.target) if deed and deed.code != rules.TAKE else found.campuses[0]
    at = site_campus() or owner
    with write(replica(), db(), auth.author(at)) as w:
        if note:
            w.note(note)
        if deed is None:
            settling.leave(w, found, person_id=who, note=note)
        elif deed.code == rules.CANCEL:
            settling.cancel_booking(w, deed.target, person_id=who, instant=now)
        elif deed.code == rules.WITHDRAW:
            settling.withdraw(w, deed.target, person_id=who, instant=now)
        elif deed.code == rules.MOVE:
            settling.move_booking(w, deed.target, deed.room_id)
        elif deed.code == rules.END:
            settling.end_membership(w, found, deed.target)
        else:
            settling.take_side(w, found, int(deed.target))


def _open(finding_id: str) -> Finding | None:
    """The finding, or None when it is not there (any more). Raises NotAllowed, NotFound."""
    kind, subject, day = rules.named_by(finding_id)
    around = findings_between(db(), replica(), day.isoformat(), (day + timedelta(days=1)).isoformat())
    found = next((each for each in around if (each.kind, each.subject) == (kind, subject)), None)
    if found is None:
        flash(_("这一处已经有人处理了。"), "info")
    elif not _may_see(found):
        raise NotAllowed(conflict=finding_id)
    return found


def _decides(found: Finding) -> bool:
    return rules.may_decide(found, auth.visitor().roles, at_hub=not site_campus())


def _may_see(found: Finding) -> bool:
    return rules.concerns(found, auth.visitor().person_id) or _decides(found)


def _deeds(found: Finding, number: int) -> list[Deed]:
    who = auth.visitor()

    def may(table: str, key: tuple[Value, ...]) -> bool:
        return may_write(
            replica().tables[table], key, who.roles, person_id=who.person_id, node_campus=site_campus()
        )

    decides = _decides(found)
    return rules.deeds_of(found, number, may, decides=decides, me=who.person_id) + _moves(found, number, decides)


def _moves(found: Finding, number: int, decides: bool) -> list[Deed]:
    """A free room of the same campus and kind for a booking, a button each."""
    side = found.detail[number]
    if not rules.movable(side, decides=decides, node_campus=site_campus()):
        return []
    series = find(db(), BookingSeries, side.key.split("/")[0])
    wanted = Slot(side.room_id, found.date, side.begin, side.end)
    free = alternatives_to(db(), wanted, seats=series.head_count if series else 0, days=1)
    rooms = [each.slot.room_id for each in free if each.kind == "other_room"]
    return [Deed(rules.MOVE, side.key, room) for room in rooms if campus_of(room) == campus_of(side.key)]


def _page(found: Finding, problems: Any) -> str:
    return render_template(
        "conflicts/finding.html", view=_view(found), problems=problems, form=request.form, reach=_reach(found),
        note_length_max=NOTE_LENGTH_MAX, may_leave=_decides(found) and auth.may("conflict.resolve"),
    )  # fmt: skip


def _reach(found: Finding) -> list[tuple[str, str | None]]:
    """(campus, up to when its records are known here); on a node only its own last sync is known."""
    names = campus_names(db())
    if site_campus():
        last = setting(db(), "last_good_sync_ms")
        return [(names.get(site_campus(), site_campus()), instant_text(int(last)) if last else None)]
    known = {board.campus: board.known_until for board in campus_boards(db(), replica()) if board.revoked_at is None}
    return [(names.get(code, code), known[code]) for code in found.campuses if code in known]


def _view(found: Finding) -> dict[str, Any]:
    lang = language()
    ids = {*found.people, *found.campuses}
    for side in found.detail:
        ids |= {side.room_id, side.group_id, *(text for pair in side.said for text in pair)}
    entries = [_entered(side) for side in found.detail]
    ids |= {each.person_id for each in entries if each} | {each.campus for each in entries if each}
    names = names_of(db(), ids, campus=found.campuses[0] if found.campuses else "", lang=lang)
    kinds = store.change_kinds(db()) if found.kind == "teacher_two_places" else {}
    return {
        "id": rules.finding_id(found), "kind": found.kind, "date": found.date, "digest": found.digest,
        "names": names, "people": [names.get(each, each) for each in found.people],
        "campuses": [names.get(code, code) for code in found.campuses], "across": len(found.campuses) > 1,
        "minutes": found.minutes, "break_minutes": rules.break_minutes(found),
        "session": names.get(f"session:{found.subject.rsplit('|', 1)[-1]}", ""),
        "sides": [
            _side(found, number, entry, names, kinds) for number, entry in enumerate(entries)
        ],
    }  # fmt: skip


def _side(
    found: Finding, number: int, entry: Entered | None, names: dict[str, str], kinds: dict[str, str]
) -> dict[str, Any]:
    side, lang = found.detail[number], language()
    deeds = _deeds(found, number) if auth.may("conflict.resolve") else []
    return {
        "table": side.table, "who": names.get(side.person_id, side.person_id), "begin": side.begin, "end": side.end,
        "campus": names.get(side.campus, side.campus), "room": names.get(side.room_id, side.room_id),
        "group": names.get(side.group_id, side.group_id), "period": side.period,
        "title": "" if side.table == "register" else word_of("subject", side.title, lang),
        "lines": _lines(side, names, kinds, lang), "link": _link(side),
        "entry": replace(
            entry, person_id=names.get(entry.person_id, entry.person_id), campus=names.get(entry.campus, entry.campus)
        ) if entry else None,
        "deeds": deeds, "rooms": names_of(db(), {each.room_id for each in deeds if each.room_id}),
    }  # fmt: skip


def _lines(side: Side, names: dict[str, str], kinds: dict[str, str], lang: str) -> list[tuple[str, str]]:
    """What this side says, as (label, words)."""
    if side.table == "register":
        return [(names.get(pupil, pupil), _mark_words(text, lang)) for pupil, text in side.said]
    if side.table == "lesson":
        return [(word_of("override_kind", kinds.get(id_, ""), lang), "") for what, id_ in side.said if id_ in kinds]
    table = table_of(GroupMember if side.table == "group_member" else LessonOverride)
    return [
        # What is done speaks for itself; the rest needs to be called something.
        (
            column_words(table, name, lang) if name != "kind" else "",
            value_words(spec_of(table, name), text, names, lang),
        )
        for name, text in side.said
    ]


def _mark_words(text: str, lang: str) -> str:
    found = []
    for one in text.split(SEVERAL):
        mark, minutes, note = one.split("/", 2)
        if mark == PRESENT:
            found.append(_("到"))
            continue
        late = [_("%(num)s 分钟", num=minutes)] if minutes != "0" else []
        found.append(" ".join([word_of("pupil_mark", mark, lang), *late, *([note] if note else [])]))
    return str(_("、")).join(found)


def _entered(side: Side) -> Entered | None:
    if side.table == "register":
        return entered_in(db(), side.title)
    if side.table not in rules.RECORDS:
        return None
    record = rules.RECORDS[side.table]
    return entered(db(), replica(), record, key_parts(table_of(record), side.key))


def _link(side: Side) -> str | None:
    """Where the thing itself can be changed, on a site that has that room and serves that campus."""
    endpoint = LINKS.get(side.table, "")
    if endpoint not in current_app.view_functions or not auth.may_here(site().routes[endpoint]):
        return None
    parts = side.key.split("/")
    if side.table == "booking_occurrence":
        return url_for(endpoint, series_id=parts[0])
    if campus_of(parts[0]) != site_campus():
        return None
    if side.table == "lesson":
        return url_for(endpoint, group_id=parts[0], date=parts[1], period=int(parts[2]))
    return url_for(endpoint, group_id=parts[0], date=parts[1], session=parts[2])

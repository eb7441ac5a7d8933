"""How a register is written: checked whole, then header and exceptions in one transaction, or nothing.

Saving the same thing twice writes nothing the second time, so a phone may send again whenever a reply
was lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlite_utils import Database

from node.attendance import rules
from node.attendance.rules import Asker, Mark, RegisterLimits, Rows, Situation, Step
from node.attendance.store import Sheet, calendar_day, group_named, sessions_of, sheet
from shared.clock import instant_text, local_time
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem, Stale
from shared.records import Register, RegisterException, RollSession, RosterGroup
from shared.validation import load
from sync.capture import ABSENT, Writing, token_of, write
from sync.change import Author
from sync.replica import Replica, setting

Key = tuple[str, str, str]  # group, date, session


@dataclass(frozen=True)
class Place:
    """Which register: a group, a date and a session that exist and belong to this node's campus."""

    group: RosterGroup
    date: str
    session: RollSession
    day_kind: str | None


@dataclass(frozen=True)
class PageToken:
    """What a page showed: the header's version (None: not taken) and each row's version and mark."""

    header: str | None = None
    rows: Mapping[str, tuple[str, Mark]] = field(default_factory=dict)

    def text(self) -> str:
        """The token as a form carries it."""
        rows = {who: [token, mark.code, mark.minutes, mark.note] for who, (token, mark) in self.rows.items()}
        return json.dumps({"h": self.header, "x": rows}, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class Submission:
    """What a form or a program says: the marks of one source; a pupil without a mark is present.

    seen: the pupils the page listed, or None when the sender only knows the exceptions (then the roster of
    now is what is meant, and `roster_digest`, if given, must be that of now).
    token: None for a sender that was shown no page; then its marks are a plain newer edit.
    touched: pupils the sender changed on the page, also if they were changed back.
    """

    source: str
    marks: Mapping[str, Mark]
    seen: frozenset[str] | None = None
    roster_digest: str | None = None
    token: PageToken | None = None
    touched: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Saved:
    """What a save did. changed: False when all of it stood already."""

    changed: bool
    header: Register
    counts: Mapping[str, int]
    token: PageToken


def place_of(db: Database, group_id: str, day: str, session_code: str, *, today: date) -> Place:
    """The register that is meant, checked against group, campus, calendar and sessions.

    Raises NotFound for an unknown group, NotAllowed for another campus's, InvalidInput for the rest.
    """
    load(Register, {"group_id": group_id, "date": day, "session": session_code}, only=("group_id", "date", "session"))
    group = group_named(db, group_id)
    if group is None:
        raise NotFound("group_not_found", group=group_id)
    if group.campus != setting(db, "campus"):
        raise NotAllowed("group_of_another_campus", group=group_id, campus=group.campus)
    if not (group.begin <= day and (group.end is None or day < group.end)):
        raise InvalidInput(Problem("date", "group_not_there_then", {"zh": "日期", "en": "date", "begin": group.begin}))
    sessions = {session.code: session for session in sessions_of(db, group.campus, group.kind)}
    if session_code not in sessions:
        raise InvalidInput(
            Problem("session", "unknown_session", {"zh": "时段", "en": "session", "sessions": "、".join(sessions)})
        )
    found = calendar_day(db, group.campus, day)
    kind = found.kind if found else None
    refusal = rules.day_refusal(kind, group.kind, date.fromisoformat(day), today)
    if refusal:
        raise InvalidInput(Problem("date", refusal, {"zh": "日期", "en": "date", "kind": kind}))
    return Place(group, day, sessions[session_code], kind)


def situation_of(place: Place, header: Register | None, *, today: date, now_ms: int) -> Situation:
    """The register as the rules of time see it. `today` may be a person's word against the clock's (C6)."""
    day = date.fromisoformat(place.date)
    over = today > day or f"{local_time(now_ms):%H:%M}" >= place.session.end
    return Situation(today, day, over, header.taken_by if header else None)


def token_for(db: Database, replica: Replica, shown: Sheet, source: str) -> PageToken:
    """The token of a page that shows this sheet as the form of one source."""
    key = (shown.group.id, shown.header.date, shown.session.code) if shown.header else None
    rows = {}
    for line in (*shown.lines, *shown.others):
        if source in line.marks and key:
            token = token_of(db, replica, RegisterException, (*key, line.person_id, source))
            rows[line.person_id] = (token or "", line.marks[source])
    return PageToken(token_of(db, replica, Register, key) if key else None, rows)


def token_from(text: str | None) -> PageToken | None:
    """A form's token back; None where there is none. Raises InvalidInput for anything that is not one of ours."""
    if not text:
        return None
    try:
        raw = json.loads(text)
        header, rows = raw["h"], raw["x"]
        if not isinstance(header, str | None):
            raise TypeError(header)
        return PageToken(header, {str(who): _shown_row(*row) for who, row in rows.items()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(Problem("token", "not_a_token")) from error


def _shown_row(token: str, code: str, minutes: int, note: str) -> tuple[str, Mark]:
    if not (isinstance(token, str) and isinstance(code, str) and type(minutes) is int and isinstance(note, str)):
        raise TypeError(token)
    return token, Mark(code, minutes, note)


@dataclass(frozen=True)
class Permit:
    """By what right something is saved: who asks, on which date, within which limits."""

    asker: Asker
    today: date
    limits: RegisterLimits


def save_register(
    replica: Replica, db: Database, author: Author, place: Place, said: Submission, permit: Permit
) -> Saved:
    """Write one source's view of a register: one transaction, one changeset, or none if all stood already.

    Raises NotAllowed (who, when), InvalidInput (marks, persons), Stale (the roster moved under a sender
    that named it).
    """
    with write(replica, db, author) as w:
        before = sheet(w.db, place.group, place.date, place.session, dots=0)
        now_ms = replica.clock.now_ms()
        now = situation_of(place, before.header, today=permit.today, now_ms=now_ms)
        _check_rights(permit, now, said.source)
        seen = _seen(before, said)
        key = (place.group.id, place.date, place.session.code)
        own = _own_save_since(w, before, said, author.person_id, key)
        changed = _write_rows(w, key, before, said, seen, own=own)
        changed = _write_header(w, key, before, said, seen, author, instant_text(now_ms), changed=changed)
    after = sheet(db, place.group, place.date, place.session, dots=0)
    if after.header is None:
        raise Stale("register_gone", group=place.group.id, date=place.date)
    counted = rules.counts([line.current for line in after.lines])
    return Saved(changed, after.header, counted, token_for(db, replica, after, said.source))


def _check_rights(permit: Permit, now: Situation, source: str) -> None:
    refusal = rules.correct_refusal if source == "office" else rules.take_refusal
    reason = refusal(permit.asker, now, permit.limits)
    if reason:
        raise NotAllowed(reason, source=source)


def _seen(before: Sheet, said: Submission) -> frozenset[str]:
    """The pupils the sender answered for. Raises InvalidInput for one who is not on the roster."""
    roster = frozenset(line.person_id for line in before.lines)
    strangers = sorted(set(said.marks) - roster)
    if strangers:
        raise InvalidInput(*(Problem(f"mark-{person}", "not_on_roster", {"person": person}) for person in strangers))
    if said.roster_digest is not None and said.roster_digest != rules.roster_digest(roster):
        raise Stale("roster_moved", roster_digest=rules.roster_digest(roster), roster_size=len(roster))
    problems = [p for person, mark in said.marks.items() for p in rules.mark_problems(person, mark)]
    if problems:
        raise InvalidInput(*problems)
    return roster if said.seen is None else said.seen & roster


def _own_save_since(w: Writing, before: Sheet, said: Submission, person_id: str, key: Key) -> bool:
    """True when the register moved since the page by this person's own save, whose reply was lost."""
    if said.token is None or said.source != "teacher" or before.header is None:
        return False
    moved = said.token.header != token_of(w.db, w.replica, Register, key)
    return moved and before.header.taken_by == person_id


def _write_rows(w: Writing, key: Key, before: Sheet, said: Submission, seen: frozenset[str], *, own: bool) -> bool:
    """The exceptions of one source that differ; True when any did."""
    token, source = said.token, said.source
    added: list[RegisterException] = []
    changed = False
    for line in before.lines:
        person = line.person_id
        if person not in seen:
            continue
        wanted = rules.row_wanted(source, said.marks.get(person, rules.PRESENT), line.marks)
        version, shown = token.rows.get(person, (None, None)) if token else (None, line.marks.get(source))
        meant = token is None or own or person in said.touched
        step = rules.step_for(Rows(shown, line.marks.get(source), wanted, meant, own))
        changed = changed or step is not Step.LEAVE
        if step is Step.ADD and wanted:
            added.append(_exception(key, person, source, wanted))
        elif step in (Step.CHANGE, Step.BESIDE):
            w.put(_exception(key, person, source, wanted or rules.PRESENT), token=None if own else version or ABSENT)
        elif step is Step.REMOVE:
            w.delete(RegisterException, (*key, person, source))
    if added:
        w.insert(*added)
    return changed


def _exception(key: Key, person: str, source: str, mark: Mark) -> RegisterException:
    return RegisterException(
        group_id=key[0], date=key[1], session=key[2], person_id=person, source=source,
        mark=mark.code, minutes=mark.minutes, note=mark.note,
    )  # fmt: skip


def _write_header(
    w: Writing, key: Key, before: Sheet, said: Submission, seen: frozenset[str], author: Author, taken_at: str, *,
    changed: bool,
) -> bool:  # fmt: skip
    """The header, where the register is taken for the first time or anything differs; True when any did.

    It carries no token: two takers differ by their exceptions, not by who was last (RECORDS, register).
    """
    digest = rules.roster_digest(seen)
    same = before.header is not None and before.header.roster_digest == digest
    if said.source != "teacher" or (same and not changed):
        return changed
    header = Register(
        group_id=key[0], date=key[1], session=key[2], taken_by=author.person_id, taken_at=taken_at,
        roster_size=len(seen), roster_digest=digest,
    )  # fmt: skip
    w.put(header)
    return True


def mark_from(person: str, raw: Mapping[str, object]) -> Mark:
    """A mark from raw input (mark, minutes, note). Raises InvalidInput naming the pupil's fields."""
    try:
        values = load(RegisterException, dict(raw), only=("mark", "minutes", "note"))
    except InvalidInput as error:
        problems = (Problem(f"{p.field}-{person}", p.reason, p.data) for p in error.problems)
        raise InvalidInput(*problems) from error
    return Mark(str(values["mark"]), int(values["minutes"] or 0), str(values["note"] or ""))

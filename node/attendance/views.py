"""The pages of registers: one day's list, one register, and the save that form and script share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from node.attendance import rules, saving, store
from node.attendance.rules import Mark, RegisterLimits
from node.attendance.saving import PageToken, Permit, Place, Saved, Submission
from shared.clock import instant_ms, local_time
from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput, Problem
from shared.records import CalendarDay, Register, RollSession
from shared.web.app import head_now, language
from shared.web.auth import author, require, visitor, wants_json
from shared.web.db import clock, db, replica, today
from shared.web.times import spoken_date
from shared.web.words import message_of, problem_words
from sync.replica import setting
from sync.status import record_state

ROUTES = {
    "attendance.day": "register.see",
    "attendance.register": "register.see",
    "attendance.save": "register.take",
}

# Initials of the pinyin: 到 chí bìng shì wèi gōng zǎo.
LETTERS = {
    "present": "D", "late": "C", "absent": "W", "sick_leave": "B", "personal_leave": "S", "official_leave": "G",
    "early_leave": "Z",
}  # fmt: skip
TONES = {"present": "", "late": "l", "early_leave": "l", "absent": "a"}


def blueprint(limits: RegisterLimits | None = None) -> Blueprint:
    """The room, with the time limits the school has set."""
    room = Blueprint(
        "attendance", __name__, template_folder="templates", static_folder="static", static_url_path="/static/registers"
    )
    held = limits or RegisterLimits()
    room.add_url_rule("/registers", "day", day)
    path = "/registers/<group_id>/<date>/<session>"

    def register(group_id: str, date: str, session: str) -> Any:
        return _register_page(_place(group_id, date, session), held)

    def save(group_id: str, date: str, session: str) -> Any:
        return _save(_place(group_id, date, session), held)

    room.add_url_rule(path, "register", register, methods=["GET"])
    room.add_url_rule(path, "save", save, methods=["POST"])
    return room


def _place(group_id: str, day: str, session: str) -> Place:
    place = saving.place_of(db(), group_id, day, session, today=today())
    # The route's action was asked without a campus: a role held elsewhere opens no register here.
    require("register.see", place.group.campus)
    return place


def day() -> Any:
    """Every group of this campus on one date, with its sessions: taken or not yet."""
    asked = _asked_date()
    campus, text = setting(db(), "campus"), asked.isoformat()
    require("register.see", campus)
    found = store.calendar_day(db(), campus, text)
    groups = [
        group
        for group in store.groups_on(db(), campus, text)
        if rules.day_refusal(found.kind if found else None, group.kind, asked, today()) is None
    ]
    kinds = list(dict.fromkeys(group.kind for group in groups))
    own = {group.id for group in groups if visitor().person_id in (group.homeroom_id, group.deputy_id)}
    # One's own class first: a teacher opens this page for one line of it.
    groups.sort(key=lambda group: group.id not in own)
    sessions = {kind: store.sessions_of(db(), campus, kind) for kind in kinds}
    refusal = rules.day_refusal(found.kind if found else None, "class", asked, today())
    return render_template(
        "attendance/day.html",
        date=text,
        earlier=(asked - timedelta(days=1)).isoformat(),
        later=(asked + timedelta(days=1)).isoformat(),
        day_words=_day_words(asked, found),
        campus_name=store.campus_name(db(), campus),
        tables=[(kind, [g for g in groups if g.kind == kind], sessions[kind]) for kind in kinds if sessions[kind]],
        taken={(each.group_id, each.session): each for each in store.overview(db(), campus, text)},
        own=own,
        refusal=problem_words(Problem("date", refusal, {"zh": "日期", "en": "Date"}), language())[0] if refusal else "",
        person_id=visitor().person_id,
        session_word=_session_word,
        js_words=_js_words(),
    )


def _asked_date() -> date:
    raw = request.args.get("date", "")
    try:
        return date.fromisoformat(raw) if raw else today()
    except ValueError as error:
        raise InvalidInput(Problem("date", "not_date", {"zh": "日期", "en": "Date"})) from error


def _save(place: Place, limits: RegisterLimits) -> Any:
    """One source's view of one register, from the form or from the page's script."""
    asker = rules.asker_of(visitor().person_id, visitor().roles, place.group)
    permit = Permit(asker, today(), limits)
    try:
        said = _submission(request.form)
        saved = saving.save_register(replica(), db(), author(place.group.campus), place, said, permit)
    except InvalidInput as error:
        named = _with_names(error, store.roster(db(), place.group.id, place.date))
        if wants_json():
            raise named from error
        return _register_page(place, limits, named), 422
    if wants_json():
        return jsonify(_answer(place, saved))
    flash(_("已保存到本校区电脑。") if saved.changed else _("没有改动，已是保存的样子。"), "ok")
    return redirect(
        url_for("attendance.register", group_id=place.group.id, date=place.date, session=place.session.code), 303
    )


def _submission(form: Mapping[str, str]) -> Submission:
    """The form as typed values. Raises InvalidInput with every field that is wrong."""
    source = form.get("source", "")
    problems: list[Problem] = [] if source in ("teacher", "office") else [Problem("source", "unknown_code")]
    people = [name.removeprefix("mark-") for name in form if name.startswith("mark-")]
    # A class holds few different marks: each is checked once, not once a pupil.
    checked = {("present", "", ""): rules.PRESENT}
    marks: dict[str, Mark] = {}
    for person in people:
        typed = _typed(form, person)
        try:
            if typed not in checked:
                checked[typed] = saving.mark_from(person, dict(zip(("mark", "minutes", "note"), typed, strict=True)))
            marks[person] = checked[typed]
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(*problems)
    touched = frozenset(filter(None, form.get("touched", "").split(",")))
    return Submission(source, marks, frozenset(people), None, saving.token_from(form.get("token")), touched)


def _typed(form: Mapping[str, str], person: str) -> tuple[str, str, str]:
    """(mark, minutes, note) as typed; what the page hides for this mark is not an error of the person's."""
    code = form[f"mark-{person}"]
    minutes = form.get(f"minutes-{person}", "") if code in rules.TIMED_MARKS else ""
    return code, minutes, form.get(f"note-{person}", "") if code != "present" else ""


def _with_names(error: InvalidInput, lines: list[store.Line]) -> InvalidInput:
    """The same problems, each labelled with the pupil it is about."""
    names = {line.person_id: line.name for line in lines}
    problems = []
    for each in error.problems:
        name = names.get(each.field.partition("-")[2])
        label = {lang: f"{name} {each.data.get(lang, '')}".strip() for lang in ("zh", "en")}
        problems.append(Problem(each.field, each.reason, {**each.data, **label}) if name else each)
    return InvalidInput(*problems, code=error.code)


def _answer(place: Place, saved: Saved) -> dict[str, Any]:
    state = _state(place)
    return {
        "saved": True,
        "changed": saved.changed,
        "token": saved.token.text(),
        "counts": dict(saved.counts),
        "marks": {who: [mark.code, mark.minutes, mark.note] for who, (_v, mark) in saved.token.rows.items()},
        "taken": _taken_words(saved.header),
        "state": state,
        "state_words": _state_words(state),
        # The head bar was drawn before this save: what it says of sync must follow (C14).
        "chip": head_now(),
    }


def _register_page(place: Place, limits: RegisterLimits, error: InvalidInput | None = None) -> Any:
    sheet = store.sheet(db(), place.group, place.date, place.session)
    asker = rules.asker_of(visitor().person_id, visitor().roles, place.group)
    now = saving.situation_of(place, sheet.header, today=today(), now_ms=clock().now_ms())
    take, correct = rules.take_refusal(asker, now, limits), rules.correct_refusal(asker, now, limits)
    source = rules.source_offered(take, correct, now.taken_by, asker.person_id)
    asked = request.values.get("as") or request.form.get("source")
    if (asked == "teacher" and take is None) or (asked == "office" and correct is None):
        source = asked
    typed = _typed_marks(request.form) if error else {}
    own = {
        line.person_id: typed.get(line.person_id)
        or (rules.shown_to(source, line.marks) if source == "teacher" else line.current)
        for line in sheet.lines
    }
    token = saving.token_for(db(), replica(), sheet, source) if source else PageToken()
    return render_template(
        "attendance/register.html",
        sheet=sheet,
        sheet_date=place.date,
        sessions=store.sessions_of(db(), place.group.campus, place.group.kind),
        source=source or "",
        other_source=take is None and correct is None and sheet.header is not None,
        refusal=message_of(take or correct or "", language()),
        own=own,
        token=request.form.get("token", token.text()) if error else token.text(),
        problems=error.problems if error else (),
        roster_moved=_roster_moved(sheet),
        counts=rules.counts([line.current for line in sheet.lines]),
        dot_kinds={line.dots for line in sheet.lines},
        late_minutes=_late_minutes(place),
        person_id=asker.person_id,
        **_page_words(place, sheet),
    )


def _page_words(place: Place, sheet: store.Sheet) -> dict[str, Any]:
    """The words of the register page, in the visitor's language."""
    return {
        "session_name": _session_word(place.session),
        "session_word": _session_word,
        "day_words": _day_words(date.fromisoformat(place.date), sheet.day),
        "taken_words": _taken_words(sheet.header),
        "tone": _tones(),
        "letters": LETTERS,
        "mark_words": [(code, word_of("pupil_mark", code, language())) for code, _zh, _en in _mark_order()],
        "js_words": _js_words(),
        "state_word": _state_words(_state(place)) if sheet.header else "",
    }


def _mark_order() -> tuple[tuple[str, str, str], ...]:
    return CODE_LISTS["pupil_mark"]


def _tones() -> dict[str, str]:
    return {code: TONES.get(code, "s") for code, _zh, _en in _mark_order()}


def _typed_marks(form: Mapping[str, str]) -> dict[str, Mark]:
    """What was typed, as far as it can be shown again beside the problems."""
    found = {}
    for name, code in form.items():
        if name.startswith("mark-") and code in TONES | _tones():
            person = name.removeprefix("mark-")
            minutes = form.get(f"minutes-{person}", "")
            number = int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 4 else 0
            found[person] = Mark(code, number, form.get(f"note-{person}", "")[:120])
    return found


def _roster_moved(sheet: store.Sheet) -> bool:
    members = [line.person_id for line in sheet.lines]
    return sheet.header is not None and sheet.header.roster_digest != rules.roster_digest(members)


def _late_minutes(place: Place) -> int:
    """What the minutes start from: since the session began, when that is now; else five."""
    now = local_time(clock().now_ms())
    hour, minute = (int(part) for part in place.session.begin.split(":"))
    since = now.hour * 60 + now.minute - hour * 60 - minute
    return since if now.date().isoformat() == place.date and 0 < since <= 40 else 5


def _session_word(session: RollSession) -> str:
    return session.name if language() == "zh" or not session.name_en else session.name_en


def _day_words(on: date, found: CalendarDay | None) -> str:
    words = spoken_date(on, language(), today=today())
    if found is None:
        return words
    if found.week:
        words += " · " + _("第%(week)s周", week=found.week)
    if found.kind != "school_day":
        words += " · " + word_of("day_kind", found.kind, language())
    return words


def _taken_words(header: Register | None) -> str:
    if header is None:
        return str(_("尚未点名"))
    moment = local_time(instant_ms(header.taken_at)) if header.taken_at.endswith("Z") else None
    when = f"{moment:%H:%M}" if moment and moment.date().isoformat() == header.date else ""
    if moment and not when:
        when = f"{spoken_date(moment.date(), language())} {moment:%H:%M}"
    return str(_("已点名 %(time)s %(name)s", time=when, name=store.person_name(db(), header.taken_by)))


def _state(place: Place) -> str:
    return record_state(db(), replica(), Register, (place.group.id, place.date, place.session.code))


def _state_words(state: str) -> str:
    """Where the register is by now, said only as far as it is known (C14)."""
    words: dict[str, str] = {
        "pending": _("已存本校区，待传主校区"),
        "received": _("主校区已收到"),
        "conflict": _("有冲突待处理"),
        "quarantined": _("主校区未接受，待处理"),
        "parked": _("等待升级后生效"),
    }
    return words.get(state, "")


def _js_words() -> dict[str, str]:
    return {
        "waiting": _("连不上本校区电脑：{n} 份点名已存在这台设备上，连上后自动发送，请勿清除浏览器数据。"),
        "login": _("还有 {n} 份点名没有发送：请重新登录后再打开本页。"),
        "others": _("这台设备上还有其他老师的 {n} 份点名没有发送，请他登录后发送。"),
        "sent": _("已保存到本校区电脑。"),
        "merged": _("别人也点过名，已合并显示，请核对。"),
        "full": _("这台设备存不下了：请先不要关闭本页。"),
        "draft": _("已恢复上次没有保存的改动。"),
        "drop": _("放弃这一份"),
        "saving": _("正在保存…"),
        "minutes": _("{n}分"),
        "unsaved": _("有改动未保存"),
        "kept": _("已存这台设备，待发送"),
        "again": _("保存修改"),
    }

"""One lesson: what it is, how it went, and what a date changes in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from node.db import campus
from node.lessons import rules, saving, store
from node.lessons.candidates import Around, Candidate, busy_by, ranked
from node.lessons.joint import Draft
from node.lessons.views import asking, visit
from node.lessons.week import Entry
from shared.codes import CODE_LISTS, word_of
from shared.errors import InvalidInput, NotFound, Problem
from shared.leave.rules import is_away_at
from shared.leave.store import leaves_between
from shared.lessons.rules import Lesson, Place
from shared.lessons.store import bells_of, lessons_between
from shared.web.app import language
from shared.web.auth import author, visitor
from shared.web.db import db, replica, today
from shared.web.store import campus_names
from sync.capture import ABSENT

CANDIDATES_SHOWN = 12
SWAP_DAYS = 14


def judge_of(day: str, week: Sequence[Lesson]) -> Callable[[Lesson], list[Candidate]]:
    """Who could cover a lesson of a date, ranked. week: the lessons of its week at all campuses."""
    leaves = leaves_between(db(), day, saving.day_after(day))
    around = Around(busy_by(week), (), store.covers_of_term(db(), day), store.travel(db()))
    people = store.colleagues(db(), day)

    def judged(lesson: Lesson) -> list[Candidate]:
        away = {each.request.person_id for each in leaves if is_away_at(each, day, lesson.begin)}
        return ranked(lesson, people, replace(around, away=away))

    return judged


def week_of(day: str) -> list[Lesson]:
    """The lessons of a date's week at all campuses."""
    monday = rules.monday_of(Date.fromisoformat(day))
    return lessons_between(db(), monday.isoformat(), (monday + timedelta(days=7)).isoformat())


def reasons(one: Candidate) -> list[str]:
    """Why somebody stands where he stands, for the page."""
    said = []
    if one.obstacle == "leave":
        said.append(_("已准假"))
    if one.other is not None:
        said.append(_("那时有课：%(where)s", where=asking.placed_words(one.other)))
    said += [_("教这个班")] if one.teaches_class else []
    said += [_("同学科")] if one.same_subject else []
    said += [] if one.here else [_("不在本校区任职")]
    said.append(_("当天 %(n)s 节", n=one.lessons_that_day))
    said.append(_("本周 %(n)s 节", n=one.lessons_that_week))
    said.append(_("本学期代课 %(n)s 节", n=one.covers_this_term))
    return said


def lesson(group_id: str, date: str, period: int) -> str:
    """The page of one lesson."""
    return _page(saving.place_from(group_id, date, period))


def _page(place: Place, error: InvalidInput | None = None) -> str:
    found, asker = saving.lesson_at(db(), place), visit.asker()
    here = found.campus == campus()
    plans = asker.plans and here and found.state != "moved"
    noted = store.exceptions_at(db(), *place)
    notable = [who for who in found.teachers if _may_note(found, who, noted)] if here else []
    entry = Entry(found, "gone" if found.state != "planned" else "lesson", "")
    return render_template(
        "lessons/lesson.html",
        lesson=found,
        entry=entry,
        visit=visit,
        names=visit.names(),
        campus_name=campus_names(db()).get(found.campus, found.campus),
        half=visit.halves_of([found.campus])[0],
        changes=[(each, asking.change_words(each)) for each in found.changes],
        tokens=store.change_tokens(db(), replica(), found.changes) if asker.plans else {},
        seen=",".join(each.id for each in found.changes),
        noted=noted,
        notable=notable,
        note_tokens=store.exception_tokens(db(), replica(), place, notable),
        exception_kinds=_choices("lesson_exception_kind"),
        plans=plans,
        withdraws=asker.plans and here,
        together=[visit.names().group(each.group_id) for each in saving.taught_with(db(), found)],
        typed=request.form if error else {},
        problems=error.problems if error else (),
        **(_offers(found) if plans else {}),
    )


def _may_note(found: Lesson, who: str, noted: Any) -> bool:
    over = found.date <= today().isoformat() and found.state == "planned"
    return over and rules.exception_refusal(visit.asker(), who, noted.get(who)) is None


def _choices(codes: str) -> list[tuple[str, str]]:
    return [(code, word_of(codes, code, language())) for code, _zh, _en in CODE_LISTS[codes]]


def _offers(found: Lesson) -> dict[str, Any]:
    """What the forms of changes offer: candidates with reasons, rooms, lessons to swap with."""
    week = week_of(found.date)
    people = judge_of(found.date, week)(found)
    near = lessons_between(
        db(), max(found.date, today().isoformat()), saving.day_after(found.date, SWAP_DAYS), campuses=[found.campus]
    )
    partners = [
        (f"{each.group_id}/{each.date}/{each.period}", visit.lesson_words(each), _teacher_names(each))
        for each in near
        if each.group_id == found.group_id and each.state == "planned" and each.planned_at != found.planned_at
    ]
    taken = {each.room_id for each in week if each.date == found.date and each.period == found.period}
    rooms = [each for each in store.rooms_on(db(), found.date, saving.day_after(found.date))]
    own = [each for each in rooms if each.campus == found.campus and each.id != found.room_id]
    return {
        "candidates": [(each, reasons(each)) for each in people[:CANDIDATES_SHOWN]],
        "others": [each for each in people[CANDIDATES_SHOWN:]],
        "partners": partners,
        "rooms": sorted(((each, each.id in taken) for each in own), key=lambda pair: pair[1]),
        "periods": sorted(bells_of(db(), found.campus, found.date)) or list(range(1, 9)),
        "reason_codes": _choices("override_reason"),
    }


def _teacher_names(found: Lesson) -> str:
    return visit.comma().join(visit.names().person(who) for who in found.teachers)


def note_exception(group_id: str, date: str, period: int) -> Any:
    """Late, left early, empty class, not held; or nothing to note after all."""
    place = saving.place_from(group_id, date, period)
    person = request.form.get("person") or visitor().person_id
    try:
        changed = saving.save_exception(
            replica(), db(), author(campus()), visit.moment(), place, person, request.form.to_dict(),
            request.form.get("token", ABSENT), visit.asker(),
        )  # fmt: skip
    except InvalidInput as error:
        return _page(place, error), 422
    flash(_("已记下。") if changed else _("没有改动，已是保存的样子。"), "ok")
    return redirect(url_for("lessons.lesson", group_id=group_id, date=date, period=period), 303)


def change(group_id: str, date: str, period: int) -> Any:
    """Ask for a change; what stands against it is said before it is saved."""
    place = saving.place_from(group_id, date, period)
    try:
        drafts = saving.drafts_of(db(), campus(), [_wanted(place)])
        # The page showed one group's part of a joint lesson; the others have changes of their own.
        _check_seen(drafts[:1])
    except InvalidInput as error:
        try:
            return _page(place, error), 422
        except NotFound:
            raise error from None
    back = url_for("lessons.lesson", group_id=group_id, date=date, period=period)
    return save_or_warn(drafts, back=back, done=back)


def _wanted(place: Place) -> tuple[Any, str]:
    """The change of the form; a swap names its partner as `GROUP/DATE/PERIOD`."""
    raw = dict(request.form.items())
    if raw.get("new_teacher_id") == "other":
        raw["new_teacher_id"] = raw.get("other_teacher_id", "")
    other, group = request.form.get("partner", ""), ""
    if raw.get("kind") == "swap":
        parts = other.split("/")
        if len(parts) != 3:
            raise InvalidInput(Problem("partner", "missing", {"zh": "对调的课", "en": "Lesson to swap with"}))
        group, raw["new_date"], raw["new_period"] = parts
    return saving.change_from(place, raw), group


def _check_seen(drafts: Sequence[Draft]) -> None:
    """The page showed these changes; one more since then is looked at first (C2)."""
    seen = request.form.get("seen")
    for each in drafts:
        if seen is not None and seen != ",".join(known.id for known in each.lesson.changes):
            raise InvalidInput(Problem("lesson", "moved", {"zh": "这节课", "en": "this lesson"}))


def save_or_warn(drafts: Sequence[Draft], *, back: str, done: str) -> Any:
    """Save, or show what stands against it and ask once more."""
    warned = asking.warning_words(*saving.warnings_of(db(), drafts), saving.closed_rooms(db(), drafts))
    if warned and request.form.get("confirmed") != "1":
        fields = [(n, v) for n, v in request.form.items(multi=True) if n not in ("csrf_token", "confirmed")]
        page = render_template(
            "lessons/confirm.html",
            drafts=[asking.draft_words(each) for each in drafts],
            warnings=warned,
            fields=fields,
            back=back,
        )
        return page, 409
    saving.save_changes(replica(), db(), author(campus()), drafts)
    flash(_("已保存 %(n)s 处变动。", n=len(drafts)), "ok")
    return redirect(done, 303)


def withdraw(change_id: str) -> Any:
    """Take a change back; a swap with both its sides."""
    found = saving.withdraw_change(
        replica(), db(), author(campus()), visit.moment(), change_id, request.form.get("token", ""), visit.asker()
    )
    flash(_("已撤销：%(what)s。", what=asking.change_words(found)), "ok")
    return redirect(
        url_for("lessons.lesson", group_id=found.group_id, date=found.date, period=found.period), 303
    )

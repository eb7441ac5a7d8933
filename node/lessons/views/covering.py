"""The board of covers of one date: who is away, which lessons nobody stands for yet, who could."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from node.db import campus
from node.lessons import rules, saving, store
from node.lessons.candidates import Candidate, suggested
from node.lessons.views import visit
from node.lessons.views.changes import CANDIDATES_SHOWN, judge_of, reasons, save_or_warn, week_of
from shared.errors import InvalidInput
from shared.leave.rules import Leave, away_on, is_away_at
from shared.leave.store import leaves_between
from shared.lessons.rules import Lesson
from shared.web.auth import require
from shared.web.db import db


@dataclass(frozen=True)
class Row:
    """A lesson of an absent teacher. state: uncovered, covered, or gone (cancelled or moved away)."""

    lesson: Lesson
    field: str
    state: str
    candidates: Sequence[tuple[Candidate, list[str]]]
    others: Sequence[Candidate]
    chosen: str


@dataclass(frozen=True)
class Absent:
    """Somebody who is away on the date, with the lessons that were his."""

    person_id: str
    name: str
    on_leave: bool
    rows: Sequence[Row]

    @property
    def uncovered(self) -> int:
        """How many lessons nobody stands for yet."""
        return sum(each.state == "uncovered" for each in self.rows)


def page(error: InvalidInput | None = None) -> str:
    """The board of a date; `person` is shown too where no leave was filed yet."""
    require("timetable.change", campus())
    day = visit.asked_date("date", request.values.get("date", ""))
    text, asked = day.isoformat(), request.values.get("person", "")
    week = week_of(text)
    leaves = leaves_between(db(), text, saving.day_after(text))
    away = away_on(leaves, text)
    people = [*dict.fromkeys([*([asked] if asked else []), *sorted(away)])]
    suggest = request.args.get("suggest") == asked and bool(asked)
    day_lessons, judged = [each for each in week if each.date == text], judge_of(text, week)
    board = [
        _absent(who, day_lessons, away.get(who), judged, suggest=suggest and who == asked) for who in people
    ]
    return render_template(
        "lessons/cover.html",
        date=text,
        day_words=visit.day_words(text),
        earlier=saving.day_after(text, -1),
        later=saving.day_after(text),
        board=[each for each in board if each.rows or each.person_id == asked],
        asked=asked,
        colleagues=store.colleagues(db(), text),
        visit=visit,
        names=visit.names(),
        reasons=reasons,
        problems=error.problems if error else (),
    )


def _absent(
    who: str, lessons: Sequence[Lesson], leave: Leave | None, judged: Callable[[Lesson], list[Candidate]], *,
    suggest: bool,
) -> Absent:  # fmt: skip
    own = [
        each
        for each in lessons
        if each.campus == campus() and who in (*each.planned_teachers, *each.teachers)
        and each.state != "moved" and (leave is None or is_away_at(leave, each.date, each.begin))
    ]  # fmt: skip
    choices = [(each, judged(each)) for each in own if each.state == "planned" and who in each.teachers]
    picked = suggested(choices, store.travel(db())) if suggest else {}
    by_place = {(each.group_id, each.period): people for each, people in choices}
    rows = [_row(each, by_place.get((each.group_id, each.period), []), picked) for each in own]
    return Absent(who, visit.names().person(who), leave is not None, rows)


def _row(lesson: Lesson, people: Sequence[Candidate], picked: Mapping[tuple[str, int], str]) -> Row:
    place = (lesson.group_id, lesson.period)
    state = "uncovered" if people else "covered" if lesson.state == "planned" else "gone"
    shown = [(each, reasons(each)) for each in people[:CANDIDATES_SHOWN]]
    field = f"cover/{lesson.group_id}/{lesson.period}"
    return Row(lesson, field, state, shown, people[CANDIDATES_SHOWN:], picked.get(place, ""))


def assign() -> Any:
    """Covers for an absent teacher's whole day at once: one person for all, or lesson by lesson."""
    require("timetable.change", campus())
    day = visit.asked_date("date", request.form.get("date", "")).isoformat()
    absent, whole = request.form.get("person", ""), request.form.get("whole_day", "")
    lessons = rules.own_lessons(saving.lessons_of_day(db(), campus(), day), absent)
    wanted = []
    for each in lessons:
        new = whole or request.form.get(f"cover/{each.group_id}/{each.period}", "")
        if new and f"cover/{each.group_id}/{each.period}" in request.form:
            raw = {
                "kind": "cover", "teacher_id": absent, "new_teacher_id": new,
                "reason": request.form.get("reason", "leave"),
            }  # fmt: skip
            wanted.append((saving.change_from((each.group_id, each.date, each.period), raw), ""))
    back = url_for("lessons.cover", date=day, person=absent)
    if not wanted:
        flash(_("还没有选代课教师。"), "warn")
        return redirect(back, 303)
    try:
        drafts = saving.drafts_of(db(), campus(), wanted)
    except InvalidInput as failed:
        return page(failed), 422
    return save_or_warn(drafts, back=back, done=back)

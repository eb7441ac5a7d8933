"""The week of a class, a teacher or a room; one's own lessons first. On a phone one day at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from node.db import campus
from node.lessons import rules, saving, store
from node.lessons.views import visit
from node.lessons.week import KINDS, Entry, days_shown, periods_shown, seen_by, times_of
from shared.errors import InvalidInput, Problem
from shared.ids import campus_of
from shared.lessons.bells import Times
from shared.lessons.store import bells_of, closed_between, lessons_between
from shared.web.app import language
from shared.web.auth import may, visitor
from shared.web.db import db, today
from shared.web.grid import Grid, GridColumn, GridItem, GridRow
from shared.web.store import campus_names
from shared.web.times import WEEKDAYS_EN, WEEKDAYS_ZH, spoken_day


@dataclass(frozen=True)
class View:
    """Whose week: kind group, teacher or room; `own` for "my lessons"."""

    kind: str
    id: str
    own: bool


@dataclass(frozen=True)
class DayList:
    """One day as a list, for a phone and for closing. state: closed, open, later or none of mine here."""

    day: date
    entries: Sequence[Entry]
    state: str


def page() -> str:
    """The week asked for."""
    view, chosen = _view(), visit.asked_date("day")
    monday = rules.monday_of(chosen)
    begin, end = monday.isoformat(), (monday + timedelta(days=7)).isoformat()
    # A class and a room belong to one campus; a teacher may be needed at several.
    lessons = lessons_between(db(), begin, end, campuses=None if view.kind == "teacher" else [campus_of(view.id)])
    entries = seen_by(lessons, view.kind, view.id)
    campuses = _campuses(view, entries, begin, end)
    home = campuses[0] if campuses else campus()
    calendar = store.calendar(db(), home, begin, end)
    taught = [day for day, found in calendar.items() if found.kind in rules.TAUGHT_DAYS]
    days = days_shown(monday, entries, taught)
    shown = chosen if chosen in days else days[0]
    lists = [DayList(day, _of_day(entries, day), state) for day, state in _states(view, entries, days)]
    return render_template(
        "lessons/week.html",
        view=view,
        title=_title(view),
        whole=request.args.get("view") == "week",
        grid=_grid(view, entries, days, bells_of(db(), home, shown.isoformat()) if len(campuses) == 1 else {}),
        shown=next(each for each in lists if each.day == shown),
        lists=lists,
        earlier=_step(days, shown, -1),
        later=_step(days, shown, 1),
        monday=monday,
        week_number=next((each.week for each in calendar.values()), 0),
        last_week=(monday - timedelta(days=7)).isoformat(),
        next_week=(monday + timedelta(days=7)).isoformat(),
        this_week=rules.monday_of(today()) == monday,
        halves=visit.halves_of(campuses),
        offers_campus_close=may("lesson.close_campus", campus()),
        plans=may("timetable.change", campus()),
        **_choices(begin, end),
        card=_card,
    )


def _view() -> View:
    raw = request.args.get("of", "")
    if not raw or raw == "me":
        return View("teacher", visitor().person_id, own=True)
    kind, _colon, id_ = raw.partition(":")
    if kind not in KINDS or not id_:
        raise InvalidInput(Problem("of", "unknown_view"))
    return View(kind, id_, own=kind == "teacher" and id_ == visitor().person_id)


def _title(view: View) -> str:
    if view.own:
        return str(_("我的课"))
    names = visit.names()
    return {"group": names.group, "teacher": names.person, "room": names.room}[view.kind](view.id)


def _campuses(view: View, entries: Sequence[Entry], begin: str, end: str) -> list[str]:
    """The campuses a view draws from: for a teacher all where he belongs, since no lessons there says something."""
    found = store.campuses_of_person(db(), view.id, begin, end) if view.kind == "teacher" else []
    return list(dict.fromkeys([*found, *(each.lesson.campus for each in entries)])) or [campus()]


def _of_day(entries: Sequence[Entry], day: date) -> list[Entry]:
    return [each for each in entries if each.lesson.date == day.isoformat()]


def _states(view: View, entries: Sequence[Entry], days: Sequence[date]) -> list[tuple[date, str]]:
    """Of one's own week: which days are closed, which can be."""
    if not view.own:
        return [(day, "") for day in days]
    closed = closed_between(db(), days[0].isoformat(), saving.day_after(days[-1].isoformat()))
    found = []
    for day in days:
        here = rules.own_lessons((e.lesson for e in _of_day(entries, day)), view.id, campus())
        shut = rules.is_closed(closed, campus(), day.isoformat(), view.id)
        state = "" if not here else "closed" if shut else "later" if day > today() else "open"
        found.append((day, state))
    return found


def _step(days: Sequence[date], shown: date, step: int) -> str:
    """The day before or after the one shown; beyond the week's ends the next week's."""
    at = days.index(shown) + step
    if 0 <= at < len(days):
        return days[at].isoformat()
    return (rules.monday_of(shown) + timedelta(days=7 if step > 0 else -3)).isoformat()


def _grid(view: View, entries: Sequence[Entry], days: Sequence[date], bells: Times) -> Grid:
    """The week's grid. bells: period → times; none where two campuses ring their own, then each lesson says its."""
    rows = []
    for period in periods_shown(entries, bells):
        of_period = [each for each in entries if each.lesson.period == period]
        times = (times_of(of_period) or bells.get(period)) if bells else None
        cells = tuple(
            tuple(_item(view, each, times != (each.lesson.begin, each.lesson.end)) for each in _of_day(of_period, day))
            for day in days
        )
        rows.append(GridRow(_("第%(n)s节", n=period), visit.time_words(*times, period) if times else "", cells))
    columns = tuple(
        GridColumn(_weekday(day), spoken_day(day, language()), now=day == today()) for day in days
    )
    return Grid(_("%(title)s 一周课表", title=_title(view)), _("节次"), columns, tuple(rows))


def _weekday(day: date) -> str:
    return f"周{WEEKDAYS_ZH[day.weekday()]}" if language() == "zh" else WEEKDAYS_EN[day.weekday()]


def _item(view: View, entry: Entry, with_time: bool) -> GridItem:
    lesson = entry.lesson
    card = _card(view, entry)
    said = [visit.time_words(lesson.begin, lesson.end, lesson.period)] if with_time and lesson.begin else []
    said += [card["campus"]] if card["campus"] else []
    return GridItem(
        entry.tone, card["words"], sub=" · ".join(said), says=card["says"], href=card["href"],
        links=tuple(card["links"]),
    )  # fmt: skip


def _card(view: View, entry: Entry) -> dict[str, Any]:
    """What a lesson says in one view: the other two names, each leading to its own week."""
    lesson, names = entry.lesson, visit.names()
    links = []
    if view.kind != "group":
        links.append((names.group(lesson.group_id), visit.week_url("group", lesson.group_id, lesson.date)))
    if view.kind != "teacher" or entry.mark in ("covered", "cover"):
        links += [(names.person(who), visit.week_url("teacher", who, lesson.date)) for who in lesson.teachers]
    if view.kind != "room" and lesson.room_id:
        links.append((names.room(lesson.room_id), visit.week_url("room", lesson.room_id, lesson.date)))
    foreign = view.kind == "teacher" and lesson.campus != campus()
    both = view.kind == "teacher" and view.own
    return {
        "words": visit.subject_words(lesson),
        "says": _mark_words(entry),
        "href": visit.lesson_url(lesson),
        "links": [link for link in links if link[1] != visit.week_url(view.kind, view.id, lesson.date)],
        "campus": campus_names(db()).get(lesson.campus, lesson.campus) if foreign or both else "",
        "time": visit.time_words(lesson.begin, lesson.end, lesson.period),
    }


def _mark_words(entry: Entry) -> str:
    lesson, names = entry.lesson, visit.names()
    planned = visit.comma().join(map(names.person, lesson.planned_teachers))
    if entry.mark == "moved" and lesson.moved_to:
        return str(_("改到 %(day)s 第%(n)s节", day=visit.day_words(lesson.moved_to[0]), n=lesson.moved_to[1]))
    if entry.mark == "moved_in" and lesson.moved_from:
        return str(_("由 %(day)s 第%(n)s节 改来", day=visit.day_words(lesson.moved_from[0]), n=lesson.moved_from[1]))
    words = {
        "cancelled": _("停课"), "moved": _("已改时间"), "moved_in": _("改来的课"), "uncovered": _("待安排代课"),
        "covered": _("代课（原 %(name)s）", name=planned), "cover": _("我代 %(name)s", name=planned)
        if lesson.teachers and visitor().person_id in lesson.teachers else _("代 %(name)s", name=planned),
        "room": _("换了教室"), "room_left": _("改到别的教室"), "": "",
    }  # fmt: skip
    return str(words[entry.mark])


def _choices(begin: str, end: str) -> dict[str, Any]:
    """What the select offers: this campus's classes and rooms first, then the others'."""
    spoken, here = campus_names(db()), campus()

    def told(each: Any) -> tuple[str, str]:
        name = each.name if each.campus == here else f"{each.name}（{spoken.get(each.campus, each.campus)}）"
        return each.id, name

    classes = sorted(store.classes_on(db(), begin, end), key=lambda each: each.campus != here)
    rooms = sorted(store.rooms_on(db(), begin, end), key=lambda each: each.campus != here)
    teachers = sorted(store.colleagues(db(), begin), key=lambda each: here not in each.campuses)
    return {
        "classes": [told(each) for each in classes],
        "rooms": [told(each) for each in rooms],
        "teachers": [(each.person_id, each.name) for each in teachers],
    }

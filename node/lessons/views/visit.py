"""What every page of this room asks of the request: who, where, when, and what things are called."""

from __future__ import annotations

from datetime import date
from typing import cast

from flask import g, request, url_for
from flask_babel import gettext as _

from node.db import campus
from node.lessons import store
from node.lessons.rules import Asker, asker_of
from node.lessons.saving import Moment
from node.lessons.store import Names
from shared.clock import instant_text
from shared.codes import word_of
from shared.errors import InvalidInput, Problem
from shared.lessons.rules import Lesson
from shared.web.app import language
from shared.web.auth import visitor
from shared.web.db import clock, db, today
from shared.web.known import Half, halves
from shared.web.store import campus_names
from shared.web.times import spoken_date
from sync.status import campuses_known_until


def asker() -> Asker:
    """The visitor, with what he may do here."""
    return asker_of(visitor().person_id, visitor().roles, campus())


def moment() -> Moment:
    """Here and now."""
    return Moment(campus(), today(), instant_text(clock().now_ms()))


def names() -> Names:
    """What ids are called; read once a request."""
    if "lesson_names" not in g:
        g.lesson_names = store.names(db())
    return cast(Names, g.lesson_names)


def asked_date(name: str = "date", given: str | None = None) -> date:
    """A date of the address (or given); today where none is asked for. Raises InvalidInput."""
    raw = request.args.get(name, "") if given is None else given
    try:
        return date.fromisoformat(raw) if raw else today()
    except ValueError as error:
        raise InvalidInput(Problem(name, "not_date", {"zh": "日期", "en": "Date"})) from error


def day_words(day: str | date) -> str:
    """`9月15日 周一`."""
    found = date.fromisoformat(day) if isinstance(day, str) else day
    return spoken_date(found, language(), today=today())


def subject_words(lesson: Lesson) -> str:
    """What is taught: the title the school gave it, else the subject."""
    return lesson.title or word_of("subject", lesson.subject, language())


def time_words(begin: str, end: str, period: int) -> str:
    """`8:20–9:00`, or the period where no bell is known."""
    return f"{begin.lstrip('0')}–{end.lstrip('0')}" if begin and end else _("第%(n)s节", n=period)


def comma() -> str:
    """What stands between names."""
    return "、" if language() == "zh" else ", "


def pair(name: str, value: str) -> str:
    """`name：value`."""
    return f"{name}：{value}" if language() == "zh" else f"{name}: {value}"


def lesson_words(lesson: Lesson) -> str:
    """`9月15日 周一 第3节 三年级2班 数学`."""
    period = _("第%(n)s节", n=lesson.period)
    return f"{day_words(lesson.date)} {period} {names().group(lesson.group_id)} {subject_words(lesson)}"


def lesson_url(lesson: Lesson) -> str:
    """The page of a lesson."""
    return url_for("lessons.lesson", group_id=lesson.group_id, date=lesson.date, period=lesson.period)


def week_url(kind: str, id_: str, day: str | date = "") -> str:
    """The week of a class, teacher or room."""
    asked = day if isinstance(day, str) else day.isoformat()
    return url_for("lessons.week", of=f"{kind}:{id_}", day=asked or None)


def halves_of(campuses: list[str]) -> list[Half]:
    """How far each campus of a page is known here."""
    return halves(
        campuses, here=campus(), names=campus_names(db()), told=campuses_known_until(db()), now_ms=clock().now_ms(),
        lang=language(),
    )  # fmt: skip

"""What stands against a change, in words, and what the change itself is called."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from node.lessons.clashes import Clash, Placed
from node.lessons.joint import Draft
from node.lessons.views import visit
from shared.codes import word_of
from shared.records import LessonOverride
from shared.web.app import language
from shared.web.db import db
from shared.web.store import campus_names


def warning_words(
    clashes: Sequence[Clash], away: Sequence[tuple[str, str]], closed: Sequence[tuple[str, str]]
) -> list[str]:
    """What a person should know before saving, one sentence each. closed: rooms not in use, with the date."""
    names = visit.names()
    found = [_clash_words(each) for each in clashes]
    for who, day in away:
        found.append(_("%(name)s %(day)s 已准假。", name=names.person(who), day=visit.day_words(day)))
    for room, day in closed:
        found.append(_("%(room)s %(day)s 停用。", room=names.room(room), day=visit.day_words(day)))
    return found


def _clash_words(clash: Clash) -> str:
    names, other = visit.names(), clash.other
    where = placed_words(other)
    if other.booking:
        return str(_("%(name)s 那时已有预约：%(title)s。", name=names.room(clash.who), title=other.booking))
    if clash.kind == "teacher":
        words = _("%(name)s 那时已有课：%(where)s。", name=names.person(clash.who), where=where)
        return str(words) + (str(_("两校区路上要 %(n)s 分钟。", n=clash.minutes)) if clash.minutes else "")
    if clash.kind == "class":
        return str(_("%(name)s 那时已有课：%(where)s。", name=names.group(clash.who), where=where))
    return str(_("%(name)s 那时有人上课：%(where)s。", name=names.room(clash.who), where=where))


def placed_words(place: Placed) -> str:
    """`西校区 9月15日 周一 8:20–9:00 三年级2班`."""
    spoken = campus_names(db()).get(place.campus, place.campus)
    time = visit.time_words(place.begin, place.end, place.period)
    return f"{spoken} {visit.day_words(place.date)} {time} {visit.names().group(place.group_id)}"


def draft_words(draft: Draft) -> str:
    """What a change will do, in one line."""
    lesson = visit.lesson_words(draft.lesson)
    if draft.partner is not None:
        return str(_("%(one)s 与 %(other)s 互换", one=lesson, other=visit.lesson_words(draft.partner)))
    return visit.pair(lesson, change_words(draft.change))


def change_words(change: LessonOverride) -> str:
    """`代课：李芳（原 王敏）`, `停课`, `改到 9月16日 周二 第5节`, `换教室：音乐教室`, `调课`."""
    names = visit.names()
    kind = word_of("override_kind", change.kind, language())
    if change.kind == "cover":
        gone = _("（原 %(name)s）", name=names.person(change.teacher_id)) if change.teacher_id else ""
        return visit.pair(kind, names.person(change.new_teacher_id) + gone)
    if change.kind == "room":
        return visit.pair(kind, names.room(change.new_room_id))
    if change.kind == "move" and change.new_date:
        place = _("%(day)s 第%(n)s节", day=visit.day_words(change.new_date), n=change.new_period)
        return visit.pair(kind, place)
    return kind

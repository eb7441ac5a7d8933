"""The ways lessons are written: days closed and re-opened, exceptions, changes for one date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlite_utils import Database

from node.lessons import rules, store
from node.lessons.clashes import Clash, Placed, after, booked, clashes, placed
from node.lessons.joint import Draft, joint_drafts, parts_beside
from node.lessons.rules import Asker
from shared.bookings.store import bookings_busy
from shared.errors import InvalidInput, NotAllowed, NotFound, Problem
from shared.ids import campus_of
from shared.leave.rules import is_away_at
from shared.leave.store import leaves_between
from shared.lessons.held import EVERYBODY
from shared.lessons.rules import Lesson, Place
from shared.lessons.store import bells_of, lessons_between
from shared.records import LessonDay, LessonException, LessonOverride, Room
from shared.schema import find, record_of
from shared.validation import load
from sync.capture import Writing, write
from sync.change import Author
from sync.replica import Replica

CHANGE = ("kind", "teacher_id", "new_teacher_id", "new_room_id", "new_date", "new_period", "reason", "note")
EXCEPTION = ("kind", "minutes", "note")
_PLACE = ("group_id", "date", "period")


@dataclass(frozen=True)
class Moment:
    """What a write needs to know beside its content: this campus, the school's date, the instant."""

    campus: str
    today: date
    now: str


def day_after(day: str, days: int = 1) -> str:
    """A date some days later."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def lessons_of_day(db: Database, campus: str, day: str) -> list[Lesson]:
    """The lessons of one campus on one date."""
    return lessons_between(db, day, day_after(day), campuses=[campus])


def check_day(db: Database, at: Moment, day: str) -> None:
    """Raise InvalidInput for a date of which nothing can be said yet, or nothing at all."""
    found = store.calendar(db, at.campus, day, day_after(day)).get(day)
    refusal = rules.day_refusal(found.kind if found else None, date.fromisoformat(day), at.today)
    if refusal:
        raise InvalidInput(Problem("date", refusal, {"zh": "日期", "en": "date"}))


def close_day(
    replica: Replica, db: Database, author: Author, at: Moment, *, day: str, person_id: str, asker: Asker
) -> bool:
    """Close a teacher's day, or the campus's ("*"); False where it was closed already.

    Raises InvalidInput for a date that cannot be closed, NotAllowed for somebody else's.
    """
    check_day(db, at, day)
    refusal = rules.close_refusal(asker, person_id)
    if refusal:
        raise NotAllowed(refusal)
    with write(replica, db, author) as w:
        lessons = lessons_of_day(w.db, at.campus, day)
        if person_id != EVERYBODY and not rules.own_lessons(lessons, person_id):
            raise InvalidInput(Problem("date", "no_lessons_then", {"zh": "日期", "en": "date"}))
        closed = any(find(w.db, LessonDay, at.campus, day, who) for who in {person_id, EVERYBODY})
        if not closed:
            w.insert(
                LessonDay(
                    campus=at.campus, date=day, person_id=person_id, closed_by=author.person_id, closed_at=at.now
                )
            )
    return not closed


def reopen_day(
    replica: Replica, db: Database, author: Author, at: Moment, *, day: str, person_id: str, reason: str
) -> bool:
    """Take a closing back; the reason travels with it. False where the day was not closed."""
    if not reason.strip():
        raise InvalidInput(Problem("reason", "reason_needed", {"zh": "理由", "en": "Reason"}))
    with write(replica, db, author) as w:
        if find(w.db, LessonDay, at.campus, day, person_id) is None:
            return False
        w.note(reason.strip())
        w.delete(LessonDay, (at.campus, day, person_id))
    return True


def place_from(group_id: str, day: str, period: object) -> Place:
    """A lesson's place from a path or JSON. Raises InvalidInput."""
    key = load(LessonException, {"group_id": group_id, "date": day, "period": period}, only=_PLACE)
    return str(key["group_id"]), str(key["date"]), int(str(key["period"]))


def lesson_at(db: Database, place: Place) -> Lesson:
    """The lesson that is (or was to be) at a place, the one that takes place first. Raises NotFound."""
    group_id, day, period = place
    around = lessons_of_day(db, campus_of(group_id), day)
    found = [each for each in around if (each.group_id, each.period) == (group_id, period)]
    if not found:
        raise NotFound("lesson_not_found", group=group_id, date=day, period=period)
    return min(found, key=lambda each: ("planned", "cancelled", "moved").index(each.state))


def _own_campus(group_id: str, campus: str) -> None:
    if campus_of(group_id) != campus:
        raise NotAllowed("lesson_of_another_campus", group=group_id)


def save_exception(
    replica: Replica, db: Database, author: Author, at: Moment, place: Place, person_id: str,
    raw: Mapping[str, object], token: str, asker: Asker,
) -> bool:  # fmt: skip
    """Note how one teacher's lesson went; an empty kind takes the note back. False where nothing changed.

    Raises InvalidInput, NotAllowed for another's lesson or another's word.
    """
    _own_campus(place[0], at.campus)
    check_day(db, at, place[1])
    lesson = lesson_at(db, place)
    stands = store.exceptions_at(db, *place).get(person_id)
    refusal = rules.exception_refusal(asker, person_id, stands)
    if refusal:
        raise NotAllowed(refusal)
    if person_id not in lesson.teachers or lesson.state != "planned":
        raise InvalidInput(rules.about(LessonException, "person_id", "does_not_teach_it"))
    wanted = _exception_from(place, person_id, raw, author)
    with write(replica, db, author) as w:
        if wanted is None:
            w.delete(LessonException, (*place, person_id))
            return stands is not None
        if stands is not None and replace(stands, entered_by="") == replace(wanted, entered_by=""):
            return False
        w.put(wanted, token or None)
    return True


def _exception_from(
    place: Place, person_id: str, raw: Mapping[str, object], author: Author
) -> LessonException | None:
    told = {name: value for name, value in raw.items() if name in EXCEPTION and value not in (None, "")}
    if "kind" not in told:
        return None
    said = load(LessonException, told, only=EXCEPTION)
    problems = rules.exception_problems(str(said["kind"]), int(str(said["minutes"])))
    if problems:
        raise InvalidInput(*problems)
    key = dict(zip(_PLACE, place, strict=True))
    return record_of(
        LessonException, {**key, "person_id": person_id, **said, "entered_by": author.person_id}
    )


def change_from(place: Place, raw: Mapping[str, object]) -> LessonOverride:
    """A change as asked for, not yet checked against the lessons. Raises InvalidInput.

    The id is empty until it is saved; a swap names its other lesson by new_date and new_period (and
    `other_group`, where it is another class's).
    """
    told = {name: value for name, value in raw.items() if name in CHANGE and value not in (None, "")}
    said = load(LessonOverride, told, only=CHANGE)
    key = dict(zip(_PLACE, place, strict=True))
    rest = {"id": "", "pair_id": None, "entered_by": "", "withdrawn_by": "", "withdrawn_at": ""}
    return record_of(LessonOverride, {**rest, **key, **said})


def drafts_of(db: Database, campus: str, wanted: Sequence[tuple[LessonOverride, str]]) -> list[Draft]:
    """Changes (each with the other class of a swap, "" for the same) put to the lessons they name.

    Raises InvalidInput with everything that is wrong, NotAllowed for another campus's lesson.
    """
    drafts, problems = [], []
    for change, other_group in wanted:
        _own_campus(change.group_id, campus)
        lesson = _lesson_or_none(db, (change.group_id, change.date, change.period))
        partner = None
        found = rules.change_problems(change, lesson) or _unknown(db, campus, change)
        if not found and change.kind == "swap":
            group = other_group or change.group_id
            _own_campus(group, campus)
            partner = _lesson_or_none(db, (group, str(change.new_date), int(change.new_period or 0)))
            if partner is None or partner.state != "planned":
                found = [rules.about(LessonOverride, "new_period", "nothing_to_swap_with")]
            elif lesson is not None:
                found = rules.swap_problems(lesson, partner)
        problems += found
        if lesson is not None and not found:
            drafts.append(Draft(change, lesson, partner))
    if problems:
        raise InvalidInput(*problems)
    return _with_joint(db, drafts)


def _with_joint(db: Database, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts and what follows for the other groups of joint lessons. Raises InvalidInput for one of these."""
    found = joint_drafts(drafts, lambda campus, day: lessons_of_day(db, campus, day))
    problems = [problem for each in found if each.partner for problem in rules.swap_problems(each.lesson, each.partner)]
    if problems:
        raise InvalidInput(*problems)
    return [*drafts, *found]


def taught_with(db: Database, lesson: Lesson) -> list[Lesson]:
    """The other groups' parts of a joint lesson: a change of it is a change of theirs."""
    return parts_beside(lesson, lambda campus, day: lessons_of_day(db, campus, day))


def _lesson_or_none(db: Database, place: Place) -> Lesson | None:
    try:
        return lesson_at(db, place)
    except NotFound:
        return None


def _unknown(db: Database, campus: str, change: LessonOverride) -> list[Problem]:
    """A new teacher who works nowhere then, a room that is not this campus's, a date without lessons."""
    found = []
    if change.kind == "cover":
        known = {each.person_id for each in store.colleagues(db, change.date)}
        if change.new_teacher_id not in known:
            found.append(rules.about(LessonOverride, "new_teacher_id", "not_a_member_anywhere"))
    if change.kind == "room":
        room = find(db, Room, change.new_room_id)
        if room is None or room.campus != campus:
            found.append(rules.about(LessonOverride, "new_room_id", "room_not_here"))
    if change.kind == "move":
        to = str(change.new_date)
        day = store.calendar(db, campus, to, day_after(to)).get(to)
        if day is None or day.kind not in rules.TAUGHT_DAYS:
            found.append(Problem("new_date", "not_a_school_day", {"zh": "日期", "en": "date"}))
    return found


def sides_of(db: Database, drafts: Sequence[Draft]) -> list[Placed]:
    """Where the changed lessons would be: two for a swap, none for what is cancelled."""
    found: dict[Place, Placed | None] = {}
    for each in drafts:
        change, lesson = each.change, each.lesson
        bells = bells_of(db, lesson.campus, change.new_date or change.date)
        found[lesson.planned_at] = after(lesson, change, bells)
        if each.partner is not None:
            back = replace(change, new_date=lesson.date, new_period=lesson.period)
            found[each.partner.planned_at] = after(each.partner, back, bells_of(db, lesson.campus, lesson.date))
    return [each for each in found.values() if each is not None]


def warnings_of(db: Database, drafts: Sequence[Draft]) -> tuple[list[Clash], list[tuple[str, str]]]:
    """What a person should know before saving: clashes, and (who, date) of those on approved leave."""
    sides = sides_of(db, drafts)
    gone = {each.lesson.planned_at for each in drafts if each.change.kind == "cancel"}
    standing: list[Placed] = []
    away: list[tuple[str, str]] = []
    for day in sorted({each.date for each in sides}):
        lessons = lessons_between(db, day, day_after(day))
        standing += [placed(each) for each in lessons if each.state == "planned" and each.planned_at not in gone]
        standing += [booked(each) for each in bookings_busy(db, day, day_after(day))]
        leaves = leaves_between(db, day, day_after(day))
        for side in (each for each in sides if each.date == day):
            away += [
                (each.request.person_id, day)
                for each in leaves
                if each.request.person_id in side.teachers and is_away_at(each, day, side.begin)
            ]
    # A cancelled or moved lesson leaves its place free; a lesson that only loses its teacher is in nobody's way.
    touched = [each for each in sides if _new_demands(each, drafts)]
    return clashes(touched, standing, store.travel(db)), [each for each in away if _concerns(each[0], drafts)]


def closed_rooms(db: Database, drafts: Sequence[Draft]) -> list[tuple[str, str]]:
    """(room, date) of the rooms that a change sends a lesson to on a date on which they are not in use."""
    wanted = {(each.room_id, each.date) for each in sides_of(db, drafts) if each.room_id and _new_demands(each, drafts)}
    spans = {room: find(db, Room, room) for room, _day in wanted}
    return sorted((room, day) for room, day in wanted if rules.out_of_use(spans[room], day))


def _new_demands(side: Placed, drafts: Sequence[Draft]) -> bool:
    return any(side.planned_at in (d.lesson.planned_at, d.partner.planned_at if d.partner else None) for d in drafts)


def _concerns(person_id: str, drafts: Sequence[Draft]) -> bool:
    """Leave matters for whom the change newly asks to teach: the cover, and whose lesson is moved."""
    for each in drafts:
        if each.change.kind == "cover" and each.change.new_teacher_id == person_id:
            return True
        moved = each.change.kind in ("move", "swap")
        if moved and person_id in (*each.lesson.teachers, *(each.partner.teachers if each.partner else ())):
            return True
    return False


def save_changes(replica: Replica, db: Database, author: Author, drafts: Sequence[Draft]) -> list[str]:
    """Write changes that were checked, all or none; their ids. Whoever saves has seen the warnings."""
    made: list[str] = []
    with write(replica, db, author) as w:
        for each in drafts:
            made += _insert(w, each, author)
    return made


def _insert(w: Writing, draft: Draft, author: Author) -> list[str]:
    """A change names its lesson where the timetable plans it; a swap is two rows that name each other."""
    group_id, day, period = draft.lesson.planned_at
    id_ = w.mint(campus_of(group_id))
    own = replace(
        draft.change, id=id_, group_id=group_id, date=day, period=period, entered_by=author.person_id
    )
    if draft.partner is None:
        w.insert(own)
        return [id_]
    other_group, other_day, other_period = draft.partner.planned_at
    other_id = w.mint(campus_of(group_id))
    half = replace(own, pair_id=other_id, new_date=None, new_period=None)
    other = replace(half, id=other_id, pair_id=id_, group_id=other_group, date=other_day, period=other_period)
    w.insert(half, other)
    return [id_, other_id]


def withdraw_change(
    replica: Replica, db: Database, author: Author, at: Moment, change_id: str, token: str, asker: Asker
) -> LessonOverride:
    """Take a change back, a swap with its other half. Raises NotFound, NotAllowed."""
    change = store.change_named(db, change_id)
    if change is None:
        raise NotFound("change_not_found", change=change_id)
    _own_campus(change.group_id, at.campus)
    refusal = rules.withdraw_refusal(change, asker)
    if refusal:
        raise NotAllowed(refusal)
    said = {"withdrawn_by": author.person_id, "withdrawn_at": at.now}
    with write(replica, db, author) as w:
        w.update(LessonOverride, (change.id,), said, token or None)
        if change.pair_id and store.change_named(w.db, change.pair_id):
            w.update(LessonOverride, (change.pair_id,), said)
    return change

"""A term of lessons on two campuses from published timetables: changed and closed on nodes that nobody can reach."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from hub.timetable.fet import read_fet
from hub.timetable.naming import Wishes
from hub.timetable.planning import plan_week
from hub.timetable.store import there_of
from hub.workbook.writing import carry_out
from shared.calendar import Followed, known_holidays, resolve_term
from shared.records import (
    CalendarDay,
    LessonDay,
    LessonException,
    LessonOverride,
    RosterGroup,
    SchoolYear,
    SlotTeacher,
    StaffMembership,
    Term,
    TimetableSlot,
    TimetableVersion,
)
from shared.schema import select
from sync.capture import Writing
from tests.acceptance.paper_term import Paper, PaperLesson, paper_of
from tests.support.shared_data import shared_file
from tests.support.world import CLERK_A, CLERK_B, OFFICE, World, make_world

FILES = {"A": "greece-primary-complete.fet", "B": "uk-hopwood-complete.fet"}
BEGIN, HALF, END = "2026-09-01", "2026-11-09", "2027-01-20"
# National Day's make-up days; which weekday and week they follow is the school's choice.
FOLLOWS = {date(2026, 9, 20): Followed(5, 6), date(2026, 10, 10): Followed(3, 5)}
CLERKS = {"A": CLERK_A, "B": CLERK_B}
CLOSED_AT = "2026-09-01T09:00:00.000Z"
ITINERANT, JOINT, FORTNIGHTLY = 3, 6, 6


@dataclass
class TaughtTerm:
    """The world, what the paper says, and the chance that decides all of it."""

    world: World
    chance: random.Random
    paper: Paper
    staff: Sequence[str]


def taught_term(folder: Path, seed: int) -> TaughtTerm:
    """A term planned on the hub and synced, then changed and closed on both nodes offline. Nothing synced after."""
    world = make_world(folder, seed=seed)
    chance = random.Random(f"lessons/{seed}")
    with world.hub.write(OFFICE) as w:
        w.insert(SchoolYear(code="2026", name="2026学年", begin=BEGIN, end="2027-07-10"))
        w.insert(Term(code="2026A", school_year="2026", name="秋季", begin=BEGIN, end=END))
        days = resolve_term(date.fromisoformat(BEGIN), date.fromisoformat(END), known_holidays(), FOLLOWS)
        for campus, day in itertools.product(FILES, days):
            w.put(CalendarDay(campus=campus, date=day.date.isoformat(), kind=day.kind, week=day.week,
                              follows_weekday=day.follows_weekday, parity=day.parity))  # fmt: skip
    for campus in FILES:
        publish(world, campus, chance)
    second_version(world, chance)
    move_home(world, chance)
    world.settle()
    term = TaughtTerm(world, chance, _paper(world), [str(person) for (person,) in world.hub.rows(_STAFF)])
    for campus in FILES:
        change_lessons(term, campus)
    for campus in FILES:
        close_days(term, campus)
    return term


_STAFF = "SELECT DISTINCT person_id FROM staff_membership ORDER BY 1"


def publish(world: World, campus: str, chance: random.Random) -> None:
    """Import a campus's file, make some lessons joint or fortnightly and some groups of another cohort, publish it.

    At B a few names of the file mean teachers of A: they teach on both campuses.
    """
    week = read_fet(shared_file(f"data/fet-timetables/{FILES[campus]}").read_bytes())
    with world.hub.write(OFFICE) as w:
        meant = {}
        if campus == "B":
            names = sorted({name for activity in week.activities for name in activity.teachers})
            at_a = sorted(each.person_id for each in select(w.db, StaffMembership, campus="A"))
            meant = {("teacher", name): person for name, person in zip(
                chance.sample(names, ITINERANT), chance.sample(at_a, ITINERANT), strict=True)}  # fmt: skip
        wishes = Wishes(campus, BEGIN, "秋季", frozenset({"group", "teacher", "room"}), meant, bells=True)
        planned = plan_week(week, there_of(w.db, campus, wishes.name, BEGIN), wishes)
        carry_out(w, planned.plan.to_write(), main_campus="A")
        version = select(w.db, TimetableVersion, campus=campus)[0]
        for group in select(w.db, RosterGroup, campus=campus):
            w.update(RosterGroup, (group.id,), {"cohort": chance.choice(("2024级", "2025级"))})
        _join_and_alternate(w, select(w.db, TimetableSlot, version_id=version.id), chance)
        w.update(TimetableVersion, (version.id,), {"status": "published"})


def _join_and_alternate(w: Writing, slots: Sequence[TimetableSlot], chance: random.Random) -> None:
    for number, slot in enumerate(chance.sample(slots, JOINT)):
        partners = [each for each in slots if (each.weekday, each.period) == (slot.weekday, slot.period)
                    and each.group_id != slot.group_id and not each.joint]  # fmt: skip
        if partners and slot.teacher_id:
            both = {"joint": f"合{number}", "teacher_id": slot.teacher_id, "subject": slot.subject}
            for each in (slot, chance.choice(partners)):
                w.update(TimetableSlot, _key(each), both)
    taken = {(each.group_id, each.weekday, each.period) for each in slots}
    for slot in chance.sample(slots, FORTNIGHTLY):
        if (slot.group_id, slot.weekday, 7) not in taken:
            w.put(replace(slot, weeks=chance.choice(("odd", "even")), period=7, joint=""))
    for slot in chance.sample(slots, FORTNIGHTLY):
        other = chance.choice(slots).teacher_id
        if other and other != slot.teacher_id:
            w.put(SlotTeacher(version_id=slot.version_id, group_id=slot.group_id, weekday=slot.weekday,
                              weeks=slot.weeks, period=slot.period, person_id=other))  # fmt: skip


def _key(slot: TimetableSlot) -> tuple[Any, ...]:
    return slot.version_id, slot.group_id, slot.weekday, slot.weeks, slot.period


def second_version(world: World, chance: random.Random) -> None:
    """In mid-term B gets a new timetable, in which some lessons have gone to other teachers."""
    with world.hub.write(OFFICE) as w:
        old = select(w.db, TimetableVersion, campus="B")[0]
        new = w.mint("B")
        slots = select(w.db, TimetableSlot, version_id=old.id)
        teachers = [slot.teacher_id for slot in slots if slot.teacher_id]
        w.insert(replace(old, id=new, name="下半学期", begin=HALF))
        for slot in slots:
            teacher = chance.choice(teachers) if chance.random() < 0.2 and not slot.joint else slot.teacher_id
            w.insert(replace(slot, version_id=new, teacher_id=teacher))
        w.insert(*(replace(row, version_id=new) for row in select(w.db, SlotTeacher, version_id=old.id)))


def move_home(world: World, chance: random.Random) -> None:
    """One teacher of A belongs to B from mid-term on."""
    with world.hub.write(OFFICE) as w:
        member = chance.choice(select(w.db, StaffMembership, campus="A"))
        w.update(StaffMembership, (member.id,), {"end": HALF})
        w.insert(replace(member, id=w.mint("B"), campus="B", begin=HALF))


def _paper(world: World) -> Paper:
    def rows(table: str) -> list[dict[str, Any]]:
        return list(world.hub.db.query(f"SELECT * FROM {table} ORDER BY _r"))

    tables = ("calendar_day", "timetable_version", "timetable_slot", "slot_teacher")
    homes: dict[str, list[tuple[str, str]]] = {}
    for row in sorted(rows("staff_membership"), key=lambda row: row["begin"]):
        homes.setdefault(row["person_id"], []).append((row["begin"], row["campus"]))
    weeks: dict[str, dict[str, int]] = {campus: {} for campus in FILES}
    for row in rows("calendar_day"):
        if row["kind"] in ("school_day", "make_up") and row["follows_weekday"]:
            weeks[row["campus"]][row["date"]] = row["week"]
    cohorts = {row["id"]: row["cohort"] for row in rows("roster_group")}
    return Paper(paper_of({table: rows(table) for table in tables}), weeks, homes, cohorts)


def change_lessons(term: TaughtTerm, campus: str) -> None:
    """Day by day the clerk enters covers, swaps, moves, cancellations, other rooms, and a few mistakes."""
    chance = term.chance
    for day in sorted(term.paper.weeks[campus]):
        with term.world[campus].write(CLERKS[campus]) as w:
            for _ in range(chance.choice((0, 1, 2, 3, 4))):
                free = [each for each in term.paper.lines.values() if each.date == day and each.campus == campus
                        and not each.touched]  # fmt: skip
                if free:
                    _change(term, w, chance.choice(free))


def _change(term: TaughtTerm, w: Writing, lesson: PaperLesson) -> None:
    chance = term.chance
    kind = chance.choice(("cover", "cover", "cover", "cover", "swap", "swap", "move", "cancel", "room", "mistake"))
    named: dict[str, Any] = {"group_id": lesson.group, "date": lesson.date, "period": lesson.period}
    named["entered_by"] = CLERKS[lesson.campus].person_id
    lesson.touched = True
    if kind == "swap":
        _swap(term, w, lesson, named)
        return
    override = LessonOverride(id=w.mint(lesson.campus), kind="cancel" if kind == "mistake" else kind, **named)
    if kind == "cover":
        gone = chance.choice(lesson.planned)
        by = chance.choice([person for person in term.staff if person != gone])
        override = replace(override, teacher_id=gone, new_teacher_id=by)
        lesson.taught = [by if person == gone else person for person in lesson.taught]
    elif kind == "move":
        lesson.date, lesson.period = chance.choice(sorted(term.paper.weeks[lesson.campus])), chance.randint(1, 7)
        override = replace(override, new_date=lesson.date, new_period=lesson.period)
    elif kind == "cancel":
        lesson.cancelled = True
    elif kind == "room":
        override = replace(override, new_room_id="A-1-room")
    w.insert(override)
    if kind == "mistake":
        w.update(LessonOverride, (override.id,), {"withdrawn_by": "A-1-x", "withdrawn_at": CLOSED_AT})


def _swap(term: TaughtTerm, w: Writing, lesson: PaperLesson, named: dict[str, Any]) -> None:
    week = term.paper.weeks[lesson.campus][lesson.date]
    others = [each for each in term.paper.lines.values() if each.group == lesson.group and not each.touched
              and term.paper.weeks[lesson.campus][each.date] == week]  # fmt: skip
    if not others:
        return
    other = term.chance.choice(others)
    other.touched = True
    first, second = w.mint(lesson.campus), w.mint(lesson.campus)
    w.insert(LessonOverride(id=first, kind="swap", pair_id=second, **named))
    w.insert(LessonOverride(id=second, kind="swap", pair_id=first, group_id=other.group, date=other.date,
                            period=other.period, entered_by="A-1-x"))  # fmt: skip
    lesson.date, lesson.period, other.date, other.period = other.date, other.period, lesson.date, lesson.period


def close_days(term: TaughtTerm, campus: str) -> None:
    """Most days the clerk closes for the whole campus, some days teachers close their own, some nobody does."""
    chance = term.chance
    by_day: dict[str, list[PaperLesson]] = {}
    for lesson in term.paper.lines.values():
        if lesson.campus == campus and not lesson.cancelled:
            by_day.setdefault(lesson.date, []).append(lesson)
    for day, lessons in sorted(by_day.items()):
        with term.world[campus].write(CLERKS[campus]) as w:
            for person in _closers(chance, lessons):
                w.insert(LessonDay(campus=campus, date=day, person_id=person, closed_by="A-1-x",
                                   closed_at=CLOSED_AT))
                term.paper.closed.add((campus, day, person))
            for lesson in lessons:
                if lesson.taught and chance.random() < 0.01:
                    _fail(term, w, lesson)


def _closers(chance: random.Random, lessons: Sequence[PaperLesson]) -> Iterator[str]:
    how = chance.random()
    if how < 0.7:
        yield "*"
    if how >= 0.5:
        people = sorted({person for lesson in lessons for person in lesson.taught})
        yield from (person for person in people if chance.random() < 0.9)


def _fail(term: TaughtTerm, w: Writing, lesson: PaperLesson) -> None:
    kind = term.chance.choice(("not_held", "empty_class", "late", "left_early"))
    person = term.chance.choice(lesson.taught)
    place = (lesson.group, lesson.date, lesson.period, person)
    w.put(LessonException(group_id=lesson.group, date=lesson.date, period=lesson.period, person_id=person, kind=kind,
                          minutes=5, entered_by="A-1-x"))  # fmt: skip
    term.paper.failed.discard(place)
    if kind in ("not_held", "empty_class"):
        term.paper.failed.add(place)

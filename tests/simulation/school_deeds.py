"""What a school does in a simulated world: timetable, changes, bookings and answers, registers taken twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.bookings.answering import answer_unserved
from shared.findings.store import findings_between
from shared.records import (
    BellPeriod,
    BookingOccurrence,
    BookingSeries,
    CalendarDay,
    Campus,
    GroupMember,
    LessonDay,
    LessonOverride,
    Register,
    RegisterException,
    Room,
    RosterGroup,
    TimetableSlot,
    TimetableVersion,
    TravelTime,
)
from shared.schema import find
from shared.web.conflicts.domain.settling import leave as leave_so
from shared.web.conflicts.domain.settling import take_side
from sync.capture import Writing, write
from sync.change import Author
from sync.rivals import rivals
from tests.simulation.world import Site, World

# A campus without a node: the hub answers for its room.
UNSERVED = "D"
DAYS = ("2025-09-03", "2025-09-04")
SPAN = ("2025-09-01", "2025-10-01")
TEACHERS = ("A-t1", "A-t2", "B-t1", "C-t1")
PUPILS = ("p1", "p2", "p3")
Deed = Callable[[World, Site], None]


def found_school(world: World) -> None:
    """Three campuses with two classes and a room each; few teachers, so that they are soon in two places. A fourth
    has a room and no node."""
    world.after = answer_unserved
    with write(world.hub.replica, world.hub.db, Author("office", rank="office")) as w:
        w.insert(TravelTime(from_campus="A", to_campus="B", minutes=10))
        w.insert(Campus(code=UNSERVED, school_code="9" * 10, name="校区D"))
        w.insert(Room(id=f"{UNSERVED}-r1", campus=UNSERVED, name="活动室"))
        for late, campus in enumerate(world.campuses):
            w.insert(
                Room(id=f"{campus}-r1", campus=campus, name="实验室"),
                *(RosterGroup(id=f"{campus}-{n}", campus=campus, name=f"{n}班", begin="2025-09-01") for n in (1, 2)),
                TimetableVersion(id=f"{campus}-v1", campus=campus, name="课表", begin="2025-09-01", status="published"),
                *(
                    CalendarDay(campus=campus, date=day, kind="school_day", follows_weekday=3 + n)
                    for n, day in enumerate(DAYS)
                ),
                *(
                    BellPeriod(schedule=campus, period=p, name=str(p), begin=f"{7 + p:02}:0{late}",
                               end=f"{7 + p:02}:4{late}")
                    for p in (1, 2, 3)
                ),
                *(
                    TimetableSlot(version_id=f"{campus}-v1", group_id=f"{campus}-{group}", weekday=weekday,
                                  weeks="every", period=period, teacher_id=world.random.choice(TEACHERS),
                                  room_id=f"{campus}-r1" if (group, period) == (1, 1) else None)
                    for group in (1, 2) for weekday in (3, 4) for period in (1, 2)
                ),
            )  # fmt: skip
    for node in world.nodes:
        world.sync(node, fault_share=0.0)
    world.founded()


def act(world: World, site: Site, told: str, deed: Callable[[Writing], object]) -> None:
    """One save by the clerk of a site (or the office), remembered as acknowledged; what it was, for the trace."""
    by = Author("office", rank="office") if site is world.hub else Author(f"{site.campus}-clerk", rank="office")
    before = site.db.conn.execute("SELECT coalesce(max(n), 0) FROM _changeset").fetchone()[0]
    with write(site.replica, site.db, by) as w:
        deed(w)
    numbers = [n for (n,) in site.db.conn.execute("SELECT n FROM _changeset WHERE n > ? ORDER BY n", (before,))]
    world.remember(site, numbers)
    world.said(f"{site.name}: {told} {numbers}")


def change(world: World, site: Site) -> None:
    """One lesson is covered, cancelled, moved or put elsewhere; or two are swapped."""
    campus, pick = _campus(world, site), world.random.choice
    lesson: dict[str, Any] = {"group_id": f"{campus}-{pick((1, 2))}", "date": pick(DAYS), "period": pick((1, 2))}
    kind = pick(("cover", "cover", "room", "cancel", "move", "swap"))
    kinds: dict[str, dict[str, Any]] = {
        "cover": {"new_teacher_id": pick(TEACHERS)}, "room": {"new_room_id": f"{campus}-r1"}, "cancel": {},
        "move": {"new_date": pick(DAYS), "new_period": 3}, "swap": {},
    }  # fmt: skip
    more = kinds[kind]

    def deed(w: Writing) -> None:
        id_ = w.mint(campus)
        if kind == "swap":
            half = w.mint(campus)
            more["pair_id"] = half
            other = {**lesson, "period": 3 - lesson["period"]}
            w.insert(LessonOverride(id=half, kind=kind, pair_id=id_, **other))
        w.insert(LessonOverride(id=id_, kind=kind, **lesson, **more))

    act(world, site, f"{kind} {lesson} {more}", deed)


def withdraw(world: World, site: Site) -> None:
    """A change is taken back."""
    campus = _campus(world, site)
    ids = _ids(site, "SELECT id FROM lesson_override WHERE withdrawn_at = '' AND id LIKE ? ORDER BY id", f"{campus}-%")
    if ids:
        gone = world.random.choice(ids)
        values = {"withdrawn_by": f"{campus}-clerk", "withdrawn_at": f"t{world.time.ms}"}
        act(world, site, f"withdraw {gone}", lambda w: w.update(LessonOverride, (gone,), values))


def plan(world: World, site: Site) -> None:
    """The timetable itself is changed: another teacher."""
    campus, pick = _campus(world, site), world.random.choice
    key = (f"{campus}-v1", f"{campus}-{pick((1, 2))}", pick((3, 4)), "every", pick((1, 2)))
    teacher = pick(TEACHERS)
    if find(site.db, TimetableSlot, *key) is None:
        return  # a new computer, to which the timetable has not come yet
    act(world, site, f"slot {key} {teacher}", lambda w: w.update(TimetableSlot, key, {"teacher_id": teacher}))


def close_day(world: World, site: Site) -> None:
    """A day's lessons went as timetabled."""
    campus, day = _campus(world, site), world.random.choice(DAYS)
    by, at = f"{campus}-clerk", f"t{world.time.ms}"
    record = LessonDay(campus=campus, date=day, person_id="*", closed_by=by, closed_at=at)
    if find(site.db, LessonDay, campus, day, "*") is None:
        act(world, site, f"close {day}", lambda w: w.insert(record))


def book(world: World, site: Site) -> None:
    """A room of some campus is wanted; at its own campus it is had at once (C8)."""
    pick = world.random.choice
    home, hour, minute = pick((*world.campuses, UNSERVED)), pick((8, 9)), pick((0, 20))
    state = "confirmed" if site.campus in ("", home) else "requested"

    def deed(w: Writing) -> None:
        id_ = w.mint(home)
        w.insert(
            BookingSeries(id=id_, room_id=f"{home}-r1", campus=site.campus or home, booked_by=w.author.person_id,
                          title="实验"),
            BookingOccurrence(series_id=id_, number=1, room_id=f"{home}-r1", date=pick(DAYS), state=state,
                              begin=f"{hour:02}:{minute:02}", end=f"{hour:02}:{minute + 30:02}"),
        )  # fmt: skip

    act(world, site, f"book at {home}: {state}", deed)


def answer(world: World, site: Site) -> None:
    """The deciding campus answers, or somebody gives a booking up."""
    campus = _campus(world, site)
    sql = (
        "SELECT series_id FROM booking_occurrence"
        " WHERE cancelled_at = '' AND state = ? AND series_id LIKE ? ORDER BY series_id"
    )
    asked = _ids(site, sql, "requested", f"{campus}-%")
    stands = _ids(site, sql, "confirmed", "%")
    if asked:
        said = {"state": world.random.choice(("confirmed", "confirmed", "rejected")), "reason": "office"}
        one = world.random.choice(asked)
        act(world, site, f"answer {one} {said}", lambda w: w.update(BookingOccurrence, (one, 1), said))
    elif stands:
        one, gone = world.random.choice(stands), {"cancelled_by": "x", "cancelled_at": f"t{world.time.ms}"}
        act(world, site, f"cancel {one}", lambda w: w.update(BookingOccurrence, (one, 1), gone))


def take(world: World, site: Site) -> None:
    """A register is taken, or taken again: exceptions anew, the header with them."""
    campus = _campus(world, site)
    key = (f"{campus}-1", world.random.choice(DAYS), "am")
    marks = {pupil: world.random.choice((None, None, "late", "sick_leave")) for pupil in PUPILS}
    who = f"{site.name}-{world.random.choice('xy')}"

    def deed(w: Writing) -> None:
        shared: dict[str, Any] = {"group_id": key[0], "date": key[1], "session": key[2]}
        for pupil, mark in marks.items():
            place = (*key, f"{campus}-{pupil}", "teacher")
            if mark:
                w.put(RegisterException(**shared, person_id=place[3], source="teacher", mark=mark))
            elif find(w.db, RegisterException, *place):
                w.delete(RegisterException, place)
        w.put(Register(**shared, taken_by=who, taken_at=f"t{world.time.ms}", roster_size=3, roster_digest="d"))

    act(world, site, f"register {key} {marks} by {who}", deed)


def place(world: World, site: Site) -> None:
    """A pupil is put into a class, or into another one beside it; or the place ends."""
    campus, pick = _campus(world, site), world.random.choice
    # The third pupil goes to whichever campus: two classes across campuses are seen by the hub alone.
    pupil = pick((f"{campus}-p1", f"{campus}-p2", "A-p3"))
    record = GroupMember(group_id=f"{campus}-{pick((1, 2))}", member_id=pupil, begin=pick(DAYS),
                         end=pick((None, None, "2025-09-20")))  # fmt: skip
    act(world, site, f"place {record}", lambda w: w.put(record))


def leave(world: World, site: Site) -> None:
    """Somebody lets a domain conflict be."""
    found = findings_between(site.db, site.replica, *SPAN)
    if found:
        one = world.random.choice(found)
        note = f"n{world.time.ms}"
        told = f"leave {one.kind} {one.subject}"
        act(world, site, told, lambda w: leave_so(w, one, person_id=w.author.person_id, note=note))
        still = {(each.kind, each.subject) for each in findings_between(site.db, site.replica, *SPAN)}
        assert (one.kind, one.subject) not in still, f"{site.name}: left so and still open: {one}"


def settle_register(world: World, site: Site) -> None:
    """Of a register taken twice somebody takes one side."""
    found = [each for each in findings_between(site.db, site.replica, *SPAN) if each.kind == "register_twice"]
    if found:
        one = world.random.choice(found)
        number = world.random.randrange(len(one.detail))
        act(world, site, f"take side {number} of {one.subject}", lambda w: take_side(w, one, number))
        left = rivals(site.db, site.replica.tables["register"], "taken")
        assert tuple(one.detail[0].key.split("/")) not in left, f"{site.name}: one side taken, two takings left"


def _campus(world: World, site: Site) -> str:
    return site.campus or world.random.choice(world.campuses)


def _ids(site: Site, sql: str, *values: str) -> list[str]:
    return [id_ for (id_,) in site.db.conn.execute(sql, values)]


SCHOOL_DEEDS: tuple[tuple[Deed, float], ...] = (
    (change, 12), (withdraw, 4), (plan, 3), (close_day, 2), (book, 8), (answer, 5), (take, 14), (leave, 4),
    (settle_register, 3), (place, 5),
)  # fmt: skip

__all__ = ["SCHOOL_DEEDS", "SPAN", "UNSERVED", "found_school", "leave_so"]

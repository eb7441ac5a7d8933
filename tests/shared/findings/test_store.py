"""Findings of replicas that synced: the same everywhere, opened and closed by the state alone (C3, C7)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.findings.model import Finding
from shared.findings.store import findings_between
from shared.lessons.store import lessons_between
from shared.records import (
    BellPeriod,
    BookingOccurrence,
    BookingSeries,
    CalendarDay,
    DomainDecision,
    LessonOverride,
    Register,
    RegisterException,
    Room,
    TimetableSlot,
    TimetableVersion,
    TravelTime,
)
from tests.support.world import CLERK_A, CLERK_B, GROUP_A, GROUP_B, OFFICE, TEACHER_A, Site, World, make_world

DAY = "2026-09-02"
SPAN = ("2026-09-01", "2026-10-01")
GROUP, OTHER_GROUP = GROUP_A[0], GROUP_B[0]
ROOM = "B-31-x"
KEY = (GROUP, DAY, "am")


@pytest.fixture
def world(tmp_path):
    """Two PCs on campus A, one on campus B; a timetable on both, a room of B."""
    made = make_world(tmp_path, ("A", "A2", "B"))
    with made.hub.write(OFFICE) as w:
        w.insert(Room(id=ROOM, campus="B", name="实验室"), TravelTime(from_campus="A", to_campus="B", minutes=30))
        for campus, group in (("A", GROUP), ("B", OTHER_GROUP)):
            w.insert(
                CalendarDay(campus=campus, date=DAY, kind="school_day", follows_weekday=3),
                BellPeriod(schedule=campus, period=1, name="1", begin="08:00", end="08:40"),
                BellPeriod(schedule=campus, period=2, name="2", begin="08:50", end="09:30"),
                TimetableVersion(id=f"{campus}-51-x", campus=campus, name="课表", begin=DAY, status="published"),
                TimetableSlot(version_id=f"{campus}-51-x", group_id=group, weekday=3, weeks="every", period=1,
                              teacher_id=f"{campus}-2-x", room_id=ROOM if campus == "B" else None),
            )  # fmt: skip
    made.settle()
    yield made
    made.close()


def found(site: Site) -> list[Finding]:
    return findings_between(site.db, site.replica, *SPAN)


def agreed(world: World, *names: str) -> list[Finding]:
    """After everybody has heard everything: the findings of the hub, which are those of every holder."""
    world.settle()
    at_hub = found(world.hub)
    for name in names or ("A", "A2", "B"):
        assert found(world[name]) == at_hub, name
    return at_hub


def take(site: Site, author, *marks: tuple[str, str], gone: tuple[str, ...] = ()) -> None:
    """A taker sends a register: exceptions by pupil, all others present."""
    with site.write(author) as w:
        for pupil, mark in marks:
            about: dict[str, Any] = {"group_id": GROUP, "date": DAY, "session": "am", "source": "teacher"}
            w.put(RegisterException(person_id=pupil, mark=mark, **about))
        for pupil in gone:
            w.delete(RegisterException, (*KEY, pupil, "teacher"))
        w.put(Register(group_id=GROUP, date=DAY, session="am", taken_by=author.person_id, roster_size=3,
                       taken_at=f"{site.name} {site.clock.now_ms()}"[:24], roster_digest="d"))  # fmt: skip


def test_nothing_is_wrong_in_the_beginning(world) -> None:
    assert agreed(world) == []


def test_two_changes_of_one_lesson_from_both_sides_are_one_finding_until_one_is_withdrawn(world) -> None:
    """C7: opened by the merge, closed by the state."""
    about: dict[str, Any] = {"group_id": GROUP, "date": DAY, "period": 1}
    with world["A"].write(CLERK_A) as w:
        w.insert(LessonOverride(id="A-61-x", kind="cover", new_teacher_id="A-1-x", **about))
    with world.hub.write(OFFICE) as w:
        w.insert(LessonOverride(id="A-61-h", kind="cancel", **about))
    (finding,) = agreed(world)
    assert (finding.kind, finding.subject) == ("slot_twice", f"{GROUP}|{DAY}|1") and finding.campuses == ("A",)
    with world["A"].write(CLERK_A) as w:
        w.update(LessonOverride, ("A-61-x",), {"withdrawn_by": "A-1-x", "withdrawn_at": "t"})
    assert agreed(world) == []


def cover_far_away(world: World) -> None:
    """A teacher of campus A, who teaches period 1 there, covers period 2 at campus B ten minutes later."""
    with world.hub.write(OFFICE) as w:
        w.insert(TimetableSlot(version_id="B-51-x", group_id=OTHER_GROUP, weekday=3, weeks="every", period=2))
    world.settle()
    with world["B"].write(CLERK_B) as w:
        w.insert(LessonOverride(id="B-61-x", group_id=OTHER_GROUP, date=DAY, period=2, kind="cover",
                                new_teacher_id="A-2-x"))  # fmt: skip


def test_a_cover_at_another_campus_needs_the_time_of_the_way(world) -> None:
    cover_far_away(world)
    (finding,) = agreed(world)
    assert (finding.kind, finding.people, finding.minutes) == ("teacher_two_places", ("A-2-x",), 30)
    with world.hub.write(OFFICE) as w:
        w.update(TravelTime, ("A", "B"), {"minutes": 10})
    assert agreed(world) == []


def test_a_decision_to_leave_it_so_closes_it_everywhere_until_the_state_changes(world) -> None:
    """C7: the digest names the state; another state opens it again."""
    cover_far_away(world)
    (finding,) = agreed(world)
    with world["A"].write(CLERK_A) as w:
        w.put(DomainDecision(kind=finding.kind, subject=finding.subject, state_digest=finding.digest,
                             decided_by="A-1-x", note="坐校车"))  # fmt: skip
    assert agreed(world) == []
    with world.hub.write(OFFICE) as w:
        w.update(BellPeriod, ("B", 2), {"begin": "08:45"})
    (again,) = agreed(world)
    assert again.subject == finding.subject and again.digest != finding.digest


def book(site: Site, author, number: int, state: str) -> None:
    """Somebody wants the room of campus B in the first period."""
    id_ = f"B-7{number}-x"
    with site.write(author) as w:
        w.insert(
            BookingSeries(id=id_, room_id=ROOM, campus=site.campus or "B", booked_by=author.person_id, title="实验"),
            BookingOccurrence(series_id=id_, number=1, room_id=ROOM, date=DAY, begin="08:10", end="08:50", state=state),
        )


def test_a_confirmed_booking_and_a_lesson_collide_and_a_request_does_not(world) -> None:
    """C8: both rows stay; who cancels ends it."""
    book(world["A"], CLERK_A, 1, "requested")
    assert agreed(world) == []
    book(world["B"], CLERK_B, 2, "confirmed")
    (finding,) = agreed(world)
    assert finding.kind == "room_twice" and [side.table for side in finding.detail] == ["lesson", "booking_occurrence"]
    with world["B"].write(CLERK_B) as w:
        w.update(BookingOccurrence, ("B-72-x", 1), {"cancelled_by": "B-1-x", "cancelled_at": "t"})
    assert agreed(world) == []


@pytest.mark.parametrize(
    ("one", "other", "differing"),
    [
        ((("A-11-x", "late"),), (("A-11-x", "late"),), []),
        ((), (), []),
        ((("A-11-x", "late"),), (("A-12-x", "late"),), ["A-11-x", "A-12-x"]),
        ((("A-11-x", "late"),), (), ["A-11-x"]),
        ((("A-11-x", "late"),), (("A-11-x", "sick_leave"),), ["A-11-x"]),
    ],
    ids=["the_same", "nobody", "different_pupils", "one_of_them_nobody", "different_marks"],
)
def test_a_register_taken_on_two_pcs_is_a_finding_when_the_exceptions_differ(world, one, other, differing) -> None:
    """RECORDS, register. Campus B holds none of it; who was last is no conflict by itself."""
    take(world["A"], TEACHER_A, *one)
    take(world["A2"], CLERK_A, *other)
    findings = agreed(world, "A", "A2")
    assert [pupil for each in findings for pupil, _ in each.detail[0].said] == differing
    assert found(world["B"]) == []
    assert world.hub.value("SELECT count(*) FROM _head WHERE t = 'register' AND u = 1") == 2


def test_only_what_each_taker_changed_counts_not_what_both_had_seen(world) -> None:
    take(world["A"], TEACHER_A, ("A-11-x", "late"), ("A-13-x", "late"))
    take(world["A"], TEACHER_A, ("A-11-x", "absent"))
    world.settle()
    take(world["A"], TEACHER_A, ("A-12-x", "late"))
    take(world["A2"], CLERK_A, gone=("A-13-x",))
    (finding,) = agreed(world, "A", "A2")
    assert sorted(side.said for side in finding.detail) == [
        (("A-12-x", "late/0/"), ("A-13-x", "late/0/")),
        (("A-12-x", "present/0/"), ("A-13-x", "present/0/")),
    ]


def test_whoever_takes_it_again_ends_it(world) -> None:
    """An edit of the quiet unit names all heads."""
    take(world["A"], TEACHER_A, ("A-11-x", "late"))
    take(world["A2"], CLERK_A)
    assert len(agreed(world, "A", "A2")) == 1
    take(world["A2"], CLERK_A, gone=("A-11-x",))
    assert agreed(world, "A", "A2") == []
    assert world.hub.value("SELECT count(*) FROM _head WHERE t = 'register' AND u = 1") == 0


def test_a_taker_who_saved_twice_knew_no_more_of_the_other(world) -> None:
    """C3: by what their changesets name, not by the numbers a replica gives them."""
    take(world["A"], TEACHER_A, ("A-11-x", "late"))
    take(world["A"], TEACHER_A, ("A-12-x", "late"))
    take(world["A2"], CLERK_A)
    (finding,) = agreed(world, "A", "A2")
    assert [pupil for pupil, _ in finding.detail[0].said] == ["A-11-x", "A-12-x"]


@pytest.mark.parametrize("first", ["A", "hub"])
def test_a_cover_and_a_room_change_from_two_sides_both_stand(world, first) -> None:
    """C7: nothing is dropped by the merge, whoever wrote first; and the two are no conflict."""
    about: dict[str, Any] = {"group_id": GROUP, "date": DAY, "period": 1}
    cover = LessonOverride(id="A-61-x", kind="cover", new_teacher_id="A-1-x", **about)
    room = LessonOverride(id="A-62-h", kind="room", new_room_id=ROOM, **about)
    sides = [(world["A"], CLERK_A, cover), (world.hub, OFFICE, room)]
    for site, author, change in sides if first == "A" else reversed(sides):
        with site.write(author) as w:
            w.insert(change)
    assert agreed(world) == []
    for site in world.sites():
        (lesson,) = [each for each in lessons_between(site.db, *SPAN) if each.planned_at == (GROUP, DAY, 1)]
        assert (lesson.teachers, lesson.room_id) == (("A-1-x",), ROOM), site.name

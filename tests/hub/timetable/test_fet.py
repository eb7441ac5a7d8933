"""A `.fet` file becomes a draft timetable: what is read, whom names mean, what would be written."""

from __future__ import annotations

import pytest

from hub.timetable.fet import bells_of, read_fet, weekday_of
from hub.timetable.naming import NEW, NONE, Wishes
from hub.timetable.planning import plan_week
from hub.timetable.store import There, there_of
from hub.timetable.xml_tree import XmlLimits, tree_of
from hub.workbook.writing import carry_out
from shared.errors import InvalidInput
from shared.records import Person, RosterGroup
from sync.capture import Author, write
from sync.replica import connect
from tests.hub.small_hub import CLASS_A, OPERATOR, TEACHER
from tests.hub.timetable.fet_files import activity, at, fet, in_room

ALL = frozenset({"group", "teacher", "room"})
WISHES = Wishes("A", "2025-09-01", "秋季课表", create=ALL)


def commit(hub, data: bytes, wishes: Wishes = WISHES):
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        planned = plan_week(read_fet(data), there_of(db, wishes.campus, wishes.name, wishes.begin), wishes)
        assert not planned.plan.problems
        carry_out(w, planned.plan.to_write(), main_campus="A")
    return planned


def slots(hub) -> list[tuple]:
    return hub.rows(
        "SELECT g.name, weekday, period, subject, title, coalesce(p.name, ''), coalesce(r.name, '')"
        " FROM timetable_slot s JOIN roster_group g ON g.id = group_id LEFT JOIN person p ON p.id = teacher_id"
        " LEFT JOIN room r ON r.id = s.room_id ORDER BY 1, 2, 3"
    )


def test_a_lesson_of_two_hours_fills_two_periods_in_its_room(hub) -> None:
    data = fet(
        [activity(1, "Mathematics", "王小明", "二(1)班", length=2)], [at(1, "Tuesday", "08:45"), in_room(1, "L1")],
        rooms=[("L1", 30, "新楼")],
    )  # fmt: skip
    commit(hub, data)
    assert slots(hub) == [
        ("二(1)班", 2, 2, "maths", "", "王小明", "L1"),
        ("二(1)班", 2, 3, "maths", "", "王小明", "L1"),
    ]
    assert hub.rows("SELECT r.seats, b.name, b.campus FROM room r JOIN building b ON b.id = r.building_id") == [
        (30, "新楼", "A")
    ]
    assert hub.rows("SELECT status, begin, name FROM timetable_version") == [("draft", "2025-09-01", "秋季课表")]
    assert hub.rows("SELECT title, weekly_lessons FROM teaching_assignment") == [("Mathematics", 2)]


def test_groups_taught_together_are_one_lesson_and_further_teachers_stand_beside_the_first(hub) -> None:
    data = fet([activity(7, "Choir", "王小明+李主任", "二(1)班+二(2)班")], [at(7, "Friday", "10:15")])
    commit(hub, data)
    assert slots(hub) == [
        ("二(1)班", 5, 4, "other", "Choir", "王小明", ""),
        ("二(2)班", 5, 4, "other", "Choir", "王小明", ""),
    ]
    assert hub.rows("SELECT DISTINCT joint FROM timetable_slot") == [("fet-7",)]
    assert hub.rows("SELECT count(*), p.name FROM slot_teacher JOIN person p ON p.id = person_id") == [(2, "李主任")]
    assert hub.rows("SELECT count(*) FROM teaching_assignment") == [(4,)]


def test_what_has_no_time_is_listed_as_unplaced_and_counts_in_the_week(hub) -> None:
    data = fet(
        [
            activity(1, "Reading", "王小明", "二(1)班"), activity(2, "Reading", "王小明", "二(1)班", length=2),
            activity(3, "Reading", "王小明", "二(1)班", active="false"), activity(4, "Duty", "王小明", ""),
            activity(5, "Reading", "王小明", "二(1)班", length=2), activity(6, "Reading", "", "二(1)班"),
        ],
        [
            at(1, "Monday", "08:00"), at(5, "Monday", "10:15"), at(6, "Monday", "07:00"),
            at(2, "Monday", "08:45", active="false"),
        ],
    )  # fmt: skip
    planned = commit(hub, data)
    assert [(a.label, a.why_not) for a in planned.unplaced] == [
        ("2", "no_time"), ("3", "inactive"), ("4", "no_group"), ("5", "past_the_end"), ("6", "unknown_time"),
    ]  # fmt: skip
    assert planned.timed == 1 and len(slots(hub)) == 1
    assert hub.rows("SELECT person_id = '-', weekly_lessons FROM teaching_assignment ORDER BY 1") == [(0, 5), (1, 1)]


def test_an_unknown_name_is_listed_and_nothing_can_be_written_until_it_is_created_or_mapped() -> None:
    data = fet([activity(1, "Art", "Mrs X", "5C")], [at(1, "Monday", "08:00"), in_room(1, "Hall")])
    there = There(groups=[RosterGroup(id=CLASS_A, campus="A", name="二(1)班", begin="2025-09-01")])
    plain = plan_week(read_fet(data), there, Wishes("A", "2025-09-01", "x"))
    assert [(u.kind, u.name, u.activities) for u in plain.unknown] == [
        ("group", "5C", 1), ("teacher", "Mrs X", 1), ("room", "Hall", 1)
    ]  # fmt: skip
    assert [p.reason for p in plain.plan.problems] == ["unknown_group", "unknown_teacher", "unknown_room"]
    meant = {("group", "5C"): CLASS_A, ("teacher", "Mrs X"): NEW, ("room", "Hall"): NONE}
    mapped = plan_week(read_fet(data), there, Wishes("A", "2025-09-01", "x", meant=meant))
    assert mapped.plan.problems == ()
    assert [c.record.__name__ for c in mapped.plan.changes] == [
        "Person", "StaffMembership", "TimetableVersion", "TimetableSlot", "TeachingAssignment"
    ]  # fmt: skip


def test_of_two_teachers_of_one_name_a_person_must_choose_unless_only_one_belongs_to_the_campus() -> None:
    people = [Person(id=id_, name="王芳", staff_number=id_) for id_ in ("A-1-x", "A-2-x")]
    data = fet([activity(1, "Art", "王芳", "二(1)班")])
    both = There(persons=people, members=frozenset({"A-1-x", "A-2-x"}))
    planned = plan_week(read_fet(data), both, WISHES)
    assert [(u.name, u.candidates) for u in planned.unknown] == [("王芳", ("A-1-x", "A-2-x"))]
    one = There(persons=people, members=frozenset({"A-2-x"}))
    rows = plan_week(read_fet(data), one, WISHES).plan.changes
    assert rows[-1].values["person_id"] == "A-2-x"


def test_the_same_file_again_is_the_same_and_a_moved_lesson_leaves_its_old_place(hub) -> None:
    acts = [activity(1, "语文", "王小明", "二(1)班")]
    commit(hub, fet(acts, [at(1, "Monday", "08:00")]))
    again = commit(hub, fet(acts, [at(1, "Monday", "08:00")]))
    assert again.plan.to_write() == []
    moved = commit(hub, fet(acts, [at(1, "Monday", "08:45")]))
    assert sorted(c.action for c in moved.plan.to_write()) == ["new", "removed"]
    assert slots(hub) == [("二(1)班", 1, 2, "chinese", "", "王小明", "")]


def test_a_published_timetable_is_not_changed_by_a_file(hub) -> None:
    acts = [activity(1, "语文", "王小明", "二(1)班")]
    commit(hub, fet(acts, [at(1, "Monday", "08:00")]))
    with connect(hub.replica) as db:
        db.conn.execute("UPDATE timetable_version SET status = 'published'")
        db.conn.commit()
        there = there_of(db, "A", WISHES.name, WISHES.begin)
    same = plan_week(read_fet(fet(acts, [at(1, "Monday", "08:00")])), there, WISHES)
    moved = plan_week(read_fet(fet(acts, [at(1, "Monday", "08:45")])), there, WISHES)
    assert [p.reason for p in same.plan.problems] == []
    assert [p.reason for p in moved.plan.problems] == ["timetable_published"]


def test_a_group_twice_at_one_time_is_refused_a_teacher_or_room_twice_must_be_confirmed() -> None:
    data = fet(
        [activity(1, "Art", "T", "G1"), activity(2, "PE", "T", "G2", length=2), activity(3, "IT", "U", "G1")],
        [
            at(1, "Monday", "08:45"), at(2, "Monday", "08:00"), at(3, "Monday", "08:45"),
            in_room(2, "R"), in_room(3, "R"),
        ],
    )  # fmt: skip
    planned = plan_week(read_fet(data), There(), WISHES)
    assert [(p.reason, p.data["first"], p.data["second"]) for p in planned.plan.problems] == [
        ("group_twice_in_week", "1", "3")
    ]
    assert [(p.reason, p.data["first"], p.data["second"]) for p in planned.plan.warnings] == [
        ("teacher_twice_in_week", "1", "2"), ("room_twice_in_week", "2", "3")
    ]  # fmt: skip


def test_the_heaviest_time_of_an_activity_counts() -> None:
    data = fet([activity(1, "Art", "T", "G")], [at(1, "Monday", "08:00", weight=50), at(1, "Friday", "08:00")])
    assert [(a.weekday, a.period) for a in read_fet(data).activities] == [(5, 1)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(("Mon", "Wed"), 3), (("周一", "周三"), 3), (("D1", "D2"), 2), (("Monday", "Monday"), 1)],
)
def test_days_are_weekdays_by_name_else_by_order(days, expected) -> None:
    assert weekday_of(days[1], days) == expected


@pytest.mark.parametrize(
    ("hours", "bells"),
    [
        (("08:10", "08:55", "10:00"), [("08:10", "08:55"), ("08:55", "09:40"), ("10:00", "10:45")]),
        (("9.30 - 11.00", "11.15 - 12.45"), [("09:30", "11:00"), ("11:15", "12:45")]),
        (("1ª SESION", "2ª SESION"), []),
        (("09:00", "08:00"), []),
        (("09:00-10:30", "10:00-11:00"), []),
    ],
)
def test_clock_times_are_read_where_the_hours_say_them(hours, bells) -> None:
    assert [(b.begin, b.end) for b in bells_of(hours)] == bells


BOMB = b'<?xml version="1.0"?><!DOCTYPE fet [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><fet>&b;</fet>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BOMB, "xml_with_entities"),
        (BOMB.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"), "xml_with_entities"),
        (b'<!DOCTYPE fet SYSTEM "file:///etc/passwd"><fet/>', "xml_with_entities"),
        (b"<fet><Days_List></fet>", "xml_damaged"),
        (b"", "xml_damaged"),
        (b"PK\x03\x04rubbish", "xml_damaged"),
        (b'<?xml version="1.0" encoding="klingon"?><fet/>', "xml_damaged"),
        (b"<html/>", "not_a_fet"),
        (fet([], days=[str(n) for n in range(8)]), "fet_too_many_days"),
        (fet([], hours=[str(n) for n in range(21)]), "fet_too_many_hours"),
        (b"<fet>" + b"<a>" * 30 + b"</a>" * 30 + b"</fet>", "xml_too_large"),
    ],
)
def test_what_is_no_timetable_is_refused_with_a_reason(data, reason) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_fet(data)
    assert [(p.field, p.reason) for p in refused.value.problems] == [("file", reason)]


def test_a_file_over_the_limit_is_not_even_parsed() -> None:
    with pytest.raises(InvalidInput, match="xml_too_large"):
        tree_of(b"<fet/>" + b" " * 100, XmlLimits(file_bytes_max=50))
    with pytest.raises(InvalidInput, match="xml_too_large"):
        tree_of(b"<fet>" + b"<a/>" * 100 + b"</fet>", XmlLimits(elements_max=50))


def test_names_that_a_field_cannot_hold_are_told(hub) -> None:
    planned = plan_week(read_fet(fet([activity(1, "Art", TEACHER, "G" * 41)])), There(), WISHES)
    assert ("name", "too_long") in [(p.field, p.reason) for p in planned.plan.problems]

"""Two published school timetables become the weeks of campuses A and B (issue 3, acceptance on real data)."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations, product
from pathlib import Path

import pytest

from hub.timetable.clashes import clashes_of
from hub.timetable.fet import read_fet
from hub.timetable.naming import Wishes
from hub.timetable.planning import WeekPlan, plan_week
from hub.timetable.store import there_of
from hub.workbook.writing import carry_out
from sync.capture import Author, write
from sync.replica import connect
from tests.hub.small_hub import OPERATOR, SmallHub, make_hub
from tests.support.shared_data import shared_file

pytestmark = pytest.mark.acceptance

FOLDER = "data/fet-timetables"
FILES = {"A": "greece-primary-complete.fet", "B": "uk-hopwood-complete.fet"}
KINDS = frozenset({"group", "teacher", "room"})
BEGIN = "2025-09-01"


def loaded(hub: SmallHub, campus: str, name: str) -> WeekPlan:
    """A file imported as the draft of a campus, everything unknown created."""
    week = read_fet(shared_file(f"{FOLDER}/{name}").read_bytes())
    wishes = Wishes(campus, BEGIN, name[:40], create=KINDS, bells=True)
    with connect(hub.replica) as db, write(hub.replica, db, Author(OPERATOR)) as w:
        planned = plan_week(week, there_of(db, campus, wishes.name, BEGIN), wishes)
        assert planned.plan.problems == () and planned.plan.warnings == ()
        carry_out(w, planned.plan.to_write(), main_campus="A")
    return planned


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallHub, dict[str, WeekPlan]]:
    hub = make_hub(tmp_path_factory.mktemp("fet"))
    return hub, {campus: loaded(hub, campus, name) for campus, name in FILES.items()}


def test_every_activity_is_timed_or_listed_as_unplaced(both) -> None:
    plans = both[1]
    told = {c: (p.activities, p.timed, len(p.unplaced), p.roomed) for c, p in plans.items()}
    assert told == {"A": (377, 364, 13, 74), "B": (163, 162, 1, 162)}
    assert {a.why_not for p in plans.values() for a in p.unplaced} == {"no_time"}


def test_the_week_in_the_database_has_every_hour_of_every_activity(both) -> None:
    hub = both[0]
    for campus, name in FILES.items():
        week = read_fet(shared_file(f"{FOLDER}/{name}").read_bytes())
        hours = sum(a.length * len(a.groups) for a in week.activities if a.weekday)
        roomed = sum(a.length * len(a.groups) for a in week.activities if a.weekday and a.room)
        sql = (
            "SELECT count(*), count(s.room_id), count(teacher_id) FROM timetable_slot s"
            " JOIN timetable_version v ON v.id = version_id WHERE v.campus = ?"
        )
        assert hub.rows(sql, campus) == [
            (hours, roomed, sum(a.length for a in week.activities if a.weekday and a.teachers))
        ]
        weekly: Counter[tuple[str, str, str]] = Counter()
        for a in week.activities:
            for g, t in product(a.groups, a.teachers):
                weekly[g, a.subject.replace("/", "／"), t] += a.length
        sql = (
            "SELECT g.name, title, p.name, weekly_lessons FROM teaching_assignment t"
            " JOIN roster_group g ON g.id = group_id JOIN person p ON p.id = person_id"
            " JOIN timetable_version v ON v.id = version_id WHERE v.campus = ?"
        )
        assert {tuple(row[:3]): row[3] for row in hub.rows(sql, campus)} == dict(weekly)


def test_no_group_teacher_or_room_is_in_two_places_by_the_clock(both) -> None:
    """C7: what a solved timetable holds is no conflict."""
    hub = both[0]
    sql = (
        "SELECT v.campus, group_id, coalesce(teacher_id, ''), coalesce(s.room_id, ''), weekday, b.begin, b.end, title"
        " FROM timetable_slot s JOIN timetable_version v ON v.id = version_id"
        " JOIN bell_period b ON b.schedule = v.campus AND b.period = s.period"
    )
    rows = hub.rows(sql)
    assert len(rows) == hub.count("timetable_slot"), "every slot has a clock time"
    busy: dict[tuple, list[tuple[str, str]]] = defaultdict(list)
    for campus, group, teacher, room, weekday, begin, end, _ in rows:
        for kind, who in (("group", group), ("teacher", teacher), ("room", room)):
            if who:
                busy[campus, kind, who, weekday].append((begin, end))
    overlaps = [
        (key, one, other)
        for key, spans in busy.items()
        for one, other in combinations(sorted(spans), 2)
        if one[0] < other[1] and other[0] < one[1]
    ]
    assert overlaps == []


def test_the_same_files_again_change_nothing(both) -> None:
    hub = both[0]
    before = hub.count("_changeset")
    for campus, name in FILES.items():
        assert loaded(hub, campus, name).plan.to_write() == []
    assert hub.count("_changeset") == before


def test_groups_keep_the_names_that_the_file_publishes(both) -> None:
    hub = both[0]
    names = {row[0] for row in hub.rows("SELECT name FROM roster_group WHERE campus = 'B'")}
    assert {"Basic Sk. Assess", "Basic Eve A"} <= names


def test_the_rural_school_without_times_loads_as_weekly_lessons(tmp_path: Path) -> None:
    hub = make_hub(tmp_path)
    planned = loaded(hub, "A", "spain-rural-primary.fet")
    assert (planned.activities, planned.timed, len(planned.unplaced)) == (254, 0, 254)
    assert hub.count("timetable_slot") == 0
    week = read_fet(shared_file(f"{FOLDER}/spain-rural-primary.fet").read_bytes())
    hours = sum(a.length * len(a.groups) * max(1, len(a.teachers)) for a in week.activities)
    assert hub.rows("SELECT sum(weekly_lessons) FROM teaching_assignment") == [(hours,)]


@pytest.mark.parametrize("name", ["vietnam-morning-shift.fet", "vietnam-afternoon-shift.fet"])
def test_other_published_files_load_without_a_clash(tmp_path: Path, name: str) -> None:
    week = read_fet(shared_file(f"{FOLDER}/{name}").read_bytes())
    assert clashes_of(week.activities) == []
    assert loaded(make_hub(tmp_path), "A", name).activities == len(week.activities)

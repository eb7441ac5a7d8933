"""Real input: what the files say comes out of the hub, through nodes, an HTTP API and a sync in random order."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from hub.appraisal.results import ClassResult, GrowthRule, class_growth
from hub.attendance.store import attendance_by_class
from scripts.commands.line import run
from scripts.demo_play.term import TERM_BEGIN, TERM_END, school_days
from shared.records import Evidence
from shared.validation import canonical_decimal
from sync.capture import Author, write
from sync.change import LOCAL_OPERATOR
from sync.replica import connect
from sync.verify import state_of
from tests.acceptance.school import School, clerk_of, running_school
from tests.acceptance.star import rural_classes
from tests.acceptance.uci import SEED, days_missed, plain_count, students

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

NODES = ("A1", "A2", "B1", "B2")
# Registers that both nodes of a campus enter, as when the paper list is typed in twice.
TWICE_IN = 20


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A term of registers entered on four nodes while nobody syncs, then all in step with the hub."""
    classes = {campus: students(campus) for campus in "AB"}
    with running_school(tmp_path_factory.mktemp("uci"), classes, NODES) as made:
        enter_term(made)
        sync_in_random_order(made)
        yield made


def enter_term(school: School) -> None:
    """Every class's register on every school day, on one node of its campus or, now and then, on both."""
    days = school_days(TERM_BEGIN, TERM_END)
    missed = {campus: {s.number: days_missed(s, days) for s in school.students[campus]} for campus in school.students}
    with contextlib.ExitStack() as ends, ThreadPoolExecutor(len(NODES)) as pool:
        clerks = {node: ends.enter_context(clerk_of(school, node)) for node in NODES}
        for day in days:
            school.set_day(day)

            def enter(node: str, day=day) -> None:
                absent = frozenset(n for n, dates in missed[node[0]].items() if day in dates)
                for campus, number in school.classes:
                    if campus == node[0] and node in nodes_entering(campus, number, day.toordinal()):
                        path = f"/api/v1/registers/{school.classes[campus, number]}/{day}/am"
                        body = {"exceptions": school.absent(campus, number, absent)}
                        clerks[node].json("PUT", path, body)

            list(pool.map(enter, NODES))
    school.set_day(TERM_END)


def nodes_entering(campus: str, number: int, day: int) -> tuple[str, ...]:
    """The node, or both nodes, on which a register is entered: seeded by place."""
    random = Random(f"{SEED}/{campus}/{number}/{day}")
    both = (f"{campus}1", f"{campus}2")
    return both if random.randrange(TWICE_IN) == 0 else (random.choice(both),)


def sync_in_random_order(school: School) -> None:
    """Each node several times, in an order that a seeded shuffle decides, until everyone has everything."""
    order = list(NODES) * 3
    Random(SEED).shuffle(order)
    for node in [*order, *NODES]:
        school.sync(node)


def test_the_report_per_campus_and_class_equals_a_plain_count(school: School) -> None:
    with connect(school.hub.replica) as db:
        report = attendance_by_class(db, TERM_BEGIN, TERM_END)
    by_group = {row.group_id: row for row in report}
    days = len(school_days(TERM_BEGIN, TERM_END))
    for campus, total in (("A", 2255), ("B", 2375)):
        count = plain_count(campus)
        assert sum(count.values()) == total, "the file itself is as published"
        for number, absences in count.items():
            row = by_group[school.classes[campus, number]]
            assert (row.campus, row.registers, row.marks.get("absent", 0)) == (campus, days, absences)
        own = [row for row in report if row.campus == campus]
        assert sum(row.marks.get("absent", 0) for row in own) == total
    assert {mark for row in report for mark in row.marks} == {"absent"}


def test_the_command_prints_the_same_report(school: School, tmp_path: Path, capsys) -> None:
    target = tmp_path / "report.json"
    span = ["--begin", TERM_BEGIN.isoformat(), "--end", TERM_END.isoformat()]
    assert run(["hub", "attendance", "--data", str(school.hub.folder.path), *span, "--json", str(target)]) == 0
    classes = json.loads(target.read_text("utf-8"))
    assert Counter(row["campus"] for row in classes) == {"A": 9, "B": 15}
    assert sum(row["marks"].get("absent", 0) for row in classes) == 2255 + 2375
    assert "absent" in capsys.readouterr().out


def test_registers_entered_twice_are_there_once_and_disagree_about_nothing_said(school: School) -> None:
    """C3, C4: the same register from two nodes is one header; equal marks are no conflict."""
    twice = sum(
        len(nodes_entering(campus, number, day.toordinal())) - 1
        for campus, number in school.classes for day in school_days(TERM_BEGIN, TERM_END)
    )
    assert twice > 50
    with connect(school.hub.replica) as db:
        headers = db.conn.execute("SELECT count(*) FROM register").fetchone()[0]
        marks = db.conn.execute(
            "SELECT count(*) FROM (SELECT k FROM _head WHERE t = 'register_exception' AND deleted = 0"
            " GROUP BY k, u HAVING count(DISTINCT value) > 1)"
        ).fetchone()[0]
    assert headers == len(school.classes) * len(school_days(TERM_BEGIN, TERM_END))
    assert marks == 0


@pytest.mark.parametrize("pair", [("A1", "A2"), ("B1", "B2")])
def test_the_nodes_of_a_campus_hold_the_same(school: School, pair: tuple[str, str]) -> None:
    """C3: same set, same state."""
    states = []
    for node in pair:
        site = school.sites[node]
        with connect(site.replica) as db:
            states.append(state_of(site.replica.tables, db))
    assert states[0] == states[1]


def test_the_results_feed_the_table_by_the_demo_s_command(school: School, tmp_path: Path, capsys) -> None:
    """G1 to G3 of both files and two rural schools of STAR become evidence; the table comes from `hub appraise`."""
    growth = {each.result.class_id: each for each in class_growth([*uci_results(school), *star_results(school)], RULE)}
    assert len(growth) >= len(school.classes) + 20
    with connect(school.hub.replica) as db, write(
        school.hub.replica, db, Author(LOCAL_OPERATOR, rank="office")
    ) as writing:
        for each in growth.values():
            campus = each.result.teacher_id[0]
            writing.insert(Evidence(
                id=writing.mint(campus), person_id=each.result.teacher_id, campus=campus, date="2026-01-20",
                kind="result_growth", quantity=canonical_decimal(each.points), subject="maths", note=each.note()[:200],
            ))
    sheet = tmp_path / "table.xlsx"
    words = ["hub", "appraise", "--data", str(school.hub.folder.path), "--term", "2025-1", "--xlsx", str(sheet),
             "--clock-file", str(school.folder / "clock"), "--rows", "1000"]
    assert run(words) == 0
    listed = re.findall(r"^([AB])  (\S+)", capsys.readouterr().out, re.MULTILINE)
    assert Counter(campus for campus, _ in listed) == Counter({"A": 1 + 9, "B": 1 + 15})
    assert sheet.read_bytes()[:2] == b"PK"
    assert points_of_results(school) == expected_points(growth)


RULE = GrowthRule()


def uci_results(school: School) -> list[ClassResult]:
    """Each class's growth from G1 to G3, both out of 20; a campus is compared with itself (another subject)."""
    found = []
    for (campus, number), teacher in school.teachers.items():
        own = [s for s in school.students[campus] if s.class_number == number]
        means = [Decimal(sum(marks)) / len(own) for marks in ([s.g1 for s in own], [s.g3 for s in own])]
        place = (f"{campus}{number}", teacher, f"G3-{campus}")
        found.append(ClassResult(*place, len(own), means[0], means[1], Decimal(20)))
    return found


def star_results(school: School) -> list[ClassResult]:
    """The STAR classes, shared out over the teachers of campus B in their order."""
    teachers = [teacher for (campus, _), teacher in sorted(school.teachers.items()) if campus == "B"]
    return [
        ClassResult(f"star-{one.school}-{one.teacher}-{one.grade}", teachers[n % len(teachers)], f"star-{one.grade}",
                    one.pupils, one.before / one.pupils, one.now / one.pupils, Decimal(800))
        for n, one in enumerate(rural_classes())
    ]


def points_of_results(school: School) -> dict[str, Decimal]:
    """What the newest run gave each teacher with classes for results."""
    with connect(school.hub.replica) as db:
        rows = db.conn.execute(
            "SELECT person_id, blocks FROM appraisal_result WHERE run_id = "
            "(SELECT id FROM appraisal_run ORDER BY made_at DESC, number DESC LIMIT 1)"
        ).fetchall()
    teachers = set(school.teachers.values())
    return {
        person: Decimal(json.loads(blocks)["points"]["results"]["points"])
        for person, blocks in rows
        if person in teachers
    }


def expected_points(growth) -> dict[str, Decimal]:
    """The plain mean of each teacher's classes within 0 and the cap, at the twelve places of a block."""
    own: dict[str, list[Decimal]] = {}
    for each in growth.values():
        own.setdefault(each.result.teacher_id, []).append(each.points)
    places = Decimal("1e-12")
    return {
        teacher: min(max(sum(points, Decimal(0)) / len(points), Decimal(0)), RULE.cap).quantize(places).normalize()
        for teacher, points in own.items()
    }

"""The workload block from rows: lessons held, itinerant, multi-grade, covers, trips; what is not closed is missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.appraisal import store
from hub.appraisal.completeness import is_complete
from hub.appraisal.run import appraise
from shared.records.appraisal import AppraisalRun
from shared.records.people import StaffMembership
from shared.records.timetable import LessonException, TimetableVersion
from sync.capture import write
from sync.replica import connect
from tests.hub.appraisal.timetables import (
    ALL_DAYS,
    CHEN,
    FRIDAYS,
    MONDAYS,
    WANG,
    WEDNESDAYS,
    ZHAO,
    closed,
    cover,
    hub_with,
    slot,
    worked_days,
    worked_evidence,
)
from tests.hub.appraisal.worlds import OFFICE, evidence


@dataclass
class Told:
    """One run over a whole term."""

    run: AppraisalRun
    missing: list[dict[str, Any]]
    trees: dict[str, dict[str, Any]]

    def part(self, person: str, code: str) -> dict[str, Any]:
        """A block or indicator of somebody's explanation."""
        return next(each for each in parts(self.trees[person]) if each["code"] == code)

    def lessons(self, person: str = WANG) -> dict[str, Any]:
        """The indicator that all this is about."""
        return self.part(person, "lessons")

    def counted(self, person: str = WANG) -> dict[tuple[str, str, str], int]:
        """(kind, campus, subject) → lessons held that count."""
        found: dict[tuple[str, str, str], int] = {}
        for leaf in self.lessons(person).get("children", ()):
            if leaf["code"] == "held":
                key = (leaf["data"]["kind"], leaf["source"]["campus"], leaf["data"]["subject"])
                found[key] = found.get(key, 0) + int(leaf["data"]["held"])
        return found

    def lacking(self, kind: str) -> list[dict[str, Any]]:
        """Entries of one kind."""
        return [each for each in self.missing if each["kind"] == kind]


def parts(node: dict[str, Any]) -> list[dict[str, Any]]:
    """A node and all within."""
    return [node, *(inner for child in node.get("children", ()) for inner in parts(child))]


def appraised(folder: Path, *records: object, update: tuple[Any, ...] = ()) -> Told:
    """A run over a hub with the timetable and these records."""
    replica = hub_with(folder, *records)
    with connect(replica) as db:
        if update:
            with write(replica, db, OFFICE) as w:
                w.update(*update)
        run = appraise(replica, db, term="2025A", author=OFFICE)
        people = [line.result.person_id for line in store.result_lines(db, run.id)]
        trees = {person: store.explanation_of(db, run.id, person)["tree"] for person in people}
        return Told(run, json.loads(run.missing), trees)


EVERYTHING_CLOSED = (*closed("A", ALL_DAYS), *closed("B", WEDNESDAYS, WANG, by=ZHAO))


def test_the_worked_person_comes_out_as_by_hand_from_lesson_rows(tmp_path: Path) -> None:
    """RECORDS: 16 lessons a week of maths of which 4 itinerant, 5 covers in 20 weeks → 36.4464… → 25; 90.48."""
    covers = [cover(number, FRIDAYS[10 + number]) for number in range(5)]
    told = appraised(tmp_path, *worked_days(), *worked_evidence(), *covers, *EVERYTHING_CLOSED)
    lessons = told.lessons()
    assert told.counted() == {
        ("weekly_lessons", "A", "maths"): 240,
        ("weekly_lessons_itinerant", "B", "maths"): 80,
        ("cover", "A", "maths"): 5,
    }
    before = sum(Decimal(leaf["points"]) for leaf in lessons["children"] if leaf["code"] == "held")
    assert before == Decimal("36.446428571429")
    assert (lessons["points"], lessons["data"]["weekly_weighted"], lessons["state"]) == ("25", "20.41", "scored")
    assert lessons["data"]["trips"] == "20"
    assert told.part(WANG, "workload")["points"] == "27"
    assert told.trees[WANG]["points"] == "90.48"
    assert told.lacking("lesson_days") == []


def test_every_lesson_opens_down_to_the_closed_day_who_closed_it_and_the_changeset(tmp_path: Path) -> None:
    told = appraised(tmp_path, cover(0, FRIDAYS[0]), *EVERYTHING_CLOSED)
    leaves = {leaf["source"]["key"]: leaf for leaf in told.lessons()["children"] if leaf["code"] == "held"}
    itinerant = leaves[f"B/{WEDNESDAYS[3]}/{WANG}"]
    assert (itinerant["source"]["date"], itinerant["source"]["campus"]) == (WEDNESDAYS[3], "B")
    assert itinerant["source"]["entered_by_name"] == "赵强"
    assert itinerant["source"]["note"] == "二年级 1,2,3,4"
    assert itinerant["data"] == {
        "kind": "weekly_lessons_itinerant", "held": "4", "subject": "maths", "factor": "1.44", "weeks": "20",
    }  # fmt: skip
    covered = leaves[f"A/{FRIDAYS[0]}/*"]
    assert (covered["data"]["kind"], covered["data"]["changes"]) == ("cover", "A-600-AA")
    assert all(leaf["source"]["changeset"] for leaf in leaves.values())
    assert len(leaves) == 20 * 4 + 1


def test_lessons_that_nobody_closed_are_missing_and_not_zero(tmp_path: Path) -> None:
    told = appraised(tmp_path)
    lessons = told.lessons()
    assert (lessons["state"], lessons["points"]) == ("missing", "0")
    assert lessons["children"][0]["data"] == {
        "open_days": "80", "open_lessons": "320", "first": ALL_DAYS[0], "last": "2026-01-15",
    }  # fmt: skip
    assert told.run.provisional == 1
    assert told.lacking("lesson_days") == [
        {"kind": "lesson_days", "campus": "A", "count": 80, "first": ALL_DAYS[0], "last": FRIDAYS[-1]},
        {"kind": "lesson_days", "campus": "B", "count": 20, "first": WEDNESDAYS[0], "last": WEDNESDAYS[-1]},
    ]


def test_a_gap_is_said_with_its_dates_and_the_rest_counts_already(tmp_path: Path) -> None:
    told = appraised(tmp_path, *closed("A", ALL_DAYS[:-5]), *closed("B", WEDNESDAYS))
    lessons = told.lessons()
    waiting = next(leaf for leaf in lessons["children"] if leaf["code"] == "open_days")
    assert (lessons["state"], waiting["points"]) == ("incomplete", "0")
    assert (waiting["data"]["open_days"], waiting["data"]["first"]) == ("3", MONDAYS[-1])
    assert told.counted()["weekly_lessons", "A", "maths"] == 19 * 12
    assert [each["count"] for each in told.lacking("lesson_days")] == [4]
    assert any(each["indicator"] == "lessons" for each in told.lacking("facts"))


@pytest.mark.parametrize(("kind", "held"), [("not_held", 239), ("empty_class", 239), ("late", 240)])
def test_an_exception_takes_its_lesson(tmp_path: Path, kind: str, held: int) -> None:
    failed = LessonException(group_id="A-21-AA", date=MONDAYS[0], period=1, person_id=WANG, kind=kind)
    told = appraised(tmp_path, failed, *EVERYTHING_CLOSED)
    assert told.counted()["weekly_lessons", "A", "maths"] == held


def test_a_lesson_that_another_took_counts_for_the_other_as_a_cover(tmp_path: Path) -> None:
    told = appraised(tmp_path, cover(0, MONDAYS[0], teacher=WANG, by=ZHAO), *EVERYTHING_CLOSED)
    assert told.counted()["weekly_lessons", "A", "maths"] == 239
    assert told.counted(ZHAO) == {("cover", "A", "maths"): 1}
    # Zhao's home is B: covering at A is a trip as well.
    assert told.lessons(ZHAO)["data"]["trips"] == "1"


def test_somebody_whom_the_timetable_does_not_know_has_taught_nothing_which_is_not_missing(tmp_path: Path) -> None:
    told = appraised(tmp_path, *EVERYTHING_CLOSED)
    lessons = told.lessons("A-3-AA")
    assert (lessons["state"], lessons["points"]) == ("scored", "0")
    assert [leaf["code"] for leaf in lessons["children"]] == ["no_lessons"]


def test_rows_go_before_entries_and_the_run_says_so(tmp_path: Path) -> None:
    entered = (evidence("A-300-AA", WANG, "weekly_lessons", "30", subject="maths"),
               evidence("A-301-AA", WANG, "cover", "9"))  # fmt: skip
    told, plain = (appraised(tmp_path / name, *EVERYTHING_CLOSED, *more) for name, more in (("a", entered), ("b", ())))
    assert told.lessons()["points"] == plain.lessons()["points"]
    shown = [leaf for leaf in told.lessons()["children"] if leaf["state"] == "overruled"]
    assert {leaf["source"]["key"] for leaf in shown} == {"A-300-AA", "A-301-AA"}
    assert told.lacking("overruled") == [{"kind": "overruled", "count": 1}]
    without_note = [each for each in told.missing if each["kind"] != "overruled"]
    assert without_note == plain.missing


@pytest.mark.parametrize(("kinds", "complete"), [((), True), (("overruled",), True), (("overruled", "waiting"), False)])
def test_a_note_alone_keeps_no_run_provisional(kinds: tuple[str, ...], complete: bool) -> None:
    assert is_complete([{"kind": kind, "count": 1} for kind in kinds]) is complete


def test_entries_count_where_the_home_campus_has_no_published_timetable(tmp_path: Path) -> None:
    draft = (TimetableVersion, ("A-50-AA",), {"status": "draft"})
    entered = evidence("A-300-AA", WANG, "weekly_lessons", "10", subject="maths")
    told = appraised(tmp_path, entered, *EVERYTHING_CLOSED, update=draft)
    (leaf,) = told.lessons()["children"]
    assert (leaf["source"]["table"], leaf["data"]["quantity"]) == ("evidence", "10")


def test_itinerant_is_judged_by_the_home_of_the_date(tmp_path: Path) -> None:
    """A fact is joined to the membership valid on its date. From week 11 Wang's home is B."""
    half = MONDAYS[10]
    moved = StaffMembership(id="B-90-MM", person_id=WANG, campus="B", category="teacher", home=1, begin=half)
    told = appraised(tmp_path, moved, *EVERYTHING_CLOSED, update=(StaffMembership, ("A-20-MM",), {"end": half}))
    assert told.counted() == {
        ("weekly_lessons", "A", "maths"): 120, ("weekly_lessons_itinerant", "B", "maths"): 40,
        ("weekly_lessons_itinerant", "A", "maths"): 120, ("weekly_lessons", "B", "maths"): 40,
    }  # fmt: skip


def test_who_came_in_mid_term_is_measured_by_the_weeks_since(tmp_path: Path) -> None:
    begin = (StaffMembership, ("A-20-MM",), {"begin": MONDAYS[10]})
    told = appraised(tmp_path, *closed("A", ALL_DAYS[50:]), *closed("B", ALL_DAYS[50:]),
                     *closed("A", ALL_DAYS[:1]), update=begin)  # fmt: skip
    leaf = next(leaf for leaf in told.lessons()["children"] if leaf["code"] == "held")
    assert leaf["data"]["weeks"] == "10"


def test_lessons_of_somebody_who_was_no_member_then_are_shown_and_said(tmp_path: Path) -> None:
    both = [(StaffMembership, (id_,), {"begin": MONDAYS[1]}) for id_ in ("A-20-MM", "B-21-MM")]
    replica = hub_with(tmp_path, *EVERYTHING_CLOSED)
    with connect(replica) as db:
        with write(replica, db, OFFICE) as w:
            for each in both:
                w.update(*each)
        run = appraise(replica, db, term="2025A", author=OFFICE)
        tree = store.explanation_of(db, run.id, WANG)["tree"]
    states = [leaf["state"] for leaf in parts(tree) if leaf.get("source", {}).get("table") == "lesson_day"]
    assert states.count("unmatched") == 4
    assert {"kind": "unmatched", "count": 4} in json.loads(run.missing)


def test_a_joint_lesson_of_two_cohorts_is_one_multigrade_lesson(tmp_path: Path) -> None:
    joint = [slot(group, 5, 2, CHEN, joint="复式", subject="chinese") for group in ("A-21-AA", "A-22-AA")]
    told = appraised(tmp_path, *joint, *EVERYTHING_CLOSED)
    assert told.counted(CHEN) == {
        ("weekly_lessons", "A", "maths"): 20, ("weekly_lessons_multigrade", "A", "chinese"): 20,
    }  # fmt: skip
    leaf = next(leaf for leaf in told.lessons(CHEN)["children"] if leaf["data"]["subject"] == "chinese")
    assert (leaf["data"]["factor"], leaf["source"]["note"]) == ("1.32", "二年级1班+三年级1班 2")


def test_leaves_add_up_for_everybody(tmp_path: Path) -> None:
    told = appraised(tmp_path, cover(0, FRIDAYS[0]), *EVERYTHING_CLOSED, *worked_days())
    for tree in told.trees.values():
        ends = [each for each in parts(tree) if not each.get("children")]
        assert sum(Decimal(leaf["points"]) for leaf in ends) == Decimal(tree["points"])

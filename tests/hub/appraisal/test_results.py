"""Class results into growth points, on small tables and on real pupils' marks."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from statistics import mean

import pytest

from hub.appraisal.results import ClassResult, GrowthRule, class_growth, growth_points, growth_rule
from shared.records.evidence import Evidence
from shared.validation import canonical_decimal, load
from tests.hub.appraisal.cases import example
from tests.support.shared_data import shared_file

RULE = GrowthRule()


def result(name: str, pupils: int, prior: str, later: str, *, grade: str = "G", teacher: str = "") -> ClassResult:
    return ClassResult(name, teacher or f"T{name}", grade, pupils, Decimal(prior), Decimal(later), Decimal(100))


def test_the_example_scheme_holds_the_rule_of_this_module() -> None:
    assert growth_rule(example().indicator("growth")) == RULE


@pytest.mark.parametrize(
    ("classes", "points"),
    [
        # The same growth everywhere: the grade mean, whatever the starting point.
        ([("a", 40, "60", "70"), ("b", 20, "50", "60")], ["24", "24"]),
        # Ten points above and below the grade mean, shrunk by 48/64 and by 16/32.
        ([("a", 48, "60", "70"), ("b", 48, "60", "50")], ["30", "16.5"]),
        ([("a", 16, "60", "64"), ("b", 16, "60", "60")], ["25", "23"]),
        # Far above and below: 0 and 30 bound it.
        ([("a", 400, "10", "90"), ("b", 400, "90", "10")], ["30", "0"]),
        # One class alone in its grade is the grade.
        ([("a", 15, "60", "90")], ["24"]),
    ],
)  # fmt: skip
def test_growth_by_hand(classes: list[tuple[str, int, str, str]], points: list[str]) -> None:
    found = class_growth([result(*each) for each in classes], RULE)
    assert [canonical_decimal(each.points) for each in found] == points


def test_small_classes_move_less_than_large_ones() -> None:
    rest = result("rest", 1000, "60", "60")
    small, large = (class_growth([result("a", n, "60", "65"), rest], RULE)[0] for n in (6, 58))
    assert RULE.grade_mean_points < small.points < large.points
    assert small.within_noise and "n=6" in small.note()


def test_several_classes_of_one_teacher_are_averaged() -> None:
    classes = [result("a", 16, "60", "64", teacher="T"), result("b", 16, "60", "60", teacher="T")]
    assert growth_points(classes, RULE) == {"T": Decimal(24)}


def test_grades_are_not_compared_with_each_other() -> None:
    classes = [result("a", 30, "60", "90", grade="3"), result("b", 30, "60", "60", grade="4")]
    assert {canonical_decimal(p) for p in growth_points(classes, RULE).values()} == {"24"}


def test_a_class_of_nobody_is_left_out() -> None:
    assert growth_points([result("a", 0, "0", "0")], RULE) == {}


def check_as_evidence(points: dict[str, Decimal]) -> None:
    """Points can be stored as evidence: canonical, within bounds, loaded by the record's own schema."""
    assert points and all(0 <= each <= 30 for each in points.values())
    for each in points.values():
        raw = {"id": "A-1-AA", "person_id": "A-1-AA", "campus": "A", "date": "2025-09-01",
               "kind": "result_growth", "quantity": canonical_decimal(each)}  # fmt: skip
        assert load(Evidence, raw, only=list(raw))["quantity"] == raw["quantity"]


@pytest.mark.parametrize("name", ["student-mat.csv", "student-por.csv"])
def test_two_portuguese_schools_as_classes(name: str) -> None:
    """G1 → G3 (of 20), one class a school and age: the mean of all points is near the grade mean's 24."""
    groups = defaultdict(list)
    with shared_file(f"data/uci-student-performance/{name}").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            groups[f"{row['school']}-{row['age']}"].append((int(row["G1"]), int(row["G3"])))
    classes = [
        ClassResult(key, key, name, len(marks), Decimal(sum(a for a, _ in marks)) / len(marks),
                    Decimal(sum(b for _, b in marks)) / len(marks), Decimal(20))
        for key, marks in sorted(groups.items())
    ]  # fmt: skip
    points = growth_points(classes, RULE)
    check_as_evidence(points)
    pupils = sum(len(marks) for marks in groups.values())
    weighted = sum((each * len(groups[key]) for key, each in points.items()), Decimal(0)) / pupils
    assert abs(weighted - 24) < 2


def test_two_rural_schools_of_star() -> None:
    """Grade 1 → grade 2 reading of the same pupils, one class a grade-2 teacher (scores 300 … 800)."""
    prior, later = {}, defaultdict(list)
    with shared_file("data/star-primary-results/star.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["schtype"] != "rural" or row["read"] == "NA":
                continue
            if row["gr"] == "1":
                prior[row["id"]] = int(row["read"])
            elif row["gr"] == "2":
                later[row["sch"], row["tch"]].append((row["id"], int(row["read"])))
    schools = sorted({school for school, _ in later})[:2]
    classes = []
    for (school, teacher), pupils in sorted(later.items()):
        both = [(prior[i], score) for i, score in pupils if i in prior]
        if school in schools and both:
            before, after = (Decimal(sum(each)) / len(both) for each in zip(*both, strict=True))
            classes.append(ClassResult(f"{school}/{teacher}", teacher, "2", len(both), before, after, Decimal(500)))
    points = growth_points(classes, RULE)
    check_as_evidence(points)
    assert len(points) == len(classes) >= 4
    assert 22 < mean(points.values()) < 26

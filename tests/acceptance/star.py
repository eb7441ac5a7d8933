"""Two rural schools of Project STAR: classes with the scores of the same pupils one grade apart.

Source: Tennessee STAR 1985-89 as in R's mlmRev (GPL-2+), see ../shared/data. One row is a pupil in a year; a
class is a teacher.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from tests.support.shared_data import shared_file

GRADES = ("K", "1", "2", "3")


@dataclass(frozen=True)
class StarClass:
    """One class: pupils with both maths scores, and the sums of those (before and now)."""

    school: str
    grade: str
    teacher: str
    pupils: int
    before: Decimal
    now: Decimal


def rural_classes(schools: int = 2) -> list[StarClass]:
    """Classes of grades 1 to 3 of the rural schools with most rows, from the scores of pupils who stayed."""
    with shared_file("data/star-primary-results/star.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["schtype"] == "rural"]
    size: dict[str, int] = defaultdict(int)
    for row in rows:
        size[row["sch"]] += 1
    chosen = sorted(size, key=lambda school: (-size[school], school))[:schools]
    score = {(row["id"], row["gr"]): row["math"] for row in rows if row["math"] != "NA"}
    found: dict[tuple[str, str, str], list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for row in rows:
        grade = row["gr"]
        if row["sch"] not in chosen or grade == "K":
            continue
        before = score.get((row["id"], GRADES[GRADES.index(grade) - 1]))
        now = score.get((row["id"], grade))
        if before is not None and now is not None:
            found[row["sch"], grade, row["tch"]].append((Decimal(before), Decimal(now)))
    return [
        StarClass(*place, len(pairs), sum((b for b, _ in pairs), Decimal(0)), sum((n for _, n in pairs), Decimal(0)))
        for place, pairs in sorted(found.items())
    ]

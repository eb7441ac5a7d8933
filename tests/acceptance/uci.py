"""The two UCI student files as two campuses: classes, absences spread over a term, two tests.

Source: UCI "Student Performance" (Cortez and Silva 2008, CC BY 4.0), see ../shared/data. The files say how
many days each pupil missed, not which: a seeded rule chooses them among the term's school days.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from tests.support.shared_data import shared_file

FILES = {"A": "student-mat.csv", "B": "student-por.csv"}
CLASS_SIZE = 45
SEED = 395649


@dataclass(frozen=True)
class Student:
    """One row of a file: its place, its class, the days it missed, its tests of the year (0 to 20)."""

    campus: str
    number: int
    class_number: int
    absences: int
    g1: int
    g2: int
    g3: int


def students(campus: str) -> list[Student]:
    """One file's pupils in its order, cut into classes."""
    with _path(campus).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Student(campus, n, n // CLASS_SIZE, int(row["absences"]), int(row["G1"]), int(row["G2"]), int(row["G3"]))
        for n, row in enumerate(rows)
    ]


def days_missed(student: Student, days: Sequence[date]) -> frozenset[date]:
    """Which school days a pupil misses: as many as the file says, at most all there are."""
    random = Random(f"{SEED}/{student.campus}/{student.number}")
    return frozenset(random.sample(days, min(student.absences, len(days))))


def plain_count(campus: str) -> Counter[int]:
    """Class number → days missed, added up straight from the file by nothing but csv and sum."""
    counted: Counter[int] = Counter()
    with _path(campus).open(encoding="utf-8", newline="") as file:
        for n, row in enumerate(csv.DictReader(file)):
            counted[n // CLASS_SIZE] += int(row["absences"])
    return counted


def _path(campus: str) -> Path:
    return shared_file(f"data/uci-student-performance/{FILES[campus]}")

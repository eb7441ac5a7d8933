"""One register taken twice, neither taker knowing of the other, with different exceptions (RECORDS, register).

Rows of both stand side by side after the merge, so nothing shows it but what each taker had seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shared.findings.model import CAMPUS, Finding, Side, finding_of, subject_of
from shared.ids import campus_of

KIND = "register_twice"
READS = frozenset({CAMPUS})
PRESENT = "present"
# Between the values of one pupil where a taker had seen several: no text that people type holds it.
SEVERAL = "\x1f"


@dataclass(frozen=True)
class Taking:
    """One of the takings that do not know of each other. `version` names it on every replica."""

    version: str
    taken_by: str
    taken_at: str


@dataclass(frozen=True)
class Mark:
    """One standing version of one pupil's exception: mark, minutes, note; and which takings count with it.

    counted_by: numbers of the takings whose taker had seen this version and not seen it deleted.
    """

    person_id: str
    mark: str
    minutes: int
    note: str
    counted_by: frozenset[int]


@dataclass(frozen=True)
class TakenTwice:
    """A register with several takings, and its exceptions."""

    group_id: str
    date: str
    session: str
    takings: tuple[Taking, ...]
    marks: tuple[Mark, ...]


def register_twice(registers: Iterable[TakenTwice]) -> list[Finding]:
    """One finding a register whose takers differ about some pupil; none where they say the same."""
    found = []
    for each in sorted(registers, key=lambda one: (one.group_id, one.date, one.session)):
        views = _views(each)
        differing = {pupil for view in views for pupil in view if len({v.get(pupil, "") for v in views}) > 1}
        if len(views) > 1 and differing:
            subject = subject_of(each.group_id, each.date, each.session)
            sides = [_side(each, taking, view, differing) for taking, view in zip(each.takings, views, strict=True)]
            found.append(finding_of(KIND, subject, each.date, sides))
    return found


def _views(register: TakenTwice) -> list[dict[str, str]]:
    """Taking by taking: pupil → what that taker saw of him, as text."""
    found = []
    for number in range(len(register.takings)):
        seen: dict[str, set[str]] = defaultdict(set)
        for mark in register.marks:
            if number in mark.counted_by:
                seen[mark.person_id].add(f"{mark.mark}/{mark.minutes}/{mark.note}")
        found.append({pupil: SEVERAL.join(sorted(texts)) for pupil, texts in seen.items()})
    return found


def _side(register: TakenTwice, taking: Taking, view: dict[str, str], differing: set[str]) -> Side:
    key = f"{register.group_id}/{register.date}/{register.session}"
    said = tuple((pupil, view.get(pupil, f"{PRESENT}/0/")) for pupil in sorted(differing))
    return Side(
        "register", key, campus_of(register.group_id), taking.taken_by, group_id=register.group_id,
        title=taking.version, said=said, at=taking.taken_at,
    )  # fmt: skip

"""One pupil in two classes at once, by dated membership (C7): half-open spans that share a day."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from shared.findings.model import CAMPUS, Finding, Side, finding_of, subject_of
from shared.ids import campus_of

KIND = "pupil_two_classes"
# The memberships of every campus concerned: a node finds what is within its campus, the hub also what lies across.
READS = frozenset({CAMPUS})
# After every date there is.
_NEVER = "9999-12-31"


@dataclass(frozen=True)
class Place:
    """A pupil in a class, on dates [begin, end); end "" while it is open. The class's own span is cut out already.

    row_begin, row_end: as the membership itself says, the first being part of its key.
    """

    group_id: str
    member_id: str
    begin: str
    end: str
    row_begin: str
    row_end: str = ""


def pupil_two_classes(places: Iterable[Place]) -> list[Finding]:
    """One finding a pair of different classes, dated by the first day on which the pupil is in both."""
    pupils: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        if not place.end or place.begin < place.end:
            pupils[place.member_id].append(place)
    found = []
    for pupil, held in sorted(pupils.items()):
        held.sort(key=lambda place: (place.group_id, place.row_begin))
        for one, other in combinations(held, 2):
            day = max(one.begin, other.begin)
            if one.group_id != other.group_id and day < min(one.end or _NEVER, other.end or _NEVER):
                subject = _unnamed(subject_of(pupil, *(f"{each.group_id} {each.row_begin}" for each in (one, other))))
                found.append(finding_of(KIND, subject, day, [_side(one), _side(other)]))
    return found


def _unnamed(subject: str) -> str:
    """A "leave it so" goes to every campus, what it is about does not: the key says nothing of whom it names."""
    return hashlib.blake2b(subject.encode(), digest_size=16).hexdigest()


def _side(place: Place) -> Side:
    return Side(
        "group_member", f"{place.group_id}/{place.member_id}/{place.row_begin}", campus_of(place.group_id),
        place.member_id, group_id=place.group_id, said=(("begin", place.row_begin), ("end", place.row_end)),
    )  # fmt: skip

"""Who could cover a lesson, ranked, with the reasons said: pure.

Fairness is shown where it is decided (D3): how many covers each has given this term stands beside the name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from node.lessons.clashes import Placed, Travel, meet, placed, together
from shared.lessons.rules import Lesson


@dataclass(frozen=True)
class Colleague:
    """Somebody who might: the campuses where the person has a place."""

    person_id: str
    name: str
    campuses: tuple[str, ...]


@dataclass(frozen=True)
class Around:
    """What decides beside the lesson itself.

    busy: person → lessons of that week at all campuses; away: who is on approved leave at that time; covers:
    covers of this term by person; travel: minutes between campuses.
    """

    busy: Mapping[str, Sequence[Lesson]]
    away: Collection[str]
    covers: Mapping[str, int]
    travel: Travel


@dataclass(frozen=True)
class Candidate:
    """A colleague judged for one lesson. obstacle: "" (free), "leave", or "lesson" (then `other` says which)."""

    person_id: str
    name: str
    here: bool
    obstacle: str
    other: Placed | None
    same_subject: bool
    teaches_class: bool
    lessons_that_day: int
    lessons_that_week: int
    covers_this_term: int

    @property
    def free(self) -> bool:
        """True when nothing stands in the way."""
        return not self.obstacle


def busy_by(week: Iterable[Lesson]) -> dict[str, list[Lesson]]:
    """Person → the lessons he stands for."""
    busy: dict[str, list[Lesson]] = {}
    for each in week:
        for who in each.teachers if each.state == "planned" else ():
            busy.setdefault(who, []).append(each)
    return busy


def ranked(lesson: Lesson, colleagues: Iterable[Colleague], around: Around) -> list[Candidate]:
    """Everybody who does not teach this lesson already and was not to teach it, the most fitting first.

    Free, at this campus, teaches the class or the subject (both is best), fewest covers this term, lightest
    week: in this order, so that each place in the list can be explained by one sentence.
    """
    others = (each for each in colleagues if each.person_id not in (*lesson.teachers, *lesson.planned_teachers))
    return sorted((_judged(lesson, each, around.busy.get(each.person_id, ()), around) for each in others), key=rank)


def rank(one: Candidate) -> tuple[object, ...]:
    """The order of candidates."""
    fits = one.teaches_class + one.same_subject
    return not one.free, not one.here, -fits, one.covers_this_term, one.lessons_that_week, one.name, one.person_id


def _judged(lesson: Lesson, who: Colleague, own: Sequence[Lesson], around: Around) -> Candidate:
    now = placed(lesson)
    that_day = [each for each in own if each.date == lesson.date and each.planned_at != lesson.planned_at]
    in_way = next((each for each in that_day if meet(now, placed(each), around.travel)), None)
    obstacle = "leave" if who.person_id in around.away else "lesson" if in_way else ""
    return Candidate(
        who.person_id, who.name, lesson.campus in who.campuses, obstacle, placed(in_way) if in_way else None,
        any(each.subject == lesson.subject and lesson.subject != "other" for each in own),
        any(each.group_id == lesson.group_id for each in own),
        len(that_day), len(own), around.covers.get(who.person_id, 0),
    )  # fmt: skip


def suggested(choices: Sequence[tuple[Lesson, Sequence[Candidate]]], travel: Travel) -> dict[tuple[str, int], str]:
    """(group, period) → person for a whole day: each lesson the best one who is still free, turns taken.

    The groups of a joint lesson get the same person.
    """
    given: Counter[str] = Counter()
    taken: dict[str, list[Placed]] = {}
    found: dict[tuple[str, int], str] = {}
    for lesson, candidates in choices:
        now = placed(lesson)
        joined = {who: other for who, others in taken.items() for other in others if together(now, other)}
        if joined:
            found[lesson.group_id, lesson.period] = next(iter(joined))
            continue
        free = [
            replace(each, covers_this_term=each.covers_this_term + given[each.person_id])
            for each in candidates
            if each.free and not any(meet(now, other, travel) for other in taken.get(each.person_id, ()))
        ]
        best = min(free, key=rank, default=None)
        if best is not None:
            found[lesson.group_id, lesson.period] = best.person_id
            given[best.person_id] += 1
            taken.setdefault(best.person_id, []).append(now)
    return found

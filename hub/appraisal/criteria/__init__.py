"""The kinds of rule a scheme can use: one module each, all with one signature, listed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.appraisal.criteria import (
    absent_lessons,
    class_growth,
    conduct,
    item_sum,
    leave_days,
    minute_bands,
    missed_times,
    recorded_days,
    round_mean,
    shortfall,
    weekly_lessons,
)
from hub.appraisal.facts.rows import Facts, PersonFacts
from hub.appraisal.model import Indicator, Param
from hub.appraisal.tree import Node

Scoring = Callable[[Indicator, PersonFacts, Facts], Node]


@dataclass(frozen=True)
class Criterion:
    """A kind of rule: its name in the scheme, the parameters it takes, and how it scores."""

    name: str
    params: tuple[Param, ...]
    score: Scoring


CRITERIA: tuple[Criterion, ...] = (
    Criterion("recorded_days", recorded_days.PARAMS, recorded_days.score),
    Criterion("minute_bands", minute_bands.PARAMS, minute_bands.score),
    Criterion("absent_lessons", absent_lessons.PARAMS, absent_lessons.score),
    Criterion("leave_days", leave_days.PARAMS, leave_days.score),
    Criterion("conduct", conduct.PARAMS, conduct.score),
    Criterion("weekly_lessons", weekly_lessons.PARAMS, weekly_lessons.score),
    Criterion("item_sum", item_sum.PARAMS, item_sum.score),
    Criterion("round_mean", round_mean.PARAMS, round_mean.score),
    Criterion("shortfall", shortfall.PARAMS, shortfall.score),
    Criterion("missed_times", missed_times.PARAMS, missed_times.score),
    Criterion("class_growth", class_growth.PARAMS, class_growth.score),
)


def criterion_of(name: str) -> Criterion | None:
    """The criterion with this name, or None."""
    return next((each for each in CRITERIA if each.name == name), None)

"""Class results → growth points: what the results block is fed with.

Method: a class's growth is its later mean less its prior mean, in percent of the paper's full marks, over
the pupils who sat both papers. The grade's mean growth (pupils weighted) is subtracted and the difference
shrunk by n ÷ (n + 16): 16 is (pupil SD 12 ÷ between-class SD 3)², so that six pupils cannot make a teacher
first or last. The grade mean gives 24 points and each percentage point one point more or less (the rule "class
mean = grade mean is 20, each point above +1, below −1" is read in real schemes, with another centre).
Results are shown with n and a band, never as a bare rank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from hub.appraisal.exact import ZERO, exact_context, quotient, rounded_half_up
from hub.appraisal.model import Indicator

# Points of evidence are stored as canonical decimals of at most nine places.
EVIDENCE_PLACES = 6
PUPIL_SD_PERCENT = Decimal(12)
BAND_FACTOR = Decimal("1.96")


@dataclass(frozen=True)
class ClassResult:
    """One class's two papers. grade: whatever is compared with each other (grade, subject, papers).

    prior_mean, later_mean: marks, over the same `pupils` children; full_marks: of both papers.
    """

    class_id: str
    teacher_id: str
    grade: str
    pupils: int
    prior_mean: Decimal
    later_mean: Decimal
    full_marks: Decimal


@dataclass(frozen=True)
class GrowthRule:
    """The numbers of the scheme's results indicator."""

    cap: Decimal = Decimal(30)
    grade_mean_points: Decimal = Decimal(24)
    shrink_pupils: Decimal = Decimal(16)
    points_per_percent: Decimal = Decimal(1)


@dataclass(frozen=True)
class ClassGrowth:
    """One class's growth: percentage points above the grade's, shrunk, with the half width of its band."""

    result: ClassResult
    growth_percent: Decimal
    grade_percent: Decimal
    shrunk_percent: Decimal
    band_percent: Decimal
    points: Decimal

    @property
    def within_noise(self) -> bool:
        """True when the difference from the grade is smaller than the band."""
        return abs(self.shrunk_percent) <= self.band_percent

    def note(self) -> str:
        """What stands beside the row of evidence: n, the shrunken difference and its band."""
        low, high = (
            rounded_half_up(self.shrunk_percent + sign * self.band_percent, 2) for sign in (-1, 1)
        )
        shrunk = rounded_half_up(self.shrunk_percent, 2)
        return f"{self.result.class_id} n={self.result.pupils} {shrunk:+}% [{low:+}, {high:+}]"


def growth_rule(indicator: Indicator) -> GrowthRule:
    """The rule as a scheme's `class_growth` indicator says it."""
    return GrowthRule(
        indicator.number("cap"), indicator.number("grade_mean_points"), indicator.number("shrink_pupils"),
        indicator.number("points_per_percent"),
    )


def class_growth(results: Sequence[ClassResult], rule: GrowthRule) -> tuple[ClassGrowth, ...]:
    """Each class's points, in the order given. Classes without pupils are left out."""
    known = [each for each in results if each.pupils > 0]
    grades: dict[str, list[ClassResult]] = defaultdict(list)
    for each in known:
        grades[each.grade].append(each)
    with localcontext(exact_context()):
        means = {grade: _grade_mean(classes) for grade, classes in grades.items()}
        return tuple(_growth(each, means[each.grade], rule) for each in known)


def growth_points(results: Sequence[ClassResult], rule: GrowthRule) -> dict[str, Decimal]:
    """Teacher → points: the mean of the own classes' points, within 0 … cap."""
    own: dict[str, list[Decimal]] = defaultdict(list)
    for each in class_growth(results, rule):
        own[each.result.teacher_id].append(each.points)
    means = {
        teacher: quotient(sum(points, ZERO), Decimal(len(points))) for teacher, points in own.items()
    }
    return {teacher: min(max(mean, ZERO), rule.cap) for teacher, mean in sorted(means.items())}


def _percent(result: ClassResult) -> Decimal:
    return quotient((result.later_mean - result.prior_mean) * 100, result.full_marks)


def _grade_mean(classes: Sequence[ClassResult]) -> Decimal:
    pupils = sum(each.pupils for each in classes)
    return quotient(sum((_percent(each) * each.pupils for each in classes), ZERO), Decimal(pupils))


def _growth(result: ClassResult, grade: Decimal, rule: GrowthRule) -> ClassGrowth:
    n = Decimal(result.pupils)
    own = _percent(result)
    weight = quotient(n, n + rule.shrink_pupils)
    shrunk = rounded_half_up((own - grade) * weight, EVIDENCE_PLACES)
    band = rounded_half_up(BAND_FACTOR * PUPIL_SD_PERCENT * quotient(weight, Context(prec=40).sqrt(n)), EVIDENCE_PLACES)
    points = rule.grade_mean_points + shrunk * rule.points_per_percent
    return ClassGrowth(
        result, own, grade, shrunk, band,
        rounded_half_up(min(max(points, ZERO), rule.cap), EVIDENCE_PLACES),
    )

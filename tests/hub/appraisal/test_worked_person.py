"""The worked person of the example scheme, by hand and by the software: 90.48."""

from decimal import Decimal

import pytest

from hub.appraisal.tree import leaves
from tests.hub.appraisal.cases import part, person, score_of

WORKED = """
    attendance 2025-09-03 present late 4
    attendance 2025-09-10 present late 4
    attendance 2025-09-17 present late 9
    attendance 2025-10-13 personal_leave
    attendance 2025-10-14 personal_leave
    attendance 2025-10-15 personal_leave
    attendance 2025-11-03 sick_leave
    attendance 2025-11-04 sick_leave
    attendance 2025-11-05 sick_leave
    attendance 2025-11-06 sick_leave
    attendance 2025-11-07 sick_leave
    attendance 2025-11-10 sick_leave
    evidence   2025-09-30 weekly_lessons           12 maths
    evidence   2025-09-30 weekly_lessons_itinerant 4  maths
    evidence   2025-12-30 cover                    5
    evidence   2025-09-01 post                     2
    evidence   2025-10-20 inspection_round         90
    evidence   2025-12-20 inspection_round         94
    evidence   2025-12-30 observed_lessons         7
    evidence   2026-01-10 result_growth            25.5
    evidence   2025-11-20 line_task                1.2
"""

BY_HAND = [
    # block, points, how
    ("ethics", "10", "nothing entered"),
    ("attendance", "8.4", "10 − 0.2×2 − 0.5 − 0.5×1 − 0.2×1"),
    ("late_or_early", "-0.9", "0.2 twice and 0.5 once"),
    ("personal_leave", "-0.5", "3 days, 2 free"),
    ("sick_leave", "-0.2", "6 days, 5 free"),
    ("lessons", "25", "36.4464 and the cap"),
    ("workload", "27", "25 and 2 for the post"),
    ("inspection", "12.88", "92 ÷ 100 × 14"),
    ("observed_lessons", "2.5", "one short of 8"),
    ("research", "3", "none missed"),
    ("daily_teaching", "18.38", "12.88 + 2.5 + 3"),
    ("results", "25.5", ""),
    ("line_tasks", "1.2", ""),
    ("total", "90.48", "10 + 8.4 + 27 + 18.38 + 25.5 + 1.2"),
]


@pytest.mark.parametrize(("code", "points", "how"), BY_HAND)
def test_the_worked_person_comes_out_as_by_hand(code: str, points: str, how: str) -> None:
    (scored,) = score_of(person(WORKED))
    assert part(scored.tree, code).points == Decimal(points), how
    assert scored.missing == ()


def test_the_weighted_lessons_are_shown_before_the_cap() -> None:
    (scored,) = score_of(person(WORKED))
    lessons = part(scored.tree, "lessons")
    before = sum(each.points for each in lessons.children if each.code == "lessons")
    assert lessons.data["weekly_weighted"] == "20.41"
    assert before == Decimal("36.446428571429")


def test_leaves_add_up_to_the_total_and_each_row_is_named() -> None:
    (scored,) = score_of(person(WORKED))
    ends = list(leaves(scored.tree))
    assert sum(each.points for each in ends) == scored.tree.points == Decimal("90.48")
    rows = {each.source.key for each in ends if each.source}
    assert len(rows) == len(WORKED.split("\n")) - 2

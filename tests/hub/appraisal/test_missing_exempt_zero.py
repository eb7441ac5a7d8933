"""Missing, exempt and zero are three different things."""

from dataclasses import replace
from decimal import Decimal

from hub.appraisal.tree import leaves
from tests.hub.appraisal.cases import PRESENT, part, person, score_of


def test_nobody_gets_full_marks_for_days_nobody_recorded() -> None:
    (scored,) = score_of(person("evidence 2025-09-30 line_task 1"))
    attendance = part(scored.tree, "attendance")
    assert (attendance.points, attendance.state) == (Decimal(0), "missing")
    assert "recorded_days" in scored.missing


def test_gaps_in_attendance_are_said_and_cost_nothing() -> None:
    some = replace(person(PRESENT), school_days=3, missing_days=("2025-09-02", "2025-09-03"))
    (scored,) = score_of(some)
    attendance = part(scored.tree, "attendance")
    assert (attendance.points, attendance.state) == (Decimal(10), "incomplete")
    assert part(attendance, "start").data["missing_days"] == "2"
    assert "recorded_days" in scored.missing


def test_a_row_of_zero_is_zero_and_no_row_is_missing() -> None:
    zero, none = (
        score_of(person(f"{PRESENT}\n{line}"))[0]
        for line in ("evidence 2025-09-30 observed_lessons 0", "")
    )
    assert part(zero.tree, "observed_lessons").state == "scored"
    assert part(none.tree, "observed_lessons").state == "missing"
    assert part(zero.tree, "observed_lessons").points == part(none.tree, "observed_lessons").points == 0


def test_what_happens_by_exception_is_none_and_not_missing() -> None:
    (scored,) = score_of(person(PRESENT))
    for code in ("ethics", "research", "line_tasks", "post"):
        assert part(scored.tree, code).state == "scored", code


def test_exempt_blocks_leave_the_sum_and_the_rest_is_scaled_to_full_marks() -> None:
    table = f"{PRESENT} late 4\nevidence 2025-09-30 line_task -1"
    (scored,) = score_of(person(table, categories=("support_staff",)))
    assert part(scored.tree, "workload").state == "exempt"
    assert part(scored.tree, "results").state == "exempt"
    # 10 + 9.8 of 20 asked, scaled to 100; the signed item is not scaled.
    assert scored.tree.points == Decimal("98")
    assert scored.missing == ()


def test_without_a_tested_class_the_mean_of_the_own_category_counts() -> None:
    people = [
        person(f"{PRESENT}\nevidence 2025-09-30 result_growth 20", id_="A-1-AA"),
        person(f"{PRESENT}\nevidence 2025-09-30 result_growth 25", id_="A-2-AA"),
        person(PRESENT, id_="A-3-AA"),
        person(PRESENT, id_="A-4-AA", categories=("kindergarten_teacher",)),
    ]
    scored = score_of(*people)
    third, fourth = (part(each.tree, "results") for each in scored[2:])
    assert (third.points, third.state) == (Decimal("22.5"), "substituted")
    assert part(third, "substitute").data == {"category": "teacher", "people": "2"}
    # Nobody of this category is tested: what the scheme says then.
    assert (fourth.points, fourth.state) == (Decimal(24), "substituted")


def test_superseded_and_unmatched_rows_are_shown_and_do_not_count() -> None:
    made = person(f"{PRESENT}\nevidence 2025-09-30 line_task 3\nevidence 2025-10-01 line_task 1")
    first, second = made.evidence
    (scored,) = score_of(replace(made, evidence=(replace(first, state="superseded"), second)))
    block = part(scored.tree, "line_tasks")
    assert block.points == 1
    assert [leaf.state for leaf in leaves(block)] == ["scored", "superseded"]


def test_somebody_whose_category_no_composite_names_is_not_scored() -> None:
    assert score_of(person(PRESENT, categories=())) == ()

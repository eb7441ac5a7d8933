"""Where one rule ends and the next begins: tables for the staff congress to check."""

from decimal import Decimal

import pytest

from hub.appraisal.tree import leaves
from tests.hub.appraisal.cases import PRESENT, part, person, score_of


def points(table: str, code: str, **more: object) -> Decimal:
    """The points of a block or indicator for a text table."""
    (scored,) = score_of(person(table, **more))  # type: ignore[arg-type] # the table's own keywords
    assert sum(each.points for each in leaves(scored.tree)) == scored.tree.points
    return part(scored.tree, code).points


@pytest.mark.parametrize(
    ("what", "cost"),
    [
        ("late 1", "-0.2"), ("late 5", "-0.2"), ("late 6", "-0.5"), ("late 15", "-0.5"), ("late 16", "-1"),
        ("late 90", "-1"), ("early 5", "-0.2"), ("early 6", "-0.5"), ("late 5 early 6", "-0.7"), ("", "0"),
    ],
)  # fmt: skip
def test_minutes_late_or_early(what: str, cost: str) -> None:
    assert points(f"attendance 2025-09-01 present {what}", "late_or_early") == Decimal(cost)


@pytest.mark.parametrize(
    ("days", "cost"),
    [(0, "0"), (1, "0"), (2, "0"), (2.5, "-0.25"), (3, "-0.5"), (4, "-1"), (30, "-14")],
)
def test_two_days_of_personal_leave_are_free(days: float, cost: str) -> None:
    assert points(leave("personal_leave", days), "personal_leave") == Decimal(cost)


@pytest.mark.parametrize(("days", "cost"), [(5, "0"), (5.5, "-0.1"), (6, "-0.2"), (7, "-0.4")])
def test_five_days_of_sick_leave_with_a_note_are_free(days: float, cost: str) -> None:
    assert points(leave("sick_leave", days), "sick_leave") == Decimal(cost)


@pytest.mark.parametrize("status", ["official_leave", "statutory_leave"])
def test_official_and_statutory_leave_cost_nothing(status: str) -> None:
    assert points(leave(status, 20), "attendance") == 10


def leave(status: str, days: float) -> str:
    """So many days of leave, a half day as a morning."""
    dates = [f"2025-{9 + n // 28:02}-{n % 28 + 1:02}" for n in range(int(days) + 1)]
    lines = [f"attendance {date} {status}" for date in dates[: int(days)]]
    lines += [f"attendance {dates[-1]} {status} am"] if days % 1 else [PRESENT.replace("09-01", "12-30")]
    return "\n".join(lines)


def test_sick_leave_without_a_note_is_personal_leave() -> None:
    both = leave("personal_leave", 2) + "\nattendance 2025-11-03 sick_leave_no_note"
    assert points(both, "personal_leave") == Decimal("-0.5")


@pytest.mark.parametrize(
    ("rows", "cost"),
    [
        (["full", "full"], "-0"), (["am", "pm"], "0"), (["full", "am"], "0"),
    ],
)  # fmt: skip
def test_two_campuses_that_record_one_absence_cost_one(rows: list[str], cost: str) -> None:
    """Two free days, one of them taken twice on paper: the third day is the first that costs."""
    lines = [f"attendance 2025-09-01 personal_leave {each}".replace(" full", "") for each in rows]
    assert points("\n".join([*lines, "attendance 2025-09-02 personal_leave"]), "personal_leave") == Decimal(cost)
    lines.append("attendance 2025-09-02 personal_leave\nattendance 2025-09-03 personal_leave")
    assert points("\n".join(lines), "personal_leave") == Decimal("-0.5")


@pytest.mark.parametrize(
    ("what", "cost"),
    [
        ("present absent 2", "-2"), ("absent_without_leave", "-6"), ("absent_without_leave am", "-3"),
        ("absent_without_leave absent 4", "-4"),
    ],
)  # fmt: skip
def test_absent_lessons_and_days_without_leave(what: str, cost: str) -> None:
    assert points(f"attendance 2025-09-01 {what}", "absent_lessons") == Decimal(cost)


def test_attendance_stops_at_zero_and_is_not_carried_over() -> None:
    table = leave("personal_leave", 40)
    assert points(table, "attendance") == 0
    assert points(table, "line_tasks") == 0


@pytest.mark.parametrize(
    ("lines", "code", "expected"),
    [
        ("evidence 2025-09-30 weekly_lessons 14 english", "lessons", "25"),
        ("evidence 2025-09-30 weekly_lessons 7 english", "lessons", "12.5"),
        ("evidence 2025-09-30 weekly_lessons 13 english", "lessons", "23.214285714286"),
        ("evidence 2025-09-30 weekly_lessons 15 english", "lessons", "25"),
        ("evidence 2025-09-30 weekly_lessons 7 chinese", "lessons", "15"),
        ("evidence 2025-09-30 weekly_lessons_multigrade 7 chinese", "lessons", "16.5"),
        ("evidence 2025-09-30 weekly_lessons_itinerant 7 pe", "lessons", "15"),
        ("evidence 2025-09-30 post 5", "post", "5"),
        ("evidence 2025-09-30 post 4\nevidence 2025-09-30 post 2", "post", "5"),
        ("evidence 2025-09-30 inspection_round 100", "inspection", "14"),
        ("evidence 2025-09-30 inspection_round 0", "inspection", "0"),
        ("evidence 2025-09-30 observed_lessons 8", "observed_lessons", "3"),
        ("evidence 2025-09-30 observed_lessons 12", "observed_lessons", "3"),
        ("evidence 2025-09-30 observed_lessons 0", "observed_lessons", "0"),
        ("evidence 2025-09-30 research_missed 1", "research", "2.5"),
        ("evidence 2025-09-30 research_missed 7", "research", "0"),
        ("evidence 2025-09-30 result_growth 30", "results", "30"),
        ("evidence 2025-09-30 result_growth 31", "results", "30"),
        ("evidence 2025-09-30 result_growth -1", "results", "0"),
        ("evidence 2025-09-30 result_growth 20\nevidence 2025-09-30 result_growth 25", "results", "22.5"),
        ("evidence 2025-09-30 line_task 7", "line_tasks", "5"),
        ("evidence 2025-09-30 line_task 5", "line_tasks", "5"),
        ("evidence 2025-09-30 line_task -6", "line_tasks", "-5"),
        ("evidence 2025-09-30 line_task 7\nevidence 2025-10-30 line_task -4", "line_tasks", "3"),
        ("ethics 2025-09-30 deduction 3", "ethics", "7"),
        ("ethics 2025-09-30 deduction 13", "ethics", "0"),
        ("ethics 2025-09-30 veto 0", "ethics", "0"),
        ("ethics 2025-09-30 veto 0\nethics 2025-09-30 deduction 4", "ethics", "0"),
    ],
)  # fmt: skip
def test_floors_caps_and_means(lines: str, code: str, expected: str) -> None:
    assert points(f"{PRESENT}\n{lines}", code) == Decimal(expected)


@pytest.mark.parametrize(
    ("lines", "category", "code", "expected"),
    [
        ("homeroom_line 10", "homeroom_teacher", "homeroom_line", "10"),
        ("homeroom_line 11", "homeroom_teacher", "homeroom_line", "10"),
        ("homeroom_line 8.5\nevidence 2025-10-01 homeroom_line 9", "homeroom_teacher", "homeroom_line", "8.75"),
        ("campus_item 4", "homeroom_teacher", "campus_items", "3"),
        ("campus_item -4", "middle_leader", "campus_items", "-3"),
        ("assigned_work 9.2", "middle_leader", "assigned_work", "9.2"),
        ("assigned_work 9.2", "campus_head", "assigned_work", "9.2"),
    ],
)
def test_what_homeroom_teachers_and_middle_leaders_get_on_top(
    lines: str, category: str, code: str, expected: str
) -> None:
    table = f"{PRESENT}\nevidence 2025-09-30 {lines}"
    assert points(table, code, categories=(category,)) == Decimal(expected)


def test_a_veto_bars_the_top_grade_and_a_deduction_does_not() -> None:
    (veto,) = score_of(person(f"{PRESENT}\nethics 2025-09-30 veto 0"))
    (deduction,) = score_of(person(f"{PRESENT}\nethics 2025-09-30 deduction 10"))
    assert (veto.bars_excellent, deduction.bars_excellent) == (True, False)


@pytest.mark.parametrize(
    ("homeroom", "assigned", "chosen", "total"),
    [("9", "8", "homeroom", "50"), ("8", "9", "middle_leader", "50"), ("9", "9", "middle_leader", "50")],
)
def test_who_is_both_gets_the_higher_and_it_says_which(
    homeroom: str, assigned: str, chosen: str, total: str
) -> None:
    table = f"{PRESENT}\nevidence 2025-09-30 homeroom_line {homeroom}"
    table += f"\nevidence 2025-09-30 assigned_work {assigned}"
    (scored,) = score_of(person(table, categories=("teacher", "homeroom_teacher", "middle_leader")))
    assert scored.composite.code == chosen
    assert scored.tree.points == 10 + 10 + 3 + 24 + 9
    assert [code for code, _ in scored.others] == [
        {"homeroom": "middle_leader", "middle_leader": "homeroom"}[chosen]
    ]

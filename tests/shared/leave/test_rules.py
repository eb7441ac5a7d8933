"""How long a leave is, which step decides it, who is away: tables of cases."""

from decimal import Decimal

import pytest

from shared.leave.rules import (
    LeaveLimits,
    decision_refusal,
    is_away_at,
    leave_days,
    leave_of,
    part_away,
    step_needed,
    step_of,
)
from shared.records import LeaveApproval, LeaveRequest

OFF = {"2025-09-13", "2025-09-14"}


@pytest.mark.parametrize(
    ("begin", "end", "part", "days"),
    [
        ("2025-09-12", "2025-09-13", "full", "1"),
        ("2025-09-12", "2025-09-13", "am", "0.5"),
        ("2025-09-12", "2025-09-16", "full", "2"),  # the weekend counts nothing
        ("2025-09-12", "2025-09-16", "pm", "1.5"),
        ("2025-09-13", "2025-09-15", "full", "0"),
        ("2025-09-12", "2025-09-12", "full", "0"),
    ],
)
def test_a_leave_counts_working_days_in_halves(begin, end, part, days):
    assert leave_days(begin, end, part, OFF) == Decimal(days)


@pytest.mark.parametrize(
    ("days", "step"),
    [("0.5", "first"), ("1", "first"), ("1.5", "campus"), ("3", "campus"), ("3.5", "consortium"), ("90", "consortium")],
)
def test_the_longer_the_leave_the_higher_the_step(days, step):
    """RECORDS: up to 1 day grade or middle leader, up to 3 the campus head, more the general principal."""
    assert step_needed(Decimal(days), LeaveLimits()) == step
    assert step_needed(Decimal(days), LeaveLimits(first_days_max=90)) == "first"


def request(**more):
    fields = {"begin": "2025-09-15", "end": "2025-09-17", "kind": "sick_leave", **more}
    return LeaveRequest(id="A-1-AA", person_id="A-8-AA", **fields)


def answer(step, decision, by="A-9-AA", about="A-8-AA"):
    return LeaveApproval(
        request_id="A-1-AA", person_id=about, step=step, decision=decision, decided_by=by,
        decided_at="2025-09-14T00:00:00.000Z",
    )  # fmt: skip


def judged(*answers, **more):
    return leave_of(request(**more), answers, OFF, LeaveLimits())


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([], "asked"),
        ([("first", "approved")], "asked"),  # two days are the campus head's to decide
        ([("campus", "approved")], "approved"),
        ([("campus", "refused")], "refused"),
        ([("campus", "approved"), ("consortium", "refused")], "refused"),
        ([("consortium", "approved"), ("campus", "refused")], "approved"),
    ],
)
def test_the_highest_step_that_was_high_enough_decides(answers, state):
    assert judged(*(answer(*each) for each in answers)).state == state


def test_an_answer_of_oneself_or_about_another_person_counts_nothing():
    assert judged(answer("campus", "approved", by="A-8-AA")).state == "asked"
    assert judged(answer("campus", "approved", about="A-7-AA")).state == "asked"
    assert judged(answer("campus", "approved"), withdrawn_at="2025-09-14T01:00:00.000Z").state == "withdrawn"


@pytest.mark.parametrize(
    ("person", "step", "leave", "reason"),
    [
        ("A-9-AA", "campus", judged(), None),
        ("A-8-AA", "campus", judged(), "about_oneself"),
        ("A-9-AA", None, judged(), "not_allowed"),
        ("A-9-AA", "first", judged(), "step_too_low"),
        ("A-9-AA", "campus", judged(answer("consortium", "refused")), "decided_above"),
        ("A-9-AA", "consortium", judged(answer("campus", "refused")), None),
        ("A-9-AA", "campus", judged(withdrawn_at="2025-09-14T01:00:00.000Z"), "leave_withdrawn"),
    ],
)
def test_who_may_decide(person, step, leave, reason):
    assert decision_refusal(leave, person, step) == reason


@pytest.mark.parametrize(
    ("held", "step"),
    [
        ([("grade_leader", "A")], "first"),
        ([("middle_leader", "A"), ("campus_head", "A")], "campus"),
        ([("campus_head", "B")], None),
        ([("general_principal", "*")], "consortium"),
        ([("clerk", "A")], None),
    ],
)
def test_a_role_answers_at_its_step_and_its_campus(held, step):
    assert step_of(held, "A") == step


@pytest.mark.parametrize(
    ("more", "day", "begin", "away"),
    [
        ({}, "2025-09-14", "08:20", False),
        ({}, "2025-09-15", "08:20", True),
        ({}, "2025-09-16", "15:00", True),
        ({}, "2025-09-17", "08:20", False),  # `end` is the first day back
        ({"begin_part": "pm"}, "2025-09-15", "08:20", False),
        ({"begin_part": "pm"}, "2025-09-15", "14:00", True),
        ({"begin_part": "pm"}, "2025-09-16", "08:20", True),
        ({"begin_part": "am"}, "2025-09-15", "14:00", False),
        ({"begin_part": "pm"}, "2025-09-15", "", True),
    ],
)
def test_an_approved_leave_holds_its_days_and_half_of_the_first(more, day, begin, away):
    assert is_away_at(judged(answer("campus", "approved"), **more), day, begin) is away
    assert is_away_at(judged(**more), day, begin) is False


def test_half_a_first_day_is_said_as_a_part():
    leave = judged(answer("campus", "approved"), begin_part="pm")
    assert [part_away(leave, f"2025-09-{n}") for n in (14, 15, 16, 17)] == [None, "pm", "full", None]

"""What holds, who may say so, and until when."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.attendance.rules import (
    PRESENT,
    SOURCES,
    Asker,
    Mark,
    RegisterLimits,
    Rows,
    Situation,
    Step,
    asker_of,
    beneath,
    correct_refusal,
    counts,
    current,
    day_refusal,
    mark_problems,
    roster_digest,
    row_wanted,
    shown_to,
    source_offered,
    step_for,
    take_refusal,
)
from shared.calendar import month_is_closed
from shared.records import RosterGroup

DAY = date(2025, 9, 15)
LATE, ABSENT, SICK = Mark("late", 8), Mark("absent"), Mark("sick_leave")
MARKS = st.sampled_from([PRESENT, LATE, ABSENT, SICK])
ROWS = st.dictionaries(st.sampled_from(SOURCES), MARKS)


@pytest.mark.parametrize(
    ("marks", "source", "mark"),
    [
        ({}, None, PRESENT),
        ({"terminal": LATE}, "terminal", LATE),
        ({"terminal": LATE, "teacher": PRESENT}, "teacher", PRESENT),
        ({"terminal": LATE, "teacher": ABSENT, "office": SICK}, "office", SICK),
        ({"teacher": ABSENT, "office": PRESENT}, "office", PRESENT),
    ],
)
def test_the_office_beats_the_teacher_beats_the_terminal(marks, source, mark):
    assert current(marks) == (source, mark)


@given(ROWS, st.sampled_from(["teacher", "office"]), MARKS)
def test_what_a_source_says_is_what_it_is_shown_again(marks, source, wanted):
    row = row_wanted(source, wanted, marks)
    after = {**{s: m for s, m in marks.items() if s != source}, **({source: row} if row else {})}
    assert shown_to(source, after) == wanted
    if source == "office":
        assert current(after)[1] == wanted


@given(ROWS, st.sampled_from(["teacher", "office"]))
def test_agreeing_with_what_lies_beneath_needs_no_row(marks, source):
    assert row_wanted(source, beneath(source, marks), marks) is None


@given(st.sampled_from(["teacher", "office"]))
def test_a_present_pupil_has_no_row(source):
    assert row_wanted(source, PRESENT, {}) is None


@pytest.mark.parametrize(
    ("shown", "stands", "wanted", "meant", "own", "step"),
    [
        (None, None, None, False, False, Step.LEAVE),
        (None, None, LATE, False, False, Step.ADD),
        (LATE, LATE, LATE, False, False, Step.LEAVE),
        (LATE, LATE, ABSENT, False, False, Step.CHANGE),
        (LATE, LATE, None, False, False, Step.REMOVE),
        # Nobody touched it here, somebody changed it there: theirs stays.
        (LATE, ABSENT, LATE, False, False, Step.LEAVE),
        (None, ABSENT, None, False, False, Step.LEAVE),
        (LATE, None, LATE, False, False, Step.LEAVE),
        # Touched here and moved there: both are kept for a person to see.
        (LATE, ABSENT, SICK, False, False, Step.BESIDE),
        (LATE, ABSENT, LATE, True, False, Step.BESIDE),
        (LATE, ABSENT, None, True, False, Step.BESIDE),
        (None, ABSENT, LATE, False, False, Step.BESIDE),
        (None, ABSENT, ABSENT, False, False, Step.LEAVE),
        # My own save whose reply was lost: what I say now is a plain newer edit.
        (None, ABSENT, LATE, True, True, Step.CHANGE),
        (None, ABSENT, None, True, True, Step.REMOVE),
        # A program without a page: what stands is what it was shown.
        (ABSENT, ABSENT, None, True, False, Step.REMOVE),
    ],
)
def test_one_step_per_pupil(shown, stands, wanted, meant, own, step):
    assert step_for(Rows(shown, stands, wanted, meant, own)) is step


@given(st.none() | MARKS, st.none() | MARKS, st.none() | MARKS, st.booleans())
def test_nobody_elses_mark_is_ever_wiped_silently(shown, stands, wanted, meant):
    step = step_for(Rows(shown, stands, wanted, meant, own=False))
    if stands is not None and stands != shown:
        assert step not in (Step.CHANGE, Step.REMOVE, Step.ADD)


TEACHER = Asker("T", takes=True, office=False, own_class=False)
HOMEROOM = Asker("H", takes=True, office=False, own_class=True)
CLERK = Asker("C", takes=True, office=True, own_class=False)
BURSAR = Asker("B", takes=False, office=False, own_class=False)


def situation(days_later=0, *, over=False, taken_by=None):
    return Situation(DAY + timedelta(days=days_later), DAY, over or days_later > 0, taken_by)


@pytest.mark.parametrize(
    ("asker", "now", "reason"),
    [
        (TEACHER, situation(), None),
        (BURSAR, situation(), "not_your_register"),
        (TEACHER, situation(over=True), None),
        (TEACHER, situation(3), None),
        (TEACHER, situation(4), "too_late_to_take"),
        (TEACHER, situation(taken_by="H"), None),
        (TEACHER, situation(over=True, taken_by="H"), "session_over"),
        (TEACHER, situation(over=True, taken_by="T"), None),
        (TEACHER, situation(3, taken_by="T"), None),
        (HOMEROOM, situation(3, taken_by="T"), None),
        (HOMEROOM, situation(4, taken_by="T"), "too_late_to_correct"),
        (CLERK, situation(20), None),
        (CLERK, situation(25), "month_closed"),
    ],
)
def test_who_may_take_a_register_and_until_when(asker, now, reason):
    assert take_refusal(asker, now, RegisterLimits()) == reason


@pytest.mark.parametrize(
    ("asker", "now", "reason"),
    [
        (CLERK, situation(taken_by="T"), None),
        (CLERK, situation(24, taken_by="T"), None),
        (CLERK, situation(25, taken_by="T"), "month_closed"),
        (CLERK, situation(), "not_taken_yet"),
        (HOMEROOM, situation(taken_by="T"), "not_the_office"),
    ],
)
def test_who_may_correct_a_register_and_until_when(asker, now, reason):
    assert correct_refusal(asker, now, RegisterLimits()) == reason


@pytest.mark.parametrize(
    ("held", "kind", "homeroom", "expected"),
    [
        ([("teacher", "A")], "class", None, Asker("P", True, False, False)),
        ([("teacher", "B")], "class", None, Asker("P", False, False, False)),
        ([("homeroom_teacher", "A")], "class", "P", Asker("P", True, False, True)),
        ([("dorm_supervisor", "A")], "class", None, Asker("P", False, False, False)),
        ([("dorm_supervisor", "A")], "dorm_room", None, Asker("P", True, False, False)),
        ([("clerk", "*")], "class", None, Asker("P", True, True, False)),
        ([("clerk", "B")], "class", None, Asker("P", False, False, False)),
        ([("bursar", "A")], "class", "P", Asker("P", False, False, False)),
    ],
)
def test_what_roles_mean_for_one_group(held, kind, homeroom, expected):
    group = RosterGroup(id="A-1-00", campus="A", kind=kind, name="x", homeroom_id=homeroom, begin="2025-09-01")
    assert asker_of("P", held, group) == expected


@pytest.mark.parametrize(
    ("take", "correct", "taken_by", "source"),
    [
        (None, "not_the_office", None, "teacher"),
        (None, None, "T", "office"),
        (None, None, "me", "teacher"),
        ("session_over", None, "T", "office"),
        ("session_over", "not_the_office", "T", None),
    ],
)
def test_the_page_offers_the_fitting_form(take, correct, taken_by, source):
    assert source_offered(take, correct, taken_by, "me") == source


@pytest.mark.parametrize(
    ("kind", "group_kind", "today", "reason"),
    [
        ("school_day", "class", DAY, None),
        ("make_up", "class", DAY, None),
        ("exam", "class", DAY, None),
        ("weekend", "class", DAY, "not_a_school_day"),
        ("holiday", "class", DAY, "not_a_school_day"),
        ("weekend", "dorm_room", DAY, None),
        (None, "class", DAY, "day_not_in_calendar"),
        ("school_day", "class", DAY - timedelta(days=1), "future_date"),
    ],
)
def test_on_which_days_a_register_can_exist(kind, group_kind, today, reason):
    assert day_refusal(kind, group_kind, DAY, today) == reason


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 80))
def test_a_month_closes_in_the_next_one_and_stays_closed(day, later):
    if month_is_closed(day, day + timedelta(days=later), 10):
        assert later >= 10
        assert month_is_closed(day, day + timedelta(days=later + 1), 10)
    else:
        assert later < 42


@pytest.mark.parametrize(
    ("mark", "reasons"),
    [
        (LATE, []),
        (Mark("late"), ["minutes_missing"]),
        (Mark("early_leave"), []),
        (Mark("absent", 5), ["minutes_not_for_this_mark"]),
    ],
)
def test_minutes_go_with_late_and_early_leave(mark, reasons):
    assert [problem.reason for problem in mark_problems("P", mark)] == reasons


def test_the_digest_of_a_roster_knows_no_order():
    assert roster_digest(["A-2", "A-1"]) == roster_digest(["A-1", "A-2"]) == "3473e8ceef862836"
    assert roster_digest(["A-1", "A-2", "A-3"]) != roster_digest(["A-1", "A-2"])


@given(st.lists(MARKS))
def test_counts_add_up_to_the_roster(marks):
    assert sum(counts(marks).values()) == len(marks)

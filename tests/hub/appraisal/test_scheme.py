"""The scheme document: every fault is named with its line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.appraisal.criteria import CRITERIA
from hub.appraisal.scheme import example_document, parse_scheme
from hub.appraisal.toml_lines import lines_of
from shared.errors import InvalidInput

RATE = "rate = 0.2"


def line_with(text: str) -> int:
    """The line of the example on which a text stands for the first time."""
    return next(n for n, line in enumerate(example_document().splitlines(), 1) if text in line)


@pytest.mark.parametrize(
    ("old", "new", "reason", "at"),
    [
        (RATE, "rte = 0.2", "unknown_key", RATE),
        (RATE, 'rate = "a fifth"', "not_number", RATE),
        (RATE, "rate = true", "not_number", RATE),
        (RATE, "rate = nan", "not_number", RATE),
        ('criterion = "conduct"', 'criterion = "kindness"', "unknown_criterion", 'criterion = "conduct"'),
        ('statuses = ["sick_leave"]', 'statuses = ["flu"]', "unknown_code", 'statuses = ["sick_leave"]'),
        ('kind = "post"', 'kind = "past"', "unknown_code", 'kind = "post"'),
        ("{ up_to = 15, points = 0.5 },", "{ up_to = 3, points = 0.5 },", "bands_not_rising", "bands = ["),
        ('exempt = ["support_staff"]', 'exempt = ["gardener"]', "unknown_code", 'exempt = ["support_staff"]'),
        ("points = 14\n", "points = 14\npoints_left = 1\n", "unknown_key", "points = 14"),
        ("floor = -5", "floor = 6", "floor_above_cap", "floor = -5"),
        ("full = 14", "full = 13", "indicators_do_not_add_up", "full = 20"),
        ("full = 100", "full = 90", "full_marks_do_not_add_up", 'blocks = ["ethics"'),
        ('code = "workload"', 'code = "ethics"', "twice", 'code = "workload"'),
        ("number = 15", "number = 16", "answers_incomplete", ""),
        ("places = 2 ", "places = 9 ", "out_of_range", "places = 2 "),
        ('categories = ["homeroom_teacher"]', "categories = []", "not_list", 'categories = ["homeroom_teacher"]'),
    ],
)
def test_a_fault_is_named_with_its_line(old: str, new: str, reason: str, at: str) -> None:
    assert old in example_document()
    with pytest.raises(InvalidInput) as caught:
        parse_scheme(example_document().replace(old, new, 1))
    assert caught.value.code == "scheme_invalid"
    found = [(problem.reason, problem.data["line"]) for problem in caught.value.problems]
    assert reason in [each for each, _ in found]
    if at and "points_left" not in new:
        assert (reason, line_with(at)) in found


def test_a_missing_value_is_named_with_the_line_of_its_table() -> None:
    broken = example_document().replace("free_days = 5\n", "")
    with pytest.raises(InvalidInput) as caught:
        parse_scheme(broken)
    (problem,) = caught.value.problems
    assert (problem.reason, problem.data["key"]) == ("missing", "free_days")
    assert broken.splitlines()[int(problem.data["line"]) - 1] == "[[block.indicator]]"  # type: ignore[arg-type] # a line number
    assert 'code = "sick_leave"' in broken.splitlines()[int(problem.data["line"])]  # type: ignore[arg-type] # a line number


def test_what_is_no_toml_is_named_with_its_line() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_scheme('scheme = "x"\nversion = = 1\n')
    (problem,) = caught.value.problems
    assert (problem.reason, problem.data["line"]) == ("not_toml", 2)


def test_all_faults_are_told_at_once() -> None:
    broken = example_document().replace(RATE, "rate = true").replace("version = 1", 'version = "one"', 1)
    with pytest.raises(InvalidInput) as caught:
        parse_scheme(broken)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("document", ["", "scheme = 1", "[block]", "block = 3", "[[block]]\n[[composite]]\n[[answer]]"])
def test_any_document_is_refused_with_problems_and_never_with_a_crash(document: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_scheme(document)
    assert caught.value.problems


def test_numbers_are_read_exactly() -> None:
    indicator = parse_scheme(example_document()).indicator("late_or_early")
    assert [str(band.points) for band in indicator.bands("bands")] == ["0.2", "0.5"]
    assert indicator.number("beyond") == Decimal(1)


def test_the_example_uses_every_criterion() -> None:
    used = {i.criterion for block in parse_scheme(example_document()).blocks for i in block.indicators}
    assert used == {criterion.name for criterion in CRITERIA}


def test_every_key_of_the_example_has_its_own_line() -> None:
    document = example_document().splitlines()
    for path, number in lines_of(example_document()).items():
        if path and isinstance(path[-1], str):
            assert path[-1] in document[number - 1], path

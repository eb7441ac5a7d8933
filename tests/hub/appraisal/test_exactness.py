"""Arithmetic: exact everywhere, rounded once, and the same as fractions would give."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, Inexact, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.appraisal.exact import exact_context, quotient, rounded_half_up, split
from hub.appraisal.facts.rows import Facts
from hub.appraisal.score import digest_of_scores, score_all
from hub.appraisal.tree import canonical_json, leaves
from tests.hub.appraisal.cases import PERIOD, PRESENT, example, part, person, score_of

LESSONS = st.integers(0, 120).map(lambda n: Decimal(n) / 4)
MARKS = st.decimals("0", "100", places=2)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("90.484", "90.48"), ("90.485", "90.49"), ("90.4849999999999", "90.48"), ("-0.005", "-0.01"), ("0", "0")],
)
def test_the_total_is_rounded_half_up(value: str, rounded: str) -> None:
    assert rounded_half_up(Decimal(value), 2) == Decimal(rounded)


def test_anything_but_a_quotient_that_would_lose_a_digit_is_refused() -> None:
    with localcontext(exact_context()), pytest.raises(Inexact):
        Decimal(1) / Decimal(3)


@given(st.lists(st.decimals("0.01", "999", places=2), min_size=1, max_size=9), st.decimals("0", "30", places=3))
def test_a_split_adds_up_exactly(weights: list[Decimal], whole: Decimal) -> None:
    with localcontext(exact_context()):
        assert sum(split(whole, weights)) == whole


@given(LESSONS, LESSONS, st.integers(0, 60), st.lists(MARKS, min_size=1, max_size=7), MARKS)
def test_a_score_is_what_fractions_give_and_its_leaves_add_up(
    own: Decimal, itinerant: Decimal, covers: int, rounds: list[Decimal], growth: Decimal
) -> None:
    """The half-up rounding of the exact rational sum, computed by another way."""
    table = f"{PRESENT}\nevidence 2025-09-30 weekly_lessons {own} maths\n"
    table += f"evidence 2025-09-30 weekly_lessons_itinerant {itinerant} pe\n"
    table += f"evidence 2025-09-30 cover {covers}\nevidence 2025-09-30 observed_lessons 8\n"
    table += "\n".join(f"evidence 2025-09-30 inspection_round {each}" for each in rounds)
    table += f"\nevidence 2025-09-30 result_growth {growth}"
    (scored,) = score_of(person(table))
    weighted = Fraction(own) * Fraction(12, 10) + Fraction(itinerant) * Fraction(12, 10) + Fraction(covers, 20)
    mean = sum(map(Fraction, rounds), Fraction(0)) / len(rounds)
    exact = 10 + 10 + min(weighted / 14 * 25, Fraction(25)) + mean / 100 * 14 + 6 + min(Fraction(growth), Fraction(30))
    expected = Fraction(int(exact * 200 + 1) // 2, 100)
    assert Fraction(scored.tree.points) == expected
    with localcontext(exact_context()):
        assert sum(leaf.points for leaf in leaves(scored.tree)) == scored.tree.points


def test_the_rounding_is_a_leaf_of_its_own() -> None:
    (scored,) = score_of(person(f"{PRESENT}\nevidence 2025-09-30 weekly_lessons 13 english"))
    rounding = part(scored.tree, "rounding")
    assert rounding.points == scored.tree.points - Decimal(rounding.data["exact"]) != 0


def test_the_order_of_people_does_not_change_the_digest() -> None:
    table = f"{PRESENT} late 4\nevidence 2025-09-30 line_task 1\nevidence 2025-10-30 line_task 2"
    one, two = person(table, id_="A-1-AA"), person(PRESENT, id_="A-2-AA")
    scheme = example()
    digests = {
        digest_of_scores(scheme, Facts(PERIOD, people), score_all(scheme, Facts(PERIOD, people)))
        for people in ((one, two), (two, one))
    }
    assert len(digests) == 1


def test_another_scheme_text_period_or_fact_gives_another_digest() -> None:
    scheme, someone = example(), person(f"{PRESENT} late 4")
    base = Facts(PERIOD, (someone,))

    def digest(facts: Facts, used: object = scheme) -> str:
        return digest_of_scores(used, facts, score_all(used, facts))  # type: ignore[arg-type] # a scheme

    others = [
        digest(base, replace(scheme, digest="another")),
        digest(Facts(replace(PERIOD, end="2026-01-19"), (someone,))),
        digest(Facts(PERIOD, (person(f"{PRESENT} late 5"),))),
    ]
    assert len({digest(base), *others}) == 4


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": "二", "a": [1, None]}) == '{"a":[1,null],"b":"二"}'


def test_quotients_are_carried_to_twelve_places_half_up() -> None:
    assert quotient(Decimal(2), Decimal(3)) == Decimal("0.666666666667")


def test_the_digest_is_the_same_on_any_machine() -> None:
    """Pinned: it moves only when a sentence of the shipped scheme or the form of an explanation is changed,
    and then on purpose."""
    scheme = replace(example(), digest="pinned")
    facts = Facts(PERIOD, (person(f"{PRESENT} late 4\nevidence 2025-09-30 weekly_lessons 13 maths"),))
    found = digest_of_scores(scheme, facts, score_all(scheme, facts))
    assert found == "d5c6a50016a22333b5ff1014dbc48e94713d797cfec4598c980ce9b40faa9b8b"

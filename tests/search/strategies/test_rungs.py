"""The arithmetic of halving."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.search.strategies.rungs import Rung, epochs, levels, rungs


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 7, 10])
def test_a_power_has_its_exponent(factor):
    """math.log(243, 3) is 4.999999999999999."""
    for power in range(12):
        assert levels(factor**power, factor) == power
        assert levels(factor ** (power + 1) - 1, factor) == power


@given(st.integers(1, 500), st.integers(1, 1000), st.integers(2, 5), st.booleans())
def test_rungs_follow_the_formula(n, budget, factor, up):
    last = levels(budget, factor)
    plan = rungs(n, last, budget, factor, up=up)
    assert len(plan) == last + 1 and plan[-1].budget == budget
    for i, rung in enumerate(plan):
        assert rung.budget == math.floor(Fraction(budget, factor ** (last - i)))
        if not up:
            assert rung.candidates == max(1, math.floor(Fraction(n, factor**i)))
    for one, following in pairwise(plan):
        assert following.budget >= factor * one.budget
        assert following.candidates <= one.candidates
        if up:
            assert following.candidates == math.ceil(one.candidates / factor)


def test_a_rung_adds_to_what_its_candidates_have_had():
    assert epochs([Rung(9, 2), Rung(3, 6), Rung(1, 18)]) == 9 * 2 + 3 * 4 + 1 * 12

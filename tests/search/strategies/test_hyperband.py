"""Hyperband."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.search.strategies.driving import drive, parameters

from chainrule.errors import InvalidInputError
from chainrule.search import Float, Space
from chainrule.search.strategies import Hyperband
from chainrule.search.strategies.rungs import epochs

SPACE = Space({"x": Float(0, 1)})


def good(parameters):
    return round(math.sin(20 * parameters["x"]), 1)


def often_diverges(parameters):
    return math.nan if parameters["x"] > 0.6 else good(parameters)


def settings():
    return st.builds(
        Hyperband,
        max_epochs=st.integers(3, 100),
        min_epochs=st.integers(1, 3),
        factor=st.integers(2, 5),
        random_state=st.integers(0, 99),
    )


def test_the_brackets_are_those_of_the_paper():
    """Li et al. 2018, table 1: R = 81, eta = 3."""
    assert Hyperband(81).brackets() == (
        ((81, 1), (27, 3), (9, 9), (3, 27), (1, 81)),
        ((34, 3), (11, 9), (3, 27), (1, 81)),
        ((15, 9), (5, 27), (1, 81)),
        ((8, 27), (2, 81)),
        ((5, 81),),
    )


@given(settings())
def test_the_brackets_follow_the_formula(strategy):
    R, eta = strategy.max_epochs, strategy.factor
    found = strategy.brackets()
    most = len(found) - 1
    assert eta**most * strategy.min_epochs <= R < eta ** (most + 1) * strategy.min_epochs
    for s, plan in zip(range(most, -1, -1), found, strict=True):
        n = math.ceil((most + 1) * eta**s / (s + 1))
        assert len(plan) == s + 1
        for i, rung in enumerate(plan):
            assert rung == (n // eta**i, R // eta ** (s - i))
        assert plan[0].budget >= strategy.min_epochs
        # Each rung anew would cost at most n_i r_i <= n R / eta^s.
        assert sum(rung.candidates * rung.budget for rung in plan) <= (s + 1) * n * R / eta**s


@given(settings())
def test_each_bracket_keeps_its_own_best(strategy):
    rounds = drive(strategy, SPACE, good)
    plans = strategy.brackets()
    begin, brackets = 0, []
    for plan in plans:
        brackets.append(range(begin, begin + plan[0].candidates))
        begin += plan[0].candidates
    assert set(parameters(rounds)) == set(range(begin))
    score = {number: good(each) for number, each in parameters(rounds).items()}
    had = {}
    for turn, one in enumerate(rounds):
        for bracket, plan in zip(brackets, plans, strict=True):
            inside = {c.number: budget for c, budget in one.entries if c.number in bracket}
            if turn >= len(plan):
                assert not inside
                continue
            assert (len(inside), {*inside.values()}) == (plan[turn][0], {plan[turn][1]})
            assert all(budget > had.get(number, 0) for number, budget in inside.items())
            had.update(inside)
            if turn:
                before = [n for n in rounds[turn - 1].numbers if n in bracket]
                cut = set(before) - set(inside)
                assert set(inside) <= set(before)
                for a in inside:
                    assert all((-score[a], a) < (-score[b], b) for b in cut)
    assert len(rounds) == len(plans[0])
    assert sum(had.values()) == sum(map(epochs, plans))


@given(settings())
def test_the_diverged_never_go_on(strategy):
    for one in drive(strategy, SPACE, often_diverges)[1:]:
        assert not any(math.isnan(often_diverges(each.parameters)) for each, _ in one.entries)


@given(settings())
def test_the_same_scores_give_the_same_rounds(strategy):
    assert drive(strategy, SPACE, good) == drive(strategy, SPACE, good)


def test_it_ends_when_everybody_diverged():
    assert len(drive(Hyperband(27, random_state=0), SPACE, lambda parameters: math.nan)) == 1


def test_a_short_list_makes_small_brackets():
    space = Space({"a": [1, 2, 3, 4, 5, 6]})
    rounds = drive(Hyperband(27, random_state=0), space, lambda parameters: parameters["a"])
    budgets = [[budget for _, budget in one.entries] for one in rounds]
    assert budgets == [[1] * 6 + [3] * 6 + [9] * 6 + [27] * 4, [3, 3, 9, 9, 27, 27], [9, 27], [27]]
    first = [each.parameters["a"] for each, _ in rounds[0].entries]
    for begin in (0, 6, 12):
        assert sorted(first[begin : begin + 6]) == [1, 2, 3, 4, 5, 6]


def test_budgets_are_checked():
    with pytest.raises(InvalidInputError, match="factor must be a whole number of at least 2"):
        Hyperband(10, factor=1)

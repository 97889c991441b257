"""Successive halving."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, KFold
from tests.search.strategies.driving import drive, parameters

from chainrule.errors import InvalidInputError
from chainrule.search import Float, Space
from chainrule.search.strategies import SuccessiveHalving
from chainrule.search.strategies.rungs import epochs

SPACE = Space({"x": Float(0, 1)})


def good(parameters):
    """Rounded: there are ties."""
    return round(math.sin(20 * parameters["x"]), 1)


def often_diverges(parameters):
    return math.nan if parameters["x"] > 0.6 else good(parameters)


def settings():
    return st.builds(
        SuccessiveHalving,
        max_epochs=st.integers(5, 300),
        n_candidates=st.integers(1, 60),
        min_epochs=st.integers(1, 5),
        factor=st.integers(2, 5),
        random_state=st.integers(0, 99),
    )


@given(settings())
def test_the_survivors_are_the_best_and_go_on(strategy):
    rounds = drive(strategy, SPACE, good)
    plan = strategy.plan(strategy.n_candidates)
    assert [len(one.entries) for one in rounds] == [rung.candidates for rung in plan]
    assert [{budget for _, budget in one.entries} for one in rounds] == [
        {rung.budget} for rung in plan
    ]
    assert plan[-1].budget == strategy.max_epochs
    assert plan[0].budget >= strategy.min_epochs
    score = {number: good(each) for number, each in parameters(rounds).items()}
    for one, following in pairwise(rounds):
        kept, cut = set(following.numbers), set(one.numbers) - set(following.numbers)
        assert kept < set(one.numbers)
        for a in kept:
            assert all((-score[a], a) < (-score[b], b) for b in cut)
    had = {}
    for one in rounds:
        had.update({candidate.number: budget for candidate, budget in one.entries})
    assert sum(had.values()) == epochs(plan)


@given(settings())
def test_the_diverged_never_go_on(strategy):
    rounds = drive(strategy, SPACE, often_diverges)
    plan = strategy.plan(strategy.n_candidates)
    assert len(rounds) <= len(plan)
    for one, rung in zip(rounds[1:], plan[1:], strict=False):
        assert not any(math.isnan(often_diverges(each.parameters)) for each, _ in one.entries)
        assert len(one.entries) <= rung.candidates


@given(settings())
def test_the_same_scores_give_the_same_rounds(strategy):
    assert drive(strategy, SPACE, good) == drive(strategy, SPACE, good)


def test_it_ends_when_everybody_diverged():
    rounds = drive(SuccessiveHalving(27, 9, random_state=0), SPACE, lambda parameters: math.nan)
    assert [len(one.entries) for one in rounds] == [9]


def test_without_a_number_every_combination_begins():
    space = Space({"a": [1, 2, 3], "b": [1, 2, 3]})
    rounds = drive(SuccessiveHalving(20), space, lambda parameters: parameters["a"])
    assert [each.parameters for each, _ in rounds[0].entries] == space.grid()
    assert [one.numbers for one in rounds] == [tuple(range(9)), (6, 7, 8), (6,)]
    assert [one.entries[0][1] for one in rounds] == [2, 6, 20]


class Flat(BaseEstimator):
    """Something that scikit-learn can halve."""

    def __init__(self, x=0, epochs=1):
        self.x, self.epochs = x, epochs

    def fit(self, X, y):
        return self

    def score(self, X, y):
        return float(self.x)


@pytest.mark.parametrize(
    ("n", "budget", "factor"), [(27, 27, 3), (10, 40, 2), (30, 64, 4), (5, 3, 3)]
)
def test_the_counts_are_scikit_learn_s(n, budget, factor):
    """Whose budgets are multiplied up from a rounded first one; ours end at the whole budget."""
    search = HalvingRandomSearchCV(
        Flat(),
        {"x": list(range(100))},
        n_candidates=n,
        factor=factor,
        resource="epochs",
        max_resources=budget,
        cv=KFold(2),
        random_state=0,
        min_resources="exhaust",
        refit=False,
    )
    search.fit(np.zeros((8, 1)), np.zeros(8))
    plan = SuccessiveHalving(budget, n, factor=factor).plan(n)
    assert [rung.candidates for rung in plan] == search.n_candidates_
    for ours, theirs in zip(plan, search.n_resources_, strict=True):
        assert theirs <= ours.budget <= theirs * budget / search.n_resources_[-1] + 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"max_epochs": 0}, "max_epochs must be a whole number of at least 1, came 0"),
        ({"max_epochs": 2.5}, "max_epochs must be a whole number"),
        ({"factor": 1}, "factor must be a whole number of at least 2, came 1"),
        ({"min_epochs": 11}, "min_epochs must be at most max_epochs, came 11 and 10"),
        ({"n_candidates": 0}, "n_candidates must be a whole number"),
    ],
)
def test_what_cannot_be_is_refused(changed, says):
    with pytest.raises(InvalidInputError, match=says):
        SuccessiveHalving(**({"max_epochs": 10} | changed))


def test_a_grid_of_a_range_is_refused():
    with pytest.raises(InvalidInputError, match=r"x: .* has no list of values for a grid"):
        drive(SuccessiveHalving(10), SPACE, good)


def test_a_score_that_is_missing_is_an_error():
    running = SuccessiveHalving(9, 9, random_state=0).rounds(SPACE)
    next(running)
    with pytest.raises(InvalidInputError, match="none came for 1, 2, 3"):
        running.send({0: 0.5, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1})

"""Strategies by name."""

import pytest
from tests.search.strategies.driving import drive

from chainrule.errors import InvalidInputError
from chainrule.search import Space, strategy
from chainrule.search.strategies import STRATEGIES, Grid, SuccessiveHalving

NEEDED = {"successive_halving": {"max_epochs": 9}, "hyperband": {"max_epochs": 9}}


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_runs_by_its_name(name):
    found = strategy(name, **NEEDED.get(name, {}))
    assert type(found) is STRATEGIES[name]
    space = Space({"a": [1, 2, 3], "b": list(range(20))})
    rounds = drive(found, space, lambda parameters: parameters["a"])
    numbers = {number for one in rounds for number in one.numbers}
    assert numbers == set(range(len(numbers)))


def test_a_strategy_of_one_s_own_is_taken_as_it_is():
    mine = SuccessiveHalving(9)
    assert strategy(mine) is mine
    with pytest.raises(InvalidInputError, match="came n_candidates besides"):
        strategy(mine, n_candidates=3)


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        (
            "successive_halvin",
            {},
            "Unknown strategy 'successive_halvin'. Did you mean 'successive_halving'",
        ),
        (3, {}, "Unknown strategy 3"),
        (["grid"], {}, "Unknown strategy"),
        ("grid", {"n_candidates": 3}, "'grid' has no setting 'n_candidates'. It has: none"),
        ("random", {"epochs": 3}, "no setting 'epochs'. It has: n_candidates, random_state"),
        ("hyperband", {}, "The strategy 'hyperband' needs max_epochs"),
    ],
)
def test_what_there_is_not_is_refused(name, settings, says):
    with pytest.raises(InvalidInputError, match=says):
        strategy(name, **settings)


def test_settings_are_the_strategy_s_own():
    assert strategy("successive_halving", max_epochs=9, factor=2) == SuccessiveHalving(9, factor=2)
    assert strategy("grid") == Grid()

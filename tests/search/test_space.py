"""Spaces: scikit-learn's order and draws, and errors that say what to do."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.model_selection import ParameterGrid, ParameterSampler

from chainrule.errors import InvalidInputError
from chainrule.search import Choice, Float, Int, Sizes, Space

LISTS = {"net__alpha": [0.1, 0.2], "b": ["x", None, (1, 2)], "a": range(3)}
SEVERAL = [LISTS, {"b": [True]}, {}]
MIXED = {"lr": stats.loguniform(1e-4, 1), "b": [1, 2], "n": stats.randint(1, 9)}


@pytest.mark.parametrize("given_", [LISTS, SEVERAL])
def test_a_grid_has_scikit_learn_s_order(given_):
    space = Space(given_)
    assert space.grid() == list(ParameterGrid(given_))
    assert space.size == len(ParameterGrid(given_))


@pytest.mark.parametrize("given_", [LISTS, SEVERAL, MIXED, [MIXED, LISTS]])
@pytest.mark.parametrize("seed", [0, 7])
def test_draws_are_scikit_learn_s(given_, seed):
    expected = list(ParameterSampler(given_, 6, random_state=seed))
    assert Space(given_).sample(6, seed) == expected
    rng = np.random.RandomState(seed)
    assert Space(given_).sample(6, rng) == expected
    # The stream goes on as scikit-learn's does.
    other = np.random.RandomState(seed)
    list(ParameterSampler(given_, 6, random_state=other))
    assert rng.randint(10**9) == other.randint(10**9)


def test_choices_are_drawn_as_lists_are():
    chosen = {"a": Choice([1, 2, 3]), "b": Choice(["x", "y"])}
    assert Space(chosen).sample(5, 1) == Space({"a": [1, 2, 3], "b": ["x", "y"]}).sample(5, 1)


def test_of_lists_no_combination_comes_twice_and_no_more_than_there_are():
    space = Space({"a": [1, 2], "b": [1, 2, 3]})
    with pytest.warns(UserWarning, match="has 6 combinations and 9 were asked for"):
        drawn = space.sample(9, 0)
    assert sorted(drawn, key=lambda each: (each["a"], each["b"])) == space.grid()


def test_numpy_s_numbers_become_plain():
    space = Space({"a": np.array([0.5, 1.0]), "n": stats.randint(1, 9)})
    for value in space.sample(1, 0)[0].values():
        assert type(value) in (int, float)


@given(st.integers(0, 10_000))
def test_every_draw_has_a_place(seed):
    space = Space(
        [
            {"a": Float(1e-3, 1, log=True), "b": [1, "x"], "h": Sizes(Int(1, 3), Int(4, 9))},
            {"a": Float(2, 3), "c": stats.norm()},
        ]
    )
    for each in space.sample(3, seed):
        for name, value in each.items():
            assert 0 <= space.unit(name, value) <= 1


def test_the_first_part_that_has_a_value_places_it():
    space = Space([{"a": [1, 2, 3]}, {"a": Float(10, 20)}])
    assert (space.unit("a", 2), space.unit("a", 15.0)) == (0.5, 0.5)
    assert math.isnan(space.unit("a", 5)) and math.isnan(space.unit("b", 1))


def test_what_a_space_knows_of_itself():
    space = Space([{"b": [1], "a": Float(1, 2, log=True)}, {"c": Int(1, 4, log=True)}])
    assert space.names == ("a", "b", "c")
    assert space.log == {"a", "c"}
    assert space.size is None and not space.listed
    assert Space(LISTS).listed
    assert (
        space.summary()
        == Space([{"a": Float(1, 2, log=True), "b": [1]}, *space.parts[1:]]).summary()
    )


def test_names_are_checked_against_an_estimator_s():
    Space({"a": [1]}).check_names(["a", "b"])
    with pytest.raises(InvalidInputError, match=r"'learning_rat'. Did you mean 'learning_rate'"):
        Space({"learning_rat": [1]}).check_names(["learning_rate", "l2"])


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({}, "The search space is empty"),
        ([], "The search space is empty"),
        ([{}, {}], "The search space is empty"),
        ("a", "a mapping of parameter names to values, or a list of such mappings; came str"),
        (None, "came NoneType"),
        ([3], "Each part of a search space is a mapping"),
        ({1: [2]}, "Parameter names are text, came 1"),
        ({"a": []}, "a: the list of values is empty"),
        ({"a": np.array([])}, "a: the list of values is empty"),
        (
            {"a": np.ones((2, 2))},
            r"a: .*one-dimensional array is required, came one of shape \(2, 2\)",
        ),
        ({"a": 3}, r"a: .* came 3. A single value is a list of one: \[3\]"),
        ({"a": "relu"}, r"a: .* list of one: \['relu'\]"),
        ({"a": {1, 2}}, "a: a list of values"),
    ],
)
def test_what_is_no_space_is_refused(given_, says):
    with pytest.raises(InvalidInputError, match=says):
        Space(given_)


@pytest.mark.parametrize(
    "dimension", [Float(0, 1), Int(1, 9, log=True), stats.uniform(), Sizes(1, Int(1, 9, log=True))]
)
def test_a_grid_over_what_cannot_be_listed_is_refused(dimension):
    space = Space({"b": [1], "rate": dimension})
    with pytest.raises(InvalidInputError, match=r"rate: .* has no list of values for a grid"):
        space.grid()
    assert space.size is None


@pytest.mark.parametrize("n", [0, -1, 2.0, "3", None, True])
def test_so_many_candidates_is_a_whole_number(n):
    with pytest.raises(InvalidInputError, match="n_candidates must be a whole number"):
        Space({"a": [1, 2]}).sample(n)

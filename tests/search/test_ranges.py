"""Numbers between two ends."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import ParameterSampler

from chainrule.errors import InvalidInputError
from chainrule.search import Float, Int


def draws(dimension, n=4000, seed=0):
    rng = np.random.RandomState(seed)
    return np.array([dimension.draw(rng) for _ in range(n)])


def share(values, edge):
    return np.mean(values < edge)


def test_a_float_is_drawn_evenly_on_its_own_scale():
    even, ratio = draws(Float(2.0, 6.0)), draws(Float(1e-4, 1.0, log=True))
    assert even.min() >= 2 and even.max() <= 6
    assert share(even, 3) == pytest.approx(0.25, abs=0.03)
    assert ratio.min() >= 1e-4 and ratio.max() <= 1
    for power in (-3, -2, -1):
        assert share(ratio, 10.0**power) == pytest.approx((power + 4) / 4, abs=0.03)


def test_an_int_is_drawn_evenly_with_both_ends():
    found, counts = np.unique(draws(Int(3, 6)), return_counts=True)
    assert list(found) == [3, 4, 5, 6]
    np.testing.assert_allclose(counts / counts.sum(), 0.25, atol=0.03)
    assert set(draws(Int(10, 25, step=6))) == {10, 16, 22}


def test_an_int_on_a_logarithmic_scale_has_each_number_s_share():
    found, counts = np.unique(draws(Int(1, 8, log=True)), return_counts=True)
    edges = np.log(np.arange(0.5, 9))
    np.testing.assert_array_equal(found, np.arange(1, 9))
    expected = np.diff(edges) / (edges[-1] - edges[0])
    np.testing.assert_allclose(counts / counts.sum(), expected, atol=0.03)


def test_draws_are_plain_numbers():
    rng = np.random.RandomState(0)
    assert type(Float(0, 1).draw(rng)) is type(Float(1, 2, log=True).draw(rng)) is float
    assert type(Int(0, 9).draw(rng)) is type(Int(1, 9, log=True).draw(rng)) is int


def test_scikit_learn_s_own_search_takes_them():
    space = {"a": Float(0.1, 10, log=True), "b": Int(1, 5)}
    first = list(ParameterSampler(space, 5, random_state=3))
    assert first == list(ParameterSampler(space, 5, random_state=3))
    assert all(0.1 <= each["a"] <= 10 and each["b"] in range(1, 6) for each in first)


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.floats(0, 1), st.booleans())
def test_the_place_of_a_value_is_its_share_of_the_scale(low, width, place, log):
    low = abs(low) + 1e-3 if log else low
    dimension = Float(low, low + width, log=log)
    if log:
        value = math.exp(math.log(low) + place * (math.log(low + width) - math.log(low)))
    else:
        value = low + place * width
    value = min(max(value, dimension.low), dimension.high)
    assert dimension.unit(value) == pytest.approx(place, abs=1e-6)


@pytest.mark.parametrize("value", [0.5, 11, 2.5, math.nan, "2", None, True])
def test_what_is_no_value_has_no_place(value):
    assert math.isnan(Int(1, 10).unit(value))


def test_only_an_even_int_can_be_listed():
    assert Int(1, 3).grid() == [1, 2, 3]
    assert Int(1, 9, step=4).grid() == [1, 5, 9]
    assert Int(1, 3, log=True).grid() is Float(0, 1).grid() is None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Float(1, 1), r"low must be below high. For a single value write \[1.0\]"),
        (lambda: Float(2, 1), "low must be below high"),
        (lambda: Float(0, 1, log=True), "with log=True, low must be positive"),
        (lambda: Float(math.nan, 1), "low and high must be finite numbers"),
        (lambda: Float(0, math.inf), "low and high must be finite numbers"),
        (lambda: Float("0", 1), "low and high must be finite numbers"),
        (lambda: Float(False, 1), "low and high must be finite numbers"),
        (lambda: Int(3, 3), r"low must be below high. For a single value write \[3\]"),
        (lambda: Int(0, 3, log=True), "with log=True, low must be at least 1"),
        (lambda: Int(0.5, 3), "low must be a whole number, came 0.5. Use Float"),
        (lambda: Int(0, True), "high must be a whole number, came True"),
        (lambda: Int(0, 3, step=0), "step must be at least 1"),
        (lambda: Int(1, 9, log=True, step=2), "and 1 where log=True"),
    ],
)
def test_bad_ends_are_refused(make, says):
    with pytest.raises(InvalidInputError, match=says):
        make()

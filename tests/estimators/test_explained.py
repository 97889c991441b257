"""Intervals of R^2: scipy's own BCa, one in loops, and what must hold of any."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import r2_score

from chainrule.errors import InvalidInputError
from chainrule.estimators.explained import r2_interval, variance_ratios

seeds = st.integers(0, 2**32 - 1)
NORMAL = NormalDist()


def drawn(seed, n=120, noise=0.7):
    draws = np.random.default_rng(seed)
    y = draws.standard_normal(n)
    return y, y + noise * draws.standard_normal(n)


def by_hand(y, said, seed, resamples=2000):
    """BCa in loops: the same row numbers, and the influence by moving a little weight to a row."""
    n, draws = len(y), np.random.default_rng(seed)

    def r2(rows, weights=None):
        mean = np.average(y[rows], weights=weights)
        away = np.average((y[rows] - mean) ** 2, weights=weights)
        return 1 - np.average((y[rows] - said[rows]) ** 2, weights=weights) / away

    every = np.arange(n)
    value = r2(every)
    found = sorted(r2(draws.integers(0, n, n)) for _ in range(resamples))
    z0 = NORMAL.inv_cdf(np.mean([f < value for f in found]))
    step = 1e-6
    moved = [(r2(every, (1 - step) / n + step * (every == row)) - value) / step for row in every]
    a = sum(m**3 for m in moved) / (6 * sum(m**2 for m in moved) ** 1.5)
    ends = []
    for level in (0.025, 0.975):
        z = z0 + NORMAL.inv_cdf(level)
        ends.append(np.quantile(found, NORMAL.cdf(z0 + z / (1 - a * z))))
    return value, *ends


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_one_in_loops(seed):
    y, said = drawn(seed, 40)
    found = r2_interval(y, said, seed=seed)
    assert found.method == "bootstrap"
    np.testing.assert_allclose(found[:3], by_hand(y, said, seed), rtol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_scipy_s_but_for_its_jackknife(seed):
    y, said = drawn(seed, 200)
    theirs = stats.bootstrap(
        (y, said),
        lambda a, b, axis=-1: 1 - ((a - b) ** 2).mean(axis) / a.var(axis),
        paired=True,
        vectorized=True,
        n_resamples=2000,
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    found = r2_interval(y, said, seed=seed)
    assert found.value == pytest.approx(r2_score(y, said), rel=1e-12)
    np.testing.assert_allclose(found[1:3], theirs, atol=0.01 * (theirs.high - theirs.low))


@given(seeds, st.floats(-1e6, 1e6), st.floats(0.01, 1e6))
@settings(max_examples=20, deadline=None)
def test_other_units_give_the_same_interval(seed, shift, scale):
    y, said = drawn(seed, 60)
    found, moved = r2_interval(y, said), r2_interval(shift + scale * y, shift + scale * said)
    np.testing.assert_allclose(moved[:3], found[:3], atol=1e-3 if shift > scale else 1e-6)
    assert found.low <= found.value <= found.high


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_difference_of_two_is_that_of_their_ratios(seed):
    y, a = drawn(seed)
    b = y.mean() + 0.5 * (a - y.mean())
    square = [(each - y) ** 2 for each in (a, b)]
    first, second, apart = variance_ratios([*square, square[1] - square[0]], y)
    assert apart.value == pytest.approx(second.value - first.value)
    assert apart.value == pytest.approx(r2_score(y, a) - r2_score(y, b))


def test_it_holds_the_truth_about_as_often_as_it_says():
    """Of 300 sets of targets with as much noise as variance, of which R^2 is 1/2."""
    held = 0
    for seed in range(300):
        draws = np.random.default_rng(seed)
        said = draws.standard_normal(100)
        found = r2_interval(said + draws.standard_normal(100), said, seed=seed)
        held += found.low <= 0.5 <= found.high
    assert 0.9 <= held / 300 <= 0.98


def test_where_rows_hardly_differ_there_is_no_interval():
    y = np.arange(50.0)
    perfect = r2_interval(y, y)
    assert perfect.value == 1 and np.isnan(perfect.low) and perfect.method == "none"
    few = r2_interval(np.arange(9.0), np.arange(9.0) ** 1.1)
    assert few.method == "none" and few.value < 1
    assert np.isnan(r2_interval(np.ones(30), y[:30]).value)


@pytest.mark.parametrize("said", [[1.0, np.nan, 2.0], [1.0, 2.0], [[1.0, 2.0, 3.0]]])
def test_what_is_no_number_for_each_row_is_refused(said):
    with pytest.raises(
        (InvalidInputError, ValueError), match=r"finite number for each row|broadcast"
    ):
        r2_interval([1.0, 2.0, 3.0], said)

"""Intervals of means: scipy's own BCa, one by hand, and what must hold of any."""

import tracemalloc
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from chainrule.errors import InvalidInputError
from chainrule.estimators import intervals
from chainrule.estimators.intervals import FEW, mean_interval, mean_intervals

seeds = st.integers(0, 2**32 - 1)
NORMAL = NormalDist()


def losses(seed=0, n=150):
    return np.exp(1.5 * np.random.default_rng(seed).standard_normal(n))


def by_hand(x, n_resamples, seed, confidence=0.95):
    """BCa in loops: the same row numbers, a jackknife row by row, an interpolated quantile."""
    x = np.asarray(x, dtype=float)
    n, draws = len(x), np.random.default_rng(seed)
    resampled = sorted(
        float(np.mean([x[row] for row in draws.integers(0, n, n)])) for _ in range(n_resamples)
    )
    mean = float(np.mean(x))
    below = sum((m < mean) + (m == mean) / 2 for m in resampled) / n_resamples
    z0 = NORMAL.inv_cdf(below)
    without = [float(np.mean(np.delete(x, row))) for row in range(n)]
    away = [np.mean(without) - each for each in without]
    a = sum(d**3 for d in away) / (6 * sum(d**2 for d in away) ** 1.5)
    ends = []
    for level in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = z0 + NORMAL.inv_cdf(level)
        place = NORMAL.cdf(z0 + z / (1 - a * z)) * (n_resamples - 1)
        first = int(place)
        ends.append(resampled[first] + (place - first) * (resampled[first + 1] - resampled[first]))
    return mean, *ends


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_scipy_s_bca(seed, confidence):
    right = np.random.default_rng(seed).random(150) < 0.85
    for x in (losses(seed), right, right.astype(int) - np.roll(right, 1)):
        theirs = stats.bootstrap(
            (np.asarray(x, dtype=float),),
            np.mean,
            n_resamples=500,
            confidence_level=confidence,
            random_state=np.random.default_rng(seed),
        ).confidence_interval
        ours = mean_interval(x, confidence=confidence, n_resamples=500, seed=seed)
        assert ours.method == "bootstrap"
        np.testing.assert_allclose(ours[1:3], theirs, rtol=1e-12)


@given(seeds, st.integers(12, 40), st.sampled_from(["losses", "right"]))
@settings(max_examples=15)
def test_it_is_the_one_by_hand(seed, n, kind):
    draws = np.random.default_rng(seed)
    x = np.exp(draws.standard_normal(n)) if kind == "losses" else np.arange(n) % 2 == 0
    found = mean_interval(x, n_resamples=120, seed=seed)
    if found.method == "bootstrap":
        np.testing.assert_allclose(found[:3], by_hand(x, 120, seed), rtol=1e-9)
    else:
        assert min(x.sum(), n - x.sum()) < FEW


@given(seeds, st.floats(-1e6, 1e6), st.floats(0.01, 1e6), st.sampled_from([1, -1]))
@settings(max_examples=30)
def test_other_units_and_signs_give_the_same_interval(seed, shift, scale, sign):
    x = losses(seed, 60)
    found, moved = (mean_interval(each, n_resamples=200) for each in (x, shift + sign * scale * x))
    expected = [shift + sign * scale * end for end in (found.low, found.high)][::sign]
    np.testing.assert_allclose(moved[1:3], expected, rtol=1e-9, atol=1e-9 * (abs(shift) + scale))


@given(seeds, st.integers(20, 300))
@settings(max_examples=30)
def test_it_holds_the_mean_and_lies_within_the_rows(seed, n):
    x = losses(seed, n)
    found = mean_interval(x, n_resamples=300)
    assert x.min() <= found.low < found.value < found.high <= x.max()


@given(seeds)
@settings(max_examples=15)
def test_more_confidence_is_wider(seed):
    widths = [
        np.ptp(mean_interval(losses(seed), confidence=c, n_resamples=400)[1:3])
        for c in (0.5, 0.8, 0.95, 0.99)
    ]
    assert widths == sorted(widths)


def test_several_at_once_are_each_by_itself():
    right = np.arange(150) % 7 > 0
    rows = [losses(1), right, losses(2), np.ones(150), losses(1) - losses(2)]
    for one, all_ in zip(map(mean_interval, rows), mean_intervals(rows), strict=True):
        assert one.method == all_.method
        # a product of other shape rounds otherwise
        np.testing.assert_allclose(one[:3], all_[:3], rtol=1e-12)


def test_the_cut_into_batches_changes_no_bit(monkeypatch):
    found = mean_interval(losses(), n_resamples=300)
    monkeypatch.setattr(intervals, "BATCH", 7 * 150)
    assert mean_interval(losses(), n_resamples=300) == found


def test_equal_seeds_give_equal_bits_and_others_nearly_the_same():
    found = mean_interval(losses())
    assert mean_interval(losses(), seed=0) == found
    half = (found.high - found.low) / 2
    ends = [mean_interval(losses(), seed=seed)[1:3] for seed in range(1, 11)]
    assert 0 < np.std(ends, axis=0).max() < 0.06 * half


def test_models_of_the_same_rows_are_compared_row_by_row():
    """What is hard for one is hard for the other: their difference is known far better."""
    draws = np.random.default_rng(0)
    hard = losses(0, 400)
    a, b = hard + 0.1 * draws.random(400), hard + 0.05
    of_a, of_b, difference = mean_intervals([a, b, a - b])
    assert difference.value == pytest.approx(of_a.value - of_b.value)
    assert difference.high - difference.low < (of_a.high - of_a.low) / 20


@pytest.mark.parametrize("rate", [0.8, 0.97])
def test_it_holds_the_true_share_as_often_as_it_says(rate):
    draws = np.random.default_rng(0)
    found = [mean_interval(draws.random(150) < rate, n_resamples=300) for _ in range(300)]
    held = np.mean([each.low <= rate <= each.high for each in found])
    assert 0.92 <= held <= 0.99  # of 300 trials: 0.95 less, or more, three standard errors
    assert {each.method for each in found} == (
        {"bootstrap"} if rate < 0.9 else {"bootstrap", "wilson"}
    )


# Rows that hardly differ


@pytest.mark.parametrize("n", [1, 20, 10_000])
def test_all_right_has_wilson_s_interval(n):
    found = mean_interval(np.ones(n, dtype=bool))
    z = NORMAL.inv_cdf(0.975)
    assert found.method == "wilson" and (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(n / (n + z * z))
    opposite = mean_interval(np.zeros(n, dtype=bool))
    np.testing.assert_allclose(opposite[:3], [0, 0, 1 - found.low], atol=1e-15)


def test_where_scipy_has_no_interval_we_say_so():
    equal = np.full(50, 0.25)
    with np.errstate(all="ignore"), pytest.warns(stats.DegenerateDataWarning):
        theirs = stats.bootstrap((equal,), np.mean, n_resamples=100).confidence_interval
    assert np.isnan(theirs.low)
    found = mean_interval(equal)
    assert (found.value, found.method) == (0.25, "none") and np.isnan(found[1:3]).all()


@pytest.mark.parametrize(("wrong", "method"), [(FEW - 1, "wilson"), (FEW, "bootstrap")])
def test_mistakes_are_resampled_from_ten_on(wrong, method):
    right = np.arange(300) >= wrong
    assert mean_interval(right).method == mean_interval(~right).method == method
    difference = mean_interval(right.astype(int) - 1)
    assert difference.method == ("none" if method == "wilson" else "bootstrap")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_leaves_no_interval(value):
    found = mean_interval([value, *losses()])
    assert found.method == "none" and np.isnan(found[1:3]).all()
    np.testing.assert_equal(found.value, value)


def test_huge_values_do_not_overflow():
    found, huge = mean_interval(losses()), mean_interval(1e120 * losses())
    np.testing.assert_allclose(huge[:3], 1e120 * np.array(found[:3]), rtol=1e-9)


# Cost, and mistakes


def test_memory_is_bounded():
    x = losses(0, 10_000)
    tracemalloc.start()
    mean_interval(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6  # the row numbers of all resamples together take 160e6


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        ([[1.0], [2.0]], {}, r"each row, \(n,\).*shapes \(2, 1\).*pass predicted == y"),
        ([], {}, r"shapes \(0,\)"),
        (["a", "b"], {}, "of types <U1"),
        ([1.0, 2.0], {"confidence": 95}, r"confidence from 0\.5 to 0\.999, came 95"),
        ([1.0, 2.0], {"n_resamples": 10}, "at least 100 resamples, came 10"),
    ],
)
def test_what_is_wrong_is_said(rows, more, message):
    with pytest.raises(InvalidInputError, match=message):
        mean_interval(rows, **more)


def test_rows_that_are_not_the_same_are_refused():
    with pytest.raises(InvalidInputError, match=r"shapes \(2,\), \(3,\)"):
        mean_intervals([[1.0, 2.0], [1.0, 2.0, 3.0]])

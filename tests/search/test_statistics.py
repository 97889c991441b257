"""Comparisons, spreads, the one-standard-error choice."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from chainrule.errors import InvalidInputError
from chainrule.search.statistics import (
    corrected_t_test,
    one_standard_error,
    spread,
    standard_error,
)

SCORES = st.floats(0, 1).map(lambda x: round(x, 3))


def test_an_example_by_hand():
    """d = 1, 2, 3, 6 hundredths: mean 3, variance (4 + 1 + 0 + 9) / 3 = 14/3; the factor
    1/4 + 1/3 = 7/12 makes it 98/36, the standard error 7 sqrt(2) / 6 hundredths = 1.6499, t 1.8182.
    """
    b = np.array([0.90, 0.80, 0.70, 0.60])
    found = corrected_t_test(b + np.array([0.01, 0.02, 0.03, 0.06]), b, ratio=1 / 3)
    assert found.difference == pytest.approx(0.03)
    assert found.standard_error == pytest.approx(0.07 * math.sqrt(2) / 6)
    assert found.t == pytest.approx(18 / (7 * math.sqrt(2)))
    assert found.degrees == 3
    # Student's distribution function with three degrees of freedom, in closed form.
    x = found.t / math.sqrt(3)
    below = 0.5 + (x / (1 + x**2) + math.atan(x)) / math.pi
    assert found.p_value == pytest.approx(2 * (1 - below))


@given(st.integers(2, 12).flatmap(lambda n: arrays(float, (2, n), elements=SCORES)), SCORES)
def test_it_is_the_paired_t_test_with_another_factor(pair, ratio):
    """t shrinks by sqrt((1/J) / (1/J + ratio)) against scipy's paired test."""
    a, b = pair
    ratio = ratio + 0.05
    differences = a - b
    if np.ptp(differences) < 1e-9:
        return
    n = len(a)
    plain = stats.ttest_rel(a, b)
    t = plain.statistic * math.sqrt((1 / n) / (1 / n + ratio))
    found = corrected_t_test(a, b, ratio)
    assert found.t == pytest.approx(t, rel=1e-9, abs=1e-12)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), n - 1), rel=1e-9)
    assert found.p_value >= plain.pvalue - 1e-12
    back = corrected_t_test(b, a, ratio)
    assert (back.t, back.p_value) == pytest.approx((-found.t, found.p_value))


def test_seeds_are_averaged_on_each_split():
    a = np.array([[0.9, 0.8], [0.7, 0.9], [0.8, 0.7]])
    b = np.array([[0.8, 0.6], [0.8, 0.7], [0.6, 0.6]])
    of_means = corrected_t_test(a.mean(axis=1), b.mean(axis=1), 0.5)
    assert corrected_t_test(a, b, 0.5) == pytest.approx(of_means)


def test_equal_candidates_are_seldom_told_apart():
    """Differences of splits that share training rows, with seeds on top: folds' correlation is
    ratio / (1 + ratio), as Nadeau and Bengio suppose. The level is kept; counting every seed as a
    split, or leaving the correction out, would not keep it."""
    rng = np.random.default_rng(0)
    folds, seeds, ratio = 5, 4, 0.25
    shared = ratio / (1 + ratio)
    corrected, uncorrected, flat = [], [], []
    for _ in range(1500):
        common = rng.standard_normal() * math.sqrt(shared)
        of_fold = common + rng.standard_normal((folds, 1)) * math.sqrt(1 - shared)
        d = of_fold + 0.5 * rng.standard_normal((folds, seeds))
        zero = np.zeros_like(d)
        corrected.append(corrected_t_test(d, zero, ratio).p_value < 0.05)
        flat.append(corrected_t_test(d.ravel(), zero.ravel(), ratio).p_value < 0.05)
        uncorrected.append(stats.ttest_1samp(d.mean(axis=1), 0).pvalue < 0.05)
    assert np.mean(corrected) < 0.06
    assert np.mean(flat) > 0.08
    assert np.mean(uncorrected) > 0.10


def test_identical_scores_are_no_difference():
    scores = [0.9, 0.85, 0.8]
    assert corrected_t_test(scores, scores, 0.5) == (0.0, 0.0, 0.0, 2, 1.0)


def test_the_same_difference_everywhere_is_certain():
    b = np.array([0.31, 0.57, 0.83])
    found = corrected_t_test(b + 0.1, b, 0.5)
    assert (found.t, found.p_value) == (math.inf, 0.0)
    assert corrected_t_test(b, b + 0.1, 0.5).t == -math.inf


@pytest.mark.parametrize(
    ("a", "b"),
    [([0.9], [0.8]), ([0.9, math.nan], [0.8, 0.7]), ([math.inf, 1], [math.inf, 1])],
)
def test_one_split_or_no_score_is_no_comparison(a, b):
    assert math.isnan(corrected_t_test(a, b, 0.5).p_value)


@pytest.mark.parametrize(
    ("a", "b", "ratio", "says"),
    [
        ([1, 2], [1, 2, 3], 0.5, r"came shapes \(2, 1\) and \(3, 1\)"),
        ([1, 2], [1, 2], 0, "ratio is test rows over training rows"),
        ([1, 2], [1, 2], math.nan, "ratio is test rows over training rows"),
        ([], [], 0.5, "Scores of shape"),
    ],
)
def test_what_cannot_be_compared_is_refused(a, b, ratio, says):
    with pytest.raises(InvalidInputError, match=says):
        corrected_t_test(a, b, ratio)


def test_the_spread_by_cause():
    scores = [[1.0, 3.0], [5.0, 5.0]]  # folds' means 2 and 5; variances over seeds 2 and 0
    assert spread(scores) == pytest.approx((math.sqrt(4.5), 1.0))
    folds, seeds = spread([0.1, 0.4])
    assert folds == pytest.approx(np.std([0.1, 0.4], ddof=1)) and math.isnan(seeds)
    assert math.isnan(spread([[0.1, 0.2]]).folds)


def test_the_standard_error_is_over_folds_or_else_over_seeds():
    assert standard_error([0.1, 0.4, 0.7]) == pytest.approx(0.3 / math.sqrt(3))
    assert standard_error([[0.0, 0.2], [0.3, 0.5]]) == pytest.approx(stats.sem([0.1, 0.4]))
    assert standard_error([[0.1, 0.4, 0.7]]) == pytest.approx(0.3 / math.sqrt(3))
    assert math.isnan(standard_error([0.5]))


def test_the_simplest_within_one_standard_error_of_the_best():
    # The best has mean 0.90 and standard error 0.02: from 0.88 on.
    best = 0.90 + 0.02 * np.array([-1, 0, 1]) * math.sqrt(3)
    scores = [[0.87] * 3, best, [0.885] * 3, [0.89] * 3, [math.nan] * 3]
    found = one_standard_error(scores, [10, 400, 300, 200, 1])
    assert (found.chosen, found.best, found.within) == (3, 1, (1, 2, 3))
    assert found.threshold == pytest.approx(0.88)
    assert found.rule == "fewest parameters, then largest l2, then first"


def test_of_equally_many_parameters_the_most_penalized_then_the_first():
    scores = [[0.9, 0.8]] * 4
    assert one_standard_error(scores, [5] * 4, [0, 1e-3, 1e-2, 1e-2]).chosen == 2
    assert one_standard_error(scores, [5] * 4).chosen == 0


def test_without_a_standard_error_it_is_the_best():
    assert one_standard_error([[0.5], [0.9], [0.89]], [1, 3, 2]).chosen == 1


@given(arrays(float, (6, 4), elements=SCORES), st.permutations(range(6)))
def test_it_is_always_within_and_never_less_simple(scores, cost):
    found = one_standard_error(scores, cost)
    assert found.chosen in found.within and found.best in found.within
    assert cost[found.chosen] == min(cost[k] for k in found.within)
    assert scores[found.best].mean() == scores.mean(axis=1).max()


def test_without_any_score_there_is_no_choice():
    with pytest.raises(InvalidInputError, match="No candidate has a score"):
        one_standard_error([[math.nan]], [1])
    with pytest.raises(InvalidInputError, match="for the same candidates, came 1, 2 and 1"):
        one_standard_error([[0.5]], [1, 2])

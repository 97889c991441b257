"""Intervals, McNemar's test, recall: against scipy, binomial sums and scikit-learn."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import confusion_matrix, recall_score

from chainrule.experiments.statistics import confusion, distribution, mcnemar, recall

SCORES = [0.97, 0.98, 0.975, 0.99]


def test_the_interval_of_the_mean_is_students():
    found = distribution(SCORES)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(SCORES), scale=stats.sem(SCORES))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)
    assert found.mean == pytest.approx(np.mean(SCORES))
    assert found.std == pytest.approx(np.std(SCORES, ddof=1))


def test_the_interval_of_one_more_run_is_wider_by_the_spread_of_a_run():
    found = distribution([0.4, 0.5, 0.6])
    half = stats.t.ppf(0.975, 2) * 0.1 * math.sqrt(1 + 1 / 3)
    assert found.next_low == pytest.approx(0.5 - half)
    assert found.next_high == pytest.approx(0.5 + half)


def test_intervals_stay_within_what_a_share_can_be():
    found = distribution([0.1, 0.9])
    assert (found.low, found.high, found.next_low, found.next_high) == (0.0, 1.0, 0.0, 1.0)


def test_one_seed_has_no_interval():
    found = distribution([0.9])
    assert found.mean == 0.9
    assert found.std is found.low is found.next_high is None


def test_a_diverged_seed_is_not_averaged_away():
    found = distribution([0.9, math.nan, 0.8])
    assert found.values == (0.9, None, 0.8)
    assert found.mean is found.low is found.next_high is None


@pytest.mark.parametrize(("b", "c"), [(0, 5), (3, 9), (9, 3), (7, 7), (1, 0)])
def test_mcnemar_is_twice_the_binomial_tail(b, c):
    tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
    assert mcnemar(b, c) == pytest.approx(min(1.0, 2 * tail), rel=1e-12)


def test_two_models_that_never_differ_cannot_be_told_apart():
    assert mcnemar(0, 0) == 1.0


def test_confusion_and_recall_agree_with_scikit_learn():
    random = np.random.default_rng(0)
    truth, predicted = random.integers(0, 4, (2, 200))
    counts = confusion(truth, predicted, 4)
    assert np.array_equal(counts, confusion_matrix(truth, predicted))
    assert recall(counts) == pytest.approx(recall_score(truth, predicted, average=None))


def test_a_class_without_rows_has_no_recall():
    counts = confusion(np.array([0, 0]), np.array([0, 1]), 2)
    assert counts.tolist() == [[1, 1], [0, 0]]
    assert recall(counts)[0] == 0.5 and math.isnan(recall(counts)[1])

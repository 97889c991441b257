"""The intervals of a run are those of its rows."""

import numpy as np
import pytest
from scipy.special import log_softmax

from chainrule.estimators.intervals import mean_interval
from chainrule.experiments.estimates import Calibration
from chainrule.experiments.judging import on_test, paired_tests
from chainrule.experiments.predictions import Predictions
from chainrule.experiments.statistics import mcnemar

N = 300
RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 3, N)
KNOWN = Calibration(bins=10, error=0.1)


def answers(seed, strength):
    draws = np.random.default_rng(seed)
    Z = draws.normal(size=(N, 3)) + strength * np.eye(3)[TRUTH]
    log = log_softmax(Z, axis=1)
    return Predictions(log.argmax(axis=1), np.exp(log), log)


GOOD, FAIR = answers(1, 3.0), answers(2, 1.5)
LABELS = Predictions(GOOD.predicted)
ONE_HOT = np.eye(3)[FAIR.predicted]
with np.errstate(divide="ignore"):
    TREE = Predictions(FAIR.predicted, ONE_HOT, np.log(ONE_HOT))


def same(estimate, rows):
    interval = mean_interval(rows)
    assert estimate.method == interval.method
    found = [estimate.value, estimate.low, estimate.high]
    wanted = [None if np.isnan(each) else pytest.approx(each) for each in interval[:3]]
    assert found == wanted


def test_each_model_has_the_intervals_of_its_rows():
    found = on_test({"good": GOOD, "fair": FAIR}, {"good": KNOWN}, TRUTH)
    for key, said in (("good", GOOD), ("fair", FAIR)):
        right = said.predicted == TRUTH
        same(found[key].accuracy, right)
        same(found[key].loss, -np.log(said.probabilities[np.arange(N), TRUTH]))
        same(found[key].overconfidence, said.probabilities.max(axis=1) - right)
        assert found[key].impossible == 0
    assert found["good"].calibration == KNOWN and found["fair"].calibration is None


def test_without_probabilities_there_is_an_accuracy_alone():
    (found,) = on_test({"labels": LABELS}, {}, TRUTH).values()
    assert found.loss is found.overconfidence is found.calibration is None
    assert found.accuracy.value == np.mean(GOOD.predicted == TRUTH)


def test_the_ends_of_what_the_outputs_sum_to():
    truth, P = np.array([0, 1]), np.array([[0.9, 0.4], [0.1, 0.2]])
    found = on_test({"a": Predictions(truth, P)}, {"a": None}, truth)["a"]
    assert (found.sum_least, found.sum_most) == pytest.approx((0.3, 1.3)) and found.loss is None
    none = on_test({"a": Predictions(truth)}, {"a": None}, truth)["a"]
    assert none.sum_least is none.sum_most is None


def test_an_infinite_loss_is_said_as_such():
    (found,) = on_test({"tree": TREE}, {}, TRUTH).values()
    assert found.impossible == np.sum(FAIR.predicted != TRUTH) > 0
    assert (found.loss.value, found.loss.low, found.loss.method) == (None, None, "none")
    assert found.overconfidence.value == pytest.approx(1 - found.accuracy.value)


def test_pairs_are_compared_row_by_row():
    models = {"fair": FAIR, "good": GOOD, "labels": LABELS, "tree": TREE}
    of_fair, labels, tree = paired_tests("good", models, TRUTH, judged=models)
    assert (of_fair.a, of_fair.b, of_fair.n) == ("good", "fair", N)
    good, fair = GOOD.predicted == TRUTH, FAIR.predicted == TRUTH
    assert (of_fair.only_a, of_fair.only_b) == (np.sum(good & ~fair), np.sum(fair & ~good))
    assert of_fair.p_value == mcnemar(of_fair.only_a, of_fair.only_b)
    same(of_fair.accuracy_difference, good.astype(int) - fair)
    same(of_fair.loss_difference, GOOD.losses(TRUTH) - FAIR.losses(TRUTH))
    assert of_fair.accuracy_difference.low > 0 > of_fair.loss_difference.high
    # Two that never differ, and two of which one has no loss.
    equal = labels.accuracy_difference
    assert (equal.value, equal.low, equal.method, labels.p_value) == (0.0, None, "none", 1.0)
    assert labels.loss_difference is None
    assert tree.accuracy_difference is not None and tree.loss_difference is None


def test_what_diverged_is_tested_as_before_and_not_measured():
    models = {"good": GOOD, "fair": FAIR}
    (test,) = paired_tests("good", models, TRUTH, judged={"good"})
    assert test.p_value < 1e-6 and test.accuracy_difference is test.loss_difference is None


def test_a_single_model_has_nobody_beside_it():
    assert paired_tests("good", {"good": GOOD}, TRUTH, judged={"good"}) == ()
    assert on_test({}, {}, TRUTH) == {}

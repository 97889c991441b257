"""What regressors are judged by: scikit-learn's measures, and intervals of the rows."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from chainrule.estimators.explained import r2_interval
from chainrule.estimators.intervals import mean_interval
from chainrule.experiments.regressors import on_test, paired_tests

RNG = np.random.default_rng(0)
TRUTH = 100 + 20 * RNG.standard_normal(150)
GOOD, FAIR = (TRUTH + spread * RNG.standard_normal(150) for spread in (5.0, 15.0))
MODELS = {"good": GOOD, "fair": FAIR}


@pytest.mark.parametrize("key", MODELS)
def test_each_model_has_the_measures_and_intervals_of_its_rows(key):
    found, said = on_test(MODELS, TRUTH)[key], MODELS[key]
    assert found.r2.value == pytest.approx(r2_score(TRUTH, said))
    assert found.rmse.value == pytest.approx(root_mean_squared_error(TRUTH, said))
    assert found.mae.value == pytest.approx(mean_absolute_error(TRUTH, said))
    whole, squared = r2_interval(TRUTH, said), mean_interval((said - TRUTH) ** 2)
    assert (found.r2.low, found.r2.high) == pytest.approx((whole.low, whole.high))
    assert (found.rmse.low**2, found.rmse.high**2) == pytest.approx((squared.low, squared.high))
    assert found.mae.high == pytest.approx(mean_interval(np.abs(said - TRUTH)).high)
    assert found.accuracy is found.loss is found.calibration is None
    assert found.score is found.r2


def test_answers_without_fault_have_no_interval():
    (found,) = on_test({"perfect": TRUTH}, TRUTH).values()
    assert (found.r2.value, found.rmse.value, found.mae.value) == (1, 0, 0)
    assert found.r2.low is found.rmse.low is found.mae.low is None


def test_of_answers_beyond_the_numbers_nothing_is_known():
    far = np.full(150, 1e200)
    found = on_test({"good": GOOD, "far": far}, TRUTH)
    assert found["far"].r2.value is found["far"].rmse.value is None and found["good"].r2.value > 0
    (test,) = paired_tests("good", {"good": GOOD, "far": far}, TRUTH, {"good", "far"})
    assert test.only_a == 150 and test.r2_difference is test.mae_difference is None


def test_the_chosen_model_is_tested_against_each_other():
    same, fair = paired_tests("good", {"good": GOOD, "same": GOOD, "fair": FAIR}, TRUTH, MODELS)
    assert (same.only_a, same.only_b, same.p_value) == (0, 0, 1) and same.r2_difference is None
    nearer = np.abs(GOOD - TRUTH) < np.abs(FAIR - TRUTH)
    assert (fair.only_a, fair.only_b, fair.n) == (nearer.sum(), (~nearer).sum(), 150)
    assert fair.p_value == pytest.approx(binomtest(int(nearer.sum()), 150, 0.5).pvalue)
    wanted = r2_score(TRUTH, GOOD) - r2_score(TRUTH, FAIR)
    assert fair.r2_difference.value == pytest.approx(wanted)
    assert 0 < fair.r2_difference.low < wanted < fair.r2_difference.high
    wanted = mean_absolute_error(TRUTH, GOOD) - mean_absolute_error(TRUTH, FAIR)
    assert fair.mae_difference.value == pytest.approx(wanted)
    assert fair.mae_difference.high < 0 and fair.accuracy_difference is None


def test_without_models_or_others_there_is_nothing_to_say():
    assert on_test({}, TRUTH) == {}
    assert paired_tests("good", {"good": GOOD}, TRUTH, {"good"}) == ()

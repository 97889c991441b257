"""Equal parameters and random_state give scikit-learn's numbers: the regressor."""

import numpy as np
import pytest
from sklearn import neural_network

from chainrule import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SHORT = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 12, "random_state": 3}
SGD = {"solver": "sgd", "learning_rate_init": 0.02}
LBFGS = {"solver": "lbfgs", "max_iter": 30}
STOPPING = {
    "max_iter": 80,
    "learning_rate_init": 0.02,
    "n_iter_no_change": 3,
    "early_stopping": True,
    "validation_fraction": 0.2,
}
CASES = {
    "adam": {},
    "sgd": SGD,
    "sgd-plain": {**SGD, "momentum": 0},
    "adaptive": {**SGD, "learning_rate": "adaptive", "max_iter": 40, "n_iter_no_change": 1},
    "invscaling": {**SGD, "learning_rate": "invscaling"},
    "lbfgs": LBFGS,
    "early-stopping": STOPPING,
    "tanh": {"activation": "tanh"},
    "no-hidden-layer": {"hidden_layer_sizes": ()},
    "poisson": {"loss": "poisson"},
    "poisson-sgd": {**SGD, "loss": "poisson"},
    "poisson-lbfgs": {**LBFGS, "loss": "poisson"},
    "poisson-early-stopping": {**STOPPING, "loss": "poisson"},
}


def fit_both(params, X, y, sample_weight=None):
    theirs = {k: v for k, v in params.items() if v != "sklearn_squared_error"}
    both = [MLPRegressor(**params), neural_network.MLPRegressor(**theirs)]
    return [est.fit(X, y, sample_weight=sample_weight) for est in both]


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("changed", CASES.values(), ids=CASES)
def test_one_output(changed, weighted, problem, agree):
    X, y, weights = problem("counts" if changed.get("loss") == "poisson" else "regression")
    agree(*fit_both({**SHORT, **changed}, X, y, weights if weighted else None), X)


SEVERAL = {"adam": {}, "sgd": SGD, "lbfgs": LBFGS, "early-stopping": STOPPING}


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("changed", SEVERAL.values(), ids=SEVERAL)
def test_several_outputs_with_scikit_learns_gradient(changed, weighted, problem, agree):
    X, y, weights = problem("outputs")
    params = {**SHORT, **changed, "loss": "sklearn_squared_error"}
    agree(*fit_both(params, X, y, weights if weighted else None), X)


def test_several_outputs_by_default_follow_the_loss_that_is_reported(problem):
    """The stated deviation: scikit-learn's gradient is n_outputs times its loss's derivative."""
    X, y, _ = problem("outputs")
    params = {**SHORT, **SGD, "momentum": 0, "alpha": 0, "max_iter": 3}
    ours, theirs = fit_both(params, X, y)
    np.testing.assert_allclose(ours.loss_curve_[0], theirs.loss_curve_[0], rtol=0.2)
    assert not np.allclose(ours.coefs_[0], theirs.coefs_[0])
    faster = MLPRegressor(**{**params, "learning_rate_init": 3 * params["learning_rate_init"]})
    faster.fit(X, y)
    for mine, other in zip(faster.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9)


@pytest.mark.parametrize("changed", [{}, SGD, LBFGS], ids=["adam", "sgd", "lbfgs"])
def test_several_poisson_outputs(changed, problem, agree):
    X, y, _ = problem("outputs")
    agree(*fit_both({**SHORT, **changed, "loss": "poisson"}, X, np.abs(y)), X)


def test_float32(problem, agree):
    X, y, _ = problem("regression")
    X = X.astype(np.float32)
    ours, theirs = fit_both(SHORT, X, y.astype(np.float32))
    assert ours.predict(X).dtype == np.float32
    agree(ours, theirs, X, rtol=1e-3)


def test_an_integer_target(problem, agree):
    X, y, _ = problem("counts")
    agree(*fit_both(SHORT, X, y.astype(int)), X)

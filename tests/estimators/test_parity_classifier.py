"""Equal parameters and random_state give scikit-learn's numbers: the classifier."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning

from chainrule import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SHORT = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 12, "random_state": 3}
SGD = {"solver": "sgd", "learning_rate_init": 0.05}
STOPS = {"max_iter": 80, "learning_rate_init": 0.02, "n_iter_no_change": 3}

MULTICLASS = {
    "adam": {},
    "adam-settings": {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3, "learning_rate_init": 0.01},
    "sgd-plain": {**SGD, "momentum": 0},
    "sgd-momentum": {**SGD, "momentum": 0.8, "nesterovs_momentum": False},
    "sgd-nesterov": {**SGD, "momentum": 0.9},
    "invscaling": {**SGD, "learning_rate": "invscaling"},
    "invscaling-power": {**SGD, "learning_rate": "invscaling", "power_t": 0.2, "momentum": 0},
    "adaptive": {**SGD, **STOPS, "learning_rate": "adaptive", "tol": 0.01, "n_iter_no_change": 1},
    "adaptive-default-patience": {**SGD, "learning_rate": "adaptive", "max_iter": 60, "tol": 0.05},
    "adam-ignores-learning-rate": {"learning_rate": "invscaling"},
    "lbfgs": {"solver": "lbfgs", "max_iter": 40},
    "lbfgs-max-fun": {"solver": "lbfgs", "max_fun": 7},
    "lbfgs-tol": {"solver": "lbfgs", "tol": 0.05},
    "lbfgs-converges": {"solver": "lbfgs", "activation": "tanh", "alpha": 5.0, "tol": 0.003},
    "lbfgs-ignores-early-stopping": {"solver": "lbfgs", "early_stopping": True},
    "identity": {"activation": "identity"},
    "logistic": {"activation": "logistic"},
    "tanh": {"activation": "tanh"},
    "integer-size": {"hidden_layer_sizes": 6},
    "no-hidden-layer": {"hidden_layer_sizes": ()},
    "two-hidden-layers": {"hidden_layer_sizes": [7, 4]},
    "numpy-sizes": {"hidden_layer_sizes": np.array([7, 4])},
    "batch-auto": {"batch_size": "auto"},
    "batch-of-1": {"batch_size": 1, "max_iter": 5},
    "batch-ragged": {"batch_size": 37},
    "unshuffled": {"shuffle": False},
    "no-alpha": {"alpha": 0},
    "large-alpha": {"alpha": 3.0},
    "stops": STOPS,
    "stops-by-large-tol": {**STOPS, "tol": 0.05},
    "never-stops": {"n_iter_no_change": np.inf, "tol": 10.0, "max_iter": 20},
    "early-stopping": {**STOPS, "early_stopping": True},
    "early-stopping-fraction": {**STOPS, "early_stopping": True, "validation_fraction": 0.4},
    "early-stopping-adaptive": {
        **SGD,
        **STOPS,
        "early_stopping": True,
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
    },
}


def fit_both(params, X, y, sample_weight=None):
    both = [MLPClassifier(**params), neural_network.MLPClassifier(**params)]
    return [est.fit(X, y, sample_weight=sample_weight) for est in both]


@pytest.mark.parametrize("changed", MULTICLASS.values(), ids=MULTICLASS)
def test_multiclass(changed, problem, agree):
    X, y, _ = problem("multiclass")
    agree(*fit_both({**SHORT, **changed}, X, y), X)


OTHERS = {
    "adam": {},
    "sgd": SGD,
    "lbfgs": {"solver": "lbfgs", "max_iter": 30},
    "early-stopping": {**STOPS, "early_stopping": True, "validation_fraction": 0.2},
}


@pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("name", ["binary", "multilabel", "strings"])
def test_other_targets(name, changed, problem, agree):
    X, y, _ = problem(name)
    agree(*fit_both({**SHORT, **changed}, X, y), X)


@pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("name", ["multiclass", "binary"])
def test_sample_weights(name, changed, problem, agree):
    X, y, weights = problem(name)
    agree(*fit_both({**SHORT, **changed}, X, y, weights), X)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_float32(solver, problem, agree):
    X, y, _ = problem("multiclass")
    X = X.astype(np.float32)
    ours, theirs = fit_both({**SHORT, "solver": solver}, X, y)
    assert ours.coefs_[0].dtype == np.float32
    agree(ours, theirs, X, rtol=1e-4)


def test_float32_stays_float32_with_lbfgs(problem):
    """scikit-learn's L-BFGS makes float64 parameters of a float32 X; ours have X's type."""
    X, y, _ = problem("multiclass")
    X = X.astype(np.float32)
    ours, theirs = fit_both({**SHORT, "solver": "lbfgs"}, X, y)
    assert (ours.coefs_[0].dtype, theirs.coefs_[0].dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)


def test_integer_input_is_computed_in_float64(problem, agree):
    X, y, _ = problem("multiclass")
    ours, theirs = fit_both(SHORT, np.round(X).astype(int), y)
    assert ours.coefs_[0].dtype == np.float64
    agree(ours, theirs, np.round(X))


def test_a_batch_larger_than_the_data_is_clipped_with_the_warning(problem, agree):
    X, y, _ = problem("multiclass")
    with pytest.warns(UserWarning, match="going to be clipped") as caught:
        ours = MLPClassifier(**SHORT).set_params(batch_size=1000).fit(X, y)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="going to be clipped"):
        theirs = neural_network.MLPClassifier(**{**SHORT, "batch_size": 1000}).fit(X, y)
    agree(ours, theirs, X)


def test_a_column_of_labels_is_flattened_with_the_warning(problem, agree):
    X, y, _ = problem("multiclass")
    with pytest.warns(DataConversionWarning, match="column-vector") as caught:
        ours, theirs = fit_both(SHORT, X, y[:, None])
    assert len([w for w in caught if w.category is DataConversionWarning]) == 2
    agree(ours, theirs, X)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_end_of_the_budget_is_warned_of_in_scikit_learns_words(solver, problem):
    X, y, _ = problem("multiclass")
    heard = []
    for kind in (MLPClassifier, neural_network.MLPClassifier):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            kind(**{**SHORT, "solver": solver, "max_iter": 3}).fit(X, y)
        assert [warning.category for warning in caught] == [ConvergenceWarning]
        if kind is MLPClassifier and solver == "adam":
            assert caught[0].filename == __file__  # the line that called fit
        heard.append(str(caught[0].message))
    assert heard[0] == heard[1]


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_no_warning_where_the_training_stopped_by_itself(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**SHORT, **STOPS, "tol": 0.05}).fit(X, y)
    assert net.n_iter_ < net.max_iter


def test_the_reported_loss_is_not_clipped_where_a_probability_is_tiny():
    """The one deviation in the numbers: scikit-learn clips log(p) at the machine epsilon.

    On data that saturates the network its loss_curve_ is lower than its own loss; its
    gradients are not clipped, so the weights still agree.
    """
    rng = np.random.RandomState(0)
    X, y = 300 * rng.standard_normal((90, 5)), rng.randint(0, 3, 90)
    params = {**SHORT, "hidden_layer_sizes": (), "max_iter": 1}
    ours, theirs = fit_both(params, X, y)
    assert ours.loss_ > theirs.loss_ + 1
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9)

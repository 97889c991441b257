"""What the parameters beyond scikit-learn's mean, one equation each."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from chainrule import MLPClassifier, MLPRegressor
from chainrule.equations.initializers import INITIALIZERS
from chainrule.equations.schedules import SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 3, "random_state": 3}
ONE_STEP = {
    "batch_size": 90,
    "max_iter": 1,
    "solver": "sgd",
    "momentum": 0,
    "learning_rate_init": 0.1,
    "alpha": 0,
}
STILL = {"learning_rate_init": 1e-300, "max_iter": 1}


def arrays(net):
    return net.coefs_ + net.intercepts_


def close(first, second, **kwargs):
    for a, b in zip(arrays(first), arrays(second), strict=True):
        np.testing.assert_allclose(a, b, **kwargs)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5, 2: 1.0}])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_class_weights_are_sample_weights(class_weight, solver, problem, same_network):
    X, y, weights = problem("multiclass")
    params = {**BASE, "solver": solver}
    by_sample = compute_sample_weight(class_weight, y)
    by_class = MLPClassifier(**params, class_weight=class_weight)
    same_network(by_class.fit(X, y), MLPClassifier(**params).fit(X, y, by_sample))
    same_network(
        by_class.fit(X, y, weights), MLPClassifier(**params).fit(X, y, weights * by_sample)
    )


def test_class_weights_of_strings(problem, same_network):
    X, names, _ = problem("strings")
    _, numbers, _ = problem("multiclass")
    named = MLPClassifier(**BASE, class_weight={"ape": 3, "bee": 1, "cat": 1}).fit(X, names)
    same_network(named, MLPClassifier(**BASE, class_weight={0: 3, 1: 1, 2: 1}).fit(X, numbers))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_l2_is_alpha_over_the_rows_of_a_full_batch(solver, problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, "batch_size": 90, "solver": solver}
    close(
        MLPClassifier(**params, l2=0.02).fit(X, y),
        MLPClassifier(**params, alpha=0.02 * 90).fit(X, y),
        rtol=1e-9,
    )


def test_l2_does_not_depend_on_the_batch_size(problem):
    X, y, _ = problem("multiclass")
    for given, same in (({"l2": 0.1}, True), ({"alpha": 0.1}, False)):
        few, many = (
            MLPClassifier(**{**BASE, **STILL, "batch_size": size}, **given).fit(X, y)
            for size in (15, 30)
        )
        assert np.isclose(few.history_["penalty"][0], many.history_["penalty"][0]) == same
    squares = sum(np.sum(W * W) for W in few.coefs_)
    np.testing.assert_allclose(few.history_["penalty"][0], 0.05 / 15 * squares)


def test_weight_decay_shrinks_weights_and_not_biases(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, **ONE_STEP, "solver": "adamw"}
    start = MLPClassifier(**{**params, **STILL}).fit(X, y)
    free, decayed = (MLPClassifier(**params, weight_decay=decay).fit(X, y) for decay in (0.0, 0.5))
    for W0, W, W_free in zip(start.coefs_, decayed.coefs_, free.coefs_, strict=True):
        np.testing.assert_allclose(W_free - W, 0.1 * 0.5 * W0, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(free.intercepts_[0], decayed.intercepts_[0])


def test_clipping_bounds_the_norm_of_all_gradients_together(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, **ONE_STEP}
    start = MLPClassifier(**{**params, **STILL}).fit(X, y)
    net = MLPClassifier(**params, clip_global_norm=0.01).fit(X, y)
    squares = sum(np.sum((a - b) ** 2) for a, b in zip(arrays(net), arrays(start), strict=True))
    np.testing.assert_allclose(np.sqrt(squares), 0.1 * 0.01)


def test_one_activation_a_layer(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, "hidden_layer_sizes": (6, 4)}
    net = MLPClassifier(**params, activation=["tanh", "relu"]).fit(X, y)
    (W1, W2, W3), (b1, b2, b3) = net.coefs_, net.intercepts_
    scores = np.maximum(np.tanh(X @ W1 + b1) @ W2 + b2, 0) @ W3 + b3
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(net.predict_proba(X), expected, rtol=1e-12)
    assert not np.array_equal(
        net.predict_proba(X),
        MLPClassifier(**params, activation=["relu", "tanh"]).fit(X, y).predict_proba(X),
    )


def test_one_dropout_rate_a_layer(problem, same_network):
    X, y, _ = problem("multiclass")
    params = {**BASE, "hidden_layer_sizes": (6, 4)}
    one, each = (MLPClassifier(**params, dropout=rate).fit(X, y) for rate in (0.5, [0.5, 0.5]))
    same_network(one, each)
    first, second = (
        MLPClassifier(**params, dropout=rate).fit(X, y) for rate in ([0.5, 0], [0, 0.5])
    )
    assert not np.array_equal(first.coefs_[0], second.coefs_[0])


def test_dropout_is_not_for_validation_and_prediction(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, dropout=0.5).fit(X, y, X_val=X, y_val=y)
    last = -np.mean(np.log(net.predict_proba(X)[np.arange(90), y]))
    np.testing.assert_allclose(net.history_["validation_loss"][-1], last)
    assert net.history_["train_loss"][-1] > net.history_["validation_loss"][-1]


LOSSES = {
    ("MLPClassifier", "mean_squared_error"): lambda Y, A: np.mean((A - Y) ** 2),
    ("MLPClassifier", "log_loss"): lambda Y, A: -np.mean(np.sum(Y * np.log(A), axis=1)),
    ("MLPRegressor", "squared_error"): lambda Y, A: 0.5 * np.mean((A - Y) ** 2),
    ("MLPRegressor", "sklearn_squared_error"): lambda Y, A: 0.5 * np.mean((A - Y) ** 2),
    ("MLPRegressor", "mean_squared_error"): lambda Y, A: np.mean((A - Y) ** 2),
}


@pytest.mark.parametrize(("kind", "loss"), LOSSES, ids=map("-".join, LOSSES))
def test_each_loss_is_what_its_name_says(kind, loss, problem):
    params = {**BASE, **STILL, "alpha": 0, "loss": loss}
    if kind == "MLPClassifier":
        X, y, _ = problem("multiclass")
        net = MLPClassifier(**params).fit(X, y)
        Y, A = np.eye(3)[y], net.predict_proba(X)
    else:
        X, Y, _ = problem("outputs")
        net = MLPRegressor(**params).fit(X, Y)
        A = net.predict(X)
    np.testing.assert_allclose(net.loss_, LOSSES[kind, loss](Y, A))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_each_rule_for_initial_weights(name, problem):
    X, y, _ = problem("multiclass")
    row = INITIALIZERS[name]
    net = MLPClassifier(**{**BASE, **STILL, "hidden_layer_sizes": (400,)}, init=name).fit(X, y)
    scale = row.scale(5, 400, **row.settings)
    W, b = net.coefs_[0], net.intercepts_[0]
    assert (np.abs(b).max() > 1e-200) == row.biases
    if row.distribution == "uniform":
        assert 0.99 * scale < np.abs(W).max() <= scale
    elif row.distribution == "normal":
        np.testing.assert_allclose(W.std(), scale, rtol=0.05)
    else:
        assert np.unique(W).tolist() == np.unique(b).tolist() == [scale]


def test_an_initial_scale_of_ones_own(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**BASE, **STILL}, init={"name": "uniform", "scale": 1e-3}).fit(X, y)
    assert 5e-4 < np.abs(net.coefs_[0]).max() <= 1e-3


RATES = {
    "constant": ({}, [1, 1, 1, 1]),
    "invscaling": ({"power": 1.0}, [1, 1 / 91, 1 / 181, 1 / 271]),
    "step": ({"factor": 0.5, "every": 2}, [1, 1, 0.5, 0.5]),
    "exponential": ({"rate": 0.25, "every": 2, "staircase": False}, [1, 0.5, 0.25, 0.125]),
    "cosine": ({"warmup": 2, "floor": 0.1}, [0, 0.5, 1, 0.55]),
    "adaptive": ({"divisor": 10, "smallest": 0.019}, [1, 1, 1, 0.1, 0.1]),
}


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_each_schedule(name, solver, problem):
    X, y, _ = problem("multiclass")
    settings, expected = RATES[name]
    params = {**BASE, "solver": solver, "max_iter": 4, "learning_rate_init": 0.02}
    if name == "adaptive":  # two epochs without improvement, twice
        params |= {"max_iter": 9, "tol": 10.0, "n_iter_no_change": 1}
    net = MLPClassifier(**params, schedule={"name": name, **settings}).fit(X, y)
    np.testing.assert_allclose(net.history_["learning_rate"], 0.02 * np.array(expected), atol=1e-12)


@pytest.mark.parametrize("given", ["float32", "float64"])
@pytest.mark.parametrize("dtype", ["auto", "float32", "float64"])
def test_the_type_of_arithmetic(dtype, given, problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, dtype=dtype).fit(X.astype(given), y)
    expected = given if dtype == "auto" else dtype
    assert {array.dtype.name for array in arrays(net)} == {expected}
    assert net.predict_proba(X.astype(expected)).dtype == expected

"""Mistakes of our peers that we do not repeat, each named after where it was reported."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 4, "random_state": 3}
WILD = {**BASE, "learning_rate_init": 0.5, "n_iter_no_change": np.inf, "max_iter": 9}


@pytest.mark.parametrize("batch_size", [30, 90])
def test_scikit_learn_6780_and_10477_a_sweep_of_batch_sizes_sweeps_regularisation(
    batch_size, problem
):
    """With l2, weights that only the penalty moves shrink by the same factor at each update."""
    X, y, _ = problem("regression")
    X = np.zeros_like(X)  # so that the data's gradient of the first weights is zero
    params = {**BASE, "solver": "sgd", "momentum": 0, "batch_size": batch_size}
    start = MLPRegressor(**params, learning_rate_init=1e-300).fit(X, y).coefs_[0]
    for penalty, each in (({"l2": 30.0}, 30.0), ({"alpha": 30.0}, 30.0 / batch_size)):
        net = MLPRegressor(**params, learning_rate_init=1e-3, **penalty).fit(X, y)
        shrunk = (1 - 1e-3 * each) ** net.history_["steps"].sum()
        np.testing.assert_allclose(net.coefs_[0], shrunk * start)


def test_scikit_learn_12505_partial_fit_repeats_the_same_order(problem):
    X, y, _ = problem("multiclass")
    ours, orders = MLPClassifier(**BASE), []
    for _ in range(3):
        ours.partial_fit(X, y, classes=[0, 1, 2])
        orders.append(ours._session.index.tolist())
    assert sorted(orders[0]) == list(range(90))
    assert len({tuple(order) for order in orders}) == 3


def test_scikit_learn_18507_the_loss_curve_mixes_the_penalty_in_and_lacks_validation(problem):
    X, y, _ = problem("multiclass")
    history = MLPClassifier(**BASE, alpha=5.0).fit(X, y, X_val=X, y_val=y).history_
    assert (history["penalty"] > 0.1).all()
    comparable = history["train_loss"] - history["validation_loss"]  # before and after an epoch
    assert (np.abs(comparable) < 0.1).all()


@pytest.mark.parametrize("patience", [1, 3])
def test_scikit_learn_the_patience_is_what_the_documentation_says(patience, problem):
    """scikit-learn's meaning, said plainly: stop after *more* than so many bad epochs."""
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**BASE, "max_iter": 99}, tol=10.0, n_iter_no_change=patience)
    assert net.fit(X, y).n_iter_ == 1 + patience + 1  # the first epoch improves on nothing
    assert "more than so many epochs without improvement" in MLPClassifier.__doc__


def descent(kind, X, Y):
    """By how much one small step lowers the loss, over what its own gradient promises."""
    rate = 1e-4
    step = {**BASE, "solver": "sgd", "momentum": 0, "batch_size": 90, "alpha": 0, "tol": 0}
    nets = [
        kind(**{**step, "learning_rate_init": rate, "max_iter": epochs}).fit(X, Y)
        for epochs in (1, 2, 3)
    ]
    pairs = zip(
        nets[0].coefs_ + nets[0].intercepts_, nets[1].coefs_ + nets[1].intercepts_, strict=True
    )
    squares = sum(np.sum((after - before) ** 2) for before, after in pairs) / rate**2
    return (nets[2].loss_curve_[1] - nets[2].loss_curve_[2]) / (rate * squares)


def test_scikit_learn_1_9_the_gradient_of_several_outputs_is_not_that_of_the_loss(problem):
    X, Y, _ = problem("outputs")
    np.testing.assert_allclose(descent(MLPRegressor, X, Y), 1, rtol=1e-2)
    np.testing.assert_allclose(descent(neural_network.MLPRegressor, X, Y), 1 / 3, rtol=1e-2)


def test_pytabkit_34_gradient_clipping_does_nothing(problem):
    X, y, _ = problem("multiclass")
    free = MLPClassifier(**BASE, solver="sgd").fit(X, y)
    clipped = MLPClassifier(**BASE, solver="sgd", clip_global_norm=0.1).fit(X, y)
    assert clipped.loss_ > free.loss_


def test_ngboost_363_validation_data_is_taken_and_not_used(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, "early_stopping": True, "max_iter": 60, "learning_rate_init": 0.05}
    right = MLPClassifier(**params).fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    wrong = MLPClassifier(**params).fit(X[:60], y[:60], X_val=X[60:], y_val=(y[60:] + 1) % 3)
    assert right.best_epoch_ != wrong.best_epoch_
    assert right.best_validation_score_ > wrong.best_validation_score_


def test_a_mistyped_argument_is_silently_ignored():
    with pytest.raises(TypeError, match="learning_rate_initial"):
        MLPClassifier(learning_rate_initial=0.1)


def test_lightning_17543_and_transformers_17032_resuming_is_not_going_on(problem, same_network):
    X, y, _ = problem("multiclass")
    params = {**BASE, "dropout": 0.2, "schedule": "exponential"}
    whole = MLPClassifier(**{**params, "max_iter": 6}).fit(X, y)
    resumed = MLPClassifier(**params).fit(X, y)
    for _ in range(2):
        resumed.partial_fit(X, y)
    same_network(resumed, whole)


def test_keras_12511_the_best_weights_are_lost_when_the_training_ends_normally(
    problem, same_network
):
    X, y, _ = problem("multiclass")
    data = {"X_val": X[60:], "y_val": y[60:]}
    net = MLPClassifier(**WILD, early_stopping=True).fit(X[:60], y[:60], **data)
    assert net.best_epoch_ < net.n_iter_ == WILD["max_iter"]
    best = MLPClassifier(**{**WILD, "max_iter": net.best_epoch_}).fit(X[:60], y[:60])
    same_network(net, best)


def test_scikit_learn_29504_a_diverged_trial_kills_the_search(problem):
    X, y, _ = problem("regression")
    params = {**BASE, "solver": "sgd", "activation": "identity", "on_divergence": "keep"}
    grid = {"learning_rate_init": [0.01, 1e200]}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        search = GridSearchCV(MLPRegressor(**params), grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_ == {"learning_rate_init": 0.01}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_scikit_learn_31608_halving_prefers_what_suits_tiny_data(problem):
    """Epochs are a resource too."""
    X, y, _ = problem("multiclass")
    search = HalvingGridSearchCV(
        MLPClassifier(**BASE),
        {"alpha": [1e-4, 1e-2, 1.0]},
        resource="max_iter",
        min_resources=2,
        max_resources=6,
        cv=2,
    ).fit(X, y)
    assert search.n_resources_ == [2, 6]
    assert search.best_estimator_.n_iter_ == 6


def test_keras_13716_progress_floods_the_log(problem, capfd):
    X, y, _ = problem("multiclass")
    MLPClassifier(**{**BASE, "max_iter": 200}, verbose=True).fit(X, y)
    out, err = capfd.readouterr()
    assert out == ""
    assert 2 <= len(err.splitlines()) < 20

"""history_: what each epoch was, as a plain mapping of equally long arrays."""

import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.history import COLUMNS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 3, "random_state": 3}


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("validated", [False, True], ids=["alone", "validated"])
def test_its_columns(solver, validated, problem):
    X, y, _ = problem("multiclass")
    validation = {"X_val": X, "y_val": y} if validated else {}
    history = MLPClassifier(**BASE, solver=solver).fit(X, y, **validation).history_
    assert type(history) is dict
    assert {name: column.dtype for name, column in history.items()} == COLUMNS
    assert {len(column) for column in history.values()} == {3}
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history["steps"].tolist() == ([1, 1, 1] if solver == "lbfgs" else [6, 6, 6])
    for name in ("validation_loss", "validation_score"):
        assert np.isfinite(history[name]).all() == validated
        assert np.isnan(history[name]).any() != validated
    for name in ("train_loss", "penalty"):
        assert (history[name] > 0).all()


def test_what_lbfgs_has_not_is_nan(problem):
    X, y, _ = problem("multiclass")
    history = MLPClassifier(**BASE, solver="lbfgs").fit(X, y).history_
    assert np.isnan(history["learning_rate"]).all()


def test_each_column_is_owned_and_can_be_written(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE).fit(X, y)
    for column in [*net.history_.values(), *net.coefs_, *net.intercepts_]:
        assert column.flags.owndata
        assert column.flags.writeable


@pytest.mark.parametrize("batch_size", [16, 37, 90])
def test_the_penalty_is_apart_from_the_training_loss(batch_size, problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**BASE, "batch_size": batch_size}, alpha=1.0).fit(X, y)
    history = net.history_
    np.testing.assert_allclose(
        history["train_loss"] + history["penalty"], net.loss_curve_, rtol=1e-12
    )
    bare = MLPClassifier(**{**BASE, "batch_size": batch_size}, alpha=0).fit(X, y).history_
    assert (bare["penalty"] == 0).all()


def test_lbfgs_adds_up_to_its_loss(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, solver="lbfgs", alpha=1.0).fit(X, y)
    np.testing.assert_allclose(
        net.history_["train_loss"][-1] + net.history_["penalty"][-1], net.loss_
    )
    truth = net.predict_proba(X)[np.arange(90), y]
    np.testing.assert_allclose(net.history_["train_loss"][-1], -np.log(truth).mean())


def test_the_training_loss_is_weighted_by_samples(problem):
    """loss_curve_ weighs each batch by its rows, as scikit-learn's does."""
    X, y, weights = problem("multiclass")
    params = {**BASE, "learning_rate_init": 1e-300, "max_iter": 1, "alpha": 0}
    net = MLPClassifier(**params).fit(X, y, weights)
    truth = net.predict_proba(X)[np.arange(90), y]
    np.testing.assert_allclose(
        net.history_["train_loss"][0], np.average(-np.log(truth), weights=weights)
    )
    assert not np.isclose(net.loss_curve_[0], net.history_["train_loss"][0], rtol=1e-4)


def test_scikit_learns_reporting_of_several_outputs_leaves_it_alone(problem):
    X, Y, _ = problem("outputs")
    for solver in ("adam", "lbfgs"):
        net = MLPRegressor(**{**BASE, "alpha": 0}, solver=solver, loss="sklearn_squared_error")
        net.fit(X, Y)
        np.testing.assert_allclose(net.loss_, net.history_["train_loss"][-1] / 3)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_warm_start_appends(solver, problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, solver=solver, warm_start=True).fit(X, y)
    first = {name: column.copy() for name, column in net.history_.items()}
    net.fit(X, y, X_val=X, y_val=y)
    assert net.history_["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    for name, column in first.items():
        np.testing.assert_array_equal(net.history_[name][:3], column)
    assert np.isfinite(net.history_["validation_loss"]).tolist() == [False] * 3 + [True] * 3
    assert 4 <= net.best_epoch_ <= 6
    assert net.n_iter_ == 3


def test_partial_fit_appends(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE).fit(X, y).partial_fit(X, y).partial_fit(X[:40], y[:40])
    assert net.history_["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert net.history_["steps"].tolist() == [6, 6, 6, 6, 3]
    assert len(net.loss_curve_) == 5
    assert net.n_iter_ == 1
    assert net.t_ == 4 * 90 + 40


def test_a_fit_begins_a_new_history(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE).fit(X, y).fit(X, y)
    assert net.history_["epoch"].tolist() == [1, 2, 3]


def test_seconds_are_times(problem):
    X, y, _ = problem("multiclass")
    assert (MLPClassifier(**BASE).fit(X, y).history_["seconds"] > 0).all()


def test_a_batch_that_weighs_nothing_is_no_step(problem):
    X, y, _ = problem("multiclass")
    weights = np.ones(90)
    weights[16:48] = 0
    net = MLPClassifier(**BASE, shuffle=False).fit(X, y, weights)
    assert net.history_["steps"].tolist() == [4, 4, 4]
    assert np.isfinite(net.loss_curve_).all()
    assert net.t_ == 270


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_best_epoch_without_validation_is_the_lowest_training_loss(solver, problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**BASE, "max_iter": 8}, solver=solver).fit(X, y)
    assert net.best_epoch_ == np.argmin(net.history_["train_loss"]) + 1

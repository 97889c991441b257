"""Validation data, early stopping, and the weights of the best epoch."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from threadpoolctl import threadpool_info

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 20, "random_state": 3}
WILD = {**BASE, "learning_rate_init": 0.5, "n_iter_no_change": np.inf}


@pytest.fixture
def parts(problem):
    """60 rows to train on, 30 to validate on, with weights."""

    def cut(name):
        X, y, weights = problem(name)
        return (
            X[:60],
            y[:60],
            {"X_val": X[60:], "y_val": y[60:], "sample_weight_val": weights[60:] + 0.1},
        )

    return cut


@pytest.mark.parametrize("monitor", ["validation_loss", "validation_score"])
@pytest.mark.parametrize("how", [{"restore_best": True}, {"early_stopping": True}])
def test_the_weights_are_those_of_the_best_epoch(how, monitor, parts, same_network):
    X, y, validation = parts("multiclass")
    best = MLPClassifier(**WILD, **how, monitor=monitor).fit(X, y, **validation)
    values = best.history_[monitor]
    position = np.argmin(values) if monitor == "validation_loss" else np.argmax(values)
    assert best.best_epoch_ == position + 1 < best.n_iter_
    same_network(best, MLPClassifier(**{**WILD, "max_iter": best.best_epoch_}).fit(X, y))


def test_without_validation_data_the_training_loss_decides(parts, same_network):
    X, y, _ = parts("multiclass")
    best = MLPClassifier(**{**WILD, "max_iter": 7}, restore_best=True).fit(X, y)
    assert best.best_epoch_ == np.argmin(best.history_["train_loss"]) + 1 < best.n_iter_
    same_network(best, MLPClassifier(**{**WILD, "max_iter": best.best_epoch_}).fit(X, y))


def test_the_best_can_be_known_and_the_last_kept(parts, same_network):
    X, y, validation = parts("multiclass")
    last = MLPClassifier(**WILD, early_stopping=True, restore_best=False).fit(X, y, **validation)
    assert last.best_epoch_ < last.n_iter_
    same_network(last, MLPClassifier(**WILD).fit(X, y))


def test_own_validation_data_is_what_early_stopping_goes_by(parts):
    X, y, validation = parts("multiclass")
    params = {**BASE, "max_iter": 200, "learning_rate_init": 0.02, "n_iter_no_change": 4}
    net = MLPClassifier(**params, early_stopping=True).fit(X, y, **validation)
    scores = np.array(net.validation_scores_)
    assert net.n_iter_ == len(scores) < 200
    assert net.t_ == 60 * net.n_iter_  # nothing was split off
    assert net.best_validation_score_ == scores.max() == scores[net.best_epoch_ - 1]
    recent_best = [scores[: i + 1].max() + net.tol for i in range(len(scores))]
    assert (scores[-5:] < recent_best[-6]).all()
    np.testing.assert_array_equal(net.history_["validation_score"], scores)
    assert net.best_loss_ is None


def test_early_stopping_by_the_loss(parts):
    X, y, validation = parts("regression")
    params = {**BASE, "max_iter": 300, "learning_rate_init": 0.05, "n_iter_no_change": 3}
    net = MLPRegressor(**params, early_stopping=True, monitor="validation_loss")
    net.fit(X, y, **validation)
    losses = net.history_["validation_loss"]
    assert net.n_iter_ < 300
    assert net.best_epoch_ == np.argmin(losses) + 1
    assert (losses[-4:] > losses[:-4].min() - net.tol).all()


def test_what_is_recorded_is_loss_and_score_at_the_epochs_end(parts):
    X, y, validation = parts("multiclass")
    X_val, y_val, weights = validation.values()
    net = MLPClassifier(**{**BASE, "max_iter": 3}).fit(X, y, **validation)
    history, A = net.history_, net.predict_proba(X_val)
    np.testing.assert_allclose(
        history["validation_loss"][-1], log_loss(y_val, A, sample_weight=weights)
    )
    np.testing.assert_allclose(
        history["validation_score"][-1],
        accuracy_score(y_val, net.predict(X_val), sample_weight=weights),
    )


def test_what_is_recorded_for_a_regressor(parts):
    X, y, validation = parts("regression")
    X_val, y_val, weights = validation.values()
    net = MLPRegressor(**{**BASE, "max_iter": 3}).fit(X, y, **validation)
    found = net.predict(X_val)
    half_error = mean_squared_error(y_val, found, sample_weight=weights) / 2
    np.testing.assert_allclose(net.history_["validation_loss"][-1], half_error)
    np.testing.assert_allclose(
        net.history_["validation_score"][-1], r2_score(y_val, found, sample_weight=weights)
    )


@pytest.mark.parametrize("name", ["binary", "multilabel", "strings"])
def test_every_kind_of_label_can_be_validated(name, parts):
    X, y, validation = parts(name)
    del validation["sample_weight_val"]
    net = MLPClassifier(**{**BASE, "max_iter": 2}).fit(X, y, **validation)
    score = net.score(validation["X_val"], validation["y_val"])
    np.testing.assert_allclose(net.history_["validation_score"][-1], score)


def test_validation_data_alone_neither_stops_nor_changes_anything(parts, same_network):
    X, y, validation = parts("multiclass")
    net = MLPClassifier(**BASE).fit(X, y, **validation)
    same_network(net, MLPClassifier(**BASE).fit(X, y))
    assert net.validation_scores_ is None
    assert len(net.history_["validation_loss"]) == 20


def test_validation_leaves_the_threads_of_numpy_as_they_were(parts):
    X, y, validation = parts("multiclass")
    before = threadpool_info()
    MLPClassifier(**BASE).fit(X, y, **validation)
    assert threadpool_info() == before


def test_lbfgs_records_validation_data_too(parts):
    X, y, validation = parts("multiclass")
    net = MLPClassifier(**BASE, solver="lbfgs").fit(X, y, **validation)
    assert (net.history_["seconds"] > 0).all()
    of_truth = net.predict_proba(validation["X_val"])[np.arange(30), validation["y_val"]]
    np.testing.assert_allclose(
        net.history_["validation_loss"][-1],
        np.average(-np.log(of_truth), weights=validation["sample_weight_val"]),
    )
    assert not hasattr(net, "validation_scores_")

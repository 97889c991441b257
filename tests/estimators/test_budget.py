"""Budgets in epochs and in steps."""

import numpy as np
import pytest

from chainrule import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "random_state": 3}


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("steps", [1, 5, 6, 7, 23, 24, 600])
def test_a_budget_of_steps_is_kept_exactly(steps, shuffle, problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, shuffle=shuffle, max_steps=steps, n_iter_no_change=np.inf).fit(X, y)
    whole, rest = divmod(steps, 6)  # 90 rows in batches of 16
    assert net.history_["steps"].tolist() == [6] * whole + [rest] * (rest > 0)
    assert net._session.step == steps
    assert net.n_iter_ == len(net.loss_curve_) == whole + (rest > 0)
    assert net.t_ == 90 * whole + 16 * rest


def test_whole_epochs_of_steps_are_epochs(problem, same_network):
    X, y, _ = problem("multiclass")
    steps = MLPClassifier(**BASE, max_steps=18).fit(X, y)
    epochs = MLPClassifier(**BASE, max_iter=3).fit(X, y)
    assert steps.loss_curve_ == epochs.loss_curve_
    same_network(steps, epochs)


def test_it_ends_within_an_epoch_with_the_batches_so_far(problem, same_network):
    X, y, _ = problem("multiclass")
    cut = MLPClassifier(**BASE, shuffle=False, max_steps=8).fit(X, y)
    pieces = MLPClassifier(**BASE, shuffle=False).partial_fit(X, y, classes=[0, 1, 2])
    pieces.partial_fit(X[:32], y[:32])
    same_network(cut, pieces)
    np.testing.assert_array_equal(cut.history_["train_loss"], pieces.history_["train_loss"])
    assert cut.loss_curve_ == pieces.loss_curve_


def test_patience_and_validation_work_within_a_budget_of_steps(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, max_steps=200, tol=10.0, n_iter_no_change=2).fit(X, y)
    assert net.n_iter_ == 4
    net = MLPClassifier(**BASE, max_steps=8, restore_best=True).fit(X, y, X_val=X, y_val=y)
    assert np.isfinite(net.history_["validation_loss"]).all()
    assert len(net.history_["validation_loss"]) == 2


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_the_end_of_a_budget_of_steps_is_no_warning(problem):
    """Whoever counts steps asked for exactly so many."""
    X, y, _ = problem("multiclass")
    assert MLPClassifier(**BASE, max_steps=2).fit(X, y).n_iter_ == 1


def test_a_schedule_knows_the_budget_of_steps(problem):
    X, y, _ = problem("multiclass")
    by_steps = MLPClassifier(**BASE, max_steps=24, schedule="cosine").fit(X, y)
    by_epochs = MLPClassifier(**BASE, max_iter=4, schedule="cosine").fit(X, y)
    np.testing.assert_allclose(
        by_steps.history_["learning_rate"], by_epochs.history_["learning_rate"], rtol=0.02
    )
    assert by_steps.history_["learning_rate"][-1] < 0.2 * by_steps.learning_rate_init

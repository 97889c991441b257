"""scikit-learn's numbers where a training goes on, and where randomness or storage varies."""

import copy

import numpy as np
import pytest
import scipy.sparse
from sklearn import neural_network

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SHORT = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 6, "random_state": 3}
SGD = {"solver": "sgd", "learning_rate_init": 0.05}
EARLY = {"early_stopping": True, "learning_rate_init": 0.01, "validation_fraction": 0.2}
WARM = {
    "adam": {},
    "sgd": SGD,
    "invscaling": {**SGD, "learning_rate": "invscaling"},
    "adaptive": {**SGD, "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1},
    "lbfgs": {"solver": "lbfgs"},
    "patience-is-remembered": {"tol": 0.1, "n_iter_no_change": 5},
    "early-stopping-by-the-epoch": {**EARLY, "max_iter": 1},
}


@pytest.mark.parametrize("changed", WARM.values(), ids=WARM)
def test_three_fits_with_warm_start(changed, problem, agree):
    X, y, _ = problem("multiclass")
    params = {**SHORT, **changed, "warm_start": True}
    ours, theirs = MLPClassifier(**params), neural_network.MLPClassifier(**params)
    for _ in range(3):
        agree(ours.fit(X, y), theirs.fit(X, y), X)


def test_warm_start_with_early_stopping_keeps_the_best_epoch_of_each_fit(problem, same_network):
    """Where no epoch of a second fit beats the first fit's best, scikit-learn keeps the last
    epoch's weights (its best ones are the same arrays); ours keep the best of this fit."""
    X, y, _ = problem("multiclass")
    params = {**SHORT, **EARLY, "max_iter": 12, "warm_start": True}
    ours, theirs = MLPClassifier(**params), neural_network.MLPClassifier(**params)
    for est in (ours, theirs):
        est.fit(X, y).set_params(learning_rate_init=0.5, max_iter=3)
    first_best = ours.best_validation_score_
    shorter = copy.deepcopy(ours)
    for est in (ours, theirs):
        est.fit(X, y)
    assert max(ours.validation_scores_[12:]) <= first_best == theirs.best_validation_score_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_)
    assert ours.best_epoch_ == 14
    same_network(shorter.set_params(max_iter=2).fit(X, y), ours)


def test_a_second_fit_without_warm_start_begins_anew(problem, agree):
    X, y, _ = problem("multiclass")
    ours, theirs = MLPClassifier(**SHORT), neural_network.MLPClassifier(**SHORT)
    for est in (ours, theirs):
        est.fit(X, y).fit(X[:80], y[:80])
    agree(ours, theirs, X)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_the_first_partial_fit(solver, problem, agree):
    X, y, weights = problem("multiclass")
    params = {**SHORT, "solver": solver}
    both = MLPClassifier(**params), neural_network.MLPClassifier(**params)
    for est in both:
        est.partial_fit(X[:70], y[:70], sample_weight=weights[:70] + 0.5, classes=[0, 1, 2, 3])
    assert list(both[0].classes_) == [0, 1, 2, 3]
    agree(*both, X)


def test_unshuffled_partial_fits_agree_for_ever(problem, agree):
    """Where no order is drawn, re-seeding and going on are the same."""
    X, y, _ = problem("regression")
    params = {**SHORT, "shuffle": False}
    both = MLPRegressor(**params), neural_network.MLPRegressor(**params)
    for _ in range(4):
        for est in both:
            est.partial_fit(X, y)
    agree(*both, X)


def test_invscaling_counts_samples_over_partial_fits(problem, agree):
    X, y, _ = problem("multiclass")
    params = {**SHORT, **SGD, "learning_rate": "invscaling", "shuffle": False}
    both = MLPClassifier(**params), neural_network.MLPClassifier(**params)
    for rows in (slice(0, 50), slice(50, 90), slice(10, 70)):
        for est in both:
            est.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    agree(*both, X)


def test_a_random_state_instance_is_consumed_as_scikit_learn_consumes_it(problem, agree):
    X, y, _ = problem("multiclass")
    streams = np.random.RandomState(5), np.random.RandomState(5)
    both = [
        kind(**{**SHORT, "random_state": stream, "early_stopping": True})
        for kind, stream in zip((MLPClassifier, neural_network.MLPClassifier), streams, strict=True)
    ]
    for _ in range(2):
        for est in both:
            est.fit(X, y)
        agree(*both, X)
        first, second = (stream.get_state(legacy=False) for stream in streams)
        assert first["state"]["pos"] == second["state"]["pos"]
        np.testing.assert_array_equal(first["state"]["key"], second["state"]["key"])


def test_the_global_random_state_is_used_where_none_is_given(problem, agree):
    X, y, _ = problem("multiclass")
    both = []
    for kind in (MLPClassifier, neural_network.MLPClassifier):
        np.random.seed(11)
        both.append(kind(**{**SHORT, "random_state": None}).fit(X, y))
        both.append(np.random.random())
    agree(both[0], both[2], X)
    assert both[1] == both[3]


FORMATS = {
    "csr-matrix": scipy.sparse.csr_matrix,
    "csc-matrix": scipy.sparse.csc_matrix,
    "coo-matrix": scipy.sparse.coo_matrix,
    "csr-array": scipy.sparse.csr_array,
    "csc-array": scipy.sparse.csc_array,
}


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("solver", ["adam", "adam in ranges", "lbfgs"])
def test_sparse_input_is_dense_input(solver, form, problem, same_network, monkeypatch):
    X, y, _ = problem("multiclass")
    solver, _, in_ranges = solver.partition(" ")
    X = np.where(np.abs(X) > 0.8, X, 0)
    params = {**SHORT, "solver": solver}
    dense = MLPClassifier(**params).fit(X, y)
    if in_ranges:
        monkeypatch.setattr("chainrule.estimators.minibatch.RESIDENT_BYTES", 0)
        same_network(dense, MLPClassifier(**params).fit(X, y))
    sparse = MLPClassifier(**params).fit(form(X), y)
    same_network(dense, sparse)
    np.testing.assert_array_equal(dense.predict_proba(X), sparse.predict_proba(form(X)))
    np.testing.assert_array_equal(dense.predict(form(X)), sparse.predict(X))


def test_sparse_input_agrees_with_scikit_learn(problem, agree):
    X, y, _ = problem("multiclass")
    X = scipy.sparse.csr_array(np.where(np.abs(X) > 0.8, X, 0))
    params = {**SHORT, "early_stopping": True, "validation_fraction": 0.2}
    agree(MLPClassifier(**params).fit(X, y), neural_network.MLPClassifier(**params).fit(X, y), X)

"""In scikit-learn's company: pipelines, searches, cloning, storage."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn import neural_network
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_blobs
from sklearn.ensemble import BaggingRegressor, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 4, "random_state": 3}
ROUND_TRIPS = {
    "pickle": lambda net, path: pickle.loads(pickle.dumps(net)),
    "deepcopy": lambda net, path: copy.deepcopy(net),
    "joblib": lambda net, path: joblib.load(joblib.dump(net, path / "net.joblib")[0]),
}


@pytest.mark.parametrize("round_trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_a_copy_predicts_and_goes_on_the_same(round_trip, problem, same_network, tmp_path):
    X, y, _ = problem("strings")
    net = MLPClassifier(**BASE, dropout=0.2).fit(X, y)
    again = round_trip(net, tmp_path)
    np.testing.assert_array_equal(net.predict_proba(X), again.predict_proba(X))
    same_network(net.partial_fit(X, y), again.partial_fit(X, y))


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_clone_has_the_parameters_and_no_state(kind, problem):
    X, y, _ = problem("binary")
    given = {"dropout": [0.1], "activation": ["tanh"], "schedule": {"name": "step", "every": 2}}
    net = kind(**BASE, **given).fit(X, y)
    twin = clone(net)
    assert twin.get_params() == net.get_params()
    assert not hasattr(twin, "coefs_")
    assert repr(twin) == repr(net)
    assert "schedule={'every': 2, 'name': 'step'}" in repr(twin)


def test_fit_leaves_the_parameters_alone(problem):
    X, y, _ = problem("multiclass")
    given = {"dropout": [0.1], "init": {"name": "normal", "scale": 0.2}, "hidden_layer_sizes": [6]}
    before = copy.deepcopy(given)
    net = MLPClassifier(**{**BASE, **given}).fit(X, y)
    assert given == before
    assert all(net.get_params()[name] is value for name, value in given.items())


def test_a_pipeline_is_scikit_learns(problem):
    X, y, _ = problem("multiclass")
    ours, theirs = (
        make_pipeline(StandardScaler(), kind(**BASE)).fit(X, y)
        for kind in (MLPClassifier, neural_network.MLPClassifier)
    )
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_grid_search_is_scikit_learns(n_jobs, problem):
    X, y, _ = problem("multiclass")
    grid = {"learning_rate_init": [1e-3, 0.1], "alpha": [1e-4, 1.0]}
    ours, theirs = (
        GridSearchCV(kind(**BASE), grid, cv=2, n_jobs=jobs).fit(X, y)
        for kind, jobs in ((MLPClassifier, n_jobs), (neural_network.MLPClassifier, None))
    )
    assert ours.best_params_ == theirs.best_params_
    for column in ("mean_test_score", "split0_test_score", "rank_test_score"):
        np.testing.assert_allclose(ours.cv_results_[column], theirs.cv_results_[column])


def test_own_parameters_can_be_searched(problem):
    X, y, _ = problem("multiclass")
    grid = {"dropout": [0.0, 0.5], "schedule": [None, "cosine"]}
    search = GridSearchCV(MLPClassifier(**BASE), grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert set(search.best_params_) == set(grid)


def test_cross_validation_is_scikit_learns(problem):
    X, y, _ = problem("regression")
    ours, theirs = (
        cross_validate(kind(**BASE), X, y, cv=3, return_train_score=True)
        for kind in (MLPRegressor, neural_network.MLPRegressor)
    )
    for name in ("test_score", "train_score"):
        np.testing.assert_allclose(ours[name], theirs[name])


OTHERS = {
    "voting": (
        "multiclass",
        VotingClassifier(
            [("a", MLPClassifier(**BASE)), ("b", MLPClassifier(**BASE))], voting="soft"
        ),
    ),
    "calibrated": ("binary", CalibratedClassifierCV(MLPClassifier(**BASE), cv=2)),
    "bagging": ("regression", BaggingRegressor(MLPRegressor(**BASE), n_estimators=2)),
    "target": (
        "regression",
        TransformedTargetRegressor(MLPRegressor(**BASE), transformer=StandardScaler()),
    ),
    "each-output": ("outputs", MultiOutputRegressor(MLPRegressor(**BASE))),
}


@pytest.mark.parametrize(("name", "estimator"), OTHERS.values(), ids=OTHERS)
def test_meta_estimators(name, estimator, problem):
    X, y, _ = problem(name)
    assert np.isfinite(clone(estimator).fit(X, y).score(X, y))


def test_functions_that_take_an_estimator(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE).fit(X, y)
    assert cross_val_predict(net, X, y, cv=2, method="predict_proba").shape == (90, 3)
    assert permutation_importance(net, X, y, n_repeats=2).importances.shape == (5, 2)
    _, train, test = learning_curve(net, X, y, train_sizes=[0.5, 1.0], cv=2)
    assert train.shape == test.shape == (2, 2)


def test_data_frames_and_series(problem, same_network):
    pandas = pytest.importorskip("pandas")
    X, y, weights = problem("strings")
    plain = MLPClassifier(**BASE).fit(X, y, weights, X_val=X, y_val=y)
    frame = pandas.DataFrame(X, columns=list("abcde"), index=np.arange(90) * 3)
    series, shares = pandas.Series(y, index=frame.index), pandas.Series(weights, index=frame.index)
    framed = MLPClassifier(**BASE).fit(frame, series, shares, X_val=frame, y_val=series)
    same_network(plain, framed)
    np.testing.assert_array_equal(plain.predict(X), framed.predict(frame))


def test_threads_do_not_disturb_each_other(problem):
    """jax's float64 is a setting of the thread, so each fit sets its own."""
    X, y, _ = problem("multiclass")
    alone = MLPClassifier(**BASE).fit(X, y).loss_curve_
    fit = joblib.delayed(lambda dtype: MLPClassifier(**BASE, dtype=dtype).fit(X, y))
    nets = joblib.Parallel(n_jobs=4, prefer="threads")(
        fit(dtype) for dtype in ["float32", "float64"] * 4
    )
    assert [net.loss_curve_ == alone for net in nets] == [False, True] * 4


def test_a_score_is_scikit_learn_s_whatever_the_labels():
    X, y = make_blobs(60, centers=3, random_state=0)
    weights = np.linspace(0.5, 2, 60)
    for labels in (y, y.astype(float), y.astype(str), y > 0, y.astype(str).astype(object)):
        net = MLPClassifier((4,), max_iter=1, random_state=0, tol=0.0).fit(X, labels)
        for given in (labels, list(labels)):
            for weight in (None, weights):
                expected = accuracy_score(labels, net.predict(X), sample_weight=weight)
                assert net.score(X, given, weight) == expected
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        net.score(X, y[:-1])

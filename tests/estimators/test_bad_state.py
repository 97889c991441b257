"""What does not fit an estimator's state is refused; odd data that can be learnt is learnt."""

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.exceptions import NotFittedError

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 3, "random_state": 3}


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_before_fit(method, problem):
    X, _, _ = problem("multiclass")
    with pytest.raises(NotFittedError, match="MLPClassifier instance is not fitted yet"):
        getattr(MLPClassifier(), method)(X)
    with pytest.raises(NotFittedError, match="MLPRegressor instance is not fitted yet"):
        MLPRegressor().predict(X)


BAD_ROWS = {
    "features": (lambda X: X[:, :3], "X has 3 features, but MLPClassifier is expecting 5"),
    "nan": (lambda X: X * np.nan, "Input X contains NaN"),
    "one-dimension": (lambda X: X[0], "Expected 2D array, got 1D array"),
    "no-rows": (lambda X: X[:0], r"0 sample\(s\)"),
}


@pytest.mark.parametrize(("change", "says"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_predicting_for_what_is_not_like_the_training_data(change, says, problem):
    X, y, _ = problem("multiclass")
    with pytest.raises(ValueError, match=says):
        MLPClassifier(**BASE).fit(X, y).predict(change(X))


def test_partial_fit_wants_its_classes_first(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        net.partial_fit(X, y)
    with pytest.raises(InvalidInputError, match=r"`y` has classes not in .*: \[2\].*first call"):
        net.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="is not the same as on last call"):
        net.partial_fit(X, y, classes=[0, 1, 2])


def test_unseen_labels_after_fit(problem):
    X, y, _ = problem("strings")
    net = MLPClassifier(**BASE).fit(X[y != "cat"], y[y != "cat"])
    with pytest.raises(InvalidInputError, match=r"not in `self.classes_`: \['cat'\]"):
        net.partial_fit(X, y)


def test_partial_fit_of_other_data(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE).fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 5"):
        net.partial_fit(X[:, :3], y)
    with pytest.raises(
        InvalidInputError, match=r"partial_fit does not support early_stopping=True"
    ):
        net.set_params(early_stopping=True).partial_fit(X, y)


def test_warm_start_with_another_architecture(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, warm_start=True).fit(X, y)
    with pytest.raises(
        InvalidInputError, match=r"layers of \(5, 6, 3\) units, and now \(5, 7, 3\)"
    ):
        net.set_params(hidden_layer_sizes=(7,)).fit(X, y)
    with pytest.raises(InvalidInputError, match="Keep hidden_layer_sizes"):
        net.set_params(hidden_layer_sizes=(6,), warm_start=False).fit(X, y).set_params(
            hidden_layer_sizes=(6, 6)
        ).partial_fit(X, y)


def test_warm_start_with_other_targets(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, warm_start=True).fit(X, y)
    with pytest.raises(InvalidInputError, match="same classes as in the previous call to fit"):
        net.fit(X[y < 2], y[y < 2])
    _, Y, _ = problem("outputs")
    net = MLPRegressor(**BASE, warm_start=True).fit(X, Y)
    with pytest.raises(
        InvalidInputError, match=r"layers of \(5, 6, 3\) units, and now \(5, 6, 1\)"
    ):
        net.fit(X, Y[:, 0])


@pytest.mark.parametrize("label", [1, "only"])
def test_one_class_alone_is_learnt_as_scikit_learn_learns_it(label, problem, agree):
    X, _, _ = problem("multiclass")
    y = np.full(90, label)
    ours, theirs = MLPClassifier(**BASE).fit(X, y), neural_network.MLPClassifier(**BASE).fit(X, y)
    agree(ours, theirs, X)
    assert set(ours.predict(X)) == {label}


@pytest.mark.parametrize("rows", [1, 2, 15])
def test_fewer_rows_than_a_batch(rows, problem, agree):
    X, y, _ = problem("regression")
    params = {**BASE, "batch_size": "auto"}
    ours, theirs = (
        kind(**params).fit(X[:rows], y[:rows])
        for kind in (MLPRegressor, neural_network.MLPRegressor)
    )
    agree(ours, theirs, X)


def test_labels_of_any_kind(problem):
    X, y, _ = problem("multiclass")
    expected = MLPClassifier(**BASE).fit(X, y).predict(X)
    for names in (["a", "b", "c"], [-5, 0, 1000], [0.0, 1.0, 2.0]):
        names = np.array(names)
        np.testing.assert_array_equal(
            MLPClassifier(**BASE).fit(X, names[y]).predict(X), names[expected]
        )
    words = np.array(["one", "two", "three"], dtype=object)
    assert set(MLPClassifier(**BASE).fit(X, words[y]).predict(X)) <= set(words)


def test_a_failed_fit_says_why_each_time(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, dropout=[0.1, 0.2])
    for _ in range(2):
        with pytest.raises(InvalidInputError, match="dropout must be one value"):
            net.fit(X, y)
    np.testing.assert_array_equal(
        net.set_params(dropout=0.0).fit(X, y).predict_proba(X),
        MLPClassifier(**BASE).fit(X, y).predict_proba(X),
    )

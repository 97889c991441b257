"""A model as arrays predicts what the estimator does."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor
from chainrule.equations.activations import HIDDEN_ACTIVATIONS
from chainrule.errors import InvalidInputError
from chainrule.models import FrozenModel, freeze

X = np.random.RandomState(0).normal(size=(50, 3))
TARGETS = {
    "binary": np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)],
    "multiclass": np.array([3, 5, 9])[np.argmax(X, axis=1)],
    "multilabel": (X[:, :2] > 0).astype(int),
    "regression": X[:, 0] ** 2,
    "regression of several": X[:, :2] ** 2,
    "one class": np.zeros(50, int),
}


def fitted(target, **settings):
    kind = MLPRegressor if target.startswith("regression") else MLPClassifier
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est = kind(hidden_layer_sizes=(4, 3), max_iter=2, random_state=0, **settings)
        return est.fit(X, TARGETS[target])


@pytest.mark.parametrize("target", TARGETS)
def test_every_kind_of_target(target):
    est = fitted(target)
    frozen = freeze(est)
    assert frozen.predict(X).dtype == est.predict(X).dtype
    np.testing.assert_array_equal(frozen.predict(X), est.predict(X))
    if hasattr(est, "classes_"):
        np.testing.assert_array_equal(frozen.predict_proba(X), est.predict_proba(X))


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_every_activation(activation):
    est = fitted("multiclass", activation=activation)
    np.testing.assert_allclose(freeze(est).outputs(X), est.predict_proba(X), rtol=1e-12)


def test_what_comes_before_the_network():
    est = fitted("multiclass", input_scale=3.0)
    np.testing.assert_array_equal(freeze(est).predict_proba(X), est.predict_proba(X))
    piped = make_pipeline(StandardScaler().fit(X), est)
    np.testing.assert_allclose(freeze(piped).predict_proba(X), piped.predict_proba(X), rtol=1e-12)
    assert len(freeze(piped).steps) == 1 and freeze(freeze(piped)).steps


@settings(max_examples=20)
@given(st.integers(0, 200))
def test_rows_do_not_know_of_each_other(n):
    """In chunks or alone, to rounding: a product of other rows may round otherwise."""
    frozen = freeze(fitted("regression"))
    rows = np.random.RandomState(n).normal(size=(n, 3))
    alone = [frozen.outputs(row[None])[0] for row in rows]
    np.testing.assert_allclose(frozen.outputs(rows), np.reshape(alone, (n, 1)), rtol=1e-12)


def test_many_rows_go_through_in_chunks():
    frozen = freeze(fitted("multiclass"))
    many = np.tile(X, (100, 1))
    assert len(many) > frozen.chunk_rows
    np.testing.assert_allclose(frozen.outputs(many)[-50:], frozen.outputs(X), rtol=1e-12)


def test_float32_stays_float32():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1).fit(X.astype("f4"), X[:, 0])
    assert freeze(est).outputs(X.astype("f4")).dtype == np.float32
    np.testing.assert_array_equal(freeze(est).predict(X), est.predict(X))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (LogisticRegression(), "came sklearn.linear_model.*LogisticRegression"),
        (Theirs(), "came sklearn.neural_network.*MLPClassifier"),
        (MLPClassifier(), "Required a fitted MLPClassifier"),
        (make_pipeline(StandardScaler(), MLPRegressor()), "Required a fitted MLPRegressor"),
    ],
)
def test_what_is_no_fitted_network(model, message):
    with pytest.raises(InvalidInputError, match=message):
        freeze(model)


def test_rows_of_another_width():
    with pytest.raises(InvalidInputError, match=r"rows with 3 columns.*\(50, 2\)"):
        freeze(fitted("binary")).predict(X[:, :2])


def test_a_regression_has_no_probabilities():
    model = freeze(fitted("regression"))
    assert isinstance(model, FrozenModel)
    with pytest.raises(InvalidInputError, match="values and no probabilities"):
        model.predict_proba(X)

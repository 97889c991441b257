"""What a model says, put into the columns of the data's classes."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from chainrule import MLPClassifier
from chainrule.experiments.fitting import Fitted
from chainrule.experiments.predictions import predictions

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 2))
THREE = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
TWO = (X.sum(axis=1) > 0).astype(int)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fitted(estimator, y, rows=slice(None)):
    return Fitted(estimator.fit(X[rows], y[rows]), False, (), "a test")


def net(**more):
    return MLPClassifier((4,), batch_size=30, max_iter=3, random_state=0, **more)


@pytest.mark.parametrize(
    "estimator",
    [net(), LogisticRegression(), KNeighborsClassifier(20), DecisionTreeClassifier(max_depth=2)],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_every_kind_of_classifier_is_read_alike(estimator, y):
    model = fitted(estimator, y)
    said = predictions(model, X, y.max() + 1)
    P = model.estimator.predict_proba(X)
    np.testing.assert_array_equal(said.predicted, model.estimator.predict(X))
    np.testing.assert_array_equal(said.probabilities, P)
    np.testing.assert_allclose(np.exp(said.log_probabilities), P, atol=1e-15)
    with np.errstate(divide="ignore"):
        wanted = [-np.log(p[label]) for p, label in zip(P, y, strict=True)]
    np.testing.assert_allclose(said.losses(y), wanted, rtol=1e-6)


def test_a_class_that_was_not_trained_on_has_the_probability_zero():
    """Its column stays empty, and the others keep their places."""
    y = np.where(THREE == 2, 3, THREE)  # 0, 1 and 3
    model = fitted(LogisticRegression(), y, THREE != 1)  # knows 0 and 3
    said = predictions(model, X, 4)
    assert (said.probabilities[:, 1:3] == 0).all()
    np.testing.assert_array_equal(said.probabilities[:, [0, 3]], model.estimator.predict_proba(X))
    losses = said.losses(y)
    assert np.isinf(losses[y == 1]).all() and np.isfinite(losses[y != 1]).all()


def test_a_network_s_losses_are_those_of_its_pre_activations():
    """Where float32 rounds the probability to 0, the loss is still known."""
    for y, n_classes in ((THREE, 3), (TWO, 2)):
        rows = X.astype(np.float32)
        estimator = net().fit(rows, y)
        estimator.coefs_[-1] *= 1e4
        said = predictions(Fitted(estimator, False, (), "a test"), rows, n_classes)
        assert (said.probabilities == 0).any()
        W, b = estimator.coefs_, estimator.intercepts_
        Z = np.maximum(rows @ W[0] + b[0], 0) @ W[1] + b[1]
        Z = np.hstack([np.zeros_like(Z), Z]).astype(float) if n_classes == 2 else Z.astype(float)
        true = Z[np.arange(90), y]
        high = Z.max(axis=1)
        wanted = high - true + np.log(np.exp(Z - high[:, None]).sum(axis=1))
        np.testing.assert_allclose(said.losses(y), wanted, rtol=1e-5, atol=1e-6)


def test_a_sigmoid_for_each_class_is_no_distribution():
    model = fitted(net(loss="binary_cross_entropy"), THREE)
    said = predictions(model, X, 3)
    assert said.log_probabilities is None and said.losses(THREE) is None
    assert said.probabilities.shape == (90, 3)


def test_a_model_without_probabilities_has_labels_alone():
    class Labels:
        classes_ = np.array([0, 1])

        def predict(self, X):
            return np.zeros(len(X), dtype=int)

    said = predictions(Fitted(Labels(), False, (), "a test"), X, 2)
    assert said.predicted.tolist() == [0] * 90
    assert said.probabilities is said.log_probabilities is said.losses(TWO) is None

"""Traces of fitted estimators, ours and scikit-learn's: they are the networks that predict."""

import warnings
from copy import copy
from functools import cache

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule
from chainrule.errors import ExampleError
from chainrule.worked.fitted import fitted_example
from chainrule.worked.libraries.problem import problem
from chainrule.worked.quantities import Trace

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3))
CLASSES = np.array(["ant", "bee", "cow"])[np.arange(20) % 3]
TARGETS = {
    "binary": np.where(X[:, 0] > 0, "yes", "no"),
    "multiclass": CLASSES,
    "multilabel": (X[:, :2] > 0).astype(int),
    "regression": X @ [1.0, -1.0, 0.5],
    "outputs": X @ rng.normal(size=(3, 2)),
    "counts": rng.poisson(2, size=20).astype(float),
}
SETTINGS = {
    "binary": {"activation": "tanh", "hidden_layer_sizes": (4,)},
    "multiclass": {"activation": "relu", "hidden_layer_sizes": (4, 3)},
    "multilabel": {"activation": "logistic", "hidden_layer_sizes": (4,), "alpha": 0.0},
    "regression": {"activation": "tanh", "hidden_layer_sizes": (4,)},
    "outputs": {"activation": "identity", "hidden_layer_sizes": (4,), "alpha": 0.1},
    "counts": {"activation": "relu", "hidden_layer_sizes": (4,), "loss": "poisson"},
}
LIBRARIES = {
    "chainrule": (chainrule.MLPClassifier, chainrule.MLPRegressor),
    "scikit-learn": (TheirClassifier, TheirRegressor),
}
EVERY = [(library, kind) for library in LIBRARIES for kind in TARGETS]


def fit(est, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs do not converge
        return est.fit(X, y)


@cache
def fitted(library: str, kind: str):
    classifier, regressor = LIBRARIES[library]
    made = classifier if kind in ("binary", "multiclass", "multilabel") else regressor
    est = made(**SETTINGS[kind], max_iter=2, batch_size=20, shuffle=False, random_state=0)
    return fit(est, TARGETS[kind])


def predicted(est, rows: np.ndarray) -> np.ndarray:
    """The network's outputs, as the trace has them."""
    if not hasattr(est, "predict_proba"):
        return est.predict(rows).reshape(len(rows), -1)
    found = est.predict_proba(rows)
    two = len(est.classes_) == 2 and est.out_activation_ == "logistic"
    return (
        found[:, 1:] if two and np.ndim(TARGETS["binary"]) == 1 and est.n_outputs_ == 1 else found
    )


@pytest.mark.parametrize(("library", "kind"), EVERY)
def test_the_forward_pass_is_the_prediction(library, kind):
    est = fitted(library, kind)
    for rows in (slice(0, 1), slice(2, 6)):
        found = chainrule.trace(est, X[rows], TARGETS[kind][rows])
        assert isinstance(found, Trace)
        outputs = found[f"A{len(est.coefs_)}"]
        np.testing.assert_allclose(outputs, predicted(est, X[rows]), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("library", "kind"), EVERY)
def test_the_gradients_are_those_of_jax_and_torch(library, kind):
    from chainrule.worked.libraries import in_jax, in_torch

    found = chainrule.trace(fitted(library, kind), X[2:6], TARGETS[kind][2:6])
    step = found.steps[0]
    one = problem(found.example, step.values)
    for oracle in (in_jax, in_torch):
        quantities = oracle.quantities(one, {})
        keys = [key for key in step if key in quantities]
        assert {"loss", "dX", "dW1", "db1", "dZ1", "dA1"} <= set(keys)
        for key in keys:
            np.testing.assert_allclose(quantities[key], step.values[key], atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize(("library", "kind"), EVERY)
def test_the_loss_is_the_one_that_is_reported(library, kind):
    """One batch of all samples: an epoch reports the loss before its only step."""
    est = clone(fitted(library, kind)).set_params(warm_start=True)
    found = chainrule.trace(fit(est, TARGETS[kind]), X, TARGETS[kind])
    fit(est, TARGETS[kind])
    assert est.loss_curve_[-est.max_iter] == pytest.approx(float(found["loss"]), rel=1e-12)


# what the estimator's settings become


def changed(library: str, kind: str, **parameters):
    """The fitted network under other parameters: what does not change how it predicts."""
    return copy(fitted(library, kind)).set_params(**parameters)


def test_losses_by_their_names():
    def example(est, kind="outputs"):
        return fitted_example(est, X, TARGETS[kind])

    found, remarks = example(changed("chainrule", "outputs", loss="mean_squared_error"))
    assert found.loss == "mean_squared_error" and len(remarks) == 1
    found, remarks = example(changed("chainrule", "outputs", loss="sklearn_squared_error"))
    assert found.loss == "half_mean_squared_error"
    assert "n_outputs times the derivative" in remarks[1]
    found, remarks = example(fitted("scikit-learn", "outputs"))
    assert found.loss == "half_mean_squared_error"
    assert "n_outputs times the derivative" in remarks[1]
    est = changed("chainrule", "multiclass", loss="mean_squared_error")
    found, _ = example(est, "multiclass")
    assert (found.loss, found.activations[-1]) == ("mean_squared_error", "softmax")


def test_penalties_by_their_names():
    def example(library, **parameters):
        est = changed(library, "regression", **parameters)
        return fitted_example(est, X, TARGETS["regression"])

    found, remarks = example("chainrule", l2=0.25)
    assert (found.penalty.convention, found.penalty.strength) == ("lambda/2", 0.25)
    assert not remarks
    for library in LIBRARIES:
        found, remarks = example(library, alpha=0.5)
        assert (found.penalty.convention, found.penalty.strength) == ("alpha", 0.5)
        assert len(remarks) == 1 and "divided by the number of samples" in remarks[0]
        found, remarks = example(library, alpha=0.0)
        assert found.penalty is None and not remarks


def test_dropout_is_left_out_and_said():
    est = changed("chainrule", "binary", dropout=0.5)
    found = chainrule.trace(est, X[:2], TARGETS["binary"][:2])
    assert any(remark.startswith("Dropout is left out") for remark in found.remarks)
    np.testing.assert_allclose(found["A2"], est.predict_proba(X[:2])[:, 1:], rtol=0, atol=1e-12)


def test_targets_are_coded_as_the_estimator_codes_them():
    multiclass = fitted("scikit-learn", "multiclass")
    assert chainrule.trace(multiclass, X[:3], ["cow", "ant", "bee"])["Y"].tolist() == [
        [0, 0, 1], [1, 0, 0], [0, 1, 0],
    ]  # fmt: skip
    binary = fitted("scikit-learn", "binary")
    assert chainrule.trace(binary, X[:2], ["yes", "no"])["Y"].tolist() == [[1], [0]]
    assert chainrule.trace(binary, X[:1], "yes")["Y"].tolist() == [[1]]
    assert chainrule.trace(fitted("scikit-learn", "regression"), X[:1], 1.5)["Y"] == [[1.5]]


@pytest.mark.parametrize(
    ("kind", "rows", "y", "message"),
    [
        ("binary", X[:1], None, r"needs a batch: trace\(est, X, y\)"),
        ("binary", None, ["yes"], r"needs a batch: trace\(est, X, y\)"),
        ("binary", X[0], ["yes"], r"X must be \(n_samples, 3\).*got \(3,\).*X\[:1\], not X\[0\]"),
        ("binary", X[:1, :2], ["yes"], r"X must be \(n_samples, 3\).*got \(1, 2\)"),
        ("binary", X[:2], ["yes", "perhaps"], r"that the estimator does not know: \['perhaps'\]"),
        ("multiclass", X[:1], ["dog"], r"does not know: \['dog'\]"),
        ("multiclass", X[:2], ["ant"], "as many samples, got 2 and 1"),
        ("multilabel", X[:1], [[0, 1, 1]], "Y must be 1 samples by 2 outputs, got 1 by 3"),
        ("outputs", X[:2], [1.0, 2.0], "Y must be 2 samples by 2 outputs, got 2 by 1"),
        ("regression", X[:1] * np.nan, [1.0], "X must hold finite numbers"),
    ],
)
@pytest.mark.parametrize("library", LIBRARIES)
def test_what_cannot_be_traced(library, kind, rows, y, message):
    with pytest.raises(ExampleError, match=message):
        chainrule.trace(fitted(library, kind), rows, y)


@pytest.mark.parametrize("made", [chainrule.MLPClassifier, chainrule.MLPRegressor, TheirClassifier])
def test_an_estimator_has_to_be_fitted(made):
    with pytest.raises(ExampleError, match=f"This {made.__name__} is not fitted: call fit first"):
        chainrule.trace(made(), X, TARGETS["binary"])


def test_what_is_no_network_is_not_called_unfitted():
    made = make_pipeline(StandardScaler(), fitted("scikit-learn", "binary"))
    with pytest.raises(
        ExampleError, match=r"needs a multilayer perceptron, got Pipeline\. Of a pipe"
    ):
        chainrule.trace(made, X[:1], ["yes"])

"""Bad arrays, labels, weights and validation data: each a clear error."""

import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "random_state": 3}


def spoilt(X, value):
    X = np.array(X)
    X[3, 1] = value
    return X


DATA = {  # case: (X and y from X, y; a part of the error)
    "one-dimension": (lambda X, y: (X[:, 0], y), "Expected 2D array, got 1D array"),
    "three-dimensions": (lambda X, y: (X[None], y), "Found array with dim 3"),
    "lengths-differ": (lambda X, y: (X, y[:50]), r"inconsistent numbers of samples: \[90, 50\]"),
    "no-rows": (lambda X, y: (X[:0], y[:0]), r"0 sample\(s\)"),
    "no-features": (lambda X, y: (X[:, :0], y), r"0 feature\(s\)"),
    "nan": (lambda X, y: (spoilt(X, np.nan), y), "Input X contains NaN"),
    "infinity": (lambda X, y: (spoilt(X, np.inf), y), "Input X contains infinity"),
    "text": (lambda X, y: (np.full(X.shape, "a"), y), "could not convert string to float"),
    "complex": (lambda X, y: (X + 0j, y), "Complex data not supported"),
    "no-targets": (lambda X, y: (X, None), "requires y to be passed"),
}


@pytest.mark.parametrize(("change", "says"), DATA.values(), ids=DATA)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_data(kind, change, says, problem):
    X, y, _ = problem("multiclass")
    with pytest.raises(ValueError, match=says):
        kind(**BASE).fit(*change(X, y))


TARGETS = {
    "numbers-for-a-classifier": (MLPClassifier, lambda X: X[:, 0], "Unknown label type"),
    "several-multiclass-targets": (
        MLPClassifier,
        lambda X: (X[:, :2] // 1).astype(int),
        "Multioutput",
    ),
    "nan-for-a-regressor": (
        MLPRegressor,
        lambda X: spoilt(X, np.nan)[:, 1],
        "Input y contains NaN",
    ),
    "text-for-a-regressor": (MLPRegressor, lambda X: ["a"] * 90, "could not convert string"),
}


@pytest.mark.parametrize(("kind", "targets", "says"), TARGETS.values(), ids=TARGETS)
def test_targets(kind, targets, says, problem):
    X, _, _ = problem("multiclass")
    with pytest.raises(ValueError, match=says):
        kind(**BASE).fit(X, targets(X))


def test_negative_counts_for_poisson(problem):
    X, y, _ = problem("regression")
    with pytest.raises(InvalidInputError, match=r"not negative; got -\d.*loss='squared_error'"):
        MLPRegressor(**BASE, loss="poisson").fit(X, y)


WEIGHTS = {
    "negative": (np.r_[-1.0, np.ones(89)], "must not be negative .* from -1 to 1"),
    "all-zero": (np.zeros(90), "at least one non-zero"),
    "nan": (np.full(90, np.nan), "sample_weight contains NaN"),
    "too-few": (np.ones(9), r"sample_weight.shape == \(9,\), expected \(90,\)"),
    "two-dimensions": (np.ones((90, 2)), "must be 1D array or scalar"),
}


@pytest.mark.parametrize(("weights", "says"), WEIGHTS.values(), ids=WEIGHTS)
def test_sample_weights(weights, says, problem):
    X, y, _ = problem("multiclass")
    for validation in ({}, {"X_val": X, "y_val": y, "sample_weight_val": weights}):
        with pytest.raises(ValueError, match=says):
            MLPClassifier(**BASE).fit(X, y, None if validation else weights, **validation)


VALIDATION = {
    "without-targets": ({"y_val": None}, "y_val is missing"),
    "without-rows": ({"X_val": None}, "X_val is missing"),
    "weights-alone": ({"X_val": None, "y_val": None, "sample_weight_val": np.ones(90)}, "X_val is"),
    "lengths-differ": ({"y_val": np.zeros(9, int)}, r"numbers of samples: \[90, 9\]"),
    "other-features": ({"X_val": np.zeros((90, 4))}, "X has 4 features, but .* expecting 5"),
    "nan": ({"X_val": np.full((90, 5), np.nan)}, "Input X contains NaN"),
    "unseen-labels": ({"y_val": np.full(90, 7)}, r"`y_val` has classes not in .*: \[7\]"),
    "several-labels": ({"y_val": np.ones((90, 2), int)}, "of the kind that was learnt, multiclass"),
}


@pytest.mark.parametrize(("changed", "says"), VALIDATION.values(), ids=VALIDATION)
def test_validation_data(changed, says, problem):
    X, y, _ = problem("multiclass")
    with pytest.raises(ValueError, match=says):
        MLPClassifier(**BASE).fit(X, y, **{"X_val": X, "y_val": y, **changed})


def test_validation_targets_of_another_width(problem):
    X, Y, _ = problem("outputs")
    with pytest.raises(InvalidInputError, match="as many outputs as y, 3; it has 1"):
        MLPRegressor(**BASE).fit(X, Y, X_val=X, y_val=Y[:, 0])

"""What the tests of the estimators share: small problems, and the comparison with scikit-learn.

All problems have the same rows and features, so that most tests share their programs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

N_ROWS, N_FEATURES = 90, 5


class Problem(NamedTuple):
    """``X`` ``(90, 5)``, ``y``, and sample weights that go with them."""

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray


def _targets() -> dict[str, np.ndarray]:
    rng = np.random.RandomState(7)
    X = rng.standard_normal((N_ROWS, N_FEATURES))
    values = X @ rng.standard_normal((N_FEATURES, 3)) + 0.3 * rng.standard_normal((N_ROWS, 3))
    classes = values.argmax(axis=1)
    return {
        "X": X,
        "weights": rng.randint(0, 4, N_ROWS) / 2.0,
        "multiclass": classes,
        "binary": (values[:, 0] > 0).astype(int),
        "multilabel": (values > 0).astype(int),
        "strings": np.array(["ape", "bee", "cat"])[classes],
        "regression": values[:, 0],
        "outputs": values,
        "counts": rng.poisson(np.exp(values[:, 0] / 2)).astype(float),
    }


@pytest.fixture(scope="session")
def problem() -> Callable[[str], Problem]:
    """A problem by the name of its targets; the arrays are read-only."""
    arrays = _targets()
    for array in arrays.values():
        array.flags.writeable = False
    return lambda name: Problem(arrays["X"], arrays[name], arrays["weights"])


@pytest.fixture(scope="session")
def same_network() -> Callable[[Any, Any], None]:
    """Asserts that two fitted networks have the same parameters, bit for bit."""

    def check(first: Any, second: Any) -> None:
        for a, b in zip(first.coefs_, second.coefs_, strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(first.intercepts_, second.intercepts_, strict=True):
            np.testing.assert_array_equal(a, b)

    return check


RECORDED = ("loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_", "loss_")
COUNTED = ("n_iter_", "t_", "n_layers_", "n_outputs_", "n_features_in_", "out_activation_")


@pytest.fixture(scope="session")
def agree() -> Callable[..., None]:
    """Asserts that our fitted estimator has scikit-learn's numbers: ``agree(ours, theirs, X)``."""

    def check(ours: Any, theirs: Any, X: Any, rtol: float = 1e-6) -> None:
        for name in COUNTED:
            assert getattr(ours, name) == getattr(theirs, name), name
        for name in RECORDED:
            _check_record(ours, theirs, name, rtol)
        for kind in ("coefs_", "intercepts_"):
            for mine, other in zip(getattr(ours, kind), getattr(theirs, kind), strict=True):
                assert mine.dtype == other.dtype
                np.testing.assert_allclose(mine, other, rtol=rtol, atol=rtol)
        if hasattr(theirs, "classes_"):
            np.testing.assert_array_equal(ours.classes_, theirs.classes_)
            np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
            mine, other = ours.predict_proba(X), theirs.predict_proba(X)
        else:
            mine, other = ours.predict(X), theirs.predict(X)
        assert mine.dtype == other.dtype
        assert mine.shape == other.shape
        np.testing.assert_allclose(mine, other, rtol=10 * rtol, atol=rtol)

    return check


def _check_record(ours: Any, theirs: Any, name: str, rtol: float) -> None:
    assert hasattr(ours, name) == hasattr(theirs, name), name
    mine, other = getattr(ours, name, None), getattr(theirs, name, None)
    if other is None:
        assert mine is None, name
    else:
        np.testing.assert_allclose(mine, other, rtol=rtol, err_msg=name)

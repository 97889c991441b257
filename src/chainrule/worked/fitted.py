"""A fitted estimator, ours or scikit-learn's, as an example: its weights, and a batch."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.losses import HUBER_DELTA
from chainrule.errors import ExampleError
from chainrule.worked.example import Example, parse_example

__all__ = ["fitted_example"]

DROPOUT = "Dropout is left out: this is the network as it predicts."
GRADIENT = (
    "scikit-learn trains several outputs by n_outputs times the derivative of the loss that it "
    "reports; the gradients here are the derivatives."
)
L1 = (
    "A trace has one penalty, so that L1 is left out beside L2: the gradients are those of the "
    "other parts of the loss."
)
MAX_NORM = "The limit on the norm of each unit's weights is left out."
SMOOTHING = "The targets are the true labels: label smoothing is left out."
PENALTY = "The penalty is alpha / 2 times the sum of squares, divided by the number of samples."


def fitted_example(est: Any, X: Any, y: Any) -> tuple[Example, list[str]]:
    """The example of a fitted estimator on the batch ``X, y``, and remarks on what it leaves out.

    Read from public attributes alone, so that no estimator's module is imported.
    """
    name = type(est).__name__
    if not hasattr(est, "activation"):
        raise ExampleError(
            f"A trace needs a multilayer perceptron, got {name}. Of a pipeline or a search, give "
            "the network inside, and X as it reaches the network."
        )
    if not hasattr(est, "coefs_"):
        raise ExampleError(f"This {name} is not fitted: call fit first.")
    if X is None or y is None:
        raise ExampleError(f"A trace of a fitted {name} needs a batch: trace(est, X, y).")
    X = _dense(X)
    scale = getattr(est, "input_scale", None)
    if scale is not None:
        X = X / scale
    if X.ndim != 2 or X.shape[1] != est.coefs_[0].shape[0]:
        raise ExampleError(
            f"X must be (n_samples, {est.coefs_[0].shape[0]}) for this {name}, got {X.shape}. "
            "One sample is X[:1], not X[0]."
        )
    Y = _targets(est, y)
    if len(Y) != len(X):
        raise ExampleError(f"X and y must have as many samples, got {len(X)} and {len(Y)}.")
    table: dict[str, Any] = {
        "title": f"{name}, fitted",
        "activations": _activations(est),
        "loss": _loss(est),
        "X": X.tolist(),
        "Y": Y.tolist(),
        "layers": [
            {"W": np.asarray(W, float).tolist(), "b": np.asarray(b, float).tolist()}
            for W, b in zip(est.coefs_, est.intercepts_, strict=True)
        ],
    }
    remarks = [] if scale is None else [f"X is divided by {scale:g} (input_scale)."]
    l1, l2 = getattr(est, "l1", None), getattr(est, "l2", None)
    if l2 is not None and l2 > 0:
        table["penalty"] = {"convention": "lambda/2", "strength": float(l2)}
    elif l2 is None and est.alpha > 0:
        table["penalty"] = {"convention": "alpha", "strength": float(est.alpha)}
        remarks.append(PENALTY)
    if l1 and "penalty" in table:
        remarks.append(L1)
    elif l1:
        table["penalty"] = {"convention": "l1", "strength": float(l1)}
    if Y.shape[1] > 1 and _sklearn_squared_error(est):
        remarks.append(GRADIENT)
    for name, remark in (("max_norm", MAX_NORM), ("label_smoothing", SMOOTHING)):
        if getattr(est, name, None):
            remarks.append(remark)
    if np.any(np.asarray(getattr(est, "dropout", 0.0), float) > 0):
        remarks.append(DROPOUT)
    return parse_example(table), remarks


def _dense(X: Any) -> npt.NDArray[np.float64]:
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=float)


def _activations(est: Any) -> list[str]:
    hidden = len(est.coefs_) - 1
    given = est.activation
    names = [given] * hidden if isinstance(given, str) else list(map(str, given))
    return [*names, str(est.out_activation_)]


def _loss(est: Any) -> str:
    """The equations' name of the estimator's loss."""
    output = str(est.out_activation_)
    if hasattr(est, "classes_"):
        own = getattr(est, "loss", "auto")
        if own in ("mean_squared_error", "squared_error"):
            return str(own)
        if own == "double_softmax":
            return "logit_cross_entropy"
        return "cross_entropy" if output == "softmax" else "binary_cross_entropy"
    name, settings = est.loss, {}
    if not isinstance(name, str):
        settings = {key: value for key, value in name.items() if key != "name"}
        name = name["name"]
    if settings.get("delta", HUBER_DELTA) != HUBER_DELTA:
        raise ExampleError(
            f"A trace has Huber's loss with delta = {HUBER_DELTA:g} alone, and this network was "
            f"trained with {settings['delta']}. Train one on targets that are divided by it."
        )
    halved = ("squared_error", "sklearn_squared_error")
    return "half_mean_squared_error" if name in halved else str(name)


def _sklearn_squared_error(est: Any) -> bool:
    """Whether it is trained by scikit-learn's gradient of the squared error."""
    if hasattr(est, "classes_"):
        return False
    theirs = type(est).__module__.startswith("sklearn.") and est.loss == "squared_error"
    return theirs or str(est.loss) == "sklearn_squared_error"


def _targets(est: Any, y: Any) -> npt.NDArray[np.float64]:
    y = np.atleast_1d(np.asarray(y))
    if not hasattr(est, "classes_"):
        return np.asarray(y, float).reshape(len(y), -1)
    if y.ndim == 2 and est.out_activation_ == "logistic":
        return np.asarray(y, float)
    classes = np.asarray(est.classes_)
    unknown = sorted(set(y.ravel().tolist()) - set(classes.tolist()))
    if unknown:
        raise ExampleError(f"y has labels that the estimator does not know: {unknown}.")
    found = (y.ravel()[:, None] == classes[None, :]).astype(float)
    return found[:, 1:] if len(classes) == 2 and est.out_activation_ == "logistic" else found
